//! ID3v2.2, 2.3 and 2.4 (id3.org). Read here and not by lofty, which unpacks compressed frames without a limit: of a
//! few megabytes in the file it would make gigabytes. Such frames, which hardly any program writes, are passed over.

use std::io::{Read, Seek};

use lofty::tag::{ItemKey, TagType};

use super::super::source::View;
use super::Source;

/// How much of a tag is read: a picture as large as is taken, and what else there may be.
const MAX_TAG: u64 = 16 << 20;
/// More frames than any tag has.
const MAX_FRAMES: usize = 5000;

/// Reads the tag that `view` holds; `None` where it is none.
pub(super) fn read<S: Read + Seek>(view: View<S>) -> Option<Source> {
    let mut bytes = Vec::new();
    view.take(MAX_TAG).read_to_end(&mut bytes).ok()?;
    let (header, body) = bytes.split_at_checked(10)?;
    let [b'I', b'D', b'3', major @ 2..=4, _, flags, size @ ..] = header else { return None };
    let size = synchsafe(size)?;
    let mut body = body.get(..size.min(body.len()))?.to_vec();
    let is_unsynchronised = flags & 0x80 != 0;
    // In version 2.4 each frame is unsynchronised by itself, and its size counts the bytes in the file.
    if is_unsynchronised && *major < 4 {
        synchronise(&mut body);
    }
    let has_extension = flags & 0x40 != 0;
    let frames = match (major, has_extension) {
        // The bit means in version 2.2 that all is compressed, in a way that was never defined.
        (2, true) => return None,
        (_, true) => after_extended_header(&body, *major)?,
        _ => body.as_slice(),
    };
    let mut source = Source { has_strokes: *major < 4, ..Source::default() };
    let frames = Frames { rest: frames, major: *major };
    for frame in frames.take(MAX_FRAMES) {
        take(&frame, is_unsynchronised, &mut source);
    }
    Some(source)
}

/// Version 2.3 does not count the size's own four bytes, 2.4 does, in synchsafe digits.
fn after_extended_header(body: &[u8], major: u8) -> Option<&[u8]> {
    let size = body.get(..4)?;
    let skip = if major == 3 { number(size).saturating_add(4) } else { synchsafe(size)? };
    body.get(skip..)
}

/// A number of seven bits a byte.
fn synchsafe(bytes: &[u8]) -> Option<usize> {
    let is_valid = bytes.iter().all(|byte| *byte < 0x80);
    is_valid.then(|| bytes.iter().fold(0, |number, byte| (number << 7) | usize::from(*byte)))
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte))
}

/// Takes out the zero that stands behind each 0xFF.
fn synchronise(bytes: &mut Vec<u8>) {
    let mut before = 0;
    bytes.retain(|byte| {
        let is_kept = before != 0xFF || *byte != 0;
        before = *byte;
        is_kept
    });
}

/// A frame as it stands in the tag.
struct Frame<'a> {
    name: &'a [u8],
    flags: u8,
    major: u8,
    body: &'a [u8],
}

/// The frames of a tag, until the padding.
struct Frames<'a> {
    rest: &'a [u8],
    major: u8,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let header_size = if self.major == 2 { 6 } else { 10 };
        let (header, rest) = self.rest.split_at_checked(header_size)?;
        let (name, numbers) = header.split_at_checked(if self.major == 2 { 3 } else { 4 })?;
        if !is_name(name) {
            return None;
        }
        let (size, flags) = match self.major {
            2 => (number(numbers), 0),
            3 => (number(numbers.get(..4)?), *numbers.get(5)?),
            _ => (self.size_of_version_4(numbers.get(..4)?, rest), *numbers.get(5)?),
        };
        // The last frame may be cut off with the tag.
        let (body, rest) = rest.split_at(size.min(rest.len()));
        self.rest = rest;
        Some(Frame { name, flags, major: self.major, body })
    }
}

impl Frames<'_> {
    /// Early versions of iTunes wrote sizes of eight bits a byte; then the next frame stands where those say.
    fn size_of_version_4(&self, digits: &[u8], rest: &[u8]) -> usize {
        let plain = number(digits);
        let Some(size) = synchsafe(digits) else { return plain };
        let is_end = |at: usize| match rest.get(at..) {
            Some([]) => true,
            Some(next) => next.first() == Some(&0) || next.get(..4).is_some_and(is_name),
            None => false,
        };
        if size != plain && !is_end(size) && is_end(plain) { plain } else { size }
    }
}

