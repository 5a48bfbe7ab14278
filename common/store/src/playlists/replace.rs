//! Writing a whole list: a new playlist, or all items of one replaced at once.
//!
//! A list that fits one transaction is written in one (two calls with the reading of the tracks). A longer one is
//! written aside as a new generation, which one conditional update then makes the current one: a reader sees the old
//! list or the new one. What is left of a writing that broke off is found through an item that removes itself after an
//! hour; entries of earlier generations are swept by the event function `cleanup`.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use mixtape_domain::account::Profile;
use mixtape_domain::playlist::position::{EMPTY_TAIL, Position};
use mixtape_domain::playlist::{NewPlaylist, Playlist, Right};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, ItemId, PlaylistId, Timestamp, TrackId};

use super::edit::check_tracks;
use super::items::{
    Entry, Generation, Meta, WRITING, generation_after, meta_key, pk, playlist_of, position_sk,
};
use super::{ATTEMPTS, Caller, EXACT_ATTEMPTS, PlaylistError, Playlists, contended, is_committed};
use crate::StoreError;
use crate::table::{self, CommitError, Item, MAX_BATCH_GET, MAX_TRANSACTION, number, string};
use crate::tracks::items::track_key;

/// How long the writing of a list may take before what it left is swept; far more than a function may run.
pub(super) const WRITING_LIFE: Duration = Duration::from_secs(60 * 60);

/// A whole list, ready to be written.
struct List {
    generation: Generation,
    entries: Vec<Entry>,
    duration_ms: u64,
}

impl List {
    fn new(
        generation: Generation,
        track_ids: &[TrackId],
        tracks: &HashMap<TrackId, Track>,
        added_by: AccountId,
        now: Timestamp,
    ) -> Self {
        let entry = |(index, track_id): (usize, &TrackId)| Entry {
            id: ItemId::new(now),
            track_id: *track_id,
            duration_ms: tracks.get(track_id).and_then(|track| track.duration_ms).unwrap_or(0),
            added_at: now,
            added_by,
            position_sk: position_sk(generation, &Position::nth(index)),
        };
        let entries: Vec<Entry> = track_ids.iter().enumerate().map(entry).collect();
        let duration_ms = entries.iter().map(|entry| entry.duration_ms).sum();
        Self { generation, entries, duration_ms }
    }

    fn tail(&self) -> u64 {
        self.entries.len().checked_sub(1).map_or(EMPTY_TAIL, |last| Position::nth(last).tail())
    }

    /// Whether the entries fit one transaction with the playlist.
    fn fits(&self) -> bool {
        self.entries.len() < MAX_TRANSACTION
    }

    fn items(&self, id: PlaylistId) -> Result<Vec<Item>, StoreError> {
        self.entries.iter().map(|entry| entry.item(id)).collect()
    }
}

impl Playlists {
    /// Makes a playlist with these tracks.
    ///
    /// # Errors
    /// `Invalid` for tracks that do not exist.
    pub async fn create(
        &self,
        new: NewPlaylist,
        owner: Profile,
        track_ids: &[TrackId],
        now: Timestamp,
    ) -> Result<Playlist, PlaylistError> {
        let tracks = if track_ids.is_empty() { HashMap::new() } else { self.tracks_of(track_ids).await? };
        check_tracks(track_ids, &tracks)?;
        let list = List::new(Generation::new(now), track_ids, &tracks, owner.id, now);
        let meta = Meta {
            id: PlaylistId::new(now),
            name: new.name,
            description: new.description,
            visibility: new.visibility,
            owner,
            collaborators: std::collections::BTreeMap::new(),
            cover_image: None,
            revision: 1,
            item_count: list.entries.len() as u64,
            duration_ms: list.duration_ms,
            created_at: now,
            updated_at: now,
            generation: list.generation,
            layout: 0,
            tail: list.tail(),
            pending: None,
        };
        let mut actions = vec![table::put(self.table.put(meta.item()?))];
        actions.extend(self.write(meta.id, &list, now).await?);
        match table::commit(self.table.client(), actions).await {
            Ok(()) => Ok(meta.playlist()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(_)) => {
                Err(StoreError::Refused("a put without a condition was refused".into()).into())
            }
        }
    }

