//! Reading a playlist's items.
//!
//! A page is two calls: one Query of the index `position`, whose first page begins with the playlist itself, and one
//! BatchGetItem of the tracks (and, on later pages, of the playlist). A page of 100 different tracks after the first
//! needs a third, because the playlist is then the 101st key. Just after a list was replaced, until the entries of the
//! old one are swept, the first page needs one Query more.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt};
use mixtape_domain::playlist::{MAX_ITEMS, Playlist, PlaylistItem, Right, Viewer};
use mixtape_domain::track::Track;
use mixtape_domain::{PlaylistId, TrackId};

use super::items::{Entry, Generation, HEAD, Meta, generation_prefix, meta_key, pk};
use super::{ATTEMPTS, PlaylistError, Playlists, contended};
use crate::StoreError;
use crate::table::{self, MAX_BATCH_GET, Range, Slice};
use crate::tracks::items::track_key;

/// Some of a playlist's items.
#[derive(Debug)]
pub struct ItemsPage {
    pub playlist: Playlist,
    pub items: Vec<PlaylistItem>,
    /// The place after which there is more.
    pub next: Option<String>,
}

/// A playlist with all of its tracks that still exist, in order.
#[derive(Debug)]
pub struct Content {
    pub playlist: Playlist,
    pub tracks: Vec<Track>,
}

/// Batches of tracks that are read at once.
const PARALLEL_READS: usize = 8;

/// Where a page of items starts: after this entry of this list.
struct After {
    generation: Generation,
    layout: u64,
    position_sk: String,
}

impl After {
    fn parse(text: &str) -> Result<Self, PlaylistError> {
        let parts = text.split_once('#').and_then(|(layout, position_sk)| {
            let (generation, _) = position_sk.split_once('#')?;
            let (generation, layout) = (generation.parse().ok()?, layout.parse().ok()?);
            Some(Self { generation, layout, position_sk: position_sk.to_owned() })
        });
        parts.ok_or_else(|| PlaylistError::invalid("cursor", "is not a cursor of this list"))
    }

    fn is_of(&self, meta: &Meta) -> bool {
        self.generation == meta.generation && self.layout == meta.layout
    }
}

impl Playlists {
    /// A page of items in order.
    ///
    /// # Errors
    /// There is no such playlist that the viewer may see; `Replaced` when the page before was of another list.
    pub async fn items(
        &self,
        id: PlaylistId,
        viewer: Option<Viewer>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<ItemsPage, PlaylistError> {
        let after = after.map(After::parse).transpose()?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let page = match &after {
                None => self.first_page(id, viewer, limit).await?,
                Some(after) => self.later_page(id, viewer, limit, after).await?,
            };
            if let Some(page) = page {
                return Ok(page);
            }
        }
        Err(contended())
    }

    /// The first page, or `None` when the list changed while it was read.
    async fn first_page(
        &self,
        id: PlaylistId,
        viewer: Option<Viewer>,
        limit: usize,
    ) -> Result<Option<ItemsPage>, PlaylistError> {
        // One more for the playlist.
        let slice = self.table.query(&Range::local_index("position", pk(id), ""), limit + 1, true).await?;
        let Slice { mut items, mut next } = slice;
        let is_head =
            items.first().and_then(|item| item.get("position_sk")?.as_s().ok()).is_some_and(|sk| sk == HEAD);
        if !is_head {
            return Err(PlaylistError::NotFound);
        }
        let meta: Meta = table::from_item(items.remove(0))?;
        meta.playlist().allow(viewer, Right::Read)?;
        if let Some(pending) = &meta.pending {
            self.finish(id, pending).await?;
            return Ok(None);
        }
        let mut entries: Vec<Entry> = items.into_iter().map(table::from_item).collect::<Result<_, _>>()?;
        let prefix = generation_prefix(meta.generation);
        if entries.first().is_some_and(|first| !first.is_of(meta.generation) && first.position_sk < prefix) {
            // Entries of a list that was replaced lie before the current ones.
            let range = Range::local_index("position", pk(id), &prefix);
            (entries, next) = self.table.query(&range, limit, true).await?.read()?;
        }
        let found = entries.len();
        entries.retain(|entry| entry.is_of(meta.generation));
        // What follows the current list is being written and not there yet.
        let next = next.filter(|_| entries.len() == found);
        let (now, tracks) = self.meta_and_tracks(id, &entries, false).await?;
        let is_same = now.is_none_or(|now| now.generation == meta.generation);
        Ok(is_same.then(|| page(&meta, &entries, tracks, next)))
    }

