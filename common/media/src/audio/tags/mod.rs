//! What a file says about itself.

mod assemble;
mod id3v2;
mod others;

use std::io::{Read, Seek};

use lofty::tag::ItemKey;

use super::sniff::Found;
use super::source::{Piece, Shared};
use super::{Picture, Tags};

/// The largest cover that is taken.
const MAX_PICTURE: usize = 10 << 20;

/// What one tag of a file says, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Source {
    texts: Vec<(ItemKey, String)>,
    front: Option<Vec<u8>>,
    other: Option<Vec<u8>>,
    /// A tag in which several names can stand in one text, with a stroke between them.
    has_strokes: bool,
}

impl Source {
    fn push(&mut self, key: ItemKey, text: impl Into<String>) {
        self.texts.push((key, text.into()));
    }

    /// Keeps the first front cover and the first picture of any other kind.
    fn picture(&mut self, is_front: bool, bytes: &[u8]) {
        let place = if is_front { &mut self.front } else { &mut self.other };
        if place.is_none() && !bytes.is_empty() && bytes.len() <= MAX_PICTURE {
            *place = Some(bytes.to_vec());
        }
    }
}

/// The tags and the cover; without either where they cannot be read. Where several tags say different things, the first
/// in the order ID3v2, APE, the container's own, ID3v1 is believed.
pub(super) fn read<S>(shared: &Shared<S>, found: &Found) -> (Tags, Option<Picture>)
where
    S: Read + Seek + Send + Sync + 'static,
{
    let tag = |range: &std::ops::Range<u64>| id3v2::read(shared.view(vec![Piece::Source(range.clone())]));
    let mut sources: Vec<Source> = found.id3v2.iter().filter_map(tag).collect();
    sources.extend(others::read(shared, found));
    let cover = cover(&mut sources);
    (assemble::assemble(&sources), cover)
}

fn cover(sources: &mut [Source]) -> Option<Picture> {
    let front = sources.iter_mut().find_map(|source| source.front.take());
    let bytes = front.or_else(|| sources.iter_mut().find_map(|source| source.other.take()))?;
    Some(Picture { bytes })
}
