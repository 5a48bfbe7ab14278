//! Amazon CloudSearch as what answers searches: the same answers as the embedded index gives, and what happens when the
//! domain is away, refuses something, or has several writers.

use std::time::Duration;

use futures::future::join_all;
use mixtape_settings::SearchBackend;
use serde_json::{Value, json};
use tests::{Client, CloudSearch, Outage, World};

use super::{TRACKS, add, encoded, found, new_track, sample, settle};

/// Longer than a writer keeps its turn when it is not known whether it is done.
const LEASE: Duration = Duration::from_secs(120);

async fn cloudsearch_sample() -> (World, CloudSearch, Client, Vec<String>) {
    let (world, cloudsearch) = World::with_cloudsearch().await;
    let owner = world.sign_up("ada").await;
    let ids = add(&owner, TRACKS.map(new_track).to_vec()).await;
    settle(&world).await;
    (world, cloudsearch, owner, ids)
}

/// What a search answers, by names, since the two catalogues have different ids.
async fn names(client: &Client, query: &str) -> Value {
    let parameters = encoded(&[("q", query), ("facets", "genre,year")]);
    let answer = client.get(&format!("/v1/search?{parameters}")).await.expect(200);
    let kind = |kind: &str| {
        let items = answer[kind]["items"].as_array().unwrap();
        let name =
            |item: &Value| if item["title"].is_null() { item["name"].clone() } else { item["title"].clone() };
        json!({ "names": items.iter().map(name).collect::<Vec<_>>(), "total": answer[kind]["total"] })
    };
    json!({
        "tracks": kind("tracks"),
        "artists": kind("artists"),
        "albums": kind("albums"),
        "facets": answer["facets"],
    })
}

