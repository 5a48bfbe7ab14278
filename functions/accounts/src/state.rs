//! What the handlers of this function are given beside the app.

use axum::extract::FromRef;
use mixtape_http::App;

use crate::passwords::Passwords;
use crate::signer::Signer;

/// The app, and what only this function has. Clones share everything.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) app: App,
    pub(crate) passwords: Passwords,
    pub(crate) signer: Signer,
}

impl State {
    pub(crate) fn new(app: App, passwords: Passwords) -> Self {
        let signer = Signer::new(app.store.keys.clone(), app.auth.clone());
        Self { app, passwords, signer }
    }
}

impl FromRef<State> for App {
    fn from_ref(state: &State) -> Self {
        state.app.clone()
    }
}
