//! Everything twice, late, at once, and broken off at every call.

use futures::future::join_all;
use mixtape_events::EventError;
use serde_json::{Value, json};
use tests::{Client, Fault, When, World};

use super::{announcement, fixture, objects, put, tone, track_of};
use crate::stack::process::Server;

pub(super) fn event(key: &str) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/ingest.json")).unwrap();
    event["detail"]["object"]["key"] = json!(key);
    event
}

/// An announced file that has been sent, in a world in which nobody is told of it.
async fn sent(client: &Client, bytes: &[u8]) -> (String, String) {
    let announced = client.post("/v1/uploads", announcement("a.mp3", bytes)).await.expect(201);
    assert_eq!(put(&announced["upload"], bytes.to_vec()).await, 200);
    let id = announced["id"].as_str().unwrap();
    (format!("/v1/uploads/{id}"), format!("uploads/{}/{id}", client.id()))
}

/// One track, with all of its objects and no others.
async fn is_whole(world: &World, client: &Client, upload: &str) {
    let track = track_of(client, &client.get(upload).await.expect(200)).await;
    let tracks = client.get("/v1/tracks").await.expect(200);
    assert_eq!(tracks["items"].as_array().unwrap().len(), 1);
    let audio = track["audio"]["id"].as_str().unwrap();
    let keys = objects(world).await;
    let (sounds, others): (Vec<&String>, Vec<&String>) =
        keys.iter().partition(|key| key.starts_with("audio/"));
    let expected = [format!("audio/{audio}/analysis.json"), format!("audio/{audio}/file")];
    assert_eq!(sounds, expected.iter().collect::<Vec<_>>());
    if let Some(cover) = track["cover"]["small"].as_str() {
        let image = cover.strip_prefix("/v1/images/").unwrap().split('?').next().unwrap();
        let shown: Vec<_> =
            others.iter().filter(|key| key.starts_with(&format!("images/{image}/"))).collect();
        assert_eq!(shown.len(), 7, "{others:?}");
        let album =
            client.get(&format!("/v1/albums/{}", track["album_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(album["cover"], track["cover"]);
    }
    assert!(keys.iter().all(|key| !key.starts_with("uploads/")), "{keys:?}");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn an_event_can_come_twice_late_and_at_the_same_time() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let (upload, key) = sent(&ada, &fixture("id3v24.mp3")).await;
    // Before the file: nothing happens, and nothing is lost.
    let early = ada.post("/v1/uploads", announcement("b.wav", &tone(100))).await.expect(201);
    let early_key = format!("uploads/{}/{}", ada.id(), early["id"].as_str().unwrap());
    assert_eq!(world.invoke("ingest", event(&early_key)).await["status"], "waiting");
    let at_once = (0..4).map(|_| world.stack().invoke("ingest", event(&key)));
    let answers = join_all(at_once).await;
    assert!(answers.iter().any(|answer| answer.as_ref().is_ok_and(|answer| answer["status"] == "ready")));
    world.invoke("ingest", event(&key)).await;
    is_whole(&world, &ada, &upload).await;
    // And after the track was deleted.
    let track = ada.get(&upload).await.expect(200)["track_id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/v1/tracks/{track}")).await.expect(204);
    world.invoke("ingest", event(&key)).await;
    ada.get(&format!("/v1/tracks/{track}")).await.problem(404, "not_found");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_file_whose_upload_is_not_known_yet_waits_for_it() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let song = tone(250);
    let (upload, key) = sent(&ada, &song).await;
    let unknown = key.replace(&ada.id()[..20], "01JD6Y3Q5R8WZ0V4C2B7");
    world.store().objects.put(&unknown, song).await.unwrap();
    let answer = world.stack().invoke("ingest", event(&unknown)).await;
    assert!(matches!(answer, Err(EventError::Retryable(_))), "{answer:?}");
    world.clock().advance(std::time::Duration::from_secs(11 * 60));
    assert_eq!(world.invoke("ingest", event(&unknown)).await["status"], "ended");
    assert_eq!(world.store().objects.list("uploads/").await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(world.invoke("ingest", event(&key)).await["status"], "ready");
    is_whole(&world, &ada, &upload).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_file_that_is_sent_again_after_it_became_a_track_is_cleared_away() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = fixture("id3v24.mp3");
    let announced = ada.post("/v1/uploads", announcement("a.mp3", &song)).await.expect(201);
    for _ in 0..2 {
        assert_eq!(put(&announced["upload"], song.clone()).await, 200);
        world.settle().await;
    }
    is_whole(&world, &ada, &format!("/v1/uploads/{}", announced["id"].as_str().unwrap())).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_file_that_is_refused_takes_no_place_of_one_that_was_taken() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let song = tone(800);
    let announced = ada.post("/v1/uploads", announcement("a.wav", &song)).await.expect(201);
    let (id, target) = (announced["id"].as_str().unwrap(), &announced["upload"]);
    let mut other = song.clone();
    other[100] ^= 1;
    assert_eq!(put(target, other.clone()).await, 400);
    assert_eq!(objects(&world).await, Vec::<String>::new());
    assert_eq!(put(target, song.clone()).await, 200);
    assert_eq!(put(target, other).await, 400);
    world.invoke("ingest", event(&format!("uploads/{}/{id}", ada.id()))).await;
    is_whole(&world, &ada, &format!("/v1/uploads/{id}")).await;
    // A file for an upload that is forgotten is cleared away.
    ada.delete(&format!("/v1/uploads/{id}")).await.expect(204);
    assert_eq!(put(target, song).await, 200);
    let answer = world.invoke("ingest", event(&format!("uploads/{}/{id}", ada.id()))).await;
    assert_eq!(answer["status"], "ended");
    assert!(objects(&world).await.iter().all(|key| !key.starts_with("uploads/")));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn two_uploads_of_one_file_at_once_make_one_track() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let song = fixture("id3v24.mp3");
    let uploads = join_all((0..3).map(|_| sent(&ada, &song))).await;
    let handled = join_all(uploads.iter().map(|(_, key)| world.stack().invoke("ingest", event(key)))).await;
    assert!(handled.iter().all(Result::is_ok), "{handled:?}");
    let mut ready = None;
    let mut duplicates = Vec::new();
    for (path, _) in &uploads {
        let upload = ada.get(path).await.expect(200);
        match upload["status"].as_str().unwrap() {
            "ready" => assert!(ready.replace((path.clone(), upload["track_id"].clone())).is_none()),
            _ => duplicates.push((upload["code"].clone(), upload["track_id"].clone())),
        }
    }
    let (path, track) = ready.unwrap();
    assert_eq!(duplicates, [(json!("duplicate"), track.clone()), (json!("duplicate"), track)]);
    is_whole(&world, &ada, &path).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_track_that_is_deleted_while_its_file_is_processed_stays_deleted() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let made = ada.post("/v1/tracks", json!({ "title": "T", "artist": "A" })).await.expect(201);
    let song = fixture("id3v24.mp3");
    let mut body = announcement("a.mp3", &song);
    body["track_id"] = made["id"].clone();
    let announced = ada.post("/v1/uploads", body).await.expect(201);
    assert_eq!(put(&announced["upload"], song).await, 200);
    ada.delete(&format!("/v1/tracks/{}", made["id"].as_str().unwrap())).await.expect(204);
    let id = announced["id"].as_str().unwrap();
    world.invoke("ingest", event(&format!("uploads/{}/{id}", ada.id()))).await;
    let rejected = ada.get(&format!("/v1/uploads/{id}")).await.expect(200);
    assert_eq!(rejected["code"], "track_deleted", "{rejected}");
    let keys = objects(&world).await;
    assert!(
        keys.iter().all(|key| key.starts_with("images/")),
        "a picture that nothing shows goes by itself: {keys:?}"
    );
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_crash_at_any_call_is_repaired_by_the_next_run() {
    // A call to a table that fails, before or after it was done, stands for a process that ends there.
    for when in [When::Before, When::After] {
        for place in 0.. {
            let world = World::unattended().await;
            let ada = world.sign_up("ada").await;
            let (upload, key) = sent(&ada, &fixture("id3v24.mp3")).await;
            let calls = world.dynamodb();
            calls.fail_later(place, "", "", Fault::Refused, when, 1);
            let first = world.stack().invoke("ingest", event(&key)).await;
            let is_over = calls.heal() == 1;
            for _ in 0..2 {
                world.invoke("ingest", event(&key)).await;
            }
            is_whole(&world, &ada, &upload).await;
            if is_over {
                assert!(first.is_ok() && place > 8, "{place} calls");
                break;
            }
        }
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn what_is_no_fault_of_the_file_goes_to_the_dead_letters_and_not_to_the_user() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = tone(333);
    let announced = ada.post("/v1/uploads", announcement("a.wav", &song)).await.expect(201);
    world.dynamodb().fail("TransactWriteItems", "media", Fault::Refused, When::Before, 1000);
    assert_eq!(put(&announced["upload"], song).await, 200);
    world.settle().await;
    world.dynamodb().heal();
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.expect(200)["status"], "waiting");
    assert_eq!(world.stack().dead_letters().list().unwrap().len(), 1);
    assert_eq!(world.stack().redrive().await.unwrap(), (1, 0));
    is_whole(&world, &ada, &path).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn an_acknowledged_file_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let ada = server.sign_up("ada").await;
    let mut uploads = Vec::new();
    for pitch in 0..6 {
        let announced = ada.post("/v1/uploads", announcement("a.wav", &tone(500 + pitch))).await.expect(201);
        uploads.push(announced);
    }
    for (pitch, announced) in (0..).zip(&uploads) {
        assert_eq!(put(&announced["upload"], tone(500 + pitch)).await, 200);
    }
    server.kill();
    let server = Server::start(folder.path(), &[]);
    let ada = ada.moved_to(&server.url);
    for announced in &uploads {
        let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
        for attempt in 0.. {
            let upload = ada.get(&path).await.expect(200);
            if upload["status"] == "ready" {
                break;
            }
            assert!(attempt < 600, "{upload}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    assert_eq!(ada.all("/v1/tracks", 50).await.len(), uploads.len());
}
