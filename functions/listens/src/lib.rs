//! What an account has heard and is hearing: `/v1/listens`, `/v1/me/now-playing`.
//!
//! Listens are only kept here. `tally` counts them.

mod history;
mod playing;
mod resolve;
mod submit;
mod view;

use axum::Router;
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<App> {
    routes![history::list, submit::submit, history::delete, playing::get, playing::put]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    api().serve(app)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}
