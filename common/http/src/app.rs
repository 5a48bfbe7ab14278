//! What the handlers of every function are given.

use std::sync::Arc;

use mixtape_domain::Clock;
use mixtape_settings::Settings;
use mixtape_store::Store;

use crate::Auth;

/// The stores, the clock, the settings, and what is needed to tell who calls. Clones share everything.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub auth: Auth,
    pub clock: Clock,
    pub settings: Arc<Settings>,
}

impl App {
    /// Connects to the stores that the settings name.
    pub async fn connect(settings: Settings) -> Self {
        let store = Store::connect(&settings).await;
        Self::new(store, settings, Clock::system())
    }

    /// An app on stores that are connected already.
    pub fn new(store: Store, settings: Settings, clock: Clock) -> Self {
        Self { auth: Auth::new(store.clone(), clock.clone()), store, clock, settings: Arc::new(settings) }
    }
}
