//! Finding the first frame of MPEG audio among whatever stands before it.

use std::io::{self, Read, Seek};
use std::ops::Range;

use super::View;

/// How far a first frame is looked for behind the tags. Files exist with pictures' remains of some 100 KB there.
const MAX_JUNK: u64 = 1 << 20;
/// How many frames must follow each other, or reach the end, before bytes are believed to be frames.
const RUN: usize = 4;

/// What was found.
pub(super) enum Search {
    /// MP3; where its first frame is.
    Layer3(u64),
    /// Sound, but not MP3: what it is.
    Other(&'static str),
    Nothing,
}

/// A frame's header (ISO/IEC 11172-3, section 2.4.1.3; 13818-3 for the lower rates; ADTS in 13818-7, section 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// 0 for ADTS, else the layer.
    layer: u8,
    /// Version and sample rate, which stay the same from frame to frame.
    stream: (u8, u8),
    /// In bytes, with the header.
    size: u64,
}

/// Looks for the first of several frames in a row within `range`.
pub(super) fn find<S: Read + Seek>(view: &mut View<S>, range: Range<u64>) -> io::Result<Search> {
    let last = range.end.min(range.start.saturating_add(MAX_JUNK));
    let mut window = [0_u8; 2];
    for position in range.start..last {
        let (bytes, filled) = view.peek::<1>(position)?;
        if filled == 0 {
            break;
        }
        window = [window[1], bytes[0]];
        let is_sync = window[0] == 0xFF && window[1] & 0xE0 == 0xE0;
        if !is_sync || position == range.start {
            continue;
        }
        if let Some(header) = run(view, position - 1, &range)? {
            return Ok(match header.layer {
                3 => Search::Layer3(position - 1),
                0 => Search::Other("AAC without a container"),
                1 => Search::Other("MPEG audio layer I"),
                _ => Search::Other("MPEG audio layer II"),
            });
        }
    }
    Ok(Search::Nothing)
}

/// The header at `start` if a run of frames begins there.
fn run<S: Read + Seek>(view: &mut View<S>, start: u64, range: &Range<u64>) -> io::Result<Option<Header>> {
    let Some(first) = header(view, start)? else { return Ok(None) };
    let mut position = start + first.size;
    for place in 1..RUN {
        // The last frame may be cut off; a lone one counts only where a tag or the file's start said that it comes.
        if position >= range.end {
            let is_believed = place > 1 || start == range.start;
            return Ok(is_believed.then_some(first));
        }
        match header(view, position)? {
            Some(next) if next.layer == first.layer && next.stream == first.stream => position += next.size,
            _ => return Ok(None),
        }
    }
    Ok(Some(first))
}

fn header<S: Read + Seek>(view: &mut View<S>, position: u64) -> io::Result<Option<Header>> {
    let (bytes, filled) = view.peek::<6>(position)?;
    if filled < 4 || bytes[0] != 0xFF || bytes[1] & 0xE0 != 0xE0 {
        return Ok(None);
    }
    let is_adts = bytes[1] & 0xF6 == 0xF0;
    Ok(if is_adts { adts(bytes) } else { mpeg(bytes) })
}

fn adts(bytes: [u8; 6]) -> Option<Header> {
    let rate = (bytes[2] >> 2) & 0x0F;
    let size = (u64::from(bytes[3] & 3) << 11) | (u64::from(bytes[4]) << 3) | u64::from(bytes[5] >> 5);
    (rate < 13 && size >= 7).then_some(Header { layer: 0, stream: (bytes[1] & 0x08, rate), size })
}

/// Thousands of bits a second: MPEG-1 layers I, II, III, then the lower rates' layer I and layers II and III.
const BITRATES: [[u64; 14]; 5] = [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

fn mpeg(bytes: [u8; 6]) -> Option<Header> {
    // 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5.
    let version = (bytes[1] >> 3) & 3;
    let layer = 4 - ((bytes[1] >> 1) & 3);
    let rate_index = (bytes[2] >> 2) & 3;
    if version == 1 || layer == 4 || rate_index == 3 {
        return None;
    }
    let is_first = version == 3;
    let rate =
        [44_100, 48_000, 32_000].get(usize::from(rate_index))? >> [2, 2, 1, 0].get(usize::from(version))?;
    let table = match (is_first, layer) {
        (true, layer) => usize::from(layer - 1),
        (false, 1) => 3,
        (false, _) => 4,
    };
    // Index 0 is "free", which nobody uses, and 15 is none.
    let bitrate_index = usize::from(bytes[2] >> 4).checked_sub(1)?;
    let bitrate = BITRATES.get(table)?.get(bitrate_index)? * 1000;
    let padding = u64::from((bytes[2] >> 1) & 1);
    let size = match layer {
        1 => (12 * bitrate / rate + padding) * 4,
        3 if !is_first => 72 * bitrate / rate + padding,
        _ => 144 * bitrate / rate + padding,
    };
    Some(Header { layer, stream: (version, rate_index), size })
}

/// Two frames of silence, for a reader that wants to see audio between the tags: MPEG-1, 32 kbit/s, 32 kHz, mono.
pub(super) fn silence() -> Vec<u8> {
    let mut frame = vec![0; 144];
    frame.splice(..4, [0xFF, 0xFB, 0x18, 0xC4]);
    frame.repeat(2)
}
