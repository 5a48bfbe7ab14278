//! Adding, moving and removing items: two calls at the list's end, three inside.
//!
//! 1. BatchGetItem: the playlist, the entries that are named, the tracks that are added.
//! 2. Query, unless it is at the end: the entry before the place.
//! 3. TransactWriteItems: the entries with the playlist.
//!
//! An edit of exactly 100 items needs up to two more, because both the batch and the transaction end at 100.

use std::collections::{BTreeSet, HashMap, HashSet};

use mixtape_domain::playlist::position::{self, NoRoom, Position, TAIL_STEP};
use mixtape_domain::playlist::{MAX_ITEMS, Right};
use mixtape_domain::track::Track;
use mixtape_domain::{Invalid, ItemId, PlaylistId, Timestamp, TrackId};

use super::items::{Action, Entry, Meta, Pending, entry_key, generation_prefix, meta_key, pk, position_sk};
use super::{ATTEMPTS, Caller, EXACT_ATTEMPTS, PlaylistError, Playlists, contended, is_committed};
use crate::StoreError;
use crate::table::{self, Item, MAX_TRANSACTION, Range, Table, number, string};
use crate::tracks::items::track_key;

/// A change of a playlist's items, of at most 100 of them.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Adds tracks before an item, or at the end.
    Add { track_ids: Vec<TrackId>, before: Option<ItemId> },
    /// Moves items, in the order in which they are named, before an item, or to the end.
    Move { item_ids: Vec<ItemId>, before: Option<ItemId> },
    /// Removes items. Those that are gone already are no error.
    Remove { item_ids: Vec<ItemId> },
}

/// What an edit needs to know.
struct Seen {
    meta: Meta,
    /// Of the current generation.
    entries: HashMap<ItemId, Entry>,
    tracks: HashMap<TrackId, Track>,
}

/// What is to be written.
#[derive(Default)]
struct Plan {
    actions: Vec<Action>,
    items: i64,
    duration_ms: i64,
    tail: i64,
}

/// Where the edit's entries go.
struct Places {
    positions: Vec<Position>,
    /// By how much the list's tail grows.
    tail: u64,
}

impl Edit {
    fn before(&self) -> Option<ItemId> {
        match self {
            Self::Add { before, .. } | Self::Move { before, .. } => *before,
            Self::Remove { .. } => None,
        }
    }

    fn item_ids(&self) -> &[ItemId] {
        match self {
            Self::Add { .. } => &[],
            Self::Move { item_ids, .. } | Self::Remove { item_ids } => item_ids,
        }
    }

    fn track_ids(&self) -> &[TrackId] {
        match self {
            Self::Add { track_ids, .. } => track_ids,
            Self::Move { .. } | Self::Remove { .. } => &[],
        }
    }

    fn keys<'a>(&self, id: PlaylistId, playlists: &'a Playlists) -> Vec<(&'a Table, Item)> {
        let item_ids: BTreeSet<ItemId> = self.item_ids().iter().copied().chain(self.before()).collect();
        let track_ids: BTreeSet<TrackId> = self.track_ids().iter().copied().collect();
        let entries = item_ids.into_iter().map(|item_id| (&playlists.table, entry_key(id, item_id)));
        let tracks = track_ids.into_iter().map(|track_id| (&playlists.tracks.table, track_key(track_id)));
        std::iter::once((&playlists.table, meta_key(id))).chain(entries).chain(tracks).collect()
    }
}