    /// A later page, or `None` when the list changed while it was read.
    async fn later_page(
        &self,
        id: PlaylistId,
        viewer: Option<Viewer>,
        limit: usize,
        after: &After,
    ) -> Result<Option<ItemsPage>, PlaylistError> {
        let range = Range::local_index("position", pk(id), &generation_prefix(after.generation));
        let slice = self.table.query(&range.after(Some(&after.position_sk)), limit, true).await?;
        let (entries, next) = slice.read::<Entry>()?;
        let (meta, tracks) = self.meta_and_tracks(id, &entries, true).await?;
        let meta = meta.ok_or(PlaylistError::NotFound)?;
        meta.playlist().allow(viewer, Right::Read)?;
        if !after.is_of(&meta) {
            return Err(PlaylistError::Replaced);
        }
        if let Some(pending) = &meta.pending {
            self.finish(id, pending).await?;
            return Ok(None);
        }
        Ok(Some(page(&meta, &entries, tracks, next)))
    }

    /// The entries' tracks, with the playlist if that is needed or costs no call.
    async fn meta_and_tracks(
        &self,
        id: PlaylistId,
        entries: &[Entry],
        needs_meta: bool,
    ) -> Result<(Option<Meta>, HashMap<TrackId, Track>), StoreError> {
        let track_ids: BTreeSet<TrackId> = entries.iter().map(|entry| entry.track_id).collect();
        let mut keys: Vec<_> =
            track_ids.iter().map(|track_id| (&self.tracks.table, track_key(*track_id))).collect();
        if needs_meta || (!keys.is_empty() && keys.len() < MAX_BATCH_GET) {
            keys.push((&self.table, meta_key(id)));
        }
        let (mut meta, mut tracks) = (None, HashMap::new());
        for (table, item) in table::batch_get(self.table.client(), keys).await? {
            if table == self.table.name() {
                meta = Some(table::from_item(item)?);
            } else {
                let track: Track = table::from_item(item)?;
                tracks.insert(track.id, track);
            }
        }
        Ok((meta, tracks))
    }

    /// A playlist with all its tracks: one GetItem before and one after, one Query per megabyte of entries, one
    /// BatchGetItem per 100 tracks.
    ///
    /// # Errors
    /// There is no such playlist that the viewer may see.
    pub async fn content(&self, id: PlaylistId, viewer: Option<Viewer>) -> Result<Content, PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let meta = self.meta(id).await?;
            let playlist = meta.playlist();
            playlist.allow(viewer, Right::Read)?;
            if let Some(pending) = &meta.pending {
                self.finish(id, pending).await?;
                continue;
            }
            let range = Range::local_index("position", pk(id), &generation_prefix(meta.generation));
            let (entries, _) = self.table.query(&range, MAX_ITEMS, true).await?.read::<Entry>()?;
            let ids: Vec<TrackId> = entries.iter().map(|entry| entry.track_id).collect();
            let tracks = self.tracks_of(&ids).await?;
            // Had the list been replaced, its entries may have been swept while they were read.
            if self.meta(id).await?.generation == meta.generation {
                let tracks = ids.iter().filter_map(|id| tracks.get(id).cloned()).collect();
                return Ok(Content { playlist, tracks });
            }
        }
        Err(contended())
    }

    /// The tracks of any number of ids, several batches at once.
    pub(super) async fn tracks_of(&self, ids: &[TrackId]) -> Result<HashMap<TrackId, Track>, StoreError> {
        let distinct: Vec<TrackId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let chunks: Vec<Vec<TrackId>> = distinct.chunks(MAX_BATCH_GET).map(<[_]>::to_vec).collect();
        let reads = chunks.into_iter().map(async |chunk| self.tracks.get_many(&chunk).await);
        let found: Vec<HashMap<TrackId, Track>> =
            futures::stream::iter(reads).buffer_unordered(PARALLEL_READS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn page(meta: &Meta, entries: &[Entry], tracks: HashMap<TrackId, Track>, next: Option<String>) -> ItemsPage {
    let playlist = meta.playlist();
    let show = |entry: &Entry| entry.shown(&playlist, tracks.get(&entry.track_id).cloned());
    let items = entries.iter().map(show).collect();
    ItemsPage { items, next: next.map(|position_sk| format!("{}#{position_sk}", meta.layout)), playlist }
}
