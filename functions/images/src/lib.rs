//! Pictures: `/v1/images`, the covers of tracks, albums and playlists, and photos of accounts.

mod albums;
mod keep;
mod me;
mod playlists;
mod show;
mod tracks;

use axum::Router;
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<App> {
    routes![
        show::get,
        tracks::put,
        tracks::delete,
        albums::put,
        albums::delete,
        playlists::get,
        playlists::put,
        playlists::delete,
        me::put,
        me::delete,
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
