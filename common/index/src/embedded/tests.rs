//! What is found, and in which order, in a local folder without a bucket.

use mixtape_domain::{AlbumId, ArtistId, TrackId};
use proptest::prelude::*;

use super::apply::apply;
use super::checkout::Checkout;
use super::find::Snapshot;
use super::schema::Fields;
use super::scratch::Scratch;
use crate::document::{AlbumDocument, ArtistDocument, Change, Document, Key, Kind, TrackDocument};
use crate::names;
use crate::plan::{Plan, Stage};
use crate::{Facet, Found, Query, Request};

struct Catalogue {
    _folder: tempfile::TempDir,
    checkout: Checkout,
    fields: Fields,
}

fn track(title: &str, artist: &str, album: &str, year: u16, genres: &[&str]) -> Document {
    Document::Track(TrackDocument {
        id: TrackId::from_parts(&[title, artist, album]),
        title: title.to_owned(),
        artists: vec![artist.to_owned()],
        album: Some(album.to_owned()),
        year: Some(year),
        genres: genres.iter().map(|genre| (*genre).to_owned()).collect(),
        popularity: 0,
    })
}

fn artist(name: &str) -> Document {
    Document::Artist(ArtistDocument { id: ArtistId::of(name), name: name.to_owned(), popularity: 0 })
}

fn album(title: &str, artist: &str, year: u16) -> Document {
    let (id, title) = (AlbumId::of(artist, title), title.to_owned());
    Document::Album(AlbumDocument { id, title, artist: artist.to_owned(), year: Some(year), popularity: 0 })
}

impl Catalogue {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let checkout = Checkout::empty(&Scratch::new(folder.path())).unwrap();
        Self { _folder: folder, checkout, fields: Fields::new() }
    }

    /// Tracks, and the artists and albums that they make.
    fn sample() -> Self {
        let rows = [
            ("Army of Me", "Björk", "Post", 1995, "Electronic"),
            ("Hyperballad", "Björk", "Post", 1995, "Electronic"),
            ("Army", "Ben Folds Five", "The Unauthorized Biography", 1999, "Rock"),
            ("Around the World", "Daft Punk", "Homework", 1997, "Electronic"),
            ("One More Time", "Daft Punk", "Discovery", 2001, "Electronic"),
            ("Daft Punk Is Playing at My House", "LCD Soundsystem", "LCD Soundsystem", 2005, "Rock"),
            ("Thunderstruck", "AC/DC", "The Razors Edge", 1990, "Rock"),
            ("Don\u{2019}t Stop Me Now", "Queen", "Jazz", 1978, "Rock"),
            ("Get the Party Started", "P!nk", "M!ssundaztood", 2001, "Pop"),
            ("Paper Planes", "M.I.A.", "Kala", 2007, "Hip Hop"),
            ("Me and Giuliani Down by the School Yard", "!!!", "Louden Up Now", 2004, "Rock"),
            ("Breezeblocks", "∆", "An Awesome Wave", 2012, "Rock"),
            ("群青日和", "東京事変", "教育", 2004, "J-Pop"),
            ("丸ノ内サディスティック", "椎名林檎", "無罪モラトリアム", 1999, "J-Pop"),
            ("강남스타일", "싸이", "싸이6甲", 2012, "Hip Hop"),
            ("Svefn-g-englar", "Sigur Rós", "Ágætis byrjun", 1999, "Rock"),
            ("Mrs. Robinson", "Simon & Garfunkel", "Bookends", 1968, "Folk"),
            ("Rock and Roll", "Led Zeppelin", "IV", 1971, "Rock"),
            ("Come Together", "The Beatles", "Abbey Road", 1969, "Rock"),
            ("Yesterday", "The Beatles", "Help!", 1965, "Rock"),
            ("L\u{2019}amour", "Carla Bruni", "Quelqu'un m'a dit", 2002, "Folk"),
            ("1999", "Prince", "1999", 1982, "Pop"),
            ("1998", "Binary Finary", "1998", 1998, "Electronic"),
        ];
        let catalogue = Self::empty();
        for (title, by, on, year, genre) in rows {
            catalogue.put([track(title, by, on, year, &[genre]), artist(by), album(on, by, year)]);
        }
        catalogue
    }

    fn put(&self, documents: impl IntoIterator<Item = Document>) -> usize {
        let changes = documents.into_iter().map(Change::Put).collect();
        apply(&self.checkout, &self.fields, changes).unwrap().map_or(0, |applied| applied.changed)
    }

    fn delete(&self, key: Key) -> usize {
        let applied = apply(&self.checkout, &self.fields, vec![Change::Delete(key)]).unwrap();
        applied.map_or(0, |applied| applied.changed)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::open(self.checkout.open().unwrap().reader().unwrap().searcher()).unwrap()
    }

    fn find(&self, query: &str, offset: usize, limit: usize) -> Found {
        let Ok(query) = Query::parse(query) else { return Found::default() };
        let request =
            Request { query, kinds: Kind::ALL.to_vec(), facets: Facet::ALL.to_vec(), offset, limit };
        self.snapshot().search(&request).unwrap()
    }

    fn finds_track(&self, query: &str, title: &str, artist: &str, album: &str) -> bool {
        self.find(query, 0, 10).tracks.ids.contains(&TrackId::from_parts(&[title, artist, album]))
    }

    fn suggested(&self, text: &str) -> Vec<String> {
        let suggestions = self.snapshot().suggest(text).unwrap();
        suggestions.into_iter().map(|suggestion| suggestion.text).collect()
    }
}

