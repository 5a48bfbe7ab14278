//! Runs a router under the Lambda Runtime API.

use std::future::Future;

use axum::Router;
use lambda_http::lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use mixtape_settings::Settings;
use mixtape_telemetry::{Outcome, Subject, Telemetry};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

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
    let respond = |event: LambdaEvent<Event>| {
        let mut adapter = adapter.clone();
        let state = state.clone();
        async move {
            let LambdaEvent { payload, context, .. } = event;
            let payload = match payload {
                Event::Request(request) => {
                    let Ok(response) = adapter.call(LambdaEvent::new(*request, context)).await;
                    return Ok(Answer::Response(response));
                }
                Event::Invocation(payload) => payload,
            };
            let outcome = |result: &Result<_, Diagnostic>| Outcome {
                status: None,
                code: result.as_ref().err().map(|error| error.error_type.to_lowercase().into()),
                request_id: context.request_id,
            };
            // Boxed: the layout of what calls several stores is deep.
            let answer =
                Box::pin(async { invoke(state, payload).await.map(Answer::Invocation).map_err(Into::into) });
            let subject = Subject::Event { age: None };
            telemetry.observe(subject, context.xray_trace_id, answer, outcome).await
        }
    };
    lambda_http::lambda_runtime::run(service_fn(respond)).await
}

/// What a function gets that is also invoked directly.
enum Event {
    Request(Box<LambdaRequest>),
    Invocation(Value),
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let event = if serde_json::from_str::<OfGateway>(text).is_ok() {
            serde_json::from_str(text).map(|request| Self::Request(Box::new(request)))
        } else {
            serde_json::from_str(text).map(Self::Invocation)
        };
        event.map_err(D::Error::custom)
    }
}

/// What every event has that API Gateway makes, and no other.
#[derive(Deserialize)]
struct OfGateway {
    #[serde(rename = "requestContext")]
    _context: OfHttp,
}

#[derive(Deserialize)]
struct OfHttp {
    #[serde(rename = "http")]
    _http: IgnoredAny,
}

/// What it answers. The response's type has no name outside of the library that makes it.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<R> {
    Response(R),
    Invocation(Value),
}
