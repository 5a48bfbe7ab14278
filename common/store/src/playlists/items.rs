//! The items of the table `playlists` and their keys.
//!
//! | item | pk | sk | indexes |
//! | --- | --- | --- | --- |
//! | playlist | `PLAYLIST#` id | `PLAYLIST` | `position` at `#`; `owner` under `ACCOUNT#` id; a public one `shared` under `PUBLIC#` id |
//! | entry | `PLAYLIST#` id | `ITEM#` id | `position` at generation `#` position |
//! | collaborator | `PLAYLIST#` id | `COLLABORATOR#` account id | `shared` under `ACCOUNT#` id |
//! | list being written | `PLAYLIST#` id | `WRITING#` generation | removes itself |
//!
//! A generation is one whole list of entries. The playlist names the current one; entries of another are not there for
//! readers. Later generations sort after earlier ones, and the playlist itself before all, so that one Query of the
//! index `position` answers a playlist with its first entries.

use std::collections::BTreeMap;

use mixtape_domain::account::{Profile, Username};
use mixtape_domain::media::Cover;
use mixtape_domain::playlist::position::Position;
use mixtape_domain::playlist::{Playlist, PlaylistItem, Visibility};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, Id, ImageId, ItemId, PlaylistId, Timestamp, TrackId};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::table::{self, Item, string};

#[derive(Debug)]
pub(super) enum GenerationKind {}
/// A whole list of entries, named by the time at which its writing began.
pub(super) type Generation = Id<GenerationKind>;

pub(super) const PLAYLIST: &str = "PLAYLIST";
pub(super) const ITEM: &str = "ITEM#";
pub(super) const WRITING: &str = "WRITING#";
const COLLABORATOR: &str = "COLLABORATOR#";
/// The playlist's place in the index `position`: before every entry.
pub(super) const HEAD: &str = "#";

/// A playlist as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) id: PlaylistId,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) visibility: Visibility,
    pub(super) owner: Profile,
    pub(super) collaborators: BTreeMap<AccountId, Username>,
    /// The picture that was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cover_image: Option<ImageId>,
    pub(super) revision: u64,
    pub(super) item_count: u64,
    pub(super) duration_ms: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) generation: Generation,
    /// Grows when entries get new positions without changing their order.
    pub(super) layout: u64,
    /// At least the first digit of every entry's position, so that appending needs no look at the last entry.
    pub(super) tail: u64,
    /// The last action of an edit that does not fit one transaction. Whoever finds it does it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<Pending>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: ItemId,
    pub(super) track_id: TrackId,
    /// As it was when the track was added, so that removing it takes away what adding it added.
    pub(super) duration_ms: u64,
    pub(super) added_at: Timestamp,
    pub(super) added_by: AccountId,
    pub(super) position_sk: String,
}

/// One entry's part of an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Action {
    Put(Entry),
    Move { id: ItemId, position_sk: String },
    Remove { id: ItemId, duration_ms: u64 },
}

/// An action that is still to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Tells it from the pending action of another edit.
    pub(super) mark: u64,
    pub(super) action: Action,
}

pub(super) fn pk(id: PlaylistId) -> String {
    format!("{PLAYLIST}#{id}")
}

/// The playlist that an item belongs to, by its partition key.
pub(super) fn playlist_of(item: &Item) -> Option<PlaylistId> {
    item.get("pk")?.as_s().ok()?.strip_prefix(PLAYLIST)?.strip_prefix('#')?.parse().ok()
}

pub(super) fn meta_key(id: PlaylistId) -> Item {
    table::key(pk(id), PLAYLIST)
}

pub(super) fn entry_key(id: PlaylistId, item_id: ItemId) -> Item {
    table::key(pk(id), format!("{ITEM}{item_id}"))
}

pub(super) fn collaborator_key(id: PlaylistId, account_id: AccountId) -> Item {
    table::key(pk(id), format!("{COLLABORATOR}{account_id}"))
}

pub(super) fn account_pk(account_id: AccountId) -> String {
    format!("ACCOUNT#{account_id}")
}

pub(super) fn public_pk(account_id: AccountId) -> String {
    format!("PUBLIC#{account_id}")
}

