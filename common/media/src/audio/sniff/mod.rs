//! What a file is, told from its content alone, and where its audio begins and ends.

mod foreign;
mod mp4;
mod mpeg;
mod ogg;
mod riff;

use std::io::{self, Read, Seek};
use std::ops::Range;

use super::AudioError;
use super::source::{Piece, View};

/// A file whose kind is known.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) container: Container,
    /// What the demuxer is to see: the audio and what is needed to decode it, without tags and pictures.
    pub(super) audio: Vec<Piece>,
    /// Where ID3v2 tags lie, whichever container they are in.
    pub(super) id3v2: Vec<Range<u64>>,
    /// What the reader of all other tags is to see: as little audio as possible.
    pub(super) tags: Vec<Piece>,
    /// Frames that do not play, where the container says so and the demuxer does not.
    pub(super) trim: Option<Trim>,
}

/// How the audio lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// Frames of MPEG audio, one after the other.
    Mpeg,
    /// FLAC in its own container.
    Flac,
    /// Ogg, whatever is in it.
    Ogg,
    /// RIFF WAVE.
    Wav,
    /// AIFF and AIFF-C.
    Aiff,
    /// MP4 and QuickTime.
    Mp4,
}

/// The part of the decoded audio that plays, in seconds, since its frames a second are not known yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trim {
    /// What comes before.
    pub(super) skip: f64,
    /// How long it is.
    pub(super) play: f64,
}

/// Finds out what `view` is.
///
/// # Errors
/// `not_audio`, `unsupported_codec` or `damaged`, in words that name what was found instead.
pub(super) fn sniff<S: Read + Seek>(view: &mut View<S>) -> Result<Found, AudioError> {
    sniff_readable(view).unwrap_or_else(|_| Err(AudioError::damaged()))
}

