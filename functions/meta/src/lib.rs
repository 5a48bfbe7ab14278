//! Health and documentation: `/v1/health`, `/v1/openapi.json`, `/docs`.

mod docs;
mod health;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

/// The document of all functions. `mixtape openapi` writes it; a test tells when it is not current.
const DOCUMENT: &str = include_str!("../openapi.json");

fn api() -> Routes<App> {
    routes![health::health, document, docs::page, docs::file]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    api().serve(app)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}

/// Read the OpenAPI document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "meta",
    responses((status = 200, description = "This document", content_type = "application/json"))
)]
async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
