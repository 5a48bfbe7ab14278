//! Playlists, their items, their collaborators and their files: `/v1/playlists`.

mod caller;
mod collaborators;
mod export;
mod import;
mod items;
mod lists;
mod playlist;

use axum::Router;
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<App> {
    routes![
        lists::mine,
        playlist::create,
        lists::public,
        import::import,
        playlist::get,
        playlist::patch,
        playlist::delete,
        items::list,
        items::add,
        items::arrange,
        items::remove,
        items::replace,
        collaborators::add,
        collaborators::remove,
        export::export,
    ]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    api().serve(app)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}