/// The same without an order among the results.
fn unordered(mut answer: Value) -> Value {
    for kind in ["tracks", "artists", "albums"] {
        if let Some(names) = answer[kind]["names"].as_array_mut() {
            names.sort_by_key(Value::to_string);
        }
    }
    answer
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn both_backends_find_the_same_in_the_same_order() {
    let (embedded, ..) = sample().await;
    let (cloudsearch, ..) = cloudsearch_sample().await;
    for query in [
        "bjork",
        "björk",
        "BJÖRK army",
        "bjrok army",
        "acdc",
        "ac/dc",
        "ac dc thunder",
        "tunderstrukc",
        "thunder struck",
        "aroundthe world",
        "dont stop",
        "don't stop me now",
        "pnk party",
        "p!nk",
        "mia",
        "!!!",
        "京事",
        "東京事変",
        "群",
        "남스타",
        "싸이",
        "simon and garfunkel",
        "simon & garf",
        "artist:\"daft punk\" year:1990..1999",
        "artist:beetles",
        "artist:beatles together",
        "album:homework",
        "genre:rock beatles yester",
        "genre:\"hip hop\"",
        "genre:electronik",
        "track:yesterday",
        "year:2001",
        "year:1990..",
        "\"army of me\"",
        "\"army of you\"",
        "beatles",
        "the beatles",
        "betles",
        "yestreday",
        "one",
        "t",
        "bjork thunderstruck",
        "nothing like this",
    ] {
        let expected = names(&embedded.anonymous(), query).await;
        let actual = names(&cloudsearch.anonymous(), query).await;
        assert!(expected["facets"].is_object(), "{expected}");
        assert_eq!(unordered(actual.clone()), unordered(expected.clone()), "{query:?}");
        // Of results that match equally well, which one comes first is up to the backend. Here none do.
        if ["BJÖRK army", "dont stop", "simon and garfunkel", "artist:beatles together", "the beatles", "one"]
            .contains(&query)
        {
            assert_eq!(actual, expected, "{query:?}");
        }
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn suggestions_are_those_of_the_embedded_index() {
    let (embedded, ..) = sample().await;
    let (cloudsearch, ..) = cloudsearch_sample().await;
    let texts = async |world: &World, text: &str| {
        let path = format!("/v1/search/suggest?{}", encoded(&[("q", text)]));
        let answer = world.anonymous().get(&path).await.expect(200);
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|item| (item["text"].clone(), item["type"].clone())).collect::<Vec<_>>()
    };
    for text in [
        "beat",
        "the bea",
        "dfatp",
        "daft p",
        "björ",
        "bjor",
        "東京",
        "!!",
        "army of m",
        "yestreday",
        "xyz",
        "강남",
    ] {
        let mut expected = texts(&embedded, text).await;
        let mut actual = texts(&cloudsearch, text).await;
        assert_eq!(actual.first(), expected.first(), "{text:?}");
        actual.sort_by_key(|(text, _)| text.to_string());
        expected.sort_by_key(|(text, _)| text.to_string());
        assert_eq!(actual, expected, "{text:?}");
    }
    assert_eq!(texts(&cloudsearch, "beat").await[0], (json!("The Beatles"), json!("artist")));
    assert_eq!(texts(&cloudsearch, "dfatp").await[0], (json!("Daft Punk"), json!("artist")));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn pages_follow_each_other_beyond_what_is_ranked() {
    let (world, _) = World::with_cloudsearch().await;
    let owner = world.sign_up("ada").await;
    let tracks = (0..230).map(|number| json!({ "title": format!("Rain {number}"), "artist": "The Weather" }));
    add(&owner, tracks.collect()).await;
    settle(&world).await;
    let mut titles = Vec::new();
    for offset in (0..230).step_by(40) {
        let path = format!("/v1/search?q=rain&types=track&limit=40&offset={offset}");
        let answer = owner.get(&path).await.expect(200);
        assert_eq!(answer["tracks"]["total"], 230);
        let items = answer["tracks"]["items"].as_array().unwrap().clone();
        titles.extend(items.into_iter().map(|item| item["title"].as_str().unwrap().to_owned()));
    }
    assert_eq!(titles.len(), 230);
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 230);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn emoji_and_control_characters_do_not_hold_up_a_batch() {
    let (world, cloudsearch) = World::with_cloudsearch().await;
    let owner = world.sign_up("ada").await;
    let titles = ["🎵", "🎵🎶 Party", "Plain", "A\u{FFFF}B"];
    let tracks = titles.map(|title| json!({ "title": title, "artist": "🦄", "genres": ["🎵", "Pop"] }));
    add(&owner, tracks.to_vec()).await;
    settle(&world).await;
    for (query, title) in [("🎵", "🎵"), ("party", "🎵🎶 Party"), ("plain", "Plain")] {
        assert_eq!(
            found(&owner, query, "tracks").await.first().map(String::as_str),
            Some(title),
            "{query:?}"
        );
    }
    assert_eq!(found(&owner, "🦄", "artists").await, ["🦄"]);
    for upload in cloudsearch.take_uploads() {
        let text = String::from_utf8(upload).unwrap();
        assert!(text.chars().all(|character| u32::from(character) <= 0xFFFD), "{text}");
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn an_edit_is_found_and_a_deletion_disappears() {
    let (world, _, owner, ids) = cloudsearch_sample().await;
    let path = format!("/v1/tracks/{}", ids[4]);
    owner.patch(&path, json!({ "title": "Lightning" })).await.expect(200);
    settle(&world).await;
    assert!(found(&owner, "thunderstruck", "tracks").await.is_empty());
    assert_eq!(found(&owner, "lightning", "tracks").await, ["Lightning"]);
    owner.delete(&path).await.expect(204);
    settle(&world).await;
    for kind in ["tracks", "artists", "albums"] {
        let answer = owner.get("/v1/search?q=acdc").await.expect(200);
        assert_eq!(answer[kind], json!({ "items": [], "total": 0 }));
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn while_the_domain_is_away_searches_say_so_and_writes_wait() {
    for outage in [Outage::Busy, Outage::Cut] {
        let (world, cloudsearch, owner, _) = cloudsearch_sample().await;
        cloudsearch.set_outage(Some(outage));
        for path in ["/v1/search?q=army", "/v1/search/suggest?q=army"] {
            let answer = owner.get(path).await;
            assert!(answer.header("retry-after").is_some(), "{path}: {outage:?}");
            answer.problem(503, "unavailable");
        }
        add(&owner, vec![new_track(("Umbrella", "Rihanna", "Good Girl Gone Bad", 2007, "Pop"))]).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        cloudsearch.set_outage(None);
        world.clock().advance(LEASE);
        settle(&world).await;
        assert_eq!(found(&owner, "umbrella", "tracks").await, ["Umbrella"], "{outage:?}");
        assert!(world.stack().dead_letters().list().unwrap().is_empty());
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn a_domain_that_refuses_us_is_no_reason_to_lose_writes() {
    let (world, cloudsearch, owner, _) = cloudsearch_sample().await;
    cloudsearch.set_outage(Some(Outage::Forbidden));
    owner.get("/v1/search?q=army").await.problem(503, "unavailable");
    add(&owner, vec![new_track(("Umbrella", "Rihanna", "Good Girl Gone Bad", 2007, "Pop"))]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    cloudsearch.set_outage(None);
    settle(&world).await;
    assert_eq!(found(&owner, "umbrella", "tracks").await, ["Umbrella"]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn a_document_that_is_refused_holds_up_no_other() {
    let (world, cloudsearch, owner, _) = cloudsearch_sample().await;
    cloudsearch.refuse("Poison");
    let tracks = ["Clear", "Poison", "Water"].map(|title| json!({ "title": title, "artist": "The Wells" }));
    add(&owner, tracks.to_vec()).await;
    settle(&world).await;
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
    assert_eq!(found(&owner, "clear", "tracks").await, ["Clear"]);
    assert_eq!(found(&owner, "water", "tracks").await, ["Water"]);
    assert!(found(&owner, "poison", "tracks").await.is_empty());
    // What the domain was tried with is gone again, and was nothing that could be found.
    assert_eq!(found(&owner, "sample", "tracks").await, Vec::<String>::new());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn a_reindex_restores_what_is_missing_and_removes_what_should_not_be_there() {
    let (world, _, owner, ids) = cloudsearch_sample().await;
    let settings = world.stack().app().settings.clone();
    let indexing = mixtape_index::Indexing::open(&settings, world.store(), world.clock().clone());
    let ghost = mixtape_index::Document::Track(mixtape_index::TrackDocument {
        id: "01JD6Y3Q5R8WZ0V4C2B7M9N1XK".parse().unwrap(),
        title: "Ghost".to_owned(),
        artists: vec!["Nobody".to_owned()],
        album: None,
        year: None,
        genres: Vec::new(),
        popularity: 0,
    });
    let missing = mixtape_index::Key::Track(ids[0].parse().unwrap());
    let read = || async {
        let changes =
            vec![mixtape_index::Change::Put(ghost.clone()), mixtape_index::Change::Delete(missing.clone())];
        Ok::<_, std::convert::Infallible>(changes)
    };
    let first = indexing.update(mixtape_index::IfBroken::Fail, None, read).await.unwrap();
    let second = indexing.update(mixtape_index::IfBroken::Fail, None, read).await.unwrap();
    assert!(second.generation > first.generation);
    assert!(found(&owner, "army", "tracks").await.is_empty());

    let mut request = json!({ "reindex": true });
    loop {
        let answer = world.invoke("indexer", request).await;
        if answer["done"] == true {
            break;
        }
        request = json!({ "reindex": true, "after": answer["next"] });
    }
    assert_eq!(found(&owner, "army", "tracks").await, ["Army of Me"]);
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = indexing.keys(after.as_deref(), 5).await.unwrap();
        keys.extend(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert!(!keys.contains(&ghost.key()));
    assert_eq!(keys.iter().filter(|key| matches!(key, mixtape_index::Key::Track(_))).count(), ids.len());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn writers_take_turns() {
    let (world, _) = World::with_cloudsearch().await;
    let owner = world.sign_up("ada").await;
    let track = owner.post("/v1/tracks", new_track(TRACKS[0])).await.expect(201);
    let path = format!("/v1/tracks/{}", track["id"].as_str().unwrap());
    settle(&world).await;
    // Other Lambda environments, each with a state of its own.
    let settings = world.stack().app().settings.clone();
    let state = || indexer::State::new(world.store().clone(), &settings, world.clock().clone());
    let event = super::publication::batch(&[track["id"].as_str().unwrap().to_owned()]);
    for round in 0..3 {
        let title = format!("Version {round}");
        let edit = owner.patch(&path, json!({ "title": title }));
        let states = [state(), state(), state()];
        let handled = join_all(states.iter().map(|state| indexer::handle(state, event.clone())));
        let (_, answers) = futures::join!(edit, handled);
        for answer in answers {
            assert_eq!(answer.unwrap(), json!({ "batchItemFailures": [] }));
        }
        settle(&world).await;
        assert_eq!(found(&owner, &title, "tracks").await, [title.as_str()]);
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn a_domain_is_set_up_once_and_kept() {
    let (world, _) = World::with_cloudsearch().await;
    let address = world.stack().cloudsearch().unwrap().to_owned();
    let client = cloudsearch::local_client(&address);
    let mut plan = cloudsearch::Plan {
        domain: "mixtape".to_owned(),
        principals: Vec::new(),
        is_dry_run: false,
        timeout: Duration::from_secs(10),
    };
    let again = cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap();
    assert_eq!(again.changes, Vec::<String>::new());

    plan.principals = vec!["123456789012".to_owned()];
    let changed = cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap();
    assert_eq!(changed.changes, ["let 123456789012 search, suggest and upload"]);
    assert_eq!(cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap().changes, Vec::<String>::new());

    // A dry run names the changes and makes none, however often.
    plan.domain = "other".to_owned();
    plan.is_dry_run = true;
    for _ in 0..2 {
        let report = cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap();
        assert_eq!(report.changes.first().map(String::as_str), Some("create the domain other"));
        assert_eq!(report.changes.last().map(String::as_str), Some("index the documents"));
        assert_eq!(report.endpoints, None);
    }
    plan.is_dry_run = false;
    let made = cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap();
    assert_eq!(made.endpoints.unwrap().search, format!("{address}/other"));
    assert_eq!(cloudsearch::set_up(&client, &plan, |_| {}).await.unwrap().changes, Vec::<String>::new());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses what answers searches")]
async fn a_domain_that_lacks_a_field_refuses_without_losing_anything() {
    let (world, _) = World::with_cloudsearch().await;
    let address = world.stack().cloudsearch().unwrap();
    let client = reqwest::Client::new();
    let form = "Action=CreateDomain&Version=2013-01-01&DomainName=bare";
    let request = client.post(address).header("content-type", "application/x-www-form-urlencoded").body(form);
    assert!(request.send().await.unwrap().status().is_success());
    let endpoint = format!("{address}/bare");
    let settings = mixtape_settings::Settings {
        search: SearchBackend::CloudSearch { search_endpoint: endpoint.clone(), document_endpoint: endpoint },
        ..(*world.stack().app().settings).clone()
    };
    let indexing = mixtape_index::Indexing::open(&settings, world.store(), world.clock().clone());
    let artist = mixtape_index::Document::Artist(mixtape_index::ArtistDocument {
        id: mixtape_domain::ArtistId::of("Björk"),
        name: "Björk".to_owned(),
        popularity: 0,
    });
    let read =
        || async { Ok::<_, std::convert::Infallible>(vec![mixtape_index::Change::Put(artist.clone())]) };
    let refused = indexing.update(mixtape_index::IfBroken::Fail, None, read).await.unwrap_err();
    assert!(refused.to_string().contains("takes no documents"), "{refused}");
}
