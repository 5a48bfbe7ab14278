//! What a shuffle reads of a large catalogue. The catalogue is made from the item of one real track, because a million
//! requests would take an hour.

use std::collections::HashMap;

use mixtape_domain::{TrackId, sample};
use serde_json::{Value, json};
use tests::World;

/// Items of one BatchWriteItem; DynamoDB's limit.
const BATCH: usize = 25;
/// What one shuffle may read, in capacity units.
const MOST_UNITS: f64 = 400.0;

/// Fills the table with copies of a track under other ids.
async fn fill(world: &World, tracks: usize) {
    let ada = world.sign_up("ada").await;
    let made =
        ada.post("/v1/tracks", json!({ "title": "One", "artist": "A", "album": "X" })).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let key = json!({ "pk": { "S": format!("TRACK#{id}") }, "sk": { "S": format!("TRACK#{id}") } });
    let get = json!({ "TableName": "mixtape-tracks", "Key": key });
    let mould = world.dynamodb().send("GetItem", get).await["Item"].to_string();
    let place = sample::place(id);
    for start in (0..tracks).step_by(BATCH) {
        let puts = (start..(start + BATCH).min(tracks)).map(|number| {
            let copy = TrackId::from_parts(&["scale", &number.to_string()]).to_string();
            let text = mould.replace(&place, &sample::place(&copy)).replace(id, &copy);
            let item: Value = serde_json::from_str(&text).unwrap();
            json!({ "PutRequest": { "Item": item } })
        });
        let body = json!({ "RequestItems": HashMap::from([("mixtape-tracks", puts.collect::<Vec<_>>())]) });
        world.dynamodb().send("BatchWriteItem", body).await;
    }
}

#[expect(clippy::print_stdout, reason = "the number is what the run by hand is for")]
async fn check(tracks: usize) {
    let world = World::unattended().await;
    fill(&world, tracks).await;
    let mut most: f64 = 0.0;
    for hour in 0..8 {
        world.dynamodb().take();
        let at = format!("2026-11-21T{:02}:00:00Z", hour * 3);
        world.invoke("shuffle", json!({ "scheduled_time": at })).await;
        let calls = world.dynamodb().take();
        most = most.max(calls.iter().filter(|call| call.operation != "PutItem").map(|call| call.units).sum());
    }
    println!("{tracks} tracks: a shuffle reads at most {most} units");
    assert!(most <= MOST_UNITS, "{tracks} tracks: {most} units");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_shuffle_of_20_000_tracks_reads_little() {
    check(20_000).await;
}

#[tokio::test]
#[ignore = "takes about a minute: cargo test -p tests -- --ignored --nocapture a_shuffle"]
async fn a_shuffle_of_100_000_tracks_reads_little() {
    check(100_000).await;
}

#[tokio::test]
#[ignore = "takes some minutes and 4 GB: cargo test -p tests -- --ignored --nocapture a_shuffle"]
async fn a_shuffle_of_1_000_000_tracks_reads_little() {
    check(1_000_000).await;
}
