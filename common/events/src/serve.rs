//! Runs an event function under the Lambda Runtime API.

use std::future::Future;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use mixtape_settings::Settings;
use mixtape_telemetry::Telemetry;
use serde_json::Value;

use crate::{EventError, Invocation, observe};

/// Reads the settings from the environment, builds the state once, and hands every event to `handle`.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve<S, B, BF, H, HF>(function: &str, build: B, handle: H) -> Result<(), lambda_runtime::Error>
where
    S: Send + Sync + 'static,
    B: FnOnce(Settings) -> BF,
    BF: Future<Output = S>,
    H: Fn(Arc<S>, Value) -> HF,
    HF: Future<Output = Result<Value, EventError>>,
{
    let settings = Settings::from_env()?;
    let telemetry = Telemetry::start(function, &settings.telemetry);
    let state = Arc::new(build(settings).await);
    let (handle, telemetry) = (&handle, &telemetry);
    let respond = |event: LambdaEvent<Value>| {
        let state = Arc::clone(&state);
        async move {
            let LambdaEvent { payload, context, .. } = event;
            let invocation = Invocation { request_id: context.request_id, trace_id: context.xray_trace_id };
            let result =
                observe(telemetry, invocation, payload, async |event| handle(state, event).await).await;
            if let Err(error) = &result {
                tracing::error!(%error, "event failed");
            }
            result
        }
    };
    lambda_runtime::run(service_fn(respond)).await
}
