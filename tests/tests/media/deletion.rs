//! What is left of what was deleted: nothing.

use std::time::Duration;

use mixtape_domain::media::Sha256Hex;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

use super::{announcement, assert_objects, fixture, objects, png, put, tone, upload};

async fn set(client: &Client, path: &str, picture: Vec<u8>) {
    let request = client.request(Method::PUT, path).header("content-type", "image/png").body(picture);
    client.send(request).await.expect(200);
}

#[tokio::test]
async fn a_deleted_track_takes_its_sound_and_its_cover_along() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let ready = upload(&world, &ada, "a.mp3", fixture("id3v24.mp3")).await;
    assert!(world.is_deployed() || objects(&world).await.len() > 5);
    let path = format!("/v1/tracks/{}", ready["track_id"].as_str().unwrap());
    let cover = ada.get(&path).await.expect(200)["cover"]["small"].as_str().unwrap().to_owned();
    let sound = ada.get(&format!("{path}/stream?redirect=0")).await.expect(200);
    ada.delete(&path).await.expect(204);
    world.settle().await;
    ada.get(&cover).await.problem(404, "not_found");
    assert_eq!(reqwest::get(sound["url"].as_str().unwrap()).await.unwrap().status(), 404);
    assert_objects(&world, &[]).await;
    // The sound can come again, as a track of its own.
    let again = upload(&world, &ada, "a.mp3", fixture("id3v24.mp3")).await;
    assert_eq!(again["status"], "ready");
    assert_ne!(again["track_id"], ready["track_id"]);
}

