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
use mixtape_http::{App, Routes, routes};
use utoipa::openapi::OpenApi;

pub use admin::{AdminCommand, AdminError, admin, invoke};
pub use passwords::Passwords;

use state::State;

fn api() -> Routes<State> {
    routes![
        register::create,
        sessions::sign_in,
        sessions::refresh,
        sessions::sign_out,
        me::get,
        me::patch,
        me::delete,
        me::change_password,
        export::export,
        api_keys::list,
        api_keys::create,
        api_keys::delete,
    ]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    router_with(app, Passwords::default())
}

/// The function's routes, with a hasher whose work can be counted.
pub fn router_with(app: App, passwords: Passwords) -> Router {
    api().serve(State::new(app, passwords))
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}
