use mixtape_media::audio::Tags;

use crate::{analysed, fixture, sound};

const ARTIST_IDS: [&str; 2] =
    ["33333333-4444-5555-6666-777777777777", "44444444-5555-6666-7777-888888888888"];
const RECORDING: &str = "11111111-2222-3333-4444-555555555555";

fn tags(name: &str) -> Tags {
    sound(name).tags
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().copied().map(str::to_owned).collect()
}

#[test]
fn every_full_set_of_tags_is_read_alike() {
    for (name, title, genres) in [
        ("id3v23.mp3", "Tönende Überschrift", ["Rock"].as_slice()),
        ("id3v24.mp3", "Tönende Überschrift", &["Rock", "Shoegaze"]),
        ("id3.wav", "Tönende Überschrift", &["Rock", "Shoegaze"]),
        ("id3.aiff", "Tönende Überschrift", &["Rock", "Shoegaze"]),
        ("16-bit.flac", "Vorbis Title", &["Rock", "Shoegaze"]),
        ("vorbis.ogg", "Vorbis Title", &["Rock", "Shoegaze"]),
        ("opus.opus", "Vorbis Title", &["Rock", "Shoegaze"]),
        ("aac.m4a", "Atom Title", &["Rock"]),
        ("alac.m4a", "Atom Title", &["Rock"]),
    ] {
        let found = tags(name);
        assert_eq!(found.title.as_deref(), Some(title), "{name}");
        assert_eq!(found.artists, texts(&["One", "Two"]), "{name}");
        let credit = if name == "id3v23.mp3" { "One/Two" } else { "One, Two" };
        assert_eq!(found.artist.as_deref(), Some(credit), "{name}");
        assert_eq!(found.album.as_deref(), Some("An Album"), "{name}");
        assert_eq!(found.album_artist.as_deref(), Some("Various"), "{name}");
        assert_eq!((found.track_number, found.disc_number), (Some(3), Some(2)), "{name}");
        assert_eq!(found.year, Some(2004), "{name}");
        assert_eq!(found.genres, texts(genres), "{name}");
        assert!(found.is_compilation, "{name}");
        assert_eq!(found.isrc.as_deref(), Some("USRC17607839"), "{name}");
        assert_eq!(found.lyrics.as_deref(), Some("La la\nla"), "{name}");
        assert_eq!(found.musicbrainz.recording_id.as_deref(), Some(RECORDING), "{name}");
        assert_eq!(found.musicbrainz.artist_ids, texts(&ARTIST_IDS), "{name}");
    }
}

#[test]
fn older_and_smaller_tags_are_read() {
    for (name, title, artist, album, year, track) in [
        ("id3v1.mp3", "Only Version One", "Somebody", "Small", Some(1999), Some(5)),
        ("id3v22.mp3", "Old Title", "Old Artist", "Old Album", Some(1987), Some(7)),
        ("two-id3v2.mp3", "First", "First Artist", "Old Album", Some(1987), Some(7)),
        ("id3-before.flac", "Before", "Before Artist", "Old Album", Some(1987), Some(7)),
        ("ape.mp3", "Ape Title", "One, Two", "Ape Album", Some(2011), Some(4)),
        ("ape-and-id3v1.mp3", "Ape Title", "One, Two", "Ape Album", Some(2011), Some(4)),
        ("info.wav", "Info Title", "Info Artist", "Info Album", Some(2010), Some(6)),
    ] {
        let found = tags(name);
        assert_eq!(found.title.as_deref(), Some(title), "{name}");
        assert_eq!(found.artist.as_deref(), Some(artist), "{name}");
        assert_eq!(found.album.as_deref(), Some(album), "{name}");
        assert_eq!((found.year, found.track_number), (year, track), "{name}");
    }
    assert_eq!(tags("text.aiff").title.as_deref(), Some("Chunk Title"));
    assert_eq!(tags("id3v1.mp3").genres, ["Jazz"]);
    assert_eq!(tags("id3v22.mp3").genres, ["Alternative"]);
    assert_eq!(tags("plain.mp3"), Tags::default());
}