#[tokio::test]
async fn a_picture_stays_as_long_as_something_shows_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let picture = png(60, 60, 3);
    let artist = world.name("A");
    let mut paths = Vec::new();
    for title in ["One", "Two"] {
        let body = json!({ "title": title, "artist": artist, "album": "X" });
        let track = ada.post("/v1/tracks", body).await.expect(201);
        paths.push(format!("/v1/tracks/{}", track["id"].as_str().unwrap()));
        set(&ada, &format!("{}/cover", paths[paths.len() - 1]), picture.clone()).await;
        if paths.len() == 1 {
            let album = format!("/v1/albums/{}/cover", track["album_id"].as_str().unwrap());
            set(&ada, &album, picture.clone()).await;
        }
    }
    let playlist = ada.post("/v1/playlists", json!({ "name": "P" })).await.expect(201);
    let playlist = format!("/v1/playlists/{}", playlist["id"].as_str().unwrap());
    set(&ada, &format!("{playlist}/cover"), picture.clone()).await;
    set(&ada, "/v1/me/photo", picture).await;
    let cover = ada.get(&paths[0]).await.expect(200)["cover"]["small"].as_str().unwrap().to_owned();
    let is_there = async || {
        world.settle().await;
        ada.get(&cover).await.status == 200
    };
    ada.delete(&format!("{}/cover", paths[0])).await.expect(204);
    assert!(is_there().await);
    ada.delete(&paths[0]).await.expect(204);
    ada.delete(&paths[1]).await.expect(204);
    assert!(is_there().await, "the album is gone, and the playlist shows it");
    ada.delete(&playlist).await.expect(204);
    assert!(is_there().await, "the account shows it");
    ada.delete("/v1/me/photo").await.expect(204);
    assert!(!is_there().await);
    assert_objects(&world, &[]).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_no_object() {
    let world = World::start().await;
    let (ada, grace) = (world.sign_up("ada").await, world.sign_up("grace").await);
    let theirs = upload(&world, &grace, "b.ogg", fixture("vorbis.ogg")).await;
    let kept = if world.is_deployed() { Vec::new() } else { objects(&world).await };
    let hers = upload(&world, &ada, "a.mp3", fixture("id3v24.mp3")).await;
    let hers = format!("/v1/tracks/{}/stream?redirect=0", hers["track_id"].as_str().unwrap());
    let sound = ada.get(&hers).await.expect(200);
    set(&ada, "/v1/me/photo", png(30, 30, 8)).await;
    let photo = ada.get("/v1/me").await.expect(200)["photo"]["small"].as_str().unwrap().to_owned();
    let playlist = ada.post("/v1/playlists", json!({ "name": "P" })).await.expect(201);
    set(&ada, &format!("/v1/playlists/{}/cover", playlist["id"].as_str().unwrap()), png(30, 30, 9)).await;
    ada.post("/v1/uploads", announcement("waiting.wav", &tone(100))).await.expect(201);
    let gone = ada.request(Method::DELETE, "/v1/me").json(&json!({ "password": World::password("ada") }));
    ada.send(gone).await.expect(204);
    world.settle().await;
    grace.get(&photo).await.problem(404, "not_found");
    assert_eq!(reqwest::get(sound["url"].as_str().unwrap()).await.unwrap().status(), 404);
    assert_objects(&world, &kept).await;
    let track = format!("/v1/tracks/{}/stream", theirs["track_id"].as_str().unwrap());
    assert_eq!(grace.get(&track).await.status, 200);
    if world.is_deployed() {
        return;
    }
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn an_upload_that_is_never_finished_goes_after_a_day_and_gives_its_room_back() {
    let world = World::with_parameters(&[("MaxAccountBytes", "20000")]).await;
    let ada = world.sign_up("ada").await;
    let announced = ada.post("/v1/uploads", announcement("a.wav", &tone(100))).await.expect(201);
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    ada.post("/v1/uploads", announcement("b.wav", &tone(200))).await.problem(409, "storage_full");
    world.clock().advance(Duration::from_secs(25 * 60 * 60));
    let ada = signed_in(&world, "ada").await;
    ada.get(&path).await.problem(404, "not_found");
    // DynamoDB removes expired items by its own clock; here the same is done by hand.
    let id = announced["id"].as_str().unwrap().parse().unwrap();
    let owner = ada.id().parse().unwrap();
    let record = world.store().media.upload(owner, id).await.unwrap().unwrap();
    let owner_pk = format!("OWNER#{}", ada.id());
    let query = json!({
        "TableName": "mixtape-media", "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": { ":pk": { "S": owner_pk }, ":sk": { "S": "UPLOAD#" } },
    });
    let found = world.dynamodb().send("Query", query).await;
    let item = &found["Items"][0];
    let key = json!({ "pk": item["pk"], "sk": item["sk"] });
    world.dynamodb().send("DeleteItem", json!({ "TableName": "mixtape-media", "Key": key })).await;
    world.settle().await;
    ada.post("/v1/uploads", announcement("b.wav", &tone(200))).await.expect(201);
    ada.post("/v1/uploads", announcement("c.wav", &tone(300))).await.problem(409, "storage_full");
    // The record of its removal can come twice.
    for _ in 0..2 {
        world.store().media.end_upload(&record, world.clock().now()).await.unwrap();
    }
    ada.post("/v1/uploads", announcement("c.wav", &tone(300))).await.problem(409, "storage_full");
}

async fn signed_in(world: &World, username: &str) -> Client {
    let login = json!({ "login": username, "password": World::password(username) });
    let session = world.anonymous().post("/v1/sessions", login).await.expect(201);
    world.anonymous().with_session(&session, &session["account"])
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_sweep_finds_what_is_alone_and_touches_nothing_else() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let ready = upload(&world, &ada, "a.mp3", fixture("id3v24.mp3")).await;
    let intact = objects(&world).await;
    let clean = swept(&world, false).await;
    assert_eq!((&clean["objects_without_item"], &clean["items_without_objects"]), (&json!([]), &json!([])));

    let store = &world.store().objects;
    // The last one is made again when somebody asks, so that nothing says that it belongs to anything.
    let lost = [
        "audio/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/file",
        "images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/master",
        "uploads/x/y",
        "mosaics/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/384.webp",
    ];
    for key in lost {
        store.put(key, b"lost".to_vec()).await.unwrap();
    }
    let found = swept(&world, false).await;
    assert_eq!(
        found["objects_without_item"],
        json!(["audio/01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "uploads/x/y"])
    );
    assert_eq!(objects(&world).await.len(), intact.len() + lost.len(), "it only reports");
    swept(&world, true).await;
    assert_eq!(objects(&world).await, intact);

    let track = ada.get(&format!("/v1/tracks/{}", ready["track_id"].as_str().unwrap())).await.expect(200);
    let audio = track["audio"]["id"].as_str().unwrap();
    store.delete_all(&format!("audio/{audio}/")).await.unwrap();
    let found = swept(&world, true).await;
    assert_eq!(found["items_without_objects"], json!([format!("audio/{audio}")]));
}

/// A whole sweep, slice by slice, of objects of any age.
async fn swept(world: &World, repair: bool) -> Value {
    let mut total = json!({ "objects_without_item": [], "items_without_objects": [] });
    let mut after = Value::Null;
    loop {
        let event = json!({ "sweep": { "repair": repair, "after": after, "min_age_seconds": 0 } });
        let slice = world.invoke("cleanup", event).await;
        for list in ["objects_without_item", "items_without_objects"] {
            let found = slice[list].as_array().unwrap().clone();
            total[list].as_array_mut().unwrap().extend(found);
        }
        if slice["done"] == true {
            return total;
        }
        after = slice["next"].clone();
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn sums_of_storage_are_exact_whatever_happens_at_once() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = tone(700);
    let announced = ada.post("/v1/uploads", announcement("a.wav", &song)).await.expect(201);
    assert_eq!(put(&announced["upload"], song.clone()).await, 200);
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    // Given up while it is processed: one of both wins, and the other changes nothing.
    ada.delete(&path).await.expect(204);
    world.settle().await;
    let owner = ada.id().parse().unwrap();
    let digest: Sha256Hex = super::sha256(&song).parse().unwrap();
    let is_kept = world.store().media.known_file(owner, digest).await.unwrap().is_some();
    let tracks = ada.get("/v1/tracks").await.expect(200);
    assert_eq!(tracks["items"].as_array().unwrap().len(), usize::from(is_kept));
    let sounds = objects(&world).await.iter().filter(|key| key.starts_with("audio/")).count();
    assert_eq!(sounds, if is_kept { 2 } else { 0 });
}
