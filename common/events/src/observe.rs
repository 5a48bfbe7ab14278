//! Records each event that a function handles.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use mixtape_telemetry::{Outcome, Subject, Telemetry};
use serde_json::Value;

use crate::EventError;

/// What is known of an invocation beside its event.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    pub request_id: String,
    /// The header `X-Amzn-Trace-Id`.
    pub trace_id: Option<String>,
}

/// Handles an event, and records what came of it.
///
/// # Errors
/// Those of the handler.
///
/// # Panics
/// The handler panics, which is recorded, too.
pub async fn observe(
    telemetry: &Telemetry,
    invocation: Invocation,
    event: Value,
    handle: impl AsyncFnOnce(Value) -> Result<Value, EventError>,
) -> Result<Value, EventError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let subject = Subject::Event { age: happened(&event).map(|at| now.saturating_sub(at)) };
    let Invocation { request_id, trace_id } = invocation;
    // Boxed: the layout of a handler that calls several stores is deep.
    let handled = AssertUnwindSafe(Box::pin(handle(event))).catch_unwind();
    let handled = telemetry.observe(subject, trace_id, handled, |result| outcome(result, request_id)).await;
    handled.unwrap_or_else(|panic| resume_unwind(panic))
}

/// What a handler has answered, or what it has panicked with.
type Handled = Result<Result<Value, EventError>, Box<dyn Any + Send>>;

/// When the oldest happened of what an event tells of, since 1970: the first record of a stream's batch, or what
/// EventBridge says of an object.
fn happened(event: &Value) -> Option<Duration> {
    let record = &event["Records"][0]["dynamodb"]["ApproximateCreationDateTime"];
    if let Some(seconds) = record.as_f64() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let time: jiff::Timestamp = event["time"].as_str()?.parse().ok()?;
    Duration::try_from(time.as_duration()).ok()
}

fn outcome(handled: &Handled, request_id: String) -> Outcome {
    let is_some_left =
        |answer: &Value| answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
    let code = match handled {
        Err(_) => Some("panicked"),
        Ok(Err(error)) => Some(error.kind()),
        Ok(Ok(answer)) if is_some_left(answer) => Some("not_all_handled"),
        Ok(Ok(_)) => None,
    };
    Outcome { status: None, code: code.map(Into::into), request_id }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_as_old_as_what_it_tells_of() {
        let of_stream =
            json!({ "Records": [{ "dynamodb": { "ApproximateCreationDateTime": 1_790_000_000.5 } }] });
        let of_bucket = json!({ "time": "2026-09-21T14:13:20Z", "detail": {} });
        assert_eq!(happened(&of_stream), Some(Duration::from_millis(1_790_000_000_500)));
        assert_eq!(happened(&of_bucket), Some(Duration::from_secs(1_790_000_000)));
        for neither in
            [json!({}), json!([]), json!({ "time": "yesterday" }), json!({ "time": "1969-01-01T00:00:00Z" })]
        {
            assert_eq!(happened(&neither), None, "{neither}");
        }
    }

    #[test]
    fn a_batch_of_which_something_is_left_is_an_error() {
        let some = Ok(Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })));
        assert_eq!(outcome(&some, String::new()).code.as_deref(), Some("not_all_handled"));
        assert_eq!(outcome(&Ok(Ok(json!({ "batchItemFailures": [] }))), String::new()).code, None);
        let malformed = Ok(Err(EventError::Malformed(String::new())));
        assert_eq!(outcome(&malformed, String::new()).code.as_deref(), Some("malformed"));
    }

    #[tokio::test]
    async fn a_panic_is_recorded_and_goes_on() {
        let codes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&codes);
        let telemetry = Telemetry::to("tally", move |record| {
            kept.lock().unwrap().push(record.outcome.code.clone());
        });
        let panicking = observe(&telemetry, Invocation::default(), json!({}), async |_| panic!("a bug"));
        assert!(AssertUnwindSafe(panicking).catch_unwind().await.is_err());
        assert_eq!(*codes.lock().unwrap(), [Some("panicked".into())]);
    }
}
