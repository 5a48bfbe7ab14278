//! The table `playlists`. [`items`] describes its items.
//!
//! Every edit is one transaction that changes the entries together with the playlist's own item, which counts them; its
//! conditions are what keeps limits, rights and revisions exact while many edit at once.

mod edit;
mod expression;
mod items;
mod journal;
mod list;
mod manage;
mod read;
mod replace;
mod room;
mod sweep;

use mixtape_domain::playlist::{Denied, Playlist, Right, Viewer};
use mixtape_domain::{Invalid, PlaylistId};

pub use edit::Edit;
pub use read::{Content, ItemsPage};
pub use sweep::{CurrentList, ListChange};

use crate::StoreError;
use crate::media::Media;
use crate::table::{CommitError, Table};
use crate::tracks::Tracks;
use expression::Change;
use items::{Meta, meta_key};

/// The table `playlists`, with the table `tracks` that its entries point to. Clones share the client.
#[derive(Debug, Clone)]
pub struct Playlists {
    table: Table,
    tracks: Tracks,
    /// Pictures are counted in the transactions that show them.
    media: Media,
}

/// Somebody who asks for something, and the revisions on which it may be done.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    pub viewer: Viewer,
    /// One of these must be the current revision; any when `None`.
    pub revisions: Option<&'a [u64]>,
}

/// Why something was not done with a playlist. Nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum PlaylistError {
    /// There is no such playlist, or the caller may not know of it.
    #[error("there is no such playlist")]
    NotFound,
    /// The caller may see it but not do this.
    #[error("not the caller's to do")]
    Forbidden,
    /// None of the revisions that the caller expects is the current one.
    #[error("another revision is current")]
    Stale,
    /// It would hold too many items.
    #[error("the playlist is full")]
    Full,
    #[error("the playlist has too many collaborators")]
    TooManyCollaborators,
    /// The list was replaced since the page before was read.
    #[error("the list was replaced between two pages")]
    Replaced,
    #[error("some values are not good")]
    Invalid(Vec<Invalid>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for PlaylistError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::NotFound,
            Denied::Forbidden => Self::Forbidden,
        }
    }
}

impl PlaylistError {
    fn invalid(field: impl Into<String>, message: &str) -> Self {
        Self::Invalid(vec![Invalid::new(field, message)])
    }
}

/// How often something is tried again when others changed the playlist meanwhile.
const ATTEMPTS: u32 = 10;
/// How many of those insist that the revision is the one that was read, so that the answered revision is the edit's
/// own. Later ones, under contention, may answer an older one: with it, `If-Match` fails where it must not succeed.
const EXACT_ATTEMPTS: u32 = 3;

fn contended() -> PlaylistError {
    StoreError::Contended("a playlist kept changing".into()).into()
}

/// Tells a transaction whose conditions no longer held, which is worth another try, from a failure.
fn is_committed(result: Result<(), CommitError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(CommitError::Conditions(_)) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}

impl Caller<'_> {
    fn check(&self, meta: &Meta, right: Right) -> Result<(), PlaylistError> {
        meta.playlist().allow(Some(self.viewer), right)?;
        match self.revisions {
            Some(revisions) if !revisions.contains(&meta.revision) => Err(PlaylistError::Stale),
            _ => Ok(()),
        }
    }

    /// A change that holds only while the caller may edit the items, and on the revision that was read where that is
    /// asked for.
    fn change(&self, meta: &Meta, must_be_exact: bool) -> Change {
        let change = Change::new();
        let change = match self.viewer {
            Viewer { is_admin: false, account_id } if account_id != meta.owner.id => {
                change.only_if_present(&format!("collaborators.{account_id}"))
            }
            _ => change,
        };
        if must_be_exact || self.revisions.is_some() {
            change.only_if("revision", "=", crate::table::number(meta.revision))
        } else {
            change
        }
    }
}

impl Playlists {
    pub(crate) fn new(table: Table, tracks: Tracks, media: Media) -> Self {
        Self { table, tracks, media }
    }

    /// One playlist: one GetItem.
    ///
    /// # Errors
    /// There is none that the viewer may see, or the table is away.
    pub async fn get(&self, id: PlaylistId, viewer: Option<Viewer>) -> Result<Playlist, PlaylistError> {
        let playlist = self.meta(id).await?.playlist();
        playlist.allow(viewer, Right::Read)?;
        Ok(playlist)
    }

    async fn meta(&self, id: PlaylistId) -> Result<Meta, PlaylistError> {
        self.table.get(meta_key(id)).await?.ok_or(PlaylistError::NotFound)
    }
}
