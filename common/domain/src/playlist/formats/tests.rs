use proptest::prelude::*;

use super::*;

const FORMATS: [Format; 3] = [Format::M3u8, Format::Xspf, Format::Jspf];

fn entry(title: &str, artist: &str) -> Entry {
    Entry {
        track_id: Some(TrackId::from_parts(&[title, artist])),
        title: Some(title.into()),
        artist: Some(artist.into()),
        album: Some("Post".into()),
        duration_ms: Some(312_000),
    }
}

fn listing(entries: Vec<Entry>) -> Listing {
    Listing { title: Some("Rainy <Sunday> & \"more\"".into()), description: None, entries }
}

#[test]
fn what_is_written_is_read_back() {
    let listing = listing(vec![
        entry("Hyperballad", "Björk"),
        entry("<script>alert('&amp;')</script>", "AC/DC - the band"),
        entry("]]> #EXTINF:1,x", "日本 – \u{1F3B5}"),
    ]);
    for format in FORMATS {
        let file = format.write(&listing, usize::MAX);
        assert_eq!(format.read(file.as_bytes(), 100).unwrap(), listing, "{file}");
    }
}

#[test]
fn control_characters_cannot_forge_lines_or_break_xml() {
    let hostile = entry("a\nmixtape:track:x\r\0\u{1b}\u{85}b\u{FFFF}", "\u{2028}c");
    for format in FORMATS {
        let file = format.write(&listing(vec![hostile.clone()]), usize::MAX);
        let read = format.read(file.as_bytes(), 100).unwrap();
        assert_eq!(read.entries.len(), 1, "{file}");
        assert_eq!(read.entries[0].track_id, hostile.track_id);
        assert!(!read.entries[0].title.clone().unwrap().contains(char::is_control));
    }
}

#[test]
fn a_file_that_would_be_too_large_names_less_of_each_track() {
    let entries = vec![entry(&"\u{1F3B5}&".repeat(150), &"<".repeat(300)); 10_000];
    let expected: Vec<_> = entries.iter().map(|entry| entry.track_id).collect();
    for format in FORMATS {
        let file = format.write(&listing(entries.clone()), 4_000_000);
        assert!(file.len() <= 4_000_000, "{format:?}: {}", file.len());
        let read = format.read(file.as_bytes(), 10_000).unwrap();
        assert_eq!(read.entries.iter().map(|entry| entry.track_id).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn files_of_other_programs_are_read() {
    let m3u8 = "\u{FEFF}#EXTM3U\r\n#EXTINF:123.5 logo=\"x\",Björk - Jóga\r\nC:\\Music\\joga.mp3\r\n\r\n\
                # a comment\r\nhttps://example.org/a/Hyperballad.flac\r\n";
    let xspf = r#"<?xml version="1.0"?><x:playlist version="1" xmlns:x="http://xspf.org/ns/0/">
        <x:trackList><x:track><x:location>file:///joga.mp3</x:location><x:title>J&#xF3;ga</x:title>
        <x:creator>Bj<!-- -->&#246;rk</x:creator><x:duration>123500</x:duration>
        <x:extension application="x"><x:title>not it</x:title></x:extension></x:track>
        <x:track><x:title><![CDATA[Hyperballad]]></x:title></x:track></x:trackList></x:playlist>"#;
    let jspf = r#"{"playlist": {"creator": "x", "track": [
        {"location": "file:///joga.mp3", "title": "Jóga", "creator": "Björk", "duration": 123500, "extension": {}},
        {"identifier": ["https://musicbrainz.org/recording/x"], "title": "Hyperballad"}]}}"#;
    for (format, file) in [(Format::M3u8, m3u8), (Format::Xspf, xspf), (Format::Jspf, jspf)] {
        let entries = format.read(file.as_bytes(), 2).unwrap().entries;
        let seen: Vec<_> =
            entries.iter().map(|e| (e.artist.as_deref(), e.title.as_deref(), e.duration_ms)).collect();
        let expected = [(Some("Björk"), Some("Jóga"), Some(123_500)), (None, Some("Hyperballad"), None)];
        assert_eq!(seen, expected, "{format:?}");
        assert_eq!(format.read(file.as_bytes(), 1), Err(FormatError::TooManyEntries(1)));
    }
}

#[test]
fn locations_are_read_as_they_are_written() {
    let m3u8 = "#EXTM3U\n../Björk\\Jóga #1.mp3\nhttps://example.org/a%20b.flac\n";
    let xspf = "<playlist><trackList><track><location>../Björk\\Jóga #1.mp3</location></track>\
                <track><title>x</title><location>https://example.org/a%20b.flac</location></track></trackList></playlist>";
    let jspf = r#"{"playlist": {"track": [{"location": "../Björk\\Jóga #1.mp3"},
        {"location": ["https://example.org/a%20b.flac"]}]}}"#;
    for (format, file) in [(Format::M3u8, m3u8), (Format::Xspf, xspf), (Format::Jspf, jspf)] {
        let located = format.read_located(file.as_bytes(), 2).unwrap();
        let expected = [["../Björk\\Jóga #1.mp3"], ["https://example.org/a%20b.flac"]];
        assert_eq!(located.locations, expected, "{format:?}");
        assert_eq!(located.listing.entries.len(), 2);
    }
    let none = r#"{"playlist": {"track": [{"title": "x"}, {"location": null}]}}"#;
    let none = Format::Jspf.read_located(none.as_bytes(), 2).unwrap();
    assert_eq!(none.locations, [Vec::<String>::new(), Vec::new()]);
}

#[test]
fn hostile_files_are_refused() {
    let laughs =
        r#"<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><playlist><title>&b;</title></playlist>"#;
    let external = r#"<!DOCTYPE p SYSTEM "file:///etc/passwd"><playlist/>"#;
    let deep = format!("<playlist>{}", "<a>".repeat(100_000));
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for file in [
        laughs,
        external,
        &deep,
        "",
        "<playlist>",
        "<playlist/><playlist/>",
        "<html></html>",
        "<playlist><title>&nbsp;</title></playlist>",
        "<playlist></title></playlist>",
        "text",
    ] {
        assert!(Format::Xspf.read(file.as_bytes(), 10).is_err(), "{}", &file[..file.len().min(80)]);
    }
    for file in [nested.as_str(), "", "[]", "{}", r#"{"playlist": {"track": 1}}"#] {
        assert!(Format::Jspf.read(file.as_bytes(), 10).is_err(), "{}", &file[..file.len().min(80)]);
    }
    for format in FORMATS {
        assert!(format.read(b"\xff\xfe", 10).is_err());
    }
}

proptest! {
    #[test]
    fn no_file_makes_a_reader_panic(file in "(\\PC|[<>&;#\n\"{}\\[\\]])*") {
        for format in FORMATS {
            let _ = format.read(file.as_bytes(), 10);
        }
    }

    #[test]
    fn ids_and_titles_survive_whatever_they_are(titles in prop::collection::vec("\\PC{1,40}", 1..5)) {
        let entries: Vec<_> = titles.iter().map(|title| entry(title, "x")).collect();
        for format in FORMATS {
            let file = format.write(&listing(entries.clone()), usize::MAX);
            let read = format.read(file.as_bytes(), 10).unwrap();
            let ids: Vec<_> = read.entries.iter().map(|entry| entry.track_id).collect();
            prop_assert_eq!(ids, entries.iter().map(|entry| entry.track_id).collect::<Vec<_>>());
        }
    }
}
