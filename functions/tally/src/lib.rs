//! Counts listens. It reads the streams of the tables `listens` and `tracks`.
//!
//! A record says only where something has changed. What is counted there is compared with what there is to count, and
//! the difference is written in one transaction, so records can come twice, late, out of order and to several at once.
//!
//! A listen to something that the catalogue has not becomes one to the track when there is one. Both sides look: a new
//! track for such listens, and a new listen of that kind for a track. Whichever comes second finds the other, unless
//! two indexes are both further behind than the streams.

mod recount;

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::listen::{self, Listen, Song};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, TrackId};
use mixtape_events::{Change, EventError, Failures, Record, StreamBatch};
use mixtape_settings::Settings;
use mixtape_store::insights::{Counted, Touched};
use mixtape_store::listens::{Outside, listen_of_key};
use mixtape_store::tracks::track_of_key;
use mixtape_store::{Store, StoreError};
use mixtape_telemetry::{Metric, add};
use serde_json::Value;

/// Listens that are looked at at once.
const AT_ONCE: usize = 16;
/// Listens outside the catalogue that are read at once.
const PAGE: usize = 500;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct State {
    store: Store,
}

impl State {
    /// Connects to the stores that the settings name.
    pub async fn connect(settings: Settings) -> Self {
        Self::new(Store::connect(&settings).await)
    }

    /// The state on stores that are connected already.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

/// Handles a batch of one of the streams, or the request `{"recount": {"account": …, "after": …}}`, which is answered
/// with `{"done", "next", "corrected"}` and made again with `after` set to `next` until it is done.
///
/// # Errors
/// The event is neither of them, or a store is away during a recount.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    if recount::is_request(&event) {
        return state.recount(event).await;
    }
    let batch = StreamBatch::decode(event)?;
    let mut failures = Failures::default();
    match state.tally(&batch.records).await {
        Ok(counted) => {
            // What was deleted is not counted down: a counter only grows.
            add(Metric::Listens, counted.listens.max(0) as f64);
            tracing::info!(
                records = batch.records.len(),
                quarters = counted.quarters,
                listens = counted.listens,
                "tallied"
            );
        }
        Err(error) => {
            tracing::error!(records = batch.records.len(), %error, "tally failed");
            // What was counted is not counted again, so all of them may come again.
            batch.records.iter().take(1).for_each(|record| failures.add(record));
        }
    }
    Ok(failures.answer())
}

impl State {
    async fn tally(&self, records: &[Record]) -> Result<Counted, StoreError> {
        let mut touched = Touched::new();
        let mut outside = Vec::new();
        let mut tracks = BTreeSet::new();
        for record in records {
            if let Some((account, id)) = listen_of_key(&record.pk, &record.sk) {
                touched.entry(account).or_default().insert(listen::quarter_of(id));
                let listen = record.new_image::<Listen>().filter(|listen| listen.track_id.is_none());
                outside.extend(listen.map(|listen| (account, listen)));
            }
            let is_there = record.change != Change::Removed;
            tracks.extend(track_of_key(&record.pk).filter(|_| is_there));
        }
        let counted = self.store.insights.reconcile(&touched).await?;
        let joins = outside.iter().map(|(account, listen)| self.join_listen(*account, listen));
        stream::iter(joins).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        self.join_tracks(tracks.into_iter().collect()).await?;
        Ok(counted)
    }

    /// Looks for the track of a listen that has none.
    async fn join_listen(&self, account_id: AccountId, listen: &Listen) -> Result<(), StoreError> {
        let song = Song {
            title: listen.title.clone(),
            artist: listen.artist.clone(),
            album: listen.album.clone(),
            duration_ms: None,
        };
        let Some(track) = self.store.tracks.find_song(&song).await? else { return Ok(()) };
        self.store.listens.join(&Outside { account_id, id: listen.id }, &track).await
    }

    /// Looks for listens to new tracks, and to those that are called otherwise now.
    async fn join_tracks(&self, ids: Vec<TrackId>) -> Result<(), StoreError> {
        let tracks = self.store.tracks.get_many(&ids).await?;
        let joins = tracks.values().map(|track| self.join_track(track));
        stream::iter(joins).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn join_track(&self, track: &Track) -> Result<(), StoreError> {
        for song in listen::songs_of(track) {
            let mut after = None;
            loop {
                let page = self.store.listens.outside(&song, PAGE, after.as_deref()).await?;
                let joins = page.items.iter().map(|outside| self.store.listens.join(outside, track));
                stream::iter(joins).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}