#[test]
fn a_track_is_found_however_its_names_are_typed() {
    let catalogue = Catalogue::sample();
    let army = ("Army of Me", "Björk", "Post");
    let world = ("Around the World", "Daft Punk", "Homework");
    let thunder = ("Thunderstruck", "AC/DC", "The Razors Edge");
    let stop = ("Don\u{2019}t Stop Me Now", "Queen", "Jazz");
    let party = ("Get the Party Started", "P!nk", "M!ssundaztood");
    let planes = ("Paper Planes", "M.I.A.", "Kala");
    let giuliani = ("Me and Giuliani Down by the School Yard", "!!!", "Louden Up Now");
    let tokyo = ("群青日和", "東京事変", "教育");
    let seoul = ("강남스타일", "싸이", "싸이6甲");
    let robinson = ("Mrs. Robinson", "Simon & Garfunkel", "Bookends");
    for (queries, (title, artist, album)) in [
        (["bjork army", "BJÖRK ARMY", "army me bjö", "bjrok army", "armi of me bj", "björk post"], army),
        (["daft punk", "daftpunk", "dfat punk", "daft pnuk around", "around the wrold", "homwork"], world),
        (["acdc", "AC/DC", "ac dc", "ac-dc thunder", "thunderstrcuk", "tunderstrukc"], thunder),
        (["dont stop", "don't stop", "don\u{2019}t stop", "dont sotp queen", "DON`T", "queen jazz"], stop),
        (["pnk", "p!nk", "P!NK party", "pink", "missundaztood", "m!ssun"], party),
        (["mia", "M.I.A.", "m.i.a", "MIA kala", "paper plan", "papr planes"], planes),
        (["!!!", "giuliani", "!!! giulia", "giulani", "school yard !!!", "louden up"], giuliani),
        (["東京", "京事", "群", "東京事変 群青", "日和", "変"], tokyo),
        (["강남", "남스타", "싸이", "강남스타일", "스타일", "싸이 강남"], seoul),
        (
            [
                "simon & garfunkel",
                "simon and garfunkel",
                "simon garfunkle",
                "mrs robinson",
                "robinsn",
                "mrs.",
            ],
            robinson,
        ),
    ] {
        for query in queries {
            assert!(catalogue.finds_track(query, title, artist, album), "{query:?} finds {title:?}");
        }
    }
    assert!(catalogue.finds_track("∆", "Breezeblocks", "∆", "An Awesome Wave"));
    assert!(catalogue.finds_track("amour", "L\u{2019}amour", "Carla Bruni", "Quelqu'un m'a dit"));
    assert!(catalogue.finds_track("rock & roll", "Rock and Roll", "Led Zeppelin", "IV"));
    assert!(catalogue.finds_track("agaetis", "Svefn-g-englar", "Sigur Rós", "Ágætis byrjun"));
    assert!(catalogue.finds_track(
        "sigur ros svefn g englar",
        "Svefn-g-englar",
        "Sigur Rós",
        "Ágætis byrjun"
    ));
}

