//! Listens: sent, counted, shown.

mod chaos;
mod counting;
pub(crate) mod events;
mod exactness;
mod folded;
mod history;
mod insights;
mod recap;
mod scale;

use serde_json::{Value, json};
use tests::{Client, World};

/// A track of the catalogue.
async fn track(
    client: &Client,
    title: &str,
    artists: &[&str],
    album: Option<&str>,
    genres: &[&str],
) -> Value {
    let body = json!({
        "title": title, "artist": artists.join(" & "), "artists": artists, "album": album, "genres": genres,
        "duration_ms": 200_000,
    });
    client.post("/v1/tracks", body).await.expect(201)
}

/// A listen to a track of the catalogue.
fn to_track(track: &Value, at: &str) -> Value {
    json!({ "track_id": track["id"], "listened_at": at })
}

/// A listen to anything.
fn to_song(title: &str, artist: &str, at: &str) -> Value {
    json!({ "title": title, "artist": artist, "listened_at": at })
}

/// Sends listens, which must all be kept; answers their ids.
async fn send(client: &Client, listens: Vec<Value>) -> Vec<String> {
    let count = listens.len();
    let answer = client.post("/v1/listens", json!({ "listens": listens })).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), count);
    let id = |result: &Value| result["id"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned();
    results.iter().map(id).collect()
}

/// Sends listens and waits until they are counted.
async fn heard(world: &World, client: &Client, listens: Vec<Value>) -> Vec<String> {
    let ids = send(client, listens).await;
    world.settle().await;
    ids
}

/// The items of a top list, as `name count`.
async fn top(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(&format!("/v1/insights/{path}")).await.expect(200);
    let line = |item: &Value| {
        let name = [&item["title"], &item["name"], &item["account"]["username"]];
        let name = name.into_iter().find_map(Value::as_str).unwrap_or_default();
        format!("{name} {}", item["count"])
    };
    answer["items"].as_array().unwrap().iter().map(line).collect()
}
