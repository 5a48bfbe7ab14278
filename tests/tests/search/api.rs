//! The routes.

use mixtape::SearchWith;
use serde_json::{Value, json};
use tests::{World, as_listed};

use super::{TRACKS, add, empty, encoded, found, new_track, sample_of, settle};

/// The tests that hold whatever answers searches.
macro_rules! on_both_backends {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                #[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
                async fn $test() { super::$test(mixtape::SearchWith::Template).await; }
            )*
        }
        mod cloudsearch {
            $(
                #[tokio::test]
                #[cfg_attr(deployed, ignore = "chooses what answers searches")]
                async fn $test() { super::$test(mixtape::SearchWith::CloudSearch).await; }
            )*
        }
    };
}

on_both_backends! {
    tracks_artists_and_albums_are_found_as_they_are,
    names_are_found_however_they_are_typed,
    a_search_answers_what_was_asked_for,
    facets_count_what_matches,
    highlights_are_the_names_in_parts,
    suggestions_start_with_what_is_typed,
    an_edit_is_found_and_a_deletion_disappears,
    a_search_before_there_is_an_index_finds_nothing,
}

async fn tracks_artists_and_albums_are_found_as_they_are(search: SearchWith) {
    let (world, owner, ids) = sample_of(search).await;
    let anonymous = world.anonymous();
    let answer = anonymous.get("/v1/search?q=bjork").await.expect(200);
    assert_eq!(answer["tracks"]["total"], 2);
    assert_eq!(answer["artists"]["total"], 1);
    assert_eq!(answer["albums"]["total"], 1);
    let artist = &answer["artists"]["items"][0];
    assert_eq!((&artist["name"], &artist["track_count"]), (&json!("Björk"), &json!(2)));
    let track = anonymous.get("/v1/search?q=army+of+me").await.expect(200)["tracks"]["items"][0].clone();
    assert_eq!(track, as_listed(owner.get(&format!("/v1/tracks/{}", ids[0])).await.expect(200)));
}

async fn names_are_found_however_they_are_typed(search: SearchWith) {
    let (world, ..) = sample_of(search).await;
    let anonymous = world.anonymous();
    for (query, title) in [
        ("BJÖRK army", "Army of Me"),
        ("bjrok army", "Army of Me"),
        ("acdc", "Thunderstruck"),
        ("tunderstrukc", "Thunderstruck"),
        ("dont stop", "Don\u{2019}t Stop Me Now"),
        ("pnk party", "Get the Party Started"),
        ("mia", "Paper Planes"),
        ("!!!", "Me and Giuliani Down by the School Yard"),
        ("京事", "群青日和"),
        ("남스타", "강남스타일"),
        ("simon and garfunkel", "Mrs. Robinson"),
        ("artist:\"daft punk\" year:1990..1999", "Around the World"),
        ("genre:rock beatles yester", "Yesterday"),
        ("album:homework", "Around the World"),
    ] {
        assert_eq!(
            found(&anonymous, query, "tracks").await.first().map(String::as_str),
            Some(title),
            "{query:?}"
        );
    }
    assert!(found(&anonymous, "bjork thunderstruck", "tracks").await.is_empty());
}

async fn a_search_answers_what_was_asked_for(search: SearchWith) {
    let (world, ..) = sample_of(search).await;
    let anonymous = world.anonymous();
    let answer = anonymous.get("/v1/search?q=beatles&types=track,artist").await.expect(200);
    assert_eq!(answer["albums"], json!({ "items": [], "total": 0 }));
    assert_eq!((&answer["tracks"]["total"], &answer["artists"]["total"]), (&json!(2), &json!(1)));
    let first = anonymous.get("/v1/search?q=beatles&types=track&limit=1").await.expect(200);
    let second = anonymous.get("/v1/search?q=beatles&types=track&limit=1&offset=1").await.expect(200);
    assert_eq!(first["tracks"]["total"], 2);
    assert_ne!(first["tracks"]["items"], second["tracks"]["items"]);
    let third = anonymous.get("/v1/search?q=beatles&types=track&limit=1&offset=2").await.expect(200);
    assert_eq!(third["tracks"], json!({ "items": [], "total": 2 }));
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_named() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let long = "a".repeat(201);
    for (parameters, field) in [
        (vec![], "q"),
        (vec![("q", "")], "q"),
        (vec![("q", "  ")], "q"),
        (vec![("q", long.as_str())], "q"),
        (vec![("q", "a"), ("types", "song")], "types"),
        (vec![("q", "a"), ("types", "")], "types"),
        (vec![("q", "a"), ("facets", "artist")], "facets"),
        (vec![("q", "a"), ("facets", "")], "facets"),
        (vec![("q", "a"), ("highlight", "yes")], "highlight"),
        (vec![("q", "a"), ("limit", "0")], "limit"),
        (vec![("q", "a"), ("limit", "101")], "limit"),
        (vec![("q", "a"), ("limit", "x")], "limit"),
        (vec![("q", "a"), ("offset", "-1")], "offset"),
        (vec![("q", "a"), ("offset", "9991")], "offset"),
        (vec![("q", "a"), ("offset", "99999999999999999999")], "offset"),
    ] {
        let path = format!("/v1/search?{}", encoded(&parameters));
        let problem = anonymous.get(&path).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
    }
    for parameters in [vec![], vec![("q", " ")], vec![("q", long.as_str())]] {
        let path = format!("/v1/search/suggest?{}", encoded(&parameters));
        let problem = anonymous.get(&path).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "q", "{path}");
    }
    anonymous.get("/v1/search?q=a&offset=9990").await.expect(200);
}

