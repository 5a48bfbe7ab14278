//! The headers of Ogg (RFC 3533). A comment header can hold pictures, in base64, of any size: the demuxer, which would
//! take them apart, is shown an empty one in its place.

use std::io::{self, Read, Seek};
use std::ops::Range;

use super::super::source::Piece;
use super::{Container, Found, Sniffed, View};

/// Comments up to this size do no harm.
const SMALL: u64 = 256 << 10;
/// Beyond this nothing is looked for.
const MAX_COMMENTS: u64 = 64 << 20;
/// The largest setup header of Vorbis; ordinary ones have some 4 KB.
const MAX_SETUP: u64 = 1 << 20;

const HEADER: u64 = 27;
const CONTINUES: u8 = 1;
const BEGINS: u8 = 2;

/// Takes an Ogg file apart, whose first page is at `start`.
pub(super) fn ogg<S: Read + Seek>(view: &mut View<S>, start: u64) -> Sniffed {
    let whole = Found::whole(Container::Ogg, start..view.len());
    Ok(Ok(match without_comments(view, start)? {
        Some(audio) => Found { audio, ..whole },
        None => whole,
    }))
}

/// The file with an empty comment header; `None` where it is small, or not as one stream of Vorbis or Opus begins.
fn without_comments<S: Read + Seek>(view: &mut View<S>, start: u64) -> io::Result<Option<Vec<Piece>>> {
    let Some(first) = page(view, start)? else { return Ok(None) };
    let (magic, _) = view.peek::<8>(first.body)?;
    let (empty, headers): (&[u8], usize) = match &magic {
        [1, b'v', b'o', b'r', b'b', b'i', b's', _] => (b"\x03vorbis\0\0\0\0\0\0\0\0\x01", 2),
        b"OpusHead" => (b"OpusTags\0\0\0\0\0\0\0\0", 1),
        _ => return Ok(None),
    };
    let mut packets: Vec<Vec<Range<u64>>> = vec![Vec::new()];
    let mut position = first.end;
    while packets.len() <= headers {
        let Some(next) = page(view, position)?.filter(|next| next.serial == first.serial) else {
            return Ok(None);
        };
        if next.flags & BEGINS != 0 || position - start > MAX_COMMENTS {
            return Ok(None);
        }
        let mut body = next.body;
        for size in &next.lacing {
            let end = body + u64::from(*size);
            if let Some(packet) = packets.last_mut() {
                packet.push(body..end);
            }
            if *size < 255 {
                packets.push(Vec::new());
            }
            body = end;
        }
        position = next.end;
    }
    let sizes = |packet: &Vec<Range<u64>>| packet.iter().map(|part| part.end - part.start).sum::<u64>();
    let (comments, setup) = (packets.first().map_or(0, sizes), packets.get(1).map_or(0, sizes));
    // The audio begins on a page of its own, so nothing can follow the headers on theirs.
    let is_clean = packets.len() == headers + 1 && packets.last().is_some_and(Vec::is_empty);
    if comments <= SMALL || setup > MAX_SETUP || !is_clean {
        return Ok(None);
    }
    let mut pages = pages(first.serial, 1, empty);
    if headers == 2 {
        let setup = read(view, packets.get(1).map(Vec::as_slice).unwrap_or_default())?;
        pages.extend(self::pages(first.serial, 2, &setup));
    }
    let len = view.len();
    Ok(Some(vec![Piece::Source(start..first.end), Piece::Bytes(pages), Piece::Source(position..len)]))
}

/// A page's header.
struct Page {
    flags: u8,
    serial: [u8; 4],
    lacing: Vec<u8>,
    body: u64,
    end: u64,
}

fn page<S: Read + Seek>(view: &mut View<S>, position: u64) -> io::Result<Option<Page>> {
    let (header, filled) = view.peek::<27>(position)?;
    let [b'O', b'g', b'g', b'S', 0, flags, _, _, _, _, _, _, _, _, s0, s1, s2, s3, .., count] = header else {
        return Ok(None);
    };
    let (lacing, laced) = view.peek::<255>(position + HEADER)?;
    let count = usize::from(count);
    if filled < header.len() || laced < count {
        return Ok(None);
    }
    let lacing = lacing.get(..count).unwrap_or_default().to_vec();
    let body = position + HEADER + count as u64;
    let end = body + lacing.iter().map(|size| u64::from(*size)).sum::<u64>();
    Ok(Some(Page { flags, serial: [s0, s1, s2, s3], lacing, body, end }))
}

fn read<S: Read + Seek>(view: &mut View<S>, parts: &[Range<u64>]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in parts {
        let (piece, _) = view.peek::<255>(part.start)?;
        let size = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
        bytes.extend_from_slice(piece.get(..size).unwrap_or_default());
    }
    Ok(bytes)
}

/// A packet on pages of its own, the first of them the one numbered `number`.
fn pages(serial: [u8; 4], number: u32, packet: &[u8]) -> Vec<u8> {
    let mut lacing = vec![255_u8; packet.len() / 255];
    lacing.push((packet.len() % 255) as u8);
    let mut pages = Vec::new();
    for (place, lacing) in lacing.chunks(255).enumerate() {
        let body: &[u8] = packet.get(place * 255 * 255..).unwrap_or_default();
        let size = lacing.iter().map(|size| usize::from(*size)).sum::<usize>();
        let mut page = b"OggS\0".to_vec();
        page.push(if place == 0 { 0 } else { CONTINUES });
        page.extend([0; 8]);
        page.extend(serial);
        page.extend((number + place as u32).to_le_bytes());
        page.extend([0; 4]);
        page.push(lacing.len() as u8);
        page.extend(lacing);
        page.extend_from_slice(body.get(..size).unwrap_or_default());
        let checksum = checksum(&page).to_le_bytes();
        page.splice(22..26, checksum);
        pages.extend(page);
    }
    pages
}

/// RFC 3533, section 6: the polynomial 0x04C11DB7, from 0, most significant bit first.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, byte| {
        let step = |sum: u32, _| (sum << 1) ^ (0x04C1_1DB7 & (sum >> 31).wrapping_neg());
        (0..8).fold(sum ^ (u32::from(*byte) << 24), step)
    })
}
