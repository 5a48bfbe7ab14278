//! What is made to break things, and what breaks by itself.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mixtape_media::audio::{AudioError, Limits, analyse};
use mixtape_media::image;
use proptest::prelude::*;

use crate::wav::wav;
use crate::{fixture, fixtures};

/// Counts what is read, and fails from a place on.
struct Source {
    inner: Cursor<Vec<u8>>,
    read: Arc<AtomicU64>,
    fails_at: u64,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.inner.position() >= self.fails_at {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the line is dead"));
        }
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn source(bytes: Vec<u8>, fails_at: u64) -> (Source, Arc<AtomicU64>) {
    let read = Arc::new(AtomicU64::new(0));
    (Source { inner: Cursor::new(bytes), read: Arc::clone(&read), fails_at }, read)
}

#[test]
fn a_source_that_fails_is_no_fault_of_the_file() {
    for name in ["plain.mp3", "aac.m4a", "16-bit.flac", "vorbis.ogg", "opus.opus", "16-bit.wav", "text.aiff"]
    {
        let mut bytes = fixture(name);
        let len = bytes.len() as u64;
        // Long enough to be read in several blocks.
        bytes.resize(bytes.len() + 300_000, 0);
        for fails_at in [0, len / 2, len] {
            let (source, _) = source(bytes.clone(), fails_at.min(1));
            let result = analyse(source, &Limits::default());
            assert!(
                matches!(&result, Err(AudioError::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset),
                "{name}: {result:?}"
            );
        }
    }
}

#[test]
fn a_file_is_read_about_once() {
    let long = wav(2, 48_000, vec![0.25; 2_000_000]);
    let len = long.len() as u64;
    let mut flac = fixture("16-bit.flac");
    flac.resize(4_000_000, 0);
    let mut mp3 = fixture("id3v24.mp3").repeat(200);
    mp3.truncate(3_500_000);
    for (name, bytes) in [("wav", long), ("flac", flac), ("mp3", mp3)] {
        let len = bytes.len() as u64;
        let (source, read) = source(bytes, u64::MAX);
        let _ = analyse(source, &Limits::default());
        let read = read.load(Ordering::Relaxed);
        assert!(read < len + len / 5 + 800_000, "{name}: {read} of {len}");
    }
    assert!(len > 0);
}

#[test]
fn atoms_in_atoms_in_atoms_end_somewhere() {
    for name in [b"moov", b"trak", b"udta", b"meta", b"ilst"] {
        let mut inner: Vec<u8> = Vec::new();
        for _ in 0..20_000 {
            let mut atom = (inner.len() as u32 + 8).to_be_bytes().to_vec();
            atom.extend(name);
            inner.splice(0..0, atom);
        }
        let mut bytes = b"\0\0\0\x10ftypM4A \0\0\0\0".to_vec();
        bytes.extend((inner.len() as u32 + 8).to_be_bytes());
        bytes.extend(b"moov");
        bytes.extend(inner);
        assert!(analyse(Cursor::new(bytes), &Limits::default()).is_err());
    }
}

/// A page of Ogg; its checksum is the caller's.
fn page(kind: u8, number: u32, body: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(kind);
    page.extend([0; 8]);
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    let segments: Vec<&[u8]> = body.chunks(255).collect();
    page.push(segments.len() as u8);
    page.extend(segments.iter().map(|segment| segment.len() as u8));
    page.extend(body);
    page
}

#[test]
fn ogg_headers_that_do_not_end_are_no_trap() {
    let head = page(2, 0, b"OpusHead\x01\x02\x38\x01\x80\xBB\0\0\0\0\0");
    let mut endless = head.clone();
    for number in 1..400 {
        endless.extend(page(u8::from(number > 1), number, &[0x41; 255 * 255]));
    }
    assert!(analyse(Cursor::new(endless), &Limits::default()).is_err());
}

#[test]
fn comments_with_large_pictures_do_not_hide_the_sound() {
    for (name, magic) in [("opus.opus", b"OpusTags".as_slice()), ("vorbis.ogg", b"\x03vorbis")] {
        let whole = fixture(name);
        let small = analyse(Cursor::new(whole.clone()), &Limits::default()).unwrap();
        let large = with_comment_of(&whole, magic, 3 << 20);
        let found = analyse(Cursor::new(large), &Limits::default()).unwrap();
        assert_eq!(
            (found.audio_sha256, found.duration_ms),
            (small.audio_sha256, small.duration_ms),
            "{name}"
        );
        assert_eq!(found.tags.title.as_deref(), Some("Large"), "{name}");
    }
}

/// The file with another comment header, of this size.
fn with_comment_of(bytes: &[u8], magic: &[u8], size: usize) -> Vec<u8> {
    let mut pages = Vec::new();
    let mut position = 0;
    while position < bytes.len() {
        let count = usize::from(bytes[position + 26]);
        let lacing = &bytes[position + 27..position + 27 + count];
        let end = position + 27 + count + lacing.iter().map(|size| usize::from(*size)).sum::<usize>();
        pages.push(&bytes[position..end]);
        position = end;
    }
    let is_header = |page: &&[u8]| page[6..14] == [0; 8];
    let headers: Vec<&[u8]> = pages.iter().copied().take_while(is_header).collect();
    let body: Vec<u8> =
        headers[1..].iter().flat_map(|page| page[27 + usize::from(page[26])..].to_vec()).collect();
    let setup = body
        .windows(7)
        .position(|window| window == b"\x05vorbis")
        .map_or(Vec::new(), |at| body[at..].to_vec());
    let mut comment = magic.to_vec();
    comment.extend([0, 0, 0, 0, 2, 0, 0, 0, 11, 0, 0, 0]);
    comment.extend(b"TITLE=Large");
    comment.extend((size as u32).to_le_bytes());
    comment.extend(b"X=");
    comment.resize(comment.len() + size - 2, b'x');
    if magic.len() == 7 {
        comment.push(1);
    }
    let mut lacing: Vec<u8> = vec![255; comment.len() / 255];
    lacing.push((comment.len() % 255) as u8);
    let mut body = comment;
    if !setup.is_empty() {
        lacing.extend(vec![255; setup.len() / 255]);
        lacing.push((setup.len() % 255) as u8);
        body.extend(setup);
    }
    let mut result = headers[0].to_vec();
    let mut taken = 0;
    for (number, lacing) in lacing.chunks(255).enumerate() {
        let mut page = b"OggS\0".to_vec();
        page.push(u8::from(number > 0));
        page.extend([0; 8]);
        page.extend(&headers[0][14..18]);
        page.extend((number as u32 + 1).to_le_bytes());
        page.extend([0; 4]);
        page.push(lacing.len() as u8);
        page.extend(lacing);
        let size = lacing.iter().map(|size| usize::from(*size)).sum::<usize>();
        page.extend(&body[taken..taken + size]);
        taken += size;
        result.extend(page);
    }
    for page in &pages[headers.len()..] {
        result.extend(*page);
    }
    result
}

/// Changes some bytes, cuts or repeats some.
fn mutated(mut bytes: Vec<u8>, changes: &[(u32, u8, u8)]) -> Vec<u8> {
    for (place, kind, value) in changes {
        let at = *place as usize % bytes.len().max(1);
        // Most of what parsers look at stands at the beginning.
        let at = if kind % 2 == 0 { at % 600 } else { at };
        match kind % 8 {
            0..=4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *value;
                }
            }
            5 => bytes.truncate(at.max(1)),
            6 => drop(bytes.drain(at.min(bytes.len())..(at + usize::from(*value)).min(bytes.len()))),
            _ => bytes.extend_from_within(at.min(bytes.len())..(at + usize::from(*value)).min(bytes.len())),
        }
    }
    bytes
}

fn is_sane(bytes: Vec<u8>) {
    let _ = image::decode(&bytes, &image::Limits::default());
    match analyse(Cursor::new(bytes), &Limits::default()) {
        Ok(found) => {
            assert_eq!(found.waveform.len(), 1000);
            assert!(found.loudness.is_none_or(|loudness| loudness.integrated_lufs.is_finite()));
        }
        Err(AudioError::Rejected(rejection)) => assert!(!rejection.detail.is_empty()),
        Err(AudioError::Io(error)) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        is_sane(bytes);
    }

    #[test]
    fn any_change_to_a_file_is_read_or_refused(
        place in any::<prop::sample::Index>(),
        changes in proptest::collection::vec(any::<(u32, u8, u8)>(), 1..12),
    ) {
        let mut names: Vec<_> = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let bytes = std::fs::read(place.get(&names)).unwrap();
        is_sane(mutated(bytes, &changes));
    }
}
