//! What is left of an account that is deleted: nothing.

use serde_json::{Value, json};
use tests::World;

use super::{another_session, assert_refused, refresh, sign_in};

#[tokio::test]
async fn deleting_an_account_frees_its_name_and_ends_everything() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let other = another_session(&world, &nina).await;
    let key = nina.post("/v1/me/keys", json!({ "name": "Radio" })).await.expect(201);
    let radio = nina.with_token(key["key"].as_str().unwrap());
    other.delete("/v1/me").await.expect(204);

    for client in [&nina, &other, &radio] {
        assert_refused(client).await;
    }
    for client in [&nina, &other] {
        refresh(&world, &client.session["refresh_token"]).await.problem(401, "bad_refresh_token");
    }
    sign_in(&world, nina.username(), &World::password("nina")).await.problem(401, "bad_login");
    // Free at once, before anything was cleaned up.
    let successor = world.sign_up("nina").await;
    assert_ne!(successor.id(), nina.id());
    world.settle().await;
    assert_eq!(successor.get("/v1/me").await.expect(200), successor.account);
    assert_refused(&nina).await;
}

#[tokio::test]
async fn what_a_deleted_account_owned_is_deleted() {
    let world = World::start().await;
    let (nina, omar) = tokio::join!(world.sign_up("nina"), world.sign_up("omar"));
    let artist = world.name("Björk");
    let track = |title: &str| json!({ "title": title, "artist": artist, "album": "Post" });
    let hers = nina.post("/v1/tracks", track("Army of Me")).await.expect(201);
    let his = omar.post("/v1/tracks", track("Hyperballad")).await.expect(201);
    let list = |name: &str, ids: &[&Value]| {
        let ids: Vec<&Value> = ids.iter().map(|track| &track["id"]).collect();
        json!({ "name": name, "visibility": "public", "track_ids": ids })
    };
    let her_list = nina.post("/v1/playlists", list("Hers", &[&hers, &his])).await.expect(201);
    let his_list = omar.post("/v1/playlists", list("His", &[&hers, &his])).await.expect(201);
    let his_path = format!("/v1/playlists/{}", his_list["id"].as_str().unwrap());
    omar.put(&format!("{his_path}/collaborators/{}", nina.username()), json!({})).await.expect(200);
    for _ in 0..3 {
        another_session(&world, &nina).await;
    }
    nina.delete("/v1/me").await.expect(204);
    world.settle().await;

    let anonymous = world.anonymous();
    let her_track = format!("/v1/tracks/{}", hers["id"].as_str().unwrap());
    anonymous.get(&her_track).await.problem(404, "not_found");
    let her_path = format!("/v1/playlists/{}", her_list["id"].as_str().unwrap());
    anonymous.get(&her_path).await.problem(404, "not_found");
    let items = anonymous.get(&format!("{his_path}/items")).await.expect(200);
    assert_eq!(items["items"][0]["track"], Value::Null);
    assert_eq!(items["items"][1]["track"]["id"], his["id"]);
    assert_eq!(anonymous.get(&his_path).await.expect(200)["collaborators"], json!([]));
    let artist = format!("/v1/artists/{}", his["artist_id"].as_str().unwrap());
    assert_eq!(anonymous.get(&artist).await.expect(200)["track_count"], 1);
    if world.is_deployed() {
        return;
    }
    let held = world.store().accounts.held(nina.id().parse().unwrap(), None, 100).await.unwrap();
    assert!(held.account.is_none() && held.keys.is_empty() && held.sessions.is_empty(), "{held:?}");
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
}

#[tokio::test]
async fn a_large_account_is_cleaned_up_in_rounds() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let artist = world.name("Moondog");
    for batch in 0..6 {
        let track = |number| json!({ "title": format!("Take {batch}.{number}"), "artist": artist });
        let tracks: Vec<Value> = (0..100).map(track).collect();
        nina.post("/v1/tracks/batch", json!({ "tracks": tracks })).await.expect(200);
    }
    let last = json!({ "title": "Bumbo", "artist": artist });
    let last = nina.post("/v1/tracks", last).await.expect(201);
    let artist = format!("/v1/artists/{}", last["artist_id"].as_str().unwrap());
    assert_eq!(nina.get(&artist).await.expect(200)["track_count"], 601);
    nina.delete("/v1/me").await.expect(204);
    world.settle().await;
    world.anonymous().get(&artist).await.problem(404, "not_found");
    if world.is_deployed() {
        return;
    }
    let owned = world.store().tracks.list_owned(nina.id().parse().unwrap(), 10, None).await.unwrap();
    assert!(owned.items.is_empty());
    assert_eq!(world.anonymous().get("/v1/artists").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn an_event_about_an_account_that_is_there_deletes_nothing() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let track =
        nina.post("/v1/tracks", json!({ "title": "Bird's Lament", "artist": "Moondog" })).await.expect(201);
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/cleanup-account.json")).unwrap();
    let sample = world.invoke("cleanup", event.clone()).await;
    assert_eq!(sample, json!({ "batchItemFailures": [] }));
    for record in event["Records"].as_array_mut().unwrap() {
        record["dynamodb"]["Keys"]["pk"]["S"] = json!(format!("ACCOUNT#{}", nina.id()));
    }
    assert_eq!(world.invoke("cleanup", event).await, json!({ "batchItemFailures": [] }));
    nina.get("/v1/me").await.expect(200);
    nina.get(&format!("/v1/tracks/{}", track["id"].as_str().unwrap())).await.expect(200);
    let playlist: Value =
        serde_json::from_str(include_str!("../../../events/cleanup-playlist.json")).unwrap();
    assert_eq!(world.invoke("cleanup", playlist).await, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn deleting_twice_at_once_deletes_once() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let (first, second) = tokio::join!(nina.delete("/v1/me"), nina.delete("/v1/me"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401]);
}
