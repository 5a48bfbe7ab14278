//! What an account has heard and is hearing: `/v1/listens`, `/v1/me/now-playing`.
//!
//! Listens are only kept here. `tally` counts them.

mod history;
mod playing;
mod resolve;
mod submit;
mod view;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(history::list, submit::submit))
        .routes(routes!(history::delete))
        .routes(routes!(playing::get, playing::put))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(app))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
