//! Deletes what is left behind by what was deleted. It reads the streams of the tables `accounts`, `playlists` and
//! `media`. A direct invocation looks for what was left behind all the same.
//!
//! A removal is answered as soon as the one item is gone that makes the rest unreachable; this function deletes the
//! rest in rounds of bounded size. When a round leaves something, it writes a marker beside the removed account, and
//! the marker's own stream record starts the next round: the stream is not held up by a large account, and the number
//! of retries of a failing record does not limit how much can be deleted.

mod account;
mod sweep;

use mixtape_domain::Clock;
use mixtape_events::{Change, EventError, Failures, Record, StreamBatch};
use mixtape_settings::Settings;
use mixtape_store::accounts::removed_account;
use mixtape_store::media::{MediaChange, StoredImage, UploadRecord};
use mixtape_store::playlists::{CurrentList, ListChange};
use mixtape_store::{Store, StoreError};
use serde_json::Value;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct State {
    store: Store,
    clock: Clock,
}

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

/// Handles a batch of one of the streams, whose records of items that nothing hangs on are passed over, or a direct
/// invocation `{"sweep": {}}`.
///
/// # Errors
/// The event is neither.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    if sweep::Request::is_one(&event) {
        return sweep::sweep(state, event).await;
    }
    let batch = StreamBatch::decode(event)?;
    let mut failures = Failures::default();
    for record in &batch.records {
        if let Err(error) = state.clean_up_after(record).await {
            tracing::error!(error = %error, sequence_number = record.sequence_number, "clean-up failed");
            // Lambda delivers again from here on, so the rest of the batch would be done twice.
            failures.add(record);
            break;
        }
    }
    tracing::info!(records = batch.records.len(), failures = failures.count(), "cleaned up");
    Ok(failures.answer())
}

impl State {
    async fn clean_up_after(&self, record: &Record) -> Result<(), StoreError> {
        if let Some(account_id) = removed_account(&record.pk, &record.sk, record.change == Change::Removed) {
            self.sweep_account(account_id).await?;
        }
        let is_removal = record.change == Change::Removed;
        let (image, upload) = (record.old::<StoredImage>(), record.old::<UploadRecord>());
        if let Some(change) = MediaChange::read(&record.pk, is_removal, image, upload) {
            self.store.media.clean_up_after(change, self.clock.now()).await?;
        }
        let (old, new) = (record.old::<CurrentList>(), record.new_image::<CurrentList>());
        let change = ListChange {
            pk: &record.pk,
            sk: &record.sk,
            is_removal: record.change == Change::Removed,
            old: old.as_ref(),
            new: new.as_ref(),
        };
        if let Some(playlist_id) = change.outdates() {
            let deleted = self.store.playlists.sweep(playlist_id, self.clock.now()).await?;
            tracing::info!(playlist.id = %playlist_id, deleted, "swept a playlist");
        }
        Ok(())
    }
}
