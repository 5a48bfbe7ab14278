//! Makes tracks of uploaded files. S3 tells of a file by way of EventBridge; where another store keeps objects, which
//! tells nobody, the stream of the table `media` tells of uploads whose client says that the file was sent. What becomes
//! of a file stands in the upload.
//!
//! Every step can be repeated: objects are written under ids of their own, one transaction makes the track and ends the
//! upload, and the uploaded file is deleted last. As long as it is there, another run can do what is left.

mod facts;
mod file;
mod reader;

use std::time::Duration;

use mixtape_domain::{AccountId, Clock, UploadId};
use mixtape_events::{EventError, Failures, StreamBatch, is_stream_batch};
use mixtape_settings::Settings;
use mixtape_store::media::{UploadRecord, upload_of_key};
use mixtape_store::{Store, StoreError};
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

/// Handles an "Object Created" event of S3, or a batch of the stream of the table `media`.
///
/// # Errors
/// The event is of another kind, or a store is away: the same event can be handled later. What is wrong with the file
/// is no error but the end of its upload.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    if is_stream_batch(&event) {
        return Ok(handle_sent(state, &StreamBatch::decode(event)?).await);
    }
    let key = event["detail"]["object"]["key"].as_str();
    let key = key.ok_or_else(|| EventError::Malformed("it is no event of an object".into()))?;
    let Some((owner, upload)) = upload_of_key(key) else {
        tracing::warn!("an object under uploads/ that no upload has put there");
        return Ok(json!({ "status": "ignored" }));
    };
    let outcome = take_in(state, owner, upload).await.map_err(EventError::retryable)?;
    Ok(json!({ "upload_id": upload, "status": outcome.name() }))
}

/// Handles uploads whose client says that the file was sent.
async fn handle_sent(state: &State, batch: &StreamBatch) -> Value {
    let mut failures = Failures::default();
    for record in &batch.records {
        let Some(UploadRecord { upload, owner_id, .. }) = record.new_image() else {
            tracing::error!(sequence_number = record.sequence_number, "a record that is no upload");
            continue;
        };
        if let Err(error) = take_in(state, owner_id, upload.id).await {
            tracing::error!(error = %error, upload.id = %upload.id, "a file was not ingested");
            // Lambda delivers again from here on, so the rest of the batch would be done twice.
            failures.add(record);
            break;
        }
    }
    failures.answer()
}

async fn take_in(state: &State, owner: AccountId, upload: UploadId) -> Result<Outcome, StoreError> {
    let outcome = state.take_in(owner, upload).await?;
    if outcome == Outcome::Ready {
        add(Metric::Ingests, 1.0);
    }
    tracing::info!(upload.id = %upload, outcome = outcome.name(), "ingested");
    Ok(outcome)
}
