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
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<App> {
    routes![
        list::list,
        track::create,
        batch::create_batch,
        track::get,
        track::patch,
        track::delete,
        stream::stream,
        stream::analysis,
        artists::list,
        artists::get,
        albums::list,
        albums::get,
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
