//! Files on their way into the bucket: `/v1/uploads`. The bytes themselves go straight to S3.

mod target;
mod upload;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload::list, upload::create))
        .routes(routes!(upload::get, upload::delete))
        .routes(routes!(upload::complete))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
