//! Who asks, as the store wants to know it, and its refusals as problems.

use mixtape_domain::playlist::{MAX_COLLABORATORS, MAX_ITEMS, Viewer};
use mixtape_http::{Code, Identity, IfMatch, Problem};
use mixtape_store::playlists::{Caller, PlaylistError};

pub(crate) fn viewer(identity: &Identity) -> Viewer {
    Viewer { account_id: identity.account_id, is_admin: identity.is_admin }
}

pub(crate) fn caller<'a>(identity: &Identity, if_match: &'a IfMatch) -> Caller<'a> {
    let revisions = match if_match {
        IfMatch::Any => None,
        IfMatch::Revisions(revisions) => Some(revisions.as_slice()),
    };
    Caller { viewer: viewer(identity), revisions }
}

pub(crate) fn refused(error: PlaylistError) -> Problem {
    match error {
        PlaylistError::NotFound => Problem::not_found(),
        PlaylistError::Forbidden => Problem::new(
            Code::FORBIDDEN,
            "Only its owner may do this; its collaborators may change its items and leave.",
        ),
        PlaylistError::Stale => Problem::stale_revision(),
        PlaylistError::Full => {
            Problem::conflict(Code::PLAYLIST_FULL, format!("A playlist holds at most {MAX_ITEMS} items."))
        }
        PlaylistError::TooManyCollaborators => Problem::conflict(
            Code::TOO_MANY_COLLABORATORS,
            format!("A playlist has at most {MAX_COLLABORATORS} collaborators."),
        ),
        PlaylistError::Replaced => {
            Problem::conflict(Code::LIST_REPLACED, "Start again without a cursor to read the new list.")
        }
        PlaylistError::Invalid(errors) => Problem::invalid(errors),
        PlaylistError::Store(error) => error.into(),
    }
}
