//! Tags before, in and behind a little audio: the first byte chooses where the others go.
#![no_main]

mod contained;

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use mixtape_media::audio::{Limits, analyse};

const MP3: &[u8] = include_bytes!("../../common/media/tests/fixtures/id3v1.mp3");

fuzz_target!(init: contained::allow_panics_of_parsers(), |input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    let frames = &MP3[..MP3.len() - 128];
    let file = match kind % 5 {
        0 => [bytes, &frames[..1000]].concat(),
        1 => [&frames[..1000], bytes].concat(),
        2 => id3v2(2 + kind / 5 % 3, bytes),
        3 => ape(bytes),
        _ => wav(bytes),
    };
    let Ok(found) = analyse(Cursor::new(file), &Limits::default()) else { return };
    let tags = found.tags;
    assert!(tags.artists.iter().chain(&tags.genres).chain(&tags.title).all(|text| text.chars().count() <= 300));
    assert!(tags.lyrics.is_none_or(|lyrics| lyrics.chars().count() <= 100_000));
    assert!(found.cover.is_none_or(|cover| cover.bytes.len() <= 10 << 20));
});

fn id3v2(version: u8, body: &[u8]) -> Vec<u8> {
    let digits = [21, 14, 7, 0].map(|shift| ((body.len() >> shift) & 0x7F) as u8);
    [b"ID3", [version, 0, 0].as_slice(), &digits, body, &MP3[..1000]].concat()
}

fn ape(items: &[u8]) -> Vec<u8> {
    let mut footer = b"APETAGEX\xD0\x07\0\0".to_vec();
    footer.extend((items.len() as u32 + 32).to_le_bytes());
    footer.extend([items.first().copied().unwrap_or(0), 0, 0, 0, 0, 0, 0, 0]);
    footer.extend([0; 8]);
    [&MP3[..1000], items, &footer].concat()
}

fn wav(chunks: &[u8]) -> Vec<u8> {
    let head = b"RIFF\xFF\xFF\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data\x04\0\0\0\0\0\0\0";
    [head.as_slice(), chunks].concat()
}
