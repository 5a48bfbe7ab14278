//! Both backends on the catalogue of real tracks.

use std::collections::{BTreeMap, BTreeSet};

use mixtape::{Options, SearchWith};
use mixtape_domain::{AlbumId, ArtistId, TrackId};
use mixtape_index::{
    AlbumDocument, ArtistDocument, Change, Document, Found, IfBroken, Indexing, Kind, Query, Request, Search,
    TrackDocument,
};
use serde_json::Value;
use tests::{World, catalogue};

/// Tracks between two of which one is looked for.
const EVERY: usize = 199;

/// What nobody types who looks for one track.
const OTHERS: [&str; 9] = [
    "electrnic",
    "genre:electrnic",
    "genre:rok lov",
    "the bealtes",
    "year:1999 remx",
    "artist:persuadr",
    "album:stockhlm year:1990..",
    "thundar",
    "love loev",
];

/// The documents of the catalogue.
fn documents() -> Option<Vec<Document>> {
    let rows = std::fs::read_to_string(catalogue()?).unwrap();
    let mut documents = BTreeMap::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let year = row["year"].as_u64().and_then(|year| u16::try_from(year).ok());
        let genres =
            row["genres"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let track = TrackDocument {
            id: TrackId::from_parts(&[&text("source_id")]),
            title: text("title"),
            artists: vec![text("artist")],
            album: Some(text("album")),
            year,
            genres: genres.collect(),
            popularity: 0,
        };
        let artist =
            ArtistDocument { id: ArtistId::of(&text("artist")), name: text("artist"), popularity: 0 };
        let album = AlbumDocument {
            id: AlbumId::of(&text("album_artist"), &text("album")),
            title: text("album"),
            artist: text("album_artist"),
            year,
            popularity: 0,
        };
        for document in [Document::Track(track), Document::Artist(artist), Document::Album(album)] {
            documents.entry(document.key()).or_insert(document);
        }
    }
    Some(documents.into_values().collect())
}

/// A backend that holds these documents.
async fn filled(documents: &[Document], search: SearchWith) -> (World, Search) {
    let world = World::with(Options { search, runs_events: false, ..World::options() }).await;
    let settings = world.stack().app().settings.clone();
    let indexing = Indexing::open(&settings, world.store(), world.clock().clone());
    for part in documents.chunks(5_000) {
        let read = || async {
            Ok::<_, std::convert::Infallible>(part.iter().cloned().map(Change::Put).collect::<Vec<_>>())
        };
        assert_eq!(indexing.update(IfBroken::Fail, None, read).await.unwrap().changed, part.len());
    }
    let search = Search::open(&settings, world.store(), world.clock().clone());
    (world, search)
}

/// What somebody types who looks for this track: with its artist, with a typing error, unfinished.
fn queries(track: &TrackDocument, number: usize) -> Vec<String> {
    let title = track.title.as_str();
    let artist = track.artists.first().map(String::as_str).unwrap_or_default();
    let mut letters: Vec<char> = title.chars().collect();
    let place = (number * 7) % letters.len().max(2) / 2;
    if place + 1 < letters.len() {
        letters.swap(place, place + 1);
    }
    let unfinished: String = title.chars().take(title.chars().count() * 2 / 3).collect();
    vec![
        title.to_owned(),
        artist.to_owned(),
        format!("{title} {artist}"),
        letters.into_iter().collect(),
        format!("{artist} {unfinished}"),
        format!("artist:\"{artist}\" {unfinished}"),
    ]
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn both_backends_answer_alike_about_real_tracks() {
    let Some(documents) = documents() else { return };
    let (_embedded, expected) = filled(&documents, SearchWith::Template).await;
    let (_cloudsearch, actual) = filled(&documents, SearchWith::CloudSearch).await;
    let tracks = documents.iter().filter_map(|document| match document {
        Document::Track(track) => Some(track),
        _ => None,
    });
    let texts = tracks.step_by(EVERY).enumerate().flat_map(|(number, track)| queries(track, number));
    let (mut asked, mut alike) = (0, 0);
    for text in texts.chain(OTHERS.map(str::to_owned)) {
        let Ok(query) = Query::parse(&text.chars().take(200).collect::<String>()) else { continue };
        let request = Request { query, kinds: Kind::ALL.to_vec(), facets: Vec::new(), offset: 0, limit: 10 };
        let expected = expected.search(request.clone()).await.unwrap();
        let actual = actual.search(request).await.unwrap();
        let totals = |found: &Found| [found.tracks.total, found.artists.total, found.albums.total];
        // A domain does not tell how many documents hold a word. So where typing errors are looked for at all, they are
        // in common words too.
        let has_all =
            totals(&actual).iter().zip(totals(&expected)).all(|(actual, expected)| *actual >= expected);
        assert!(has_all, "{text:?}: {:?} instead of {:?}", totals(&actual), totals(&expected));
        asked += 1;
        alike += usize::from(totals(&actual) == totals(&expected));
        if actual.tracks.total <= 10 {
            let ids =
                |found: &Found| found.tracks.ids.iter().map(TrackId::to_string).collect::<BTreeSet<_>>();
            assert!(ids(&expected).is_subset(&ids(&actual)), "{text:?}");
        }
    }
    assert!(asked > 200);
    assert!(alike * 100 >= asked * 90, "{alike} of {asked} alike");
}
