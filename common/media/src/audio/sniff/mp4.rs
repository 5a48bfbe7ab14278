//! The atoms of MP4 (ISO/IEC 14496-12): what the demuxer need not see, and which part of the audio plays.

use std::io::{self, Read, Seek};
use std::ops::Range;

use super::super::source::Piece;
use super::{AudioError, Container, Found, Sniffed, Trim, View};

/// More atoms than any program writes at one place. A fragmented file has two for every few seconds.
const MAX_ATOMS: usize = 100_000;
/// The tables of a file are held in memory: those of ten hours of AAC take 14 MB.
const MAX_TABLES: u64 = 24 << 20;

/// An atom: its name, where it lies, and where its content begins.
struct Atom {
    name: [u8; 4],
    range: Range<u64>,
    content: u64,
}

/// Takes an MP4 file apart, whose first atom is at `start`.
pub(super) fn mp4<S: Read + Seek>(view: &mut View<S>, start: u64) -> Sniffed {
    let len = view.len();
    let top = atoms(view, start..len)?;
    let Some(movie) = top.iter().find(|atom| atom.name == *b"moov") else {
        return Ok(Err(AudioError::no_audio()));
    };
    let inner = atoms(view, movie.content..movie.range.end)?;
    let is_tags = |atom: &&Atom| matches!(&atom.name, b"udta" | b"meta");
    let hidden: Vec<&Atom> = top.iter().chain(&inner).filter(is_tags).collect();
    let size = |atom: &Atom| atom.range.end - atom.range.start;
    let tables: u64 =
        top.iter().filter(|atom| matches!(&atom.name, b"moov" | b"moof" | b"sidx")).map(size).sum();
    let unseen: u64 = inner.iter().filter(is_tags).map(size).sum();
    if tables.saturating_sub(unseen) > MAX_TABLES {
        return Ok(Err(AudioError::damaged()));
    }
    let trim = edit(view, &inner)?;
    let whole = Found::whole(Container::Mp4, start..len);
    Ok(Ok(Found { audio: hide(start..len, hidden), trim, ..whole }))
}

/// The file with the names of these atoms changed to `free`, which demuxers pass over. Every offset stays true.
fn hide(range: Range<u64>, mut atoms: Vec<&Atom>) -> Vec<Piece> {
    atoms.sort_by_key(|atom| atom.range.start);
    let mut pieces = Vec::new();
    let mut position = range.start;
    for atom in atoms {
        let name = atom.range.start + 4;
        pieces.push(Piece::Source(position..name));
        pieces.push(Piece::Bytes(b"free".to_vec()));
        position = name + 4;
    }
    pieces.push(Piece::Source(position..range.end));
    pieces
}

/// The atoms side by side in `range`.
fn atoms<S: Read + Seek>(view: &mut View<S>, range: Range<u64>) -> io::Result<Vec<Atom>> {
    let mut atoms = Vec::new();
    let mut position = range.start;
    while position < range.end && atoms.len() < MAX_ATOMS {
        let (header, filled) = view.peek::<16>(position)?;
        let [s0, s1, s2, s3, n0, n1, n2, n3, long @ ..] = header;
        if filled < 8 {
            break;
        }
        let (size, header) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (range.end - position, 8),
            1 => (u64::from_be_bytes(long), 16),
            size => (u64::from(size), 8),
        };
        if size < header {
            break;
        }
        let end = position.saturating_add(size).min(range.end);
        atoms.push(Atom {
            name: [n0, n1, n2, n3],
            range: position..end,
            content: (position + header).min(end),
        });
        position = end;
    }
    Ok(atoms)
}

/// Which part of the first audio track plays: its first edit (section 8.6.6), where it is the only one with sound.
/// Encoders say with it how many frames they put before and after the sound.
fn edit<S: Read + Seek>(view: &mut View<S>, movie: &[Atom]) -> io::Result<Option<Trim>> {
    let Some(movie_scale) = timescale(view, movie, b"mvhd")? else { return Ok(None) };
    for track in movie.iter().filter(|atom| atom.name == *b"trak") {
        let inner = atoms(view, track.content..track.range.end)?;
        let Some(media) = inner.iter().find(|atom| atom.name == *b"mdia") else { continue };
        let media = atoms(view, media.content..media.range.end)?;
        let Some(handler) = media.iter().find(|atom| atom.name == *b"hdlr") else { continue };
        if view.peek::<4>(handler.content + 8)?.0 != *b"soun" {
            continue;
        }
        let (Some(scale), Some(edits)) =
            (timescale(view, &media, b"mdhd")?, inner.iter().find(|atom| atom.name == *b"edts"))
        else {
            return Ok(None);
        };
        let lists = atoms(view, edits.content..edits.range.end)?;
        let Some(list) = lists.iter().find(|atom| atom.name == *b"elst") else { return Ok(None) };
        let (bytes, filled) = view.peek::<28>(list.content)?;
        return Ok(only_edit(bytes.get(..filled).unwrap_or_default()).map(|(play, skip)| Trim {
            skip: skip as f64 / f64::from(scale),
            play: play as f64 / f64::from(movie_scale),
        }));
    }
    Ok(None)
}

/// Units a second, from a `mvhd` or `mdhd`, which have it at the same place; `None` where it is 0.
fn timescale<S: Read + Seek>(view: &mut View<S>, atoms: &[Atom], name: &[u8; 4]) -> io::Result<Option<u32>> {
    let Some(header) = atoms.iter().find(|atom| atom.name == *name) else { return Ok(None) };
    let (version, _) = view.peek::<1>(header.content)?;
    let place = if version == [1] { 20 } else { 12 };
    let (scale, filled) = view.peek::<4>(header.content + place)?;
    Ok(Some(u32::from_be_bytes(scale)).filter(|scale| filled == 4 && *scale > 0))
}

/// Duration and media time of the one entry of an `elst`.
fn only_edit(bytes: &[u8]) -> Option<(u64, i64)> {
    let number = |at: usize, size: usize| {
        let digits = bytes.get(at..at + size)?;
        Some(digits.iter().fold(0_u64, |number, digit| (number << 8) | u64::from(*digit)))
    };
    let (play, skip) = match (*bytes.first()?, number(4, 4)?) {
        (0, 1) => (number(8, 4)?, i64::from(number(12, 4)? as u32 as i32)),
        (1, 1) => (number(8, 8)?, number(16, 8)? as i64),
        _ => return None,
    };
    // A media time below 0 is a pause, a duration of 0 one that is not known.
    (skip >= 0 && play > 0).then_some((play, skip))
}