impl Playlists {
    /// Does one edit and answers the revision after it. Under contention the answered revision may be older than the
    /// edit's own, never newer.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]; `Invalid` for tracks and items that do not exist. Nothing was changed.
    pub async fn edit(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        edit: &Edit,
        now: Timestamp,
    ) -> Result<u64, PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let seen = self.see(id, edit).await?;
            caller.check(&seen.meta, Right::EditItems)?;
            if let Some(pending) = &seen.meta.pending {
                self.finish(id, pending).await?;
                continue;
            }
            let plan = match edit {
                Edit::Add { track_ids, .. } => self.plan_add(&seen, caller, edit, track_ids, now).await?,
                Edit::Move { item_ids, .. } => self.plan_move(&seen, edit, item_ids).await?,
                Edit::Remove { item_ids } => Some(plan_remove(&seen, item_ids)),
            };
            // Without a plan, room was made: what was seen is no longer so.
            let Some(plan) = plan else { continue };
            if plan.actions.is_empty() {
                return Ok(seen.meta.revision);
            }
            if self.commit(&seen.meta, caller, plan, attempt, now).await? {
                return Ok(seen.meta.revision + 1);
            }
        }
        Err(contended())
    }

    async fn see(&self, id: PlaylistId, edit: &Edit) -> Result<Seen, PlaylistError> {
        let (mut meta, mut entries, mut tracks) = (None::<Meta>, HashMap::new(), HashMap::new());
        for (table, item) in table::batch_get(self.table.client(), edit.keys(id, self)).await? {
            if table == self.tracks.table.name() {
                let track: Track = table::from_item(item)?;
                tracks.insert(track.id, track);
            } else if item.get("sk") == meta_key(id).get("sk") {
                meta = Some(table::from_item(item)?);
            } else {
                let entry: Entry = table::from_item(item)?;
                entries.insert(entry.id, entry);
            }
        }
        let meta = meta.ok_or(PlaylistError::NotFound)?;
        entries.retain(|_, entry| entry.is_of(meta.generation));
        Ok(Seen { meta, entries, tracks })
    }

    async fn plan_add(
        &self,
        seen: &Seen,
        caller: &Caller<'_>,
        edit: &Edit,
        track_ids: &[TrackId],
        now: Timestamp,
    ) -> Result<Option<Plan>, PlaylistError> {
        check_tracks(track_ids, &seen.tracks)?;
        if seen.meta.item_count + track_ids.len() as u64 > MAX_ITEMS as u64 {
            return Err(PlaylistError::Full);
        }
        let Some(places) = self.places(seen, edit, track_ids.len()).await? else { return Ok(None) };
        let mut plan =
            Plan { items: signed(track_ids.len() as u64), tail: signed(places.tail), ..Plan::default() };
        for (track_id, position) in track_ids.iter().zip(&places.positions) {
            let duration_ms = seen.tracks.get(track_id).and_then(|track| track.duration_ms).unwrap_or(0);
            plan.duration_ms += signed(duration_ms);
            plan.actions.push(Action::Put(Entry {
                id: ItemId::new(now),
                track_id: *track_id,
                duration_ms,
                added_at: now,
                added_by: caller.viewer.account_id,
                position_sk: position_sk(seen.meta.generation, position),
            }));
        }
        Ok(Some(plan))
    }

    async fn plan_move(
        &self,
        seen: &Seen,
        edit: &Edit,
        item_ids: &[ItemId],
    ) -> Result<Option<Plan>, PlaylistError> {
        check_moved(seen, edit, item_ids)?;
        let Some(places) = self.places(seen, edit, item_ids.len()).await? else { return Ok(None) };
        let to = |(id, position): (&ItemId, &Position)| Action::Move {
            id: *id,
            position_sk: position_sk(seen.meta.generation, position),
        };
        let actions = item_ids.iter().zip(&places.positions).map(to).collect();
        Ok(Some(Plan { actions, tail: signed(places.tail), ..Plan::default() }))
    }

    /// Positions for `count` entries, or `None` when room had to be made for them first.
    async fn places(&self, seen: &Seen, edit: &Edit, count: usize) -> Result<Option<Places>, PlaylistError> {
        let mark = rand::random();
        let generation = seen.meta.generation;
        let Some(before) = edit.before() else {
            let positions = position::place(Some(&Position::at_tail(seen.meta.tail)), None, mark, count)
                .map_err(|NoRoom| StoreError::Refused("the tail of a list has overflowed".into()))?;
            return Ok(Some(Places { positions, tail: TAIL_STEP }));
        };
        let no_item = || PlaylistError::invalid("before", "is not an item of this playlist");
        let before = seen.entries.get(&before).ok_or_else(no_item)?;
        let prefix = generation_prefix(generation);
        let range =
            Range::local_index("position", pk(seen.meta.id), &prefix).between(&prefix, &before.position_sk);
        // The range ends with the entry itself, so two are asked for.
        let (nearest, _) = self.table.query(&range, 2, false).await?.read::<Entry>()?;
        let after = nearest.iter().find(|entry| entry.position_sk != before.position_sk);
        let after = after.map(Entry::position).transpose()?;
        match position::place(after.as_ref(), Some(&before.position()?), mark, count) {
            Ok(positions) => Ok(Some(Places { positions, tail: 0 })),
            Err(NoRoom) => {
                self.make_room(&seen.meta, before).await?;
                Ok(None)
            }
        }
    }

    /// Whether the plan was carried out; not, when the playlist changed since it was made.
    async fn commit(
        &self,
        meta: &Meta,
        caller: &Caller<'_>,
        mut plan: Plan,
        attempt: u32,
        now: Timestamp,
    ) -> Result<bool, PlaylistError> {
        let room = (MAX_ITEMS as i64) - plan.items;
        // What waits in the journal is not checked by the first transaction, so nothing may have changed before it.
        let is_journalled = plan.actions.len() == MAX_TRANSACTION;
        let mut change = caller
            .change(meta, attempt < EXACT_ATTEMPTS || is_journalled)
            .only_if("generation", "=", string(meta.generation.to_string()))
            .only_if("layout", "=", number(meta.layout))
            .only_if("item_count", "<=", number(room))
            .only_if_absent("pending")
            .set("updated_at", string(now.to_string()))
            .add("revision", 1)
            .add("item_count", plan.items)
            .add("duration_ms", plan.duration_ms)
            .add("tail", plan.tail);
        let mut pending = None;
        if is_journalled && let Some(action) = plan.actions.pop() {
            let last = Pending { mark: rand::random(), action };
            change = change.set("pending", table::to_value(&last)?);
            pending = Some(last);
        }
        let mut actions = vec![table::update(change.update(&self.table, meta_key(meta.id)))];
        for action in &plan.actions {
            actions.push(self.action(meta.id, action)?);
        }
        if !is_committed(table::commit(self.table.client(), actions).await)? {
            return Ok(false);
        }
        if let Some(pending) = pending
            && let Err(error) = self.finish(meta.id, &pending).await
        {
            // The edit is committed all the same: whoever comes next does the rest.
            tracing::warn!(playlist.id = %meta.id, %error, "the last action of an edit is left in the journal");
        }
        Ok(true)
    }
}