async fn facets_count_what_matches(search: SearchWith) {
    let (world, ..) = sample_of(search).await;
    let anonymous = world.anonymous();
    let count = |value: &str, count: u64| json!({ "value": value, "count": count });
    let answer = anonymous.get("/v1/search?q=daft+punk&facets=year,genre&types=artist").await.expect(200);
    assert_eq!(answer["facets"]["genre"], json!([count("Electronic", 2)]));
    assert_eq!(answer["facets"]["year"], json!([count("1997", 1), count("2001", 1)]));
    let answer = anonymous.get("/v1/search?q=year:1990..&facets=genre").await.expect(200);
    let expected =
        [count("Electronic", 4), count("Hip Hop", 2), count("J-Pop", 1), count("Pop", 1), count("Rock", 2)];
    let mut counted = answer["facets"]["genre"].as_array().unwrap().clone();
    counted.sort_by_key(|counted| counted["value"].as_str().unwrap().to_owned());
    assert_eq!(counted, expected);
    assert!(answer["facets"].get("year").is_none());
    assert!(anonymous.get("/v1/search?q=daft").await.expect(200).get("facets").is_none());
}

async fn highlights_are_the_names_in_parts(search: SearchWith) {
    let (world, ..) = sample_of(search).await;
    let anonymous = world.anonymous();
    let answer = anonymous.get("/v1/search?q=army+bjro&highlight=true").await.expect(200);
    let part = |text: &str, is_match: bool| json!({ "text": text, "match": is_match });
    let expected = json!([{
        "title": [part("Army", true), part(" of Me", false)],
        "artist": [part("Björk", true)],
        "album": [part("Post", false)],
    }]);
    assert_eq!(answer["tracks"]["highlights"], expected);
    let answer = anonymous.get("/v1/search?q=beat&highlight=true&types=artist").await.expect(200);
    assert_eq!(
        answer["artists"]["highlights"],
        json!([{ "name": [part("The ", false), part("Beat", true), part("les", false)] }])
    );
    assert_eq!(answer["tracks"]["highlights"], json!([]));
    let plain = anonymous.get("/v1/search?q=beat&highlight=false").await.expect(200);
    assert!(plain["artists"].get("highlights").is_none());
}

async fn suggestions_start_with_what_is_typed(search: SearchWith) {
    let (world, owner, _) = sample_of(search).await;
    let anonymous = world.anonymous();
    let answer = anonymous.get("/v1/search/suggest?q=beat").await.expect(200);
    let first = &answer["items"][0];
    assert_eq!((&first["text"], &first["type"]), (&json!("The Beatles"), &json!("artist")));
    let id = first["id"].as_str().unwrap();
    assert_eq!(anonymous.get(&format!("/v1/artists/{id}")).await.expect(200)["name"], "The Beatles");
    let many =
        (0..12).map(|number| new_track(("Same", "Some", "Same Album", 2000, "Pop")).with("artist", number));
    add(&owner, many.collect()).await;
    settle(&world).await;
    let answer = anonymous.get("/v1/search/suggest?q=same").await.expect(200);
    let texts: Vec<&str> =
        answer["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Same", "Same Album"]);
}

trait With {
    fn with(self, field: &str, number: usize) -> Value;
}

impl With for Value {
    fn with(mut self, field: &str, number: usize) -> Value {
        self[field] = Value::from(format!("Artist {number}"));
        self
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn a_private_catalogue_is_searched_by_members() {
    let world = World::with_parameters(&[("Catalogue", "private")]).await;
    let ada = world.sign_up("ada").await;
    add(&ada, vec![new_track(TRACKS[0])]).await;
    settle(&world).await;
    for path in ["/v1/search?q=army", "/v1/search/suggest?q=army"] {
        world.anonymous().get(path).await.problem(401, "unauthenticated");
        ada.get(path).await.expect(200);
    }
}

async fn an_edit_is_found_and_a_deletion_disappears(search: SearchWith) {
    let (world, owner, ids) = sample_of(search).await;
    let path = format!("/v1/tracks/{}", ids[4]);
    owner.patch(&path, json!({ "title": "Lightning" })).await.expect(200);
    settle(&world).await;
    assert!(found(&owner, "thunderstruck", "tracks").await.is_empty());
    assert_eq!(found(&owner, "lightning", "tracks").await, ["Lightning"]);
    assert_eq!(found(&owner, "razors edge", "albums").await, ["The Razors Edge"]);

    owner.delete(&path).await.expect(204);
    // Before the index knows.
    assert!(found(&owner, "lightning", "tracks").await.is_empty());
    settle(&world).await;
    for kind in ["tracks", "artists", "albums"] {
        let answer = owner.get("/v1/search?q=acdc").await.expect(200);
        assert_eq!(answer[kind], json!({ "items": [], "total": 0 }));
    }
}

async fn a_search_before_there_is_an_index_finds_nothing(search: SearchWith) {
    let world = empty(search).await;
    let answer = world.anonymous().get("/v1/search?q=anything").await.expect(200);
    let none = json!({ "items": [], "total": 0 });
    assert_eq!(answer, json!({ "tracks": none, "artists": none, "albums": none }));
    assert_eq!(world.anonymous().get("/v1/search/suggest?q=a").await.expect(200), json!({ "items": [] }));
}
