//! How soon a write is found.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Client, World};

/// What is promised, on a machine that does nothing else.
const PROMISED: Duration = Duration::from_secs(2);
/// After so long a change is taken for lost.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long it takes until a search finds so many tracks.
async fn until_found(client: &Client, query: &str, total: u64) -> Duration {
    let began = Instant::now();
    loop {
        let answer = client.get(&format!("/v1/search?q={query}&types=track")).await.expect(200);
        if answer["tracks"]["total"] == total {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{query:?} is not found {total} times after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_found_within_seconds_and_a_deletion_is_gone_as_soon() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        let title = world.name(&format!("zebra{round}"));
        let made = ada.post("/v1/tracks", json!({ "title": title, "artist": "Ada" })).await.expect(201);
        let found = until_found(&ada, &title, 1).await;
        ada.delete(&format!("/v1/tracks/{}", made["id"].as_str().unwrap())).await.expect(204);
        let gone = until_found(&ada, &title, 0).await;
        slowest = slowest.max(found).max(gone);
    }
    println!("found and gone within {slowest:?}; promised are {PROMISED:?}");
}