#[test]
fn all_words_must_match() {
    let catalogue = Catalogue::sample();
    for query in ["bjork thunderstruck", "daft punk yesterday", "xyzzy", "東北", "amr of me", "1997 1998"] {
        assert_eq!(catalogue.find(query, 0, 10).tracks.total, 0, "{query:?}");
    }
}

#[test]
fn short_words_and_numbers_hold_no_typing_errors() {
    let catalogue = Catalogue::sample();
    assert!(!catalogue.finds_track("nwo queen", "Don\u{2019}t Stop Me Now", "Queen", "Jazz"));
    assert!(!catalogue.finds_track("1999", "1998", "Binary Finary", "1998"));
}

#[test]
fn filters_narrow_the_results() {
    let catalogue = Catalogue::sample();
    for (query, tracks, artists, albums) in [
        ("artist:\"daft punk\"", 2, 1, 2),
        ("artist:\"Daft Punk\" one", 1, 0, 0),
        ("artist:daft", 2, 1, 2),
        ("artist:dfat", 2, 1, 2),
        ("artist:\"dfat\"", 0, 0, 0),
        ("album:post", 2, 0, 1),
        ("track:army", 2, 0, 0),
        ("track:army artist:bjork", 1, 0, 0),
        ("genre:electronic", 5, 0, 0),
        ("genre:\"hip hop\"", 2, 0, 0),
        ("genre:\"j-pop\"", 2, 0, 0),
        ("year:1999", 3, 0, 3),
        ("year:1968..1971", 3, 0, 3),
        ("year:..1968 beatles", 1, 0, 1),
        ("year:2012..", 2, 0, 2),
        ("year:1999..1990", 0, 0, 0),
        ("year:1999 genre:rock", 2, 0, 0),
    ] {
        let found = catalogue.find(query, 0, 10);
        let totals = (found.tracks.total, found.artists.total, found.albums.total);
        assert_eq!(totals, (tracks, artists, albums), "{query:?}");
    }
}

#[test]
fn the_closest_match_comes_first() {
    let catalogue = Catalogue::sample();
    let first_track = |query: &str| catalogue.find(query, 0, 1).tracks.ids.into_iter().next();
    let id = |title, artist, album| Some(TrackId::from_parts(&[title, artist, album]));
    assert_eq!(first_track("army"), id("Army", "Ben Folds Five", "The Unauthorized Biography"));
    assert_eq!(first_track("army of"), id("Army of Me", "Björk", "Post"));
    // By the artist, before a title that only mentions it.
    let discovery = catalogue.find("daft punk", 0, 10).tracks.ids;
    assert_eq!(
        discovery[2],
        id("Daft Punk Is Playing at My House", "LCD Soundsystem", "LCD Soundsystem").unwrap()
    );

    let catalogue = Catalogue::empty();
    let names = ["Björk", "Bjork", "Bjork Tribute", "Bjorks", "Bjark"];
    catalogue.put(names.map(artist));
    let order = |query: &str| catalogue.find(query, 0, 10).artists.ids;
    let ids = |names: [&str; 5]| names.map(ArtistId::of).to_vec();
    assert_eq!(order("björk"), ids(["Björk", "Bjork", "Bjork Tribute", "Bjorks", "Bjark"]));
    assert_eq!(order("bjork"), ids(["Bjork", "Björk", "Bjork Tribute", "Bjorks", "Bjark"]));
}

