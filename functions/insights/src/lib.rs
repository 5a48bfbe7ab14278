//! What was heard how often: `/v1/insights`. The counts are made by `tally`.

mod activity;
mod admin;
mod answer;
mod cache;
mod names;
mod question;
mod recap;
mod state;
mod streaks;
mod top;
mod totals;

pub use state::State;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(top::mine))
        .routes(routes!(top::of_account))
        .routes(routes!(top::of_everybody))
        .routes(routes!(totals::mine))
        .routes(routes!(totals::of_account))
        .routes(routes!(totals::of_everybody))
        .routes(routes!(activity::mine))
        .routes(routes!(activity::of_account))
        .routes(routes!(activity::of_everybody))
        .routes(routes!(streaks::mine))
        .routes(routes!(streaks::of_account))
        .routes(routes!(streaks::of_everybody))
        .routes(routes!(recap::recap))
        .routes(routes!(admin::cache))
        .routes(routes!(admin::invalidate))
}

/// The function's routes.
pub fn router(state: State) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(state))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
