//! Runs a router under the Lambda Runtime API.

use std::future::Future;

use axum::Router;
use lambda_http::lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use mixtape_settings::Settings;
use serde_json::Value;

/// Reads the settings from the environment, builds the router once, and serves HTTP API events with it.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve<B, F>(build: B) -> Result<(), lambda_http::Error>
where
    B: FnOnce(Settings) -> F,
    F: Future<Output = Router>,
{
    lambda_http::tracing::init_default_subscriber();
    let router = build(Settings::from_env()?).await;
    lambda_http::run(router).await
}

/// As [`serve`], for a function that is also invoked directly: an event that does not come from the HTTP API goes to
/// `invoke`, with the state that `build` made beside the router.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve_and_invoke<S, B, F, I, IF, E>(build: B, invoke: I) -> Result<(), lambda_http::Error>
where
    S: Clone,
    B: FnOnce(Settings) -> F,
    F: Future<Output = (Router, S)>,
    I: Fn(S, Value) -> IF,
    IF: Future<Output = Result<Value, E>>,
    E: Into<Diagnostic>,
{
    lambda_http::tracing::init_default_subscriber();
    let (router, state) = build(Settings::from_env()?).await;
    let adapter = Adapter::from(router);
    let invoke = &invoke;
    let respond = |event: LambdaEvent<Value>| {
        let mut adapter = adapter.clone();
        let state = state.clone();
        async move {
            if !is_http(&event.payload) {
                return invoke(state, event.payload).await.map_err(Into::into);
            }
            let request: LambdaRequest = serde_json::from_value(event.payload).map_err(malformed)?;
            let Ok(response) = adapter.call(LambdaEvent::new(request, event.context)).await;
            serde_json::to_value(response).map_err(malformed)
        }
    };
    lambda_http::lambda_runtime::run(service_fn(respond)).await
}

fn malformed(error: serde_json::Error) -> Diagnostic {
    Diagnostic { error_type: "Malformed".to_owned(), error_message: error.to_string() }
}

/// Whether API Gateway made this event.
fn is_http(event: &Value) -> bool {
    event.pointer("/requestContext/http").is_some()
}
