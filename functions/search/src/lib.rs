//! Search and suggestions: `/v1/search`, `/v1/search/suggest`.
//!
//! The index answers ids; what a result looks like is read from the table `tracks`, so that it is never older than the
//! last write, and what was deleted a moment ago is left out.

mod results;
mod suggest;

use axum::Router;
use axum::extract::FromRef;
use mixtape_http::{App, Problem, Routes, routes};
use mixtape_index::{IndexError, Search};
use utoipa::openapi::OpenApi;

/// What the handlers need: the app, and the index.
#[derive(Clone)]
pub struct State {
    app: App,
    index: Search,
}

impl State {
    /// The state, with the index that the settings name.
    pub fn new(app: App) -> Self {
        let index = Search::open(&app.settings, &app.store, app.clock.clone());
        Self { app, index }
    }
}

/// What the extractors of identities need.
impl FromRef<State> for App {
    fn from_ref(state: &State) -> Self {
        state.app.clone()
    }
}

fn api() -> Routes<State> {
    routes![results::search, suggest::suggest]
}

/// The function's routes.
pub fn router(state: State) -> Router {
    api().serve(state)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}

/// Whatever is the matter with the index, asking again later may work: it is rebuilt without a new deployment.
fn away(error: IndexError) -> Problem {
    Problem::unavailable(error.to_string())
}