/// The outer error is that of the source, which whoever asked looks up there.
fn sniff_readable<S: Read + Seek>(view: &mut View<S>) -> Sniffed {
    let len = view.len();
    if len == 0 {
        return Ok(Err(AudioError::not_audio("an empty file")));
    }
    let id3v2 = skip_id3v2(view, len)?;
    let head_end = id3v2.last().map_or(0, |tag| tag.end);
    let (head, filled) = view.peek::<16>(head_end)?;
    let found = match head {
        [b'f', b'L', b'a', b'C', ..] => flac(view, head_end)?,
        [b'O', b'g', b'g', b'S', ..] => ogg::ogg(view, head_end)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => riff::wav(view, head_end)?,
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => {
            riff::aiff(view, head_end)?
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4::mp4(view, head_end)?,
        _ => mpeg_or_foreign(view, head_end, head.get(..filled).unwrap_or_default())?,
    };
    Ok(found.map(|mut found| {
        found.id3v2.splice(0..0, id3v2);
        found
    }))
}

impl Found {
    /// A container that both readers see as it is.
    fn whole(container: Container, range: Range<u64>) -> Self {
        let all = vec![Piece::Source(range)];
        Self { container, audio: all.clone(), id3v2: Vec::new(), tags: all, trim: None }
    }
}

type Sniffed = io::Result<Result<Found, AudioError>>;

fn mpeg_or_foreign<S: Read + Seek>(view: &mut View<S>, start: u64, head: &[u8]) -> Sniffed {
    if let Some(error) = foreign::recognise(head) {
        return Ok(Err(error));
    }
    let end = before_trailing_tags(view, start)?;
    Ok(match mpeg::find(view, start..end)? {
        mpeg::Search::Layer3(first) => Ok(Found {
            container: Container::Mpeg,
            audio: vec![Piece::Source(first..end)],
            id3v2: Vec::new(),
            tags: vec![Piece::Bytes(mpeg::silence()), Piece::Source(end..view.len())],
            trim: None,
        }),
        mpeg::Search::Other(what) => Err(AudioError::unsupported(what)),
        mpeg::Search::Nothing if start > 0 => Err(AudioError::no_audio()),
        mpeg::Search::Nothing => Err(foreign::unknown(head)),
    })
}

/// The most tags before the content that are skipped; files with two exist.
const MAX_HEAD_TAGS: usize = 8;

/// The ID3v2 tags at the start (ID3v2.4 structure, section 3.1).
fn skip_id3v2<S: Read + Seek>(view: &mut View<S>, len: u64) -> io::Result<Vec<Range<u64>>> {
    let mut tags = Vec::new();
    let mut start = 0;
    while tags.len() < MAX_HEAD_TAGS {
        let (header, _) = view.peek::<10>(start)?;
        let [b'I', b'D', b'3', major, _, flags, size @ ..] = header else { break };
        if major == 0xFF || size.iter().any(|byte| *byte >= 0x80) {
            break;
        }
        let size = size.iter().fold(0_u64, |size, byte| (size << 7) | u64::from(*byte));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        let end = start + 10 + size + footer;
        // A tag that claims to be longer than the file: whatever audio there is comes behind its header.
        if end >= len {
            tags.push(start..(start + 10).min(len));
            break;
        }
        tags.push(start..end);
        start = end;
    }
    Ok(tags)
}

/// Where the tags at the end begin: ID3v1, Lyrics3 v2 and APE, in any order.
fn before_trailing_tags<S: Read + Seek>(view: &mut View<S>, start: u64) -> io::Result<u64> {
    let mut end = view.len();
    for _ in 0..MAX_HEAD_TAGS {
        let size = trailing_tag(view, end)?;
        match size {
            Some(size) if size <= end.saturating_sub(start) => end -= size,
            _ => break,
        }
    }
    Ok(end)
}

/// The size of the tag that ends at `end`.
fn trailing_tag<S: Read + Seek>(view: &mut View<S>, end: u64) -> io::Result<Option<u64>> {
    if let Some(at) = end.checked_sub(128)
        && view.peek::<3>(at)?.0 == *b"TAG"
    {
        return Ok(Some(128));
    }
    if let Some(at) = end.checked_sub(32) {
        let (footer, _) = view.peek::<32>(at)?;
        if let [
            b'A',
            b'P',
            b'E',
            b'T',
            b'A',
            b'G',
            b'E',
            b'X',
            _,
            _,
            _,
            _,
            s0,
            s1,
            s2,
            s3,
            _,
            _,
            _,
            _,
            flags @ ..,
        ] = footer
        {
            let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
            // APEv2 flags, bit 31: there is a header, which the size does not count.
            let header = if flags.get(3).is_some_and(|flag| flag & 0x80 != 0) { 32 } else { 0 };
            return Ok(Some(size.max(32) + header));
        }
    }
    if let Some(at) = end.checked_sub(15) {
        let (footer, _) = view.peek::<15>(at)?;
        let (digits, marker) = footer.split_at(6);
        if marker == b"LYRICS200" {
            let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
            return Ok(size.map(|size| size + 15));
        }
    }
    Ok(None)
}

/// Finds where FLAC's metadata ends (RFC 9639, section 8), so that the decoder sees none of its pictures.
fn flac<S: Read + Seek>(view: &mut View<S>, start: u64) -> Sniffed {
    let (first, filled) = view.peek::<42>(start)?;
    let is_streaminfo =
        first.get(4).is_some_and(|kind| kind & 0x7F == 0) && first.get(5..8) == Some(&[0, 0, 34]);
    if filled < first.len() || !is_streaminfo {
        return Ok(Err(AudioError::damaged()));
    }
    let mut position = start + 4;
    loop {
        let (header, filled) = view.peek::<4>(position)?;
        if filled < header.len() {
            return Ok(Err(AudioError::no_audio()));
        }
        let [kind, size @ ..] = header;
        let size = size.iter().fold(0_u64, |size, byte| (size << 8) | u64::from(*byte));
        position += 4 + size;
        if kind & 0x80 != 0 {
            break;
        }
    }
    let end = before_trailing_tags(view, position)?;
    if position >= end {
        return Ok(Err(AudioError::no_audio()));
    }
    let mut head = first.to_vec();
    if let Some(kind) = head.get_mut(4) {
        // The only block of metadata is also the last.
        *kind = 0x80;
    }
    let audio = vec![Piece::Bytes(head), Piece::Source(position..end)];
    let tags = vec![Piece::Source(start..position)];
    Ok(Ok(Found { container: Container::Flac, audio, id3v2: Vec::new(), tags, trim: None }))
}
