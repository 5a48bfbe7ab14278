//! The functions of this program, by the names that `CodeUri` ends in.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use futures::future::LocalBoxFuture;
use mixtape_events::{EventError, Invocation};
use mixtape_http::App;
use mixtape_store::Store;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::metrics::Metrics;

type Handler = Arc<dyn Fn(Value) -> LocalBoxFuture<'static, Result<Value, EventError>> + Send + Sync>;

/// Routers of the functions that answer HTTP and handlers of those that events start.
#[derive(Clone)]
pub(crate) struct Functions {
    routers: HashMap<&'static str, Router>,
    handlers: HashMap<&'static str, Handler>,
    metrics: Metrics,
}

impl Functions {
    /// All functions, on these stores; they know of keys and revoked tokens together or each for itself.
    pub(crate) async fn new(app: &App, shares_identity: bool, metrics: Metrics) -> Self {
        let app_of = async |name: &str| app_of(app, name, shares_identity).await;
        let mut functions = Self { routers: HashMap::new(), handlers: HashMap::new(), metrics };
        let accounts_app = app_of("accounts").await;
        functions.route("accounts", accounts::router(accounts_app.clone()));
        functions.route("home", home::router(app_of("home").await));
        functions.route("images", images::router(app_of("images").await));
        let insights_app = app_of("insights").await;
        functions.route("insights", insights::router(insights::State::new(insights_app)));
        functions.route("listens", listens::router(app_of("listens").await));
        functions.route("meta", meta::router(app_of("meta").await));
        functions.route("playlists", playlists::router(app_of("playlists").await));
        functions.route("search", search::router(search::State::new(app_of("search").await)));
        functions.route("tracks", tracks::router(app_of("tracks").await));
        functions.route("uploads", uploads::router(app_of("uploads").await));

        functions.handle("accounts", move |event| {
            let app = accounts_app.clone();
            async move { accounts::invoke(app, event).await.map_err(refused) }
        });
        let App { store, clock, .. } = app_of("cleanup").await;
        let state = cleanup::State::new(store, clock);
        functions.handle("cleanup", move |event| {
            let state = state.clone();
            async move { cleanup::handle(&state, event).await }
        });
        let App { store, settings, clock, .. } = app_of("indexer").await;
        let state = indexer::State::new(store, &settings, clock);
        functions.handle("indexer", move |event| {
            let state = state.clone();
            async move { indexer::handle(&state, event).await }
        });
        let App { store, clock, .. } = app_of("ingest").await;
        let state = ingest::State::new(store, clock);
        functions.handle("ingest", move |event| {
            let state = state.clone();
            async move { ingest::handle(&state, event).await }
        });
        let App { store, settings, .. } = app_of("shuffle").await;
        let state = shuffle::State::new(store, &settings);
        functions.handle("shuffle", move |event| {
            let state = state.clone();
            async move { shuffle::handle(&state, event).await }
        });
        let App { store, .. } = app_of("tally").await;
        let state = tally::State::new(store);
        functions.handle("tally", move |event| {
            let state = state.clone();
            async move { tally::handle(&state, event).await }
        });
        functions
    }

    /// The router of a function that answers HTTP.
    pub(crate) fn router(&self, name: &str) -> Option<&Router> {
        self.routers.get(name)
    }

    /// Whether the function takes events.
    pub(crate) fn takes_events(&self, name: &str) -> bool {
        self.handlers.contains_key(name)
    }

    /// Invokes a function with an event.
    ///
    /// # Errors
    /// The function answers an error or panics, or there is no such function.
    pub(crate) async fn invoke(&self, name: &str, event: Value) -> Result<Value, EventError> {
        let handler = self.handlers.get(name).cloned();
        let handler = handler.ok_or_else(|| EventError::Malformed(format!("{name} takes no events")))?;
        // On a thread of its own: a panic ends the invocation and not its caller, and the handler's future need not be
        // able to move between threads, as it need not in Lambda.
        let runtime = Handle::current();
        let invocation = spawn_blocking(move || runtime.block_on(handler(event)));
        invocation.await.unwrap_or_else(|error| Err(EventError::retryable(error)))
    }

    fn route(&mut self, name: &'static str, router: Router) {
        self.routers.insert(name, mixtape_http::observe(router, self.metrics.telemetry(name)));
    }

    fn handle<F>(&mut self, name: &'static str, handler: impl Fn(Value) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Value, EventError>> + 'static,
    {
        let telemetry = self.metrics.telemetry(name);
        let handler = Arc::new(handler);
        let observed = move |event| {
            let (telemetry, handler) = (telemetry.clone(), Arc::clone(&handler));
            let invocation = Invocation { request_id: crate::stores::random_text(16), trace_id: None };
            let answer = async move {
                mixtape_events::observe(&telemetry, invocation, event, async |event| handler(event).await)
                    .await
            };
            Box::pin(answer) as LocalBoxFuture<'static, Result<Value, EventError>>
        };
        self.handlers.insert(name, Arc::new(observed));
    }
}

/// The app as one function has it: it signs with its own name, as on AWS it has a role of its own, so that what stands
/// in front of a store can tell the functions apart.
async fn app_of(app: &App, name: &str, shares_identity: bool) -> App {
    let mut settings = (*app.settings).clone();
    if let Some(stores) = &mut settings.stores {
        name.clone_into(&mut stores.access_key);
    }
    let store = Store::connect(&settings).await;
    if shares_identity {
        App { store, settings: Arc::new(settings), ..app.clone() }
    } else {
        App::new(store, settings, app.clock.clone())
    }
}

fn refused(error: accounts::AdminError) -> EventError {
    match error {
        accounts::AdminError::Store(error) => EventError::retryable(error),
        other => EventError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
impl Functions {
    /// One function, which does this with an event.
    pub(crate) fn only<F>(name: &'static str, handler: impl Fn(Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, EventError>> + 'static,
    {
        let metrics = Metrics::new();
        let mut functions = Self { routers: HashMap::new(), handlers: HashMap::new(), metrics };
        functions.handle(name, handler);
        functions
    }
}
