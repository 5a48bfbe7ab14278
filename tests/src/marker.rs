//! Changes whose effects show that the functions behind the streams have come to them, and so to what was before them.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::deployed::suffix;
use crate::{Client, World};

/// After so long a change is taken for lost.
const PATIENCE: Duration = Duration::from_secs(600);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
const PICTURE: &[u8] = include_bytes!("marker.png");

/// Waits until a new track is found, a listen to it is counted, and both are gone with their account, and its picture
/// too.
pub(crate) async fn is_through(world: &World) {
    let title = format!("marker{}", suffix());
    let somebody = Client::new(reqwest::Client::new(), world.url());
    let body = json!({ "username": title, "email": format!("{title}@example.org"), "password": World::password(&title) });
    let made = somebody.post("/v1/accounts", body).await.expect(201);
    let marker = somebody.with_session(&made["session"], &made["account"]);
    let track = marker.post("/v1/tracks", json!({ "title": title, "artist": title })).await.expect(201);
    let listen = json!({ "track_id": track["id"], "listened_at": world.now() });
    marker.post("/v1/listens", json!({ "listens": [listen] })).await.expect(200);
    let path = format!("/v1/tracks/{}", track["id"].as_str().expect("a track has an id"));
    let cover = marker.request(Method::PUT, &format!("{path}/cover"));
    marker.send(cover.header("content-type", "image/png").body(PICTURE)).await.expect(200);
    let shown = marker.get(&path).await.expect(200);
    let picture = shown["cover"]["small"].as_str().expect("a cover has an address").to_owned();
    until("counted", async || marker.get("/v1/insights/me/totals").await.expect(200)["listens"] == 1).await;
    let search = format!("/v1/search?q={title}&types=track");
    until("found", async || marker.get(&search).await.expect(200)["tracks"]["total"] == 1).await;
    marker.delete("/v1/me").await.expect(204);
    until("deleted", async || somebody.get(&path).await.status == 404).await;
    until("deleted with its picture", async || somebody.get(&picture).await.status == 404).await;
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "the marker was not {what} after {PATIENCE:?}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
