//! Tracks, artists and albums over the API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Client, Fault, When, World, as_listed, catalogue};

fn track(title: &str, artist: &str, album: &str) -> Value {
    json!({ "title": title, "artist": artist, "album": album, "duration_ms": 1000 })
}

async fn add(client: &Client, body: Value) -> Value {
    client.post("/v1/tracks", body).await.expect(201)
}

#[tokio::test]
async fn a_track_is_made_read_changed_and_deleted() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let made = ada.post("/v1/tracks", track("Östermalm", "The Persuader", "Stockholm")).await;
    let location = made.header("location").unwrap().to_owned();
    let made = made.expect(201);
    assert_eq!(location, format!("/v1/tracks/{}", made["id"].as_str().unwrap()));
    assert_eq!((&made["album_artist"], &made["owner_id"]), (&json!("The Persuader"), &json!(ada.id())));
    for field in ["track_number", "disc_number", "year", "cover", "audio", "source_id"] {
        assert_eq!(made.get(field), Some(&Value::Null), "{field}");
    }
    assert_eq!(as_listed(world.anonymous().get(&location).await.expect(200)), made);
    let patched =
        ada.patch(&location, json!({ "title": "Norrmalm", "year": 1999, "album": null })).await.expect(200);
    assert_eq!((&patched["title"], &patched["album_id"]), (&json!("Norrmalm"), &Value::Null));
    assert_eq!(patched["created_at"], made["created_at"]);
    assert_eq!(as_listed(ada.get(&location).await.expect(200)), patched);
    ada.delete(&location).await.expect(204);
    ada.get(&location).await.problem(404, "not_found");
    ada.delete(&location).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_same_source_id_answers_the_same_track() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let name = world.name("A");
    let body = json!({ "title": "One", "artist": name, "source_id": "x:1" });
    let first = add(&ada, body.clone()).await;
    let again = json!({ "title": "Another title", "artist": name, "source_id": "x:1" });
    assert_eq!(ada.post("/v1/tracks", again).await.expect(200), first);
    assert_ne!(add(&bob, body).await["id"], first["id"]);
    let artist = format!("/v1/artists/{}", first["artist_id"].as_str().unwrap());
    assert_eq!(ada.get(&artist).await.expect(200)["track_count"], 2);
}

#[tokio::test]
async fn a_batch_answers_for_each_track_in_order() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let batch = json!({ "tracks": [
        { "title": "One", "artist": world.name("A"), "source_id": "1" },
        { "title": "", "artist": "A" },
        { "title": "Two", "artist": "A", "source_id": "1" },
        { "title": 7, "artist": "A" },
        { "title": "Three", "artist": "A", "nonsense": true },
        "text",
    ] });
    let results = ada.post("/v1/tracks/batch", batch).await.expect(200)["results"].clone();
    assert_eq!((&results[0]["created"], &results[2]["created"]), (&json!(true), &json!(false)));
    assert_eq!(results[0]["id"], results[2]["id"]);
    let field = |place: usize| results[place]["error"]["errors"][0]["field"].clone();
    assert_eq!([field(1), field(3), field(4), field(5)], ["title", "title", "nonsense", "body"]);
    let track = ada.get(&format!("/v1/tracks/{}", results[0]["id"].as_str().unwrap())).await.expect(200);
    let of_artist = format!("/v1/tracks?artist_id={}", track["artist_id"].as_str().unwrap());
    assert_eq!(ada.all(&of_artist, 100).await, [as_listed(track)]);
}

