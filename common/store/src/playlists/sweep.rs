//! What nobody can see any more: entries of replaced lists and of deleted playlists, and what a deleted account leaves.
//! Everything here may run twice, late, and at the same time as edits.

use std::collections::{BTreeSet, HashSet};

use mixtape_domain::{AccountId, PlaylistId, Timestamp};
use serde::Deserialize;

use super::expression::Change;
use super::items::{
    Entry, Generation, HEAD, Meta, PLAYLIST, WRITING, account_pk, entry_key, generation_millis, pk,
    playlist_of,
};
use super::replace::WRITING_LIFE;
use super::{ATTEMPTS, PlaylistError, Playlists};
use crate::StoreError;
use crate::table::{self, Range};

/// Entries that are read and deleted at once.
const STRIDE: usize = 1000;
/// Playlists that are looked up at once.
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Head {
    sk: String,
}

/// Which lists of a playlist must stay.
struct Kept {
    current: Option<Generation>,
    writing: HashSet<Generation>,
    now: Timestamp,
}

impl Kept {
    fn holds(&self, generation: Generation) -> bool {
        let is_young = generation_millis(generation) > self.now.minus(WRITING_LIFE).millis();
        match self.current {
            Some(current) if generation == current => true,
            // Generations only grow, so an earlier one never becomes current again.
            Some(current) if generation < current => false,
            // Perhaps being written in one transaction, whose items may become visible one after the other.
            Some(_) => is_young || self.writing.contains(&generation),
            // A playlist that was deleted, or one that is only being made.
            None => self.writing.contains(&generation),
        }
    }
}

/// The list that a playlist names, as its item in the table's stream carries it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CurrentList {
    generation: Generation,
}

/// A change in the table's stream, as far as sweeping is concerned.
#[derive(Debug, Clone, Copy)]
pub struct ListChange<'a> {
    pub pk: &'a str,
    pub sk: &'a str,
    pub is_removal: bool,
    pub old: Option<&'a CurrentList>,
    pub new: Option<&'a CurrentList>,
}

impl ListChange<'_> {
    /// The playlist whose entries have to be swept: it was deleted, its list was replaced, or the writing of a list
    /// came to an end or broke off.
    pub fn outdates(&self) -> Option<PlaylistId> {
        let asks = match self.sk {
            PLAYLIST => self.is_removal || (self.old.is_some() && self.old != self.new),
            sk => self.is_removal && sk.starts_with(WRITING),
        };
        let id = self.pk.strip_prefix(PLAYLIST)?.strip_prefix('#')?;
        asks.then(|| id.parse().ok()).flatten()
    }
}

impl Playlists {
    /// Deletes the entries of a playlist that belong to no list of it: to one that was replaced, to one whose writing
    /// broke off, or to any when the playlist is gone. Answers how many.
    ///
    /// # Errors
    /// The table is away; running it again does the rest.
    pub async fn sweep(&self, id: PlaylistId, now: Timestamp) -> Result<usize, StoreError> {
        let kept = self.kept(id, now).await?;
        let mut deleted = 0;
        let mut after = Some(HEAD.to_owned());
        loop {
            let range = Range::local_index("position", pk(id), "").after(after.as_deref());
            let (entries, next) = self.table.query(&range, STRIDE, true).await?.read::<Entry>()?;
            let is_garbage = |entry: &&Entry| {
                let generation = entry.position_sk.split('#').next().and_then(|text| text.parse().ok());
                generation.is_some_and(|generation| !kept.holds(generation))
            };
            let garbage: Vec<_> =
                entries.iter().filter(is_garbage).map(|entry| entry_key(id, entry.id)).collect();
            deleted += garbage.len();
            let has_current =
                entries.iter().any(|entry| kept.current.is_some_and(|current| entry.is_of(current)));
            self.table.batch_delete(garbage).await?;
            after = match kept.current {
                _ if next.is_none() => return Ok(deleted),
                // The current list is not read through: what may be garbage lies before or after it.
                Some(current) if has_current => next.max(Some(format!("{current}#\u{10FFFF}"))),
                _ => next,
            };
        }
    }

    async fn kept(&self, id: PlaylistId, now: Timestamp) -> Result<Kept, StoreError> {
        let heads = Range::table(pk(id), "").between(PLAYLIST, &format!("{WRITING}\u{10FFFF}"));
        let slice = self.table.query(&heads, STRIDE, true).await?;
        let mut kept = Kept { current: None, writing: HashSet::new(), now };
        for item in slice.items {
            let head: Head = table::from_item(item.clone())?;
            if head.sk == PLAYLIST {
                kept.current = Some(table::from_item::<Meta>(item)?.generation);
            } else if let Some(generation) = head.sk.strip_prefix(WRITING).and_then(|text| text.parse().ok())
            {
                kept.writing.insert(generation);
            }
        }
        Ok(kept)
    }

    /// Removes what an account leaves: its playlists, and its part in those of others. The entries of the former are
    /// swept when the table's stream tells of their end.
    ///
    /// # Errors
    /// The table is away; running it again does the rest.
    pub async fn delete_owned_by(&self, account_id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        for id in self.ids_under("owner", account_id).await? {
            self.retry(id, async |meta| self.remove(&meta, Change::new()).await).await?;
        }
        for id in self.ids_under("shared", account_id).await? {
            let end = async |meta: Meta| {
                if !meta.collaborators.contains_key(&account_id) {
                    return Ok(true);
                }
                self.end_collaboration(meta, account_id, Change::new(), now).await
            };
            self.retry(id, end).await?;
        }
        Ok(())
    }

    /// Tries something on a playlist until it is done or the playlist is gone.
    async fn retry(
        &self,
        id: PlaylistId,
        attempt: impl AsyncFn(Meta) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for number in 0..ATTEMPTS {
            if number > 0 {
                table::pause(number).await;
            }
            let meta = match self.meta(id).await {
                Ok(meta) => meta,
                Err(PlaylistError::Store(error)) => return Err(error),
                Err(_) => return Ok(()),
            };
            if attempt(meta).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended("a playlist kept changing".into()))
    }

    async fn ids_under(
        &self,
        index: &'static str,
        account_id: AccountId,
    ) -> Result<BTreeSet<PlaylistId>, StoreError> {
        let mut ids = BTreeSet::new();
        let mut after = None;
        loop {
            let range = Range::index(index, account_pk(account_id), "").after(after.as_deref());
            let slice = self.table.query(&range, PAGE, true).await?;
            ids.extend(slice.items.iter().filter_map(playlist_of));
            after = slice.next;
            if after.is_none() {
                return Ok(ids);
            }
        }
    }
}
