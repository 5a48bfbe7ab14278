//! What the handlers are given.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRef;
use mixtape_http::{App, Problem};
use mixtape_store::insights::{Scope, Version};

use crate::cache::Cache;

/// How long everybody's version is taken for the current one: it changes with every listen of anybody.
const VERSION_LIFE: Duration = Duration::from_secs(1);

/// The stores, and the answers that were given before. Clones share everything.
#[derive(Clone)]
pub struct State {
    pub(crate) app: App,
    pub(crate) cache: Cache,
    everybodys: Arc<Mutex<Option<(Instant, Version)>>>,
}

impl State {
    /// The state on an app.
    pub fn new(app: App) -> Self {
        Self { app, cache: Cache::default(), everybodys: Arc::default() }
    }

    /// The version of counts: one BatchGetItem, for everybody's at most once a second.
    pub(crate) async fn version(&self, scope: Scope) -> Result<Version, Problem> {
        if scope != Scope::Everybody {
            return Ok(self.app.store.insights.version(scope).await?);
        }
        let known = self.everybodys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, version)) = known.filter(|(at, _)| at.elapsed() < VERSION_LIFE) {
            return Ok(version);
        }
        let asked = Instant::now();
        let version = self.app.store.insights.version(scope).await?;
        *self.everybodys.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, version.clone()));
        Ok(version)
    }
}

impl FromRef<State> for App {
    fn from_ref(state: &State) -> Self {
        state.app.clone()
    }
}