fn is_name(name: &[u8]) -> bool {
    name.iter().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

/// The bits of a frame's second byte of flags, by version.
mod flags {
    pub(super) const COMPRESSED_OR_ENCRYPTED_3: u8 = 0x80 | 0x40;
    pub(super) const GROUPED_3: u8 = 0x20;
    pub(super) const COMPRESSED_OR_ENCRYPTED_4: u8 = 0x08 | 0x04;
    pub(super) const GROUPED_4: u8 = 0x40;
    pub(super) const UNSYNCHRONISED_4: u8 = 0x02;
    pub(super) const HAS_LENGTH_4: u8 = 0x01;
}

fn take(frame: &Frame<'_>, is_unsynchronised: bool, source: &mut Source) {
    let is_version_4 = frame.major == 4;
    let has = |bits: u8| frame.flags & bits != 0;
    let (unreadable, grouped) = if is_version_4 {
        (flags::COMPRESSED_OR_ENCRYPTED_4, flags::GROUPED_4)
    } else {
        (flags::COMPRESSED_OR_ENCRYPTED_3, flags::GROUPED_3)
    };
    if has(unreadable) {
        return;
    }
    let group = usize::from(has(grouped));
    let length = if is_version_4 && has(flags::HAS_LENGTH_4) { 4 } else { 0 };
    let Some(body) = frame.body.get(group + length..) else { return };
    if is_version_4 && (has(flags::UNSYNCHRONISED_4) || is_unsynchronised) {
        let mut body = body.to_vec();
        synchronise(&mut body);
        take_body(frame.name, &body, source);
    } else {
        take_body(frame.name, body, source);
    }
}

fn take_body(name: &[u8], body: &[u8], source: &mut Source) {
    let Some((encoding, rest)) = body.split_first() else { return };
    match name {
        b"TXXX" | b"TXX" => extended(*encoding, rest, source),
        b"USLT" | b"ULT" => lyrics(*encoding, rest, source),
        b"UFID" | b"UFI" => identifier(body, source),
        b"APIC" => picture(*encoding, rest, source),
        b"PIC" => picture_of_version_2(*encoding, rest, source),
        _ => {
            if let Some(key) = key(name) {
                texts(*encoding, rest, key, source);
            }
        }
    }
}

/// What a text frame holds, by its name in version 2.4, 2.3 or 2.2.
fn key(name: &[u8]) -> Option<ItemKey> {
    Some(match name {
        b"TIT2" | b"TT2" => ItemKey::TrackTitle,
        b"TPE1" | b"TP1" => ItemKey::TrackArtist,
        b"TPE2" | b"TP2" => ItemKey::AlbumArtist,
        b"TALB" | b"TAL" => ItemKey::AlbumTitle,
        b"TRCK" | b"TRK" => ItemKey::TrackNumber,
        b"TPOS" | b"TPA" => ItemKey::DiscNumber,
        b"TDRC" | b"TYER" | b"TYE" => ItemKey::RecordingDate,
        b"TDRL" => ItemKey::ReleaseDate,
        b"TDOR" | b"TORY" | b"TOR" => ItemKey::OriginalReleaseDate,
        b"TCON" | b"TCO" => ItemKey::Genre,
        b"TCMP" | b"TCP" => ItemKey::FlagCompilation,
        b"TSRC" | b"TRC" => ItemKey::Isrc,
        _ => return None,
    })
}

/// Each of the texts that zeros separate.
fn texts(encoding: u8, bytes: &[u8], key: ItemKey, source: &mut Source) {
    for text in decode(encoding, bytes).split('\0').filter(|text| !text.is_empty()) {
        source.push(key, text);
    }
}

/// A text whose name stands in the frame.
fn extended(encoding: u8, bytes: &[u8], source: &mut Source) {
    let (name, value) = split_text(encoding, bytes);
    let name = decode(encoding, name);
    let key = match name.to_ascii_uppercase().as_str() {
        "ARTISTS" => Some(ItemKey::TrackArtists),
        "MUSICBRAINZ TRACK ID" => Some(ItemKey::MusicBrainzRecordingId),
        _ => ItemKey::from_key(TagType::Id3v2, &name),
    };
    if let Some(key) = key {
        texts(encoding, value, key, source);
    }
}

fn lyrics(encoding: u8, bytes: &[u8], source: &mut Source) {
    let (_, value) = split_text(encoding, bytes.get(3..).unwrap_or_default());
    source.push(ItemKey::UnsyncLyrics, decode(encoding, value).trim_end_matches('\0'));
}

/// MusicBrainz's id of the recording is a frame with the owner's address.
fn identifier(bytes: &[u8], source: &mut Source) {
    let (owner, id) = split_text(0, bytes);
    if owner == b"http://musicbrainz.org" {
        source.push(ItemKey::MusicBrainzRecordingId, decode(0, id));
    }
}

const FRONT_COVER: u8 = 3;

fn picture(encoding: u8, bytes: &[u8], source: &mut Source) {
    let (media_type, rest) = split_text(0, bytes);
    let Some((kind, rest)) = rest.split_first() else { return };
    let (_description, data) = split_text(encoding, rest);
    // An arrow in place of the type: the data is an address.
    if media_type != b"-->" {
        source.picture(*kind == FRONT_COVER, data);
    }
}

fn picture_of_version_2(encoding: u8, bytes: &[u8], source: &mut Source) {
    let Some((format, [kind, rest @ ..])) = bytes.split_at_checked(3) else { return };
    let (_description, data) = split_text(encoding, rest);
    if format != b"-->" {
        source.picture(*kind == FRONT_COVER, data);
    }
}

/// A text and what stands behind the zero that ends it.
fn split_text(encoding: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let width = if matches!(encoding, 1 | 2) { 2 } else { 1 };
    let is_zero = |unit: &[u8]| unit.iter().all(|byte| *byte == 0);
    let end = bytes.chunks_exact(width).position(is_zero).map_or(bytes.len(), |place| place * width);
    (bytes.get(..end).unwrap_or_default(), bytes.get(end + width..).unwrap_or_default())
}

/// Latin-1, UTF-16 with and without byte order mark, UTF-8.
fn decode(encoding: u8, bytes: &[u8]) -> String {
    match encoding {
        1 | 2 => utf16(encoding == 2, bytes),
        3 => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Each text of several can have a byte order mark of its own.
fn utf16(mut is_big: bool, bytes: &[u8]) -> String {
    let mut units = Vec::with_capacity(bytes.len() / 2);
    let mut is_start = true;
    for unit in bytes.chunks_exact(2) {
        let &[first, second] = unit else { continue };
        match (is_start, first, second) {
            (true, 0xFE, 0xFF) => is_big = true,
            (true, 0xFF, 0xFE) => is_big = false,
            _ => {
                let pair = [first, second];
                units.push(if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
            }
        }
        is_start = (first, second) == (0, 0);
    }
    String::from_utf16_lossy(&units)
}