#[test]
fn facets_count_the_tracks_that_match() {
    let catalogue = Catalogue::sample();
    let counted = |query: &str, facet| -> Vec<(String, usize)> {
        let facets = catalogue.find(query, 0, 1).facets;
        facets[&facet].iter().map(|counted| (counted.value.clone(), counted.count)).collect()
    };
    let expected = |values: &[(&str, usize)]| -> Vec<(String, usize)> {
        values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    };
    assert_eq!(counted("daft punk", Facet::Genre), expected(&[("Electronic", 2), ("Rock", 1)]));
    assert_eq!(counted("daft punk", Facet::Year), expected(&[("1997", 1), ("2001", 1), ("2005", 1)]));
    assert_eq!(counted("genre:\"hip hop\"", Facet::Genre), expected(&[("Hip Hop", 2)]));
    assert_eq!(counted("xyzzy", Facet::Genre), expected(&[]));
}

#[test]
fn a_name_counts_the_same_in_the_index_and_by_itself() {
    let documents: Vec<Document> = [
        track("Army of Me", "Björk", "Post", 1995, &["Electronic"]),
        track("Daft Punk Is Playing at My House", "LCD Soundsystem", "Army", 2005, &["Rock"]),
        track("Thunderstruck", "AC/DC", "The Razors Edge", 1990, &["Hard Rock"]),
        track("群青日和", "東京事変", "教育", 2004, &["J-Pop"]),
        artist("The Beatles"),
        artist("Daft Punk"),
        album("Army", "Simon & Garfunkel", 1968),
    ]
    .into();
    let queries = [
        "army",
        "army of me bjork",
        "björk",
        "bjrok amry",
        "daftpunk",
        "daft punk",
        "dc ac",
        "acdc thunderstrcuk",
        "the beatles",
        "beatles",
        "thebeatles",
        "thunder struck",
        "日和",
        "東京事変 群青",
        "simon and garfunkel army",
        "artist:bjork",
        "album:army daft",
        "genre:rock",
        "year:1990..1995",
        "track:army",
        "ar",
        "a",
        "hose playing",
        "the army",
        "\"army\"",
        "arm y",
    ];
    for document in documents {
        let catalogue = Catalogue::empty();
        catalogue.put([document.clone()]);
        let snapshot = catalogue.snapshot();
        for query in queries {
            for stage in [Stage::Literal, Stage::Tolerant] {
                let plan = Plan::new(&Query::parse(query).unwrap(), stage);
                let mut indexed = None;
                snapshot.segments[0].matches(&plan, |found| indexed = Some(found.points)).unwrap();
                let computed = names::points(&document, &plan);
                let is_same = match (indexed, computed) {
                    (Some(indexed), Some(computed)) => (indexed - computed).abs() < 0.001,
                    (indexed, computed) => indexed.is_none() && computed.is_none(),
                };
                assert!(
                    is_same,
                    "{query:?} {stage:?} {document:?}: {indexed:?} in the index, {computed:?} alone"
                );
            }
        }
    }
}

#[test]
fn popularity_decides_between_equal_matches() {
    let catalogue = Catalogue::empty();
    let hello = |artist: &str, popularity| {
        let Document::Track(document) = track("Hello", artist, "Album", 2000, &[]) else { unreachable!() };
        Document::Track(TrackDocument { popularity, ..document })
    };
    catalogue.put([hello("One", 1), hello("Two", 3), hello("Three", 2)]);
    let ids = ["Two", "Three", "One"].map(|artist| TrackId::from_parts(&["Hello", artist, "Album"]));
    assert_eq!(catalogue.find("hello", 0, 10).tracks.ids, ids);
}

#[test]
fn pages_follow_each_other_and_count_all_results() {
    let catalogue = Catalogue::empty();
    let titles: Vec<String> = (0..25).map(|number| format!("Song {number}")).collect();
    catalogue.put(titles.iter().map(|title| track(title, "Artist", "Album", 2000, &[])));
    let all = catalogue.find("song", 0, 100).tracks;
    assert_eq!((all.total, all.ids.len()), (25, 25));
    let pages = [0, 10, 20, 30].map(|offset| catalogue.find("song", offset, 10).tracks);
    assert!(pages.iter().all(|page| page.total == 25));
    assert_eq!(pages.into_iter().flat_map(|page| page.ids).collect::<Vec<_>>(), all.ids);
}

