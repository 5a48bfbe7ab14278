//! Playlists: what they are, who may do what with them, what they may hold.

pub mod formats;
mod input;
pub mod position;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::Profile;
use crate::media::Cover;
use crate::track::Track;
use crate::{AccountId, ItemId, PlaylistId, Timestamp};

pub use input::{NewPlaylist, PlaylistChange, PlaylistDraft, PlaylistPatch, check_edit_size};

/// Items of one playlist, at most.
pub const MAX_ITEMS: usize = 10_000;
/// Items that one edit may add, move or remove.
pub const MAX_EDIT: usize = 100;
/// Collaborators of one playlist, at most.
pub const MAX_COLLABORATORS: usize = 50;
/// Entries of an imported file, at most: each one is looked up, and the gateway waits 30 seconds.
pub const MAX_IMPORT: usize = 500;

/// Who may see a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The owner and the collaborators.
    #[default]
    Private,
    /// Whoever has the id; it is in no public list.
    Unlisted,
    /// Everybody; it is in its owner's public list.
    Public,
}

/// A playlist without its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "name": "Rainy Sunday", "description": null, "visibility": "unlisted",
    "owner": { "id": "01JD6XZ8GQ4YJ5T2W7N3K9R6PM", "username": "ada" },
    "collaborators": [{ "id": "01JD6Y0F7B3C5D8E2G4H6J9KMN", "username": "grace" }],
    "cover": {
        "small": "/v1/playlists/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/cover?size=small",
        "medium": "/v1/playlists/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/cover?size=medium",
        "large": "/v1/playlists/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/cover?size=large"
    },
    "revision": 7, "item_count": 42, "duration_ms": 9_876_000,
    "created_at": "2026-11-21T09:30:00.000Z", "updated_at": "2026-11-21T10:02:41.120Z"
}))]
pub struct Playlist {
    #[schema(value_type = String)]
    pub id: PlaylistId,
    pub name: String,
    #[schema(required = true)]
    pub description: Option<String>,
    pub visibility: Visibility,
    pub owner: Profile,
    /// Who may edit the items besides the owner, by username.
    pub collaborators: Vec<Profile>,
    /// The picture that was set, or one made of the first four covers. The addresses need the identity that the
    /// playlist needs, and answer 404 while there is no cover to show.
    pub cover: Cover,
    /// Grows with every change of the playlist or its items; also the ETag.
    pub revision: u64,
    pub item_count: u64,
    /// The sum of the items' durations, as they were when the items were added.
    pub duration_ms: u64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// An entry of a playlist.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaylistItem {
    /// Stays the same when the item moves.
    #[schema(value_type = String, example = "01JD6Y5V1N9QZ3H7K2M4P6R8TW")]
    pub id: ItemId,
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    /// Null once that account no longer takes part in the playlist.
    #[schema(required = true)]
    pub added_by: Option<Profile>,
    /// Null once the track is gone.
    #[schema(required = true)]
    pub track: Option<Track>,
}

/// Somebody who asks for a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    pub account_id: AccountId,
    pub is_admin: bool,
}

/// What somebody wants to do with a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See it and its items.
    Read,
    /// Add, move, remove and replace items.
    EditItems,
    /// Change or delete the playlist itself and choose its collaborators.
    Manage,
}

/// Why somebody may not do something with a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not even that it exists may be known.
    #[error("the playlist may not be seen")]
    Hidden,
    /// It may be seen, but this is not theirs to do.
    #[error("the playlist may be seen but not changed")]
    Forbidden,
}

impl Playlist {
    /// Whether `viewer` has this right.
    ///
    /// # Errors
    /// The viewer has not, and whether it may know that the playlist exists.
    pub fn allow(&self, viewer: Option<Viewer>, right: Right) -> Result<(), Denied> {
        let highest = match viewer {
            Some(viewer) if viewer.is_admin || viewer.account_id == self.owner.id => Some(Right::Manage),
            Some(viewer) if self.has_collaborator(viewer.account_id) => Some(Right::EditItems),
            _ if self.visibility != Visibility::Private => Some(Right::Read),
            _ => None,
        };
        match (highest, right) {
            (None, _) => Err(Denied::Hidden),
            (Some(_), Right::Read)
            | (Some(Right::EditItems | Right::Manage), Right::EditItems)
            | (Some(Right::Manage), Right::Manage) => Ok(()),
            (Some(_), Right::EditItems | Right::Manage) => Err(Denied::Forbidden),
        }
    }

    fn has_collaborator(&self, account_id: AccountId) -> bool {
        self.collaborators.iter().any(|member| member.id == account_id)
    }

    /// The owner or collaborator of this id.
    pub fn member(&self, account_id: AccountId) -> Option<&Profile> {
        std::iter::once(&self.owner).chain(&self.collaborators).find(|member| member.id == account_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(username: &str) -> Profile {
        Profile { id: AccountId::from_parts(&[username]), username: username.parse().unwrap() }
    }

    fn playlist(visibility: Visibility) -> Playlist {
        let now = Timestamp::from_millis(1_795_253_400_120).unwrap();
        Playlist {
            id: PlaylistId::new(now),
            name: "Rainy Sunday".into(),
            description: None,
            visibility,
            owner: member("ada"),
            collaborators: vec![member("grace")],
            cover: Cover::of_playlist(PlaylistId::new(now)),
            revision: 1,
            item_count: 0,
            duration_ms: 0,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn rights_follow_from_visibility_and_membership() {
        use Denied::{Forbidden, Hidden};
        let viewer = |username, is_admin| Some(Viewer { account_id: member(username).id, is_admin });
        let (owner, collaborator, stranger, admin) =
            (viewer("ada", false), viewer("grace", false), viewer("eve", false), viewer("root", true));
        for visibility in [Visibility::Private, Visibility::Unlisted, Visibility::Public] {
            let playlist = playlist(visibility);
            let outsider = match visibility {
                Visibility::Private => [Err(Hidden), Err(Hidden), Err(Hidden)],
                Visibility::Unlisted | Visibility::Public => [Ok(()), Err(Forbidden), Err(Forbidden)],
            };
            for (viewer, expected) in [
                (owner, [Ok(()), Ok(()), Ok(())]),
                (collaborator, [Ok(()), Ok(()), Err(Forbidden)]),
                (stranger, outsider),
                (None, outsider),
                (admin, [Ok(()), Ok(()), Ok(())]),
            ] {
                let rights = [Right::Read, Right::EditItems, Right::Manage];
                assert_eq!(rights.map(|right| playlist.allow(viewer, right)), expected, "{viewer:?}");
            }
        }
    }
}
