//! Playlists, their items, their collaborators and their files: `/v1/playlists`.

mod caller;
mod collaborators;
mod export;
mod import;
mod items;
mod lists;
mod playlist;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(lists::mine, playlist::create))
        .routes(routes!(lists::public))
        .routes(routes!(import::import))
        .routes(routes!(playlist::get, playlist::patch, playlist::delete))
        .routes(routes!(items::list, items::add, items::arrange, items::remove, items::replace))
        .routes(routes!(collaborators::add, collaborators::remove))
        .routes(routes!(export::export))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