#[test]
fn suggestions_start_with_what_is_typed() {
    let catalogue = Catalogue::sample();
    for (typed, first) in [
        ("daf", "Daft Punk"),
        ("dfatp", "Daft Punk"),
        ("beat", "The Beatles"),
        ("the beat", "The Beatles"),
        ("ac", "AC/DC"),
        ("bjö", "Björk"),
        ("m.i", "M.I.A."),
        ("!", "!!!"),
        ("東", "東京事変"),
        ("abbey raod", "Abbey Road"),
    ] {
        assert_eq!(catalogue.suggested(typed).first().map(String::as_str), Some(first), "{typed:?}");
    }
    assert!(catalogue.suggested("garfunkel").is_empty(), "a name that only holds it does not start with it");
    assert!(catalogue.suggested(" ").is_empty());
    catalogue.put((0..200).map(|number| artist(&format!("Variations on a Theme {number}"))));
    assert_eq!(catalogue.suggested("variations on a theme 173"), ["Variations on a Theme 173"]);
    catalogue.put((0..30).map(|number| track("Again", &format!("Artist {number}"), "Album", 2000, &[])));
    let again = catalogue.suggested("agai");
    assert_eq!(again.first().map(String::as_str), Some("Again"));
    assert_eq!(again.iter().filter(|text| *text == "Again").count(), 1, "one text is suggested once");
    catalogue.put((0..30).map(|number| artist(&format!("Same Start {number}"))));
    assert_eq!(catalogue.suggested("same st").len(), 10);
}

#[test]
fn a_document_is_replaced_deleted_and_left_alone() {
    let catalogue = Catalogue::sample();
    let song = track("First Title", "Somebody", "Something", 2000, &[]);
    assert_eq!(catalogue.put([song.clone()]), 1);
    assert_eq!(catalogue.put([song.clone(), artist("Björk")]), 0, "as it was");
    let Document::Track(renamed) = song.clone() else { unreachable!() };
    assert_eq!(catalogue.put([Document::Track(TrackDocument { title: "Second".into(), ..renamed })]), 1);
    assert_eq!(catalogue.find("first title", 0, 10).tracks.total, 0);
    assert_eq!(catalogue.find("second somebody", 0, 10).tracks.total, 1);
    assert_eq!(catalogue.delete(song.key()), 1);
    assert_eq!(catalogue.delete(song.key()), 0);
    assert_eq!(catalogue.find("second somebody", 0, 10).tracks.total, 0);
}

#[test]
fn the_number_of_segments_stays_small() {
    let catalogue = Catalogue::empty();
    for batch in 0..60 {
        let titles = (0..20).map(|number| format!("Song {batch} {number}"));
        catalogue.put(titles.map(|title| track(&title, "Artist", "Album", 2000, &[])));
    }
    let snapshot = catalogue.snapshot();
    assert_eq!(snapshot.searcher.num_docs(), 1200);
    assert!(snapshot.segments.len() <= 8, "{} segments", snapshot.segments.len());
}

#[test]
fn all_keys_can_be_walked_through() {
    let catalogue = Catalogue::sample();
    let snapshot = catalogue.snapshot();
    let mut walked = Vec::new();
    let mut from = Some(0);
    while let Some(bucket) = from {
        let (keys, next) = snapshot.keys(bucket, 7).unwrap();
        walked.extend(keys);
        from = next;
    }
    let mut distinct = walked.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), walked.len());
    assert_eq!(walked.len() as u64, snapshot.searcher.num_docs());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_is_typed_is_too_much(texts in prop::collection::vec("(\\PC|[a-z]|artist:|year:1|[\"&' ]){0,60}", 12)) {
        thread_local!(static SAMPLE: Catalogue = Catalogue::sample());
        SAMPLE.with(|catalogue| {
            for text in &texts {
                catalogue.find(text, 0, 10);
                catalogue.suggested(text);
            }
        });
    }

    #[test]
    fn any_name_is_found_by_itself(name in "\\PC{1,30}") {
        let catalogue = Catalogue::empty();
        catalogue.put([artist(&name)]);
        if Query::parse(&name).is_ok() {
            prop_assert_eq!(catalogue.find(&name, 0, 10).artists.total, 1);
        }
    }
}
