//! Accounts, sessions and API keys: `/v1/accounts`, `/v1/sessions`, `/v1/me`. The one function that may sign tokens.

mod admin;
mod api_keys;
mod export;
mod limits;
mod me;
mod passwords;
mod register;
mod sessions;
mod signer;
mod state;
mod tokens;

use axum::Router;
use mixtape_http::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use admin::{AdminCommand, AdminError, admin, invoke};
pub use passwords::Passwords;

use state::State;

fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(register::create))
        .routes(routes!(sessions::sign_in))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::sign_out))
        .routes(routes!(me::get, me::patch, me::delete))
        .routes(routes!(me::change_password))
        .routes(routes!(export::export))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::delete))
}

/// The function's routes.
pub fn router(app: App) -> Router {
    router_with(app, Passwords::default())
}

/// The function's routes, with a hasher whose work can be counted.
pub fn router_with(app: App, passwords: Passwords) -> Router {
    mixtape_http::finish(Router::from(api()).with_state(State::new(app, passwords)))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}
