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
use mixtape_http::{Routes, routes};
use utoipa::openapi::OpenApi;

fn api() -> Routes<State> {
    routes![
        top::mine,
        top::of_account,
        top::of_everybody,
        totals::mine,
        totals::of_account,
        totals::of_everybody,
        activity::mine,
        activity::of_account,
        activity::of_everybody,
        streaks::mine,
        streaks::of_account,
        streaks::of_everybody,
        recap::recap,
        admin::cache,
        admin::invalidate,
    ]
}

/// The function's routes.
pub fn router(state: State) -> Router {
    api().serve(state)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}
