//! Search: what is found over the API, and how the index follows the table whatever happens on the way.

mod api;
mod chaos;
mod cloudsearch;
mod fresh;
mod parity;
mod publication;
mod relevance;

use std::time::Duration;

use mixtape::SearchWith;
use serde_json::{Value, json};
use tests::{Client, World};

/// Tracks of a small catalogue: title, artist, album, year, genre.
const TRACKS: [(&str, &str, &str, u16, &str); 14] = [
    ("Army of Me", "Björk", "Post", 1995, "Electronic"),
    ("Hyperballad", "Björk", "Post", 1995, "Electronic"),
    ("Around the World", "Daft Punk", "Homework", 1997, "Electronic"),
    ("One More Time", "Daft Punk", "Discovery", 2001, "Electronic"),
    ("Thunderstruck", "AC/DC", "The Razors Edge", 1990, "Rock"),
    ("Don\u{2019}t Stop Me Now", "Queen", "Jazz", 1978, "Rock"),
    ("Get the Party Started", "P!nk", "M!ssundaztood", 2001, "Pop"),
    ("Paper Planes", "M.I.A.", "Kala", 2007, "Hip Hop"),
    ("Me and Giuliani Down by the School Yard", "!!!", "Louden Up Now", 2004, "Rock"),
    ("群青日和", "東京事変", "教育", 2004, "J-Pop"),
    ("강남스타일", "싸이", "싸이6甲", 2012, "Hip Hop"),
    ("Mrs. Robinson", "Simon & Garfunkel", "Bookends", 1968, "Folk"),
    ("Come Together", "The Beatles", "Abbey Road", 1969, "Rock"),
    ("Yesterday", "The Beatles", "Help!", 1965, "Rock"),
];

fn new_track((title, artist, album, year, genre): (&str, &str, &str, u16, &str)) -> Value {
    json!({ "title": title, "artist": artist, "album": album, "year": year, "genres": [genre] })
}

/// Adds tracks through the batch route; answers their ids.
async fn add(owner: &Client, tracks: Vec<Value>) -> Vec<String> {
    let mut ids = Vec::new();
    for batch in tracks.chunks(100) {
        let made = owner.post("/v1/tracks/batch", json!({ "tracks": batch })).await.expect(200);
        let results = made["results"].as_array().unwrap();
        ids.extend(results.iter().map(|result| result["id"].as_str().expect("it was added").to_owned()));
    }
    ids
}

/// An empty world in which this answers searches.
async fn empty(search: SearchWith) -> World {
    match search {
        SearchWith::Template => World::start().await,
        SearchWith::CloudSearch => World::with_cloudsearch().await.0,
    }
}

/// A world with the small catalogue, indexed.
async fn sample() -> (World, Client, Vec<String>) {
    sample_of(SearchWith::Template).await
}

/// As [`sample`], with this to answer searches.
async fn sample_of(search: SearchWith) -> (World, Client, Vec<String>) {
    let world = empty(search).await;
    let owner = world.sign_up("ada").await;
    let ids = add(&owner, TRACKS.map(new_track).to_vec()).await;
    settle(&world).await;
    (world, owner, ids)
}

/// Waits until the index is current and the next search looks for it.
async fn settle(world: &World) {
    world.settle().await;
    world.clock().advance(Duration::from_secs(1));
}

/// The titles or names of one type that a search finds.
async fn found(client: &Client, query: &str, kind: &str) -> Vec<String> {
    let path = format!("/v1/search?{}", encoded(&[("q", query)]));
    let answer = client.get(&path).await.expect(200);
    let items = answer[kind]["items"].as_array().unwrap();
    let name = |item: &Value| item["title"].as_str().or(item["name"].as_str()).unwrap().to_owned();
    items.iter().map(name).collect()
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    url.query().unwrap_or_default().to_owned()
}
