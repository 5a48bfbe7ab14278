//! Tracks, artists and albums: `/v1/tracks`, `/v1/artists`, `/v1/albums`.

mod albums;
mod artists;
mod batch;
mod disposition;
mod list;
mod played;
mod range;
mod stream;
mod track;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, track::create))
        .routes(routes!(batch::create_batch))
        .routes(routes!(track::get, track::patch, track::delete))
        .routes(routes!(stream::stream))
        .routes(routes!(stream::analysis))
        .routes(routes!(artists::list))
        .routes(routes!(artists::get))
        .routes(routes!(albums::list))
        .routes(routes!(albums::get))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
