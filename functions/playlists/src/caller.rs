//! Who asks, as the store wants to know it.

use mixtape_http::{Identity, IfMatch};
use mixtape_store::playlists::Caller;

pub(crate) fn caller<'a>(identity: &Identity, if_match: &'a IfMatch) -> Caller<'a> {
    let revisions = match if_match {
        IfMatch::Any => None,
        IfMatch::Revisions(revisions) => Some(revisions.as_slice()),
    };
    Caller { viewer: identity.viewer(), revisions }
}
