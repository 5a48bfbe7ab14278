//! What a file says about itself, by lofty.

use std::io::{Read, Seek};

use super::sniff::Found;
use super::source::Shared;
use super::{Picture, Tags};

/// The tags and the cover; without either where they cannot be read.
pub(super) fn read<S>(_shared: &Shared<S>, _found: &Found) -> (Tags, Option<Picture>)
where
    S: Read + Seek + Send + Sync + 'static,
{
    (Tags::default(), None)
}
