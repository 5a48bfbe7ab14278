//! Runs a router under the Lambda Runtime API.

use std::future::Future;

use axum::Router;
use lambda_http::lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use mixtape_settings::Settings;
use mixtape_telemetry::{Outcome, Subject, Telemetry};
use serde_json::Value;

use crate::observe;

/// Reads the settings from the environment, builds the router once, and serves HTTP API events with it.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve<B, F>(function: &str, build: B) -> Result<(), lambda_http::Error>
where
    B: FnOnce(Settings) -> F,
    F: Future<Output = Router>,
{
    let settings = Settings::from_env()?;
    let telemetry = Telemetry::start(function, &settings.telemetry);
    lambda_http::run(observe(build(settings).await, telemetry)).await
}

/// As [`serve`], for a function that is also invoked directly: an event that does not come from the HTTP API goes to
/// `invoke`, with the state that `build` made beside the router.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve_and_invoke<S, B, F, I, IF, E>(
    function: &str,
    build: B,
    invoke: I,
) -> Result<(), lambda_http::Error>
where
    S: Clone,
    B: FnOnce(Settings) -> F,
    F: Future<Output = (Router, S)>,
    I: Fn(S, Value) -> IF,
    IF: Future<Output = Result<Value, E>>,
    E: Into<Diagnostic>,
{
    let settings = Settings::from_env()?;
    let telemetry = Telemetry::start(function, &settings.telemetry);
    let (router, state) = build(settings).await;
    let adapter = Adapter::from(observe(router, telemetry.clone()));
    let (invoke, telemetry) = (&invoke, &telemetry);
    let respond = |event: LambdaEvent<Value>| {
        let mut adapter = adapter.clone();
        let state = state.clone();
        async move {
            if !is_http(&event.payload) {
                let LambdaEvent { payload, context, .. } = event;
                let outcome = |result: &Result<Value, Diagnostic>| Outcome {
                    status: None,
                    code: result.as_ref().err().map(|error| error.error_type.to_lowercase().into()),
                    request_id: context.request_id,
                };
                // Boxed: the layout of what calls several stores is deep.
                let answer = Box::pin(async { invoke(state, payload).await.map_err(Into::into) });
                let subject = Subject::Event { age: None };
                return telemetry.observe(subject, context.xray_trace_id, answer, outcome).await;
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
