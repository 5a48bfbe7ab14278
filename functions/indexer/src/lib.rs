//! Keeps the search index as the table `tracks` is. It reads the table's stream, and rebuilds the index on request.
//!
//! Records say only which items have changed. What they are now is read from the table, with strong consistency, after
//! the published state of the index has been taken, and the result is published on top of that state or not at all.
//! So each published state knows at least what every earlier one knew, and records can come twice, late and out of
//! order, to several indexers at once.

mod document;
mod reindex;

use std::collections::HashMap;

use mixtape_domain::insights::Kind;
use mixtape_domain::{Clock, TrackId};
use mixtape_events::{EventError, Failures, StreamBatch, is_stream_batch};
use mixtape_index::{Batch, IfBroken, Indexing, UpdateError, Updated};
use mixtape_settings::Settings;
use mixtape_store::insights::Plays;
use mixtape_store::tracks::{Found, Wanted};
use mixtape_store::{Store, StoreError};
use mixtape_telemetry::{Metric, set};
use serde_json::Value;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct State {
    store: Store,
    indexing: Indexing,
}

impl State {
    /// Connects to the stores that the settings name.
    pub async fn connect(settings: Settings) -> Self {
        Self::new(Store::connect(&settings).await, &settings, Clock::system())
    }

    /// The state on stores that are connected already.
    pub fn new(store: Store, settings: &Settings, clock: Clock) -> Self {
        let indexing = Indexing::open(settings, &store, clock);
        Self { store, indexing }
    }
}

/// Handles a batch of the stream of the table `tracks`, or the request `{"reindex": true, "after": …}`, which is
/// answered with `{"done", "next", "indexed"}` and made again with `after` set to `next` until it is done.
///
/// # Errors
/// The event is neither of them, or a store is away during a reindex.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    if !is_stream_batch(&event) {
        return state.reindex(event).await;
    }
    let batch = StreamBatch::decode(event)?;
    let mut wanted = Wanted::default();
    for record in &batch.records {
        wanted.add_item(&record.pk, &record.sk);
    }
    let mut failures = Failures::default();
    let records = batch.records.iter();
    let known_by = Batch::of(
        records.map(|record| (record.sequence_number.as_str(), record.pk.as_str(), record.sk.as_str())),
    );
    match state.bring_up_to_date(&wanted, IfBroken::Fail, Some(&known_by)).await {
        Ok(updated) => tracing::info!(
            records = batch.records.len(),
            changed = updated.changed,
            generation = updated.generation,
            "indexed"
        ),
        Err(error) => {
            tracing::error!(records = batch.records.len(), %error, "indexing failed");
            // One publication for all records: all of them are indexed, or none.
            batch.records.iter().take(1).for_each(|record| failures.add(record));
        }
    }
    Ok(failures.answer())
}

impl State {
    /// How often the tracks were heard: what is popular comes first among equals. A track's plays are looked at when it
    /// changes and at a reindex, not with every listen.
    async fn plays(&self, found: &Found) -> Result<HashMap<TrackId, u64>, StoreError> {
        let keys: Vec<_> = found.tracks.keys().map(|id| id.to_bytes()).collect();
        let plays = self.store.insights.plays_of(Kind::Track, &keys).await?;
        let track = |(key, plays): (_, Plays)| (TrackId::from_bytes(key), plays.plays.unsigned_abs());
        Ok(plays.into_iter().map(track).collect())
    }

    /// Makes the index hold what the table holds of these.
    async fn bring_up_to_date(
        &self,
        wanted: &Wanted,
        if_broken: IfBroken,
        batch: Option<&Batch>,
    ) -> Result<Updated, UpdateError<StoreError>> {
        let read = || async {
            let found = self.store.tracks.lookup(wanted).await?;
            let plays = self.plays(&found).await?;
            Ok(document::changes(wanted, found, &plays))
        };
        let updated = self.indexing.update(if_broken, batch, read).await?;
        set(Metric::IndexGeneration, updated.generation as f64);
        if let Some(bytes) = updated.bytes {
            set(Metric::IndexBytes, bytes as f64);
        }
        Ok(updated)
    }
}
