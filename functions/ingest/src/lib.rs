//! Makes tracks of uploaded files. S3 tells of a file by way of EventBridge; what becomes of it stands in the upload.
//!
//! Every step can be repeated: objects are written under ids of their own, one transaction makes the track and ends the
//! upload, and the uploaded file is deleted last. As long as it is there, another run can do what is left.

mod facts;
mod file;
mod reader;

use std::time::Duration;

use mixtape_domain::Clock;
use mixtape_events::EventError;
use mixtape_settings::Settings;
use mixtape_store::Store;
use mixtape_store::media::upload_of_key;
use mixtape_telemetry::{Metric, add};
use serde_json::{Value, json};

use file::Outcome;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct State {
    store: Store,
    clock: Clock,
}

/// How long a sound may take to be analysed: less than the function may run.
const ANALYSIS: Duration = Duration::from_secs(12 * 60);

impl State {
    /// Connects to the stores that the settings name.
    pub async fn connect(settings: Settings) -> Self {
        Self::new(Store::connect(&settings).await, Clock::system())
    }

    /// The state on stores that are connected already.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

/// Handles an "Object Created" event of S3.
///
/// # Errors
/// The event is of another kind, or a store is away: the same event can be handled later. What is wrong with the file is
/// no error but the end of its upload.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    let key = event["detail"]["object"]["key"].as_str();
    let key = key.ok_or_else(|| EventError::Malformed("it is no event of an object".into()))?;
    let Some((owner, upload)) = upload_of_key(key) else {
        tracing::warn!("an object under uploads/ that no upload has put there");
        return Ok(json!({ "status": "ignored" }));
    };
    let outcome = state.take_in(owner, upload).await.map_err(EventError::retryable)?;
    if outcome == Outcome::Ready {
        add(Metric::Ingests, 1.0);
    }
    tracing::info!(upload.id = %upload, outcome = outcome.name(), "ingested");
    Ok(json!({ "upload_id": upload, "status": outcome.name() }))
}
