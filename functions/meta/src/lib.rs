//! Health and documentation: `/v1/health`, `/v1/openapi.json`, `/docs`.

mod docs;
mod health;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The document of all functions. `mixtape openapi` writes it; a test tells when it is not current.
const DOCUMENT: &str = include_str!("../openapi.json");

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}

/// Read the OpenAPI document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "meta",
    responses((status = 200, description = "This document", content_type = "application/json"))
)]
async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