    /// Replaces all items and answers the new revision, as [`Playlists::edit`] does.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]. Nothing was changed.
    pub async fn replace(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        track_ids: &[TrackId],
        now: Timestamp,
    ) -> Result<u64, PlaylistError> {
        let (mut meta, tracks) = self.meta_with_tracks(id, track_ids).await?;
        caller.check(&meta, Right::EditItems)?;
        let tracks = match tracks {
            Some(tracks) => tracks,
            None => self.tracks_of(track_ids).await?,
        };
        check_tracks(track_ids, &tracks)?;
        let added_by = caller.viewer.account_id;
        let mut written: Option<(List, Vec<TransactWriteItem>)> = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
                meta = self.meta(id).await?;
                caller.check(&meta, Right::EditItems)?;
            }
            let (list, rest) = match written.take() {
                Some(written) if written.0.generation > meta.generation => written,
                // Nothing was written yet, or another replacement began later and is there already.
                _ => {
                    let generation = generation_after(meta.generation, now);
                    let list = List::new(generation, track_ids, &tracks, added_by, now);
                    let rest = self.write(id, &list, now).await?;
                    (list, rest)
                }
            };
            let change = caller
                .change(&meta, attempt < EXACT_ATTEMPTS)
                .only_if("generation", "<", string(list.generation.to_string()))
                .set("generation", string(list.generation.to_string()))
                .set("item_count", number(list.entries.len()))
                .set("duration_ms", number(list.duration_ms))
                .set("tail", number(list.tail()))
                .set("updated_at", string(now.to_string()))
                .add("revision", 1)
                // Whatever was left to do was to be done to the old list.
                .remove("pending");
            let mut actions = vec![table::update(change.update(&self.table, meta_key(id)))];
            actions.extend(rest.iter().cloned());
            if is_committed(table::commit(self.table.client(), actions).await)? {
                return Ok(meta.revision + 1);
            }
            written = Some((list, rest));
        }
        Err(contended())
    }

    /// The playlist, and the tracks too when one call can answer both.
    async fn meta_with_tracks(
        &self,
        id: PlaylistId,
        track_ids: &[TrackId],
    ) -> Result<(Meta, Option<HashMap<TrackId, Track>>), PlaylistError> {
        let distinct: std::collections::BTreeSet<&TrackId> = track_ids.iter().collect();
        if distinct.is_empty() || distinct.len() >= MAX_BATCH_GET {
            let tracks = distinct.is_empty().then(HashMap::new);
            return Ok((self.meta(id).await?, tracks));
        }
        let tracks = distinct.into_iter().map(|track_id| (&self.tracks.table, track_key(*track_id)));
        let keys = std::iter::once((&self.table, meta_key(id))).chain(tracks).collect();
        let (mut meta, mut tracks) = (None, HashMap::new());
        for (_, item) in table::batch_get(self.table.client(), keys).await? {
            if playlist_of(&item).is_some() {
                meta = Some(table::from_item(item)?);
            } else {
                let track: Track = table::from_item(item)?;
                tracks.insert(track.id, track);
            }
        }
        Ok((meta.ok_or(PlaylistError::NotFound)?, Some(tracks)))
    }

    /// What makes a list part of the transaction that makes it the current one. A short list is in that transaction
    /// itself, a long one is written here.
    async fn write(
        &self,
        id: PlaylistId,
        list: &List,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        if list.fits() {
            return Ok(list.items(id)?.into_iter().map(|item| table::put(self.table.put(item))).collect());
        }
        let key = table::key(pk(id), format!("{WRITING}{}", list.generation));
        let mut marker = key.clone();
        marker.insert("expires".into(), number(now.plus(WRITING_LIFE).seconds()));
        // Before the first entry, so that none is ever without it.
        self.table.batch_put(vec![marker]).await?;
        self.table.batch_put(list.items(id)?).await?;
        let done = Delete::builder().table_name(self.table.name()).set_key(Some(key)).build();
        Ok(vec![table::delete(done.expect("table and key are set"))])
    }
}