#[test]
fn the_front_cover_is_found_among_the_pictures() {
    for name in [
        "id3v23.mp3",
        "id3v24.mp3",
        "id3v22.mp3",
        "16-bit.flac",
        "vorbis.ogg",
        "opus.opus",
        "aac.m4a",
        "id3.wav",
    ] {
        let cover = sound(name).cover.unwrap_or_else(|| panic!("{name}"));
        let picture = mixtape_media::image::decode(&cover.bytes, &Default::default()).unwrap();
        assert_eq!((picture.width(), picture.height()), (4, 4), "{name}");
        let png = picture.encode(mixtape_media::image::Encoding::Png, 1).unwrap();
        let pixels = image::load_from_memory(&png).unwrap().into_rgb8();
        assert_eq!(pixels.get_pixel(0, 0).0, [200, 30, 30], "{name}: the red one is the front");
    }
    assert_eq!(sound("plain.mp3").cover, None);
}

/// An ID3v2 tag around these frames.
fn tag(major: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let size = body.len();
    let mut bytes = vec![b'I', b'D', b'3', major, 0, flags];
    bytes.extend([21, 14, 7, 0].map(|shift| ((size >> shift) & 0x7F) as u8));
    bytes.extend(body);
    bytes
}

fn frame(name: &[u8; 4], flags: u8, size: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((size as u32).to_be_bytes());
    bytes.extend([0, flags]);
    bytes.extend(body);
    bytes
}

fn with(tag: Vec<u8>) -> Tags {
    let mut bytes = tag;
    bytes.extend(fixture("id3v1.mp3"));
    bytes.truncate(bytes.len() - 128);
    analysed(bytes).unwrap().tags
}

#[test]
fn odd_frames_do_not_hide_the_others() {
    let title = frame(b"TIT2", 0, 6, b"\0Title");
    let compressed = frame(b"TPE1", 0x80, 20, &[0x78; 20]);
    let found = with(tag(3, 0, &[compressed, title.clone()].concat()));
    assert_eq!(
        (found.title.as_deref(), found.artist),
        (Some("Title"), None),
        "compressed frames are passed over"
    );

    let claims = frame(b"APIC", 0, u32::MAX as usize, b"\0image/png\0\x03\0");
    let found = with(tag(3, 0, &[title.clone(), claims].concat()));
    assert_eq!(found.title.as_deref(), Some("Title"), "a picture may claim four gigabytes");

    // Unsynchronised: a zero behind each 0xFF.
    let text = frame(b"TIT2", 0, 4, b"\0\xFF\0eb");
    assert_eq!(with(tag(3, 0x80, &text)).title.as_deref(), Some("ÿeb"));

    // iTunes wrote eight bits a byte into version 2.4.
    let long = format!("\0{}", "x".repeat(250));
    let plain = [frame(b"TALB", 0, long.len(), long.as_bytes()), title.clone()].concat();
    assert_eq!(with(tag(4, 0, &plain)).title.as_deref(), Some("Title"));

    let cleaned = frame(b"TIT2", 0, 13, b"\0 Ti\x07tle\nB \0\0");
    assert_eq!(with(tag(4, 0, &cleaned)).title.as_deref(), Some("Title B"));

    let stroke = frame(b"TPE1", 0, 6, b"\0AC/DC");
    let found = with(tag(3, 0, &stroke));
    assert_eq!(found.artists, ["AC/DC"]);
}

#[test]
fn texts_have_limits() {
    let long = vec![b'x'; 120_000];
    let mut body = frame(b"TIT2", 0, long.len() + 1, &[b"\0".to_vec(), long.clone()].concat());
    body.extend(frame(b"USLT", 0, long.len() + 5, &[b"\0eng\0".to_vec(), long].concat()));
    let found = with(tag(3, 0, &body));
    assert_eq!(found.title.map(|title| title.len()), Some(300));
    assert_eq!(found.lyrics.map(|lyrics| lyrics.len()), Some(100_000));
}
