//! Runs an event function under the Lambda Runtime API.

use std::future::Future;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn, tracing};
use mixtape_settings::Settings;
use serde_json::Value;

use crate::EventError;

/// Reads the settings from the environment, builds the state once, and hands every event to `handle`.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve<S, B, BF, H, HF>(build: B, handle: H) -> Result<(), lambda_runtime::Error>
where
    S: Send + Sync + 'static,
    B: FnOnce(Settings) -> BF,
    BF: Future<Output = S>,
    H: Fn(Arc<S>, Value) -> HF,
    HF: Future<Output = Result<Value, EventError>>,
{
    tracing::init_default_subscriber();
    let state = Arc::new(build(Settings::from_env()?).await);
    let handle = &handle;
    let respond = |event: LambdaEvent<Value>| {
        let state = Arc::clone(&state);
        async move {
            // Boxed: the layout of a handler that calls several stores is deep.
            let result = Box::pin(handle(state, event.payload)).await;
            if let Err(error) = &result {
                tracing::error!(request.id = %event.context.request_id, error = %error, "event failed");
            }
            result
        }
    };
    lambda_runtime::run(service_fn(respond)).await
}