/// The place of a playlist in lists: latest made first.
pub(super) fn by_age(created_at: Timestamp, id: PlaylistId) -> String {
    format!("{}#{id}", table::age(created_at))
}

/// What the sort keys of a generation's entries start with.
pub(super) fn generation_prefix(generation: Generation) -> String {
    format!("{generation}#")
}

pub(super) fn position_sk(generation: Generation, position: &Position) -> String {
    format!("{generation}#{position}")
}

/// When the writing of a generation began, in milliseconds since the Unix epoch.
pub(super) fn generation_millis(generation: Generation) -> i64 {
    let bytes = generation.to_bytes();
    bytes[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte))
}

/// A generation that sorts after `current`, whatever the clocks of two processes say.
pub(super) fn generation_after(current: Generation, now: Timestamp) -> Generation {
    let earliest = generation_millis(current) + 1;
    Generation::new(Timestamp::from_millis(earliest.max(now.millis())).unwrap_or(now))
}

impl Meta {
    pub(super) fn playlist(&self) -> Playlist {
        let collaborators = self.collaborators.iter();
        let profile =
            |(id, username): (&AccountId, &Username)| Profile { id: *id, username: username.clone() };
        let mut collaborators: Vec<Profile> = collaborators.map(profile).collect();
        collaborators.sort_by_key(|profile| profile.username.key());
        Playlist {
            id: self.id,
            name: self.name.clone(),
            description: self.description.clone(),
            visibility: self.visibility,
            owner: self.owner.clone(),
            collaborators,
            cover: Cover::of_playlist(self.id),
            revision: self.revision,
            item_count: self.item_count,
            duration_ms: self.duration_ms,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// The whole item.
    pub(super) fn item(&self) -> Result<Item, StoreError> {
        let mut item = table::to_item(self)?;
        item.extend(meta_key(self.id));
        item.insert("position_sk".into(), string(HEAD));
        item.insert("owner_pk".into(), string(account_pk(self.owner.id)));
        item.insert("owner_sk".into(), string(by_age(self.created_at, self.id)));
        if self.visibility == Visibility::Public {
            item.insert("shared_pk".into(), string(public_pk(self.owner.id)));
            item.insert("shared_sk".into(), string(by_age(self.created_at, self.id)));
        }
        Ok(item)
    }

    /// The item that lists this playlist among those of a collaborator.
    pub(super) fn collaborator_item(&self, account_id: AccountId) -> Item {
        let mut item = collaborator_key(self.id, account_id);
        item.insert("shared_pk".into(), string(account_pk(account_id)));
        item.insert("shared_sk".into(), string(by_age(self.created_at, self.id)));
        item
    }
}

impl Entry {
    /// The whole item.
    pub(super) fn item(&self, playlist_id: PlaylistId) -> Result<Item, StoreError> {
        let mut item = table::to_item(self)?;
        item.extend(entry_key(playlist_id, self.id));
        Ok(item)
    }

    pub(super) fn is_of(&self, generation: Generation) -> bool {
        self.position_sk.starts_with(&generation_prefix(generation))
    }

    pub(super) fn position(&self) -> Result<Position, StoreError> {
        let (_, text) = self.position_sk.split_once('#').unwrap_or_default();
        text.parse().map_err(|_| StoreError::Corrupt(format!("the position of {}", self.id)))
    }

    /// The entry as readers see it.
    pub(super) fn shown(&self, playlist: &Playlist, track: Option<Track>) -> PlaylistItem {
        let added_by = playlist.member(self.added_by).cloned();
        PlaylistItem { id: self.id, added_at: self.added_at, added_by, track }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_sorts_after_the_current_one_even_when_the_clock_went_back() {
        let now = Timestamp::from_millis(1_795_253_400_120).unwrap();
        let current = Generation::new(now);
        assert_eq!(generation_millis(current), now.millis());
        for millis in [now.millis() - 5_000, now.millis(), now.millis() + 5_000] {
            let later = generation_after(current, Timestamp::from_millis(millis).unwrap());
            assert!(later > current && later.to_string() > current.to_string());
            assert!(HEAD < later.to_string().as_str());
        }
    }
}