fn plan_remove(seen: &Seen, item_ids: &[ItemId]) -> Plan {
    let item_ids: BTreeSet<&ItemId> = item_ids.iter().collect();
    let entries: Vec<&Entry> = item_ids.into_iter().filter_map(|id| seen.entries.get(id)).collect();
    Plan {
        actions: entries
            .iter()
            .map(|entry| Action::Remove { id: entry.id, duration_ms: entry.duration_ms })
            .collect(),
        items: -signed(entries.len() as u64),
        duration_ms: -entries.iter().map(|entry| signed(entry.duration_ms)).sum::<i64>(),
        tail: 0,
    }
}

fn check_moved(seen: &Seen, edit: &Edit, item_ids: &[ItemId]) -> Result<(), PlaylistError> {
    let mut errors = Vec::new();
    let mut moved = HashSet::new();
    for (place, id) in item_ids.iter().enumerate() {
        let field = || format!("item_ids[{place}]");
        if !seen.entries.contains_key(id) {
            errors.push(Invalid::new(field(), "is not an item of this playlist"));
        } else if !moved.insert(*id) {
            errors.push(Invalid::new(field(), "was sent twice"));
        }
    }
    if edit.before().is_some_and(|before| moved.contains(&before)) {
        errors.push(Invalid::new("before", "must not be one of the items that move"));
    }
    if errors.is_empty() { Ok(()) } else { Err(PlaylistError::Invalid(errors)) }
}

/// Most fields that one answer names.
const MAX_ERRORS: usize = 100;

pub(super) fn check_tracks(
    track_ids: &[TrackId],
    tracks: &HashMap<TrackId, Track>,
) -> Result<(), PlaylistError> {
    let missing = track_ids.iter().enumerate().filter(|(_, id)| !tracks.contains_key(id));
    let errors: Vec<Invalid> = missing
        .take(MAX_ERRORS)
        .map(|(place, _)| Invalid::new(format!("track_ids[{place}]"), "is not a track"))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(PlaylistError::Invalid(errors)) }
}

/// Counts and durations are far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
