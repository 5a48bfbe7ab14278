//! The chunks of WAV (RIFF) and AIFF (EA IFF 85): audio and tags apart, each in a file of its own.

use std::io::{self, Read, Seek};
use std::ops::Range;

use super::super::source::Piece;
use super::{AudioError, Container, Found, Sniffed, View};

/// More chunks than any program writes; those after them are not looked at.
const MAX_CHUNKS: usize = 1000;
/// The longest description of the audio: WAVEFORMATEXTENSIBLE has 40 bytes, AIFF-C names its codec in up to 256.
const MAX_FORMAT: u64 = 1024;
/// A mask of channels has 32 bits; symphonia-format-riff 0.6.1 calculates wrongly with more.
const MAX_CHANNELS: u16 = 32;
/// The longest tag of text that is read.
const MAX_TEXT: u64 = 1 << 20;

/// A chunk: its name, and where it lies with its header of 8 bytes.
struct Chunk {
    name: [u8; 4],
    range: Range<u64>,
}

impl Chunk {
    fn content(&self) -> Range<u64> {
        (self.range.start + 8).min(self.range.end)..self.range.end
    }
}

/// Takes a WAV file apart, whose `RIFF` is at `start`.
pub(super) fn wav<S: Read + Seek>(view: &mut View<S>, start: u64) -> Sniffed {
    let chunks = chunks(view, start + 12, u32::from_le_bytes, b"data")?;
    let find = |name: &[u8; 4]| chunks.iter().find(|chunk| chunk.name == *name);
    let (Some(format), Some(data)) = (find(b"fmt "), find(b"data")) else {
        return Ok(Err(AudioError::no_audio()));
    };
    if format.content().end - format.content().start > MAX_FORMAT {
        return Ok(Err(AudioError::damaged()));
    }
    let ([_, _, low, high], _) = view.peek::<4>(format.content().start)?;
    let channels = u16::from_le_bytes([low, high]);
    if channels > MAX_CHANNELS {
        return Ok(Err(AudioError::unsupported(&format!("Sound of {channels} channels"))));
    }
    let content = data.content();
    let mut data_header = b"data".to_vec();
    data_header.extend(size_of(&content).to_le_bytes());
    let audio = file(
        b"RIFF",
        b"WAVE",
        u32::to_le_bytes,
        vec![Piece::Source(format.range.clone()), Piece::Bytes(data_header), Piece::Source(content)],
    );
    let texts = chunks.iter().filter(|chunk| chunk.name == *b"LIST");
    let tags = file(b"RIFF", b"WAVE", u32::to_le_bytes, texts.filter_map(text).collect());
    Ok(Ok(Found { container: Container::Wav, audio, id3v2: id3v2(&chunks), tags, trim: None }))
}

/// Takes an AIFF file apart, whose `FORM` is at `start`.
pub(super) fn aiff<S: Read + Seek>(view: &mut View<S>, start: u64) -> Sniffed {
    let (kind, _) = view.peek::<4>(start + 8)?;
    let chunks = chunks(view, start + 12, u32::from_be_bytes, b"SSND")?;
    let find = |name: &[u8; 4]| chunks.iter().find(|chunk| chunk.name == *name);
    let (Some(format), Some(data)) = (find(b"COMM"), find(b"SSND")) else {
        return Ok(Err(AudioError::no_audio()));
    };
    if format.content().end - format.content().start > MAX_FORMAT {
        return Ok(Err(AudioError::damaged()));
    }
    let content = data.content();
    let mut data_header = b"SSND".to_vec();
    data_header.extend(size_of(&content).to_be_bytes());
    let audio = file(
        b"FORM",
        &kind,
        u32::to_be_bytes,
        vec![Piece::Source(format.range.clone()), Piece::Bytes(data_header), Piece::Source(content)],
    );
    let is_text = |chunk: &&Chunk| matches!(&chunk.name, b"NAME" | b"AUTH" | b"ANNO" | b"(c) ");
    let texts = chunks.iter().filter(is_text).filter_map(text).collect();
    let tags = file(b"FORM", &kind, u32::to_be_bytes, texts);
    Ok(Ok(Found { container: Container::Aiff, audio, id3v2: id3v2(&chunks), tags, trim: None }))
}

/// The chunks from `position` on. That named `audio` reaches to the end of the file where its size cannot be: recorders
/// that were interrupted leave 0, and encoders that write to a pipe the largest number.
fn chunks<S: Read + Seek>(
    view: &mut View<S>,
    mut position: u64,
    number: fn([u8; 4]) -> u32,
    audio: &[u8; 4],
) -> io::Result<Vec<Chunk>> {
    let len = view.len();
    let mut chunks = Vec::new();
    while chunks.len() < MAX_CHUNKS {
        let (header, filled) = view.peek::<8>(position)?;
        let ([n0, n1, n2, n3, size @ ..], 8) = (header, filled) else { break };
        let name = [n0, n1, n2, n3];
        let size = u64::from(number(size));
        let claimed = position + 8 + size;
        let is_open = name == *audio && (size == 0 || claimed > len);
        let end = if is_open { len } else { claimed.min(len) };
        chunks.push(Chunk { name, range: position..end });
        // Chunks begin at even places.
        position = end + (end - position) % 2;
    }
    Ok(chunks)
}

fn id3v2(chunks: &[Chunk]) -> Vec<Range<u64>> {
    chunks.iter().filter(|chunk| matches!(&chunk.name, b"id3 " | b"ID3 ")).map(Chunk::content).collect()
}

fn text(chunk: &Chunk) -> Option<Piece> {
    let size = chunk.range.end - chunk.range.start;
    (size <= MAX_TEXT).then(|| Piece::Source(chunk.range.clone()))
}

fn size_of(range: &Range<u64>) -> u32 {
    u32::try_from(range.end - range.start).unwrap_or(u32::MAX)
}

/// A file of chunks. Those of odd length get the byte that evens them out.
fn file(name: &[u8; 4], kind: &[u8; 4], bytes: fn(u32) -> [u8; 4], chunks: Vec<Piece>) -> Vec<Piece> {
    let mut content = Vec::new();
    let mut size = 4_u64;
    for chunk in chunks {
        size += chunk.len();
        content.push(chunk);
        if size % 2 == 1 {
            content.push(Piece::Bytes(vec![0]));
            size += 1;
        }
    }
    let mut head = name.to_vec();
    head.extend(bytes(u32::try_from(size).unwrap_or(u32::MAX)));
    head.extend(kind);
    content.insert(0, Piece::Bytes(head));
    content
}
