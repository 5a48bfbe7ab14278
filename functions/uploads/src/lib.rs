//! Files on their way into the bucket: `/v1/uploads`. The bytes themselves go straight to S3.

mod target;
mod upload;

use axum::Router;
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<App> {
    routes![upload::list, upload::create, upload::get, upload::delete, upload::complete]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    api().serve(app)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}
