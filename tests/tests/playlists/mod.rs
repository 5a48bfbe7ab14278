//! Playlists over HTTP.

mod cost;
mod edits;
mod files;
mod replaced;
mod rights;

use serde_json::{Value, json};
use tests::{Answer, Client};

/// The artist of [`tracks`]: with the end of the username, where that has one, so that nobody else has tracks of it.
fn artist(client: &Client) -> String {
    let username = client.username();
    format!("The Persuader{}", username.find('-').map_or("", |end| &username[end..]))
}

/// Makes `count` tracks of one second each and answers their ids.
async fn tracks(client: &Client, count: usize) -> Vec<String> {
    let (artist, mut ids) = (artist(client), Vec::new());
    for start in (0..count).step_by(100) {
        let track = |number: usize| json!({ "title": format!("Track {number}"), "artist": artist, "duration_ms": 1000 });
        let batch: Vec<Value> = (start..count.min(start + 100)).map(track).collect();
        let answer = client.post("/v1/tracks/batch", json!({ "tracks": batch })).await.expect(200);
        let results = answer["results"].as_array().unwrap();
        ids.extend(results.iter().map(|result| result["id"].as_str().unwrap().to_owned()));
    }
    ids
}

/// Makes a playlist and answers its path.
async fn playlist(client: &Client, fields: Value) -> String {
    let mut body = json!({ "name": "Rainy Sunday" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = client.post("/v1/playlists", body).await;
    let location = answer.header("location").map(ToOwned::to_owned);
    answer.expect(201);
    location.unwrap()
}

async fn add(client: &Client, path: &str, track_ids: &[String]) -> Answer {
    client.post(&format!("{path}/items"), json!({ "track_ids": track_ids })).await
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    client.all(&format!("{path}/items"), 100).await
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn track_ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["track"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Checks the playlist's counts against a recount and answers the items.
async fn recount(client: &Client, path: &str) -> Vec<Value> {
    let found = items(client, path).await;
    let playlist = client.get(path).await.expect(200);
    assert_eq!(playlist["item_count"], found.len());
    let durations = found.iter().filter_map(|item| item["track"]["duration_ms"].as_u64());
    assert_eq!(playlist["duration_ms"], durations.sum::<u64>());
    found
}
