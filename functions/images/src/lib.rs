//! Pictures: `/v1/images`, the covers of tracks, albums and playlists, and photos of accounts.

mod albums;
mod keep;
mod me;
mod playlists;
mod show;
mod tracks;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show::get))
        .routes(routes!(tracks::put, tracks::delete))
        .routes(routes!(albums::put, albums::delete))
        .routes(routes!(playlists::get, playlists::put, playlists::delete))
        .routes(routes!(me::put, me::delete))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