/// What artists and albums say, and what their tracks add up to.
async fn compare_with_a_recount(client: &Client) {
    let tracks = client.all("/v1/tracks?sort=title", 100).await;
    assert_eq!(client.all("/v1/tracks", 100).await.len(), tracks.len());
    let mut artists: BTreeMap<&str, u64> = BTreeMap::new();
    let mut albums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for track in &tracks {
        for artist in track["artists"].as_array().unwrap() {
            *artists.entry(artist["id"].as_str().unwrap()).or_default() += 1;
        }
        if let Some(album) = track["album_id"].as_str() {
            let (count, duration) = albums.entry(album).or_default();
            *count += 1;
            *duration += track["duration_ms"].as_u64().unwrap_or(0);
        }
    }
    let listed = client.all("/v1/artists", 100).await;
    let listed: BTreeMap<&str, u64> = listed
        .iter()
        .map(|artist| (artist["id"].as_str().unwrap(), artist["track_count"].as_u64().unwrap()))
        .collect();
    assert_eq!(listed, artists);
    for sort in ["name", "newest"] {
        let listed = client.all(&format!("/v1/albums?sort={sort}"), 100).await;
        let listed: BTreeMap<&str, (u64, u64)> = listed
            .iter()
            .map(|album| {
                let facts = (album["track_count"].as_u64().unwrap(), album["duration_ms"].as_u64().unwrap());
                (album["id"].as_str().unwrap(), facts)
            })
            .collect();
        assert_eq!(listed, albums);
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn counts_of_artists_and_albums_are_exact_after_every_write() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let one = add(&ada, track("One", "A", "X")).await;
    let two = add(&ada, json!({ "title": "Two", "artist": "A & B", "artists": ["A", "B"], "album": "X", "album_artist": "A" })).await;
    compare_with_a_recount(&ada).await;
    let path = |track: &Value| format!("/v1/tracks/{}", track["id"].as_str().unwrap());
    ada.patch(&path(&one), json!({ "artist": "C", "duration_ms": 5000 })).await.expect(200);
    compare_with_a_recount(&ada).await;
    ada.patch(&path(&two), json!({ "album": "Y" })).await.expect(200);
    compare_with_a_recount(&ada).await;
    ada.patch(&path(&one), json!({ "title": "Uno", "year": 1980 })).await.expect(200);
    let album =
        format!("/v1/albums/{}", ada.get(&path(&one)).await.expect(200)["album_id"].as_str().unwrap());
    assert_eq!(ada.get(&album).await.expect(200)["year"], 1980);
    ada.delete(&path(&one)).await.expect(204);
    compare_with_a_recount(&ada).await;
    ada.get(&album).await.problem(404, "not_found");
    ada.delete(&path(&two)).await.expect(204);
    assert!(ada.all("/v1/artists", 100).await.is_empty());
    assert!(ada.all("/v1/albums", 100).await.is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn counts_stay_exact_when_many_write_at_once_and_transactions_conflict() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    world.dynamodb().fail("TransactWriteItems", "tracks", Fault::Conflict, When::Before, 20);
    let write = |number: usize| {
        let ada = ada.clone();
        async move {
            let made = add(
                &ada,
                track(&format!("T{number}"), "A", if number.is_multiple_of(2) { "X" } else { "Y" }),
            )
            .await;
            let path = format!("/v1/tracks/{}", made["id"].as_str().unwrap());
            match number % 3 {
                0 => drop(ada.patch(&path, json!({ "album": "Z", "artist": "B" })).await.expect(200)),
                1 => drop(ada.delete(&path).await.expect(204)),
                _ => {}
            }
        }
    };
    futures::future::join_all((0..30).map(write)).await;
    assert_eq!(world.dynamodb().heal(), 0, "the conflicts were met");
    assert_eq!(ada.all("/v1/tracks", 7).await.len(), 20);
    compare_with_a_recount(&ada).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn a_write_whose_answer_is_lost_counts_once() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    world.dynamodb().fail("TransactWriteItems", "tracks", Fault::Dropped, When::After, 1);
    let answer = ada.post("/v1/tracks", json!({ "title": "One", "artist": "A", "source_id": "1" })).await;
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
    world.dynamodb().heal();
    compare_with_a_recount(&ada).await;
    assert_eq!(ada.all("/v1/tracks", 10).await.len(), 1);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn a_store_that_is_away_is_a_503_that_says_when_to_come_back() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    world.dynamodb().fail("TransactWriteItems", "tracks", Fault::Conflict, When::Before, 100);
    let answer = ada.post("/v1/tracks", track("One", "A", "X")).await;
    assert!(answer.header("retry-after").is_some());
    answer.problem(503, "contended");
    world.dynamodb().heal();
    assert!(ada.all("/v1/tracks", 10).await.is_empty());
    world.dynamodb().fail("", "tracks", Fault::Broken, When::Before, 100);
    let answer = ada.get("/v1/tracks").await;
    assert!(answer.header("retry-after").is_some());
    answer.problem(503, "unavailable");
    world.dynamodb().heal();
}

#[tokio::test]
async fn lists_come_in_the_order_that_was_asked_for_page_by_page() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let (artist, mut made) = (world.name("A"), Value::Null);
    for title in ["Éclair", "apple", "“Zebra”", "Banana"] {
        made = add(&ada, track(title, &artist, "X")).await;
        world.pass(std::time::Duration::from_millis(5)).await;
    }
    let artist_id = made["artist_id"].as_str().unwrap();
    let album_id = made["album_id"].as_str().unwrap();
    let mut filters = vec![
        format!("artist_id={artist_id}"),
        format!("album_id={album_id}"),
        format!("artist_id={artist_id}&album_id={album_id}"),
    ];
    if !world.is_deployed() {
        filters.push(String::new());
    }
    for filter in filters {
        for limit in [1, 3, 4, 100] {
            let titles = async |sort: &str| -> Vec<String> {
                let tracks = ada.all(&format!("/v1/tracks?sort={sort}&{filter}"), limit).await;
                tracks.iter().map(|track| track["title"].as_str().unwrap().to_owned()).collect()
            };
            assert_eq!(titles("title").await, ["apple", "Banana", "Éclair", "“Zebra”"], "{filter} {limit}");
            assert_eq!(titles("newest").await, ["Banana", "“Zebra”", "apple", "Éclair"], "{filter} {limit}");
        }
    }
    let cursor = ada.get("/v1/tracks?limit=1").await.expect(200)["next_cursor"].as_str().unwrap().to_owned();
    let elsewhere = ada.get(&format!("/v1/tracks?sort=title&cursor={cursor}")).await.problem(422, "invalid");
    assert_eq!(elsewhere["errors"][0]["field"], "cursor");
}

#[tokio::test]
async fn an_album_lists_its_tracks_by_disc_and_number_and_an_artist_the_albums_by_name() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let artist = world.name("A");
    for (title, disc, number) in [("d", 2, 1), ("b", 1, 2), ("c", 1, 10), ("a", 1, 1)] {
        let mut body = track(title, &artist, "X");
        body["disc_number"] = json!(disc);
        body["track_number"] = json!(number);
        add(&ada, body).await;
    }
    let other = add(&ada, track("other", &artist, "M")).await;
    let artist_id = other["artist_id"].as_str().unwrap();
    let artist = ada.get(&format!("/v1/artists/{artist_id}")).await.expect(200);
    let album_id = artist["albums"][1]["id"].as_str().unwrap();
    for limit in [1, 2, 50] {
        let mut titles = Vec::new();
        let mut cursor = String::new();
        loop {
            let album = ada.get(&format!("/v1/albums/{album_id}?limit={limit}{cursor}")).await.expect(200);
            assert_eq!((&album["name"], &album["track_count"]), (&json!("X"), &json!(4)));
            titles.extend(album["tracks"].as_array().unwrap().iter().map(|track| track["title"].clone()));
            let Some(next) = album["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(titles, ["a", "b", "c", "d"], "limit {limit}");
    }
    let first = ada.get(&format!("/v1/artists/{artist_id}?limit=1")).await.expect(200);
    assert_eq!((&first["albums"][0]["name"], &first["track_count"]), (&json!("M"), &json!(5)));
    let next = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/v1/artists/{artist_id}?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((&second["albums"][0]["name"], &second["next_cursor"]), (&json!("X"), &Value::Null));
}

#[tokio::test]
async fn an_etag_saves_the_second_answer() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let made = add(&ada, track("One", "A", "X")).await;
    let path = format!("/v1/tracks/{}", made["id"].as_str().unwrap());
    let etag = ada.get(&path).await.header("etag").unwrap().to_owned();
    let conditional = || ada.request(reqwest::Method::GET, &path).header("if-none-match", etag.clone());
    let answer = ada.send(conditional()).await;
    assert_eq!((answer.status, answer.text.as_str(), answer.header("etag")), (304, "", Some(etag.as_str())));
    ada.patch(&path, json!({ "title": "Two" })).await.expect(200);
    assert_eq!(ada.send(conditional()).await.status, 200);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn the_real_catalogue_lists_exactly() {
    let Some(path) = catalogue() else { return };
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Value> = text.lines().take(1_500).map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut artists = BTreeSet::new();
    for chunk in rows.chunks(100) {
        let tracks: Vec<Value> = chunk
            .iter()
            .map(|row| {
                let mut row = row.clone();
                artists.insert(row["artist"].as_str().unwrap().to_lowercase());
                row.as_object_mut().unwrap().retain(|field, _| field != "styles" && field != "country");
                row
            })
            .collect();
        let results = ada.post("/v1/tracks/batch", json!({ "tracks": tracks })).await.expect(200);
        assert!(results["results"].as_array().unwrap().iter().all(|result| result["created"] == true));
    }
    assert_eq!(ada.all("/v1/tracks", 100).await.len(), rows.len());
    assert_eq!(ada.all("/v1/artists", 100).await.len(), artists.len());
    compare_with_a_recount(&ada).await;
}
