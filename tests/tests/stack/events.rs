//! Stands in for event source mappings and schedules.

use std::time::Duration;

use mixtape::Options;
use serde_json::{Value, json};
use tests::World;

/// Options on a folder that is kept.
fn kept(folder: &tempfile::TempDir) -> Options {
    Options { data: Some(folder.path().to_owned()), ..World::options() }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn what_was_handled_is_not_delivered_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(kept(&folder)).await;
    world.sign_up("ada").await;
    world.settle().await;
    let checkpoint =
        || std::fs::read_to_string(folder.path().join("checkpoints/CleanupReadsAccounts")).unwrap();
    let before = checkpoint();
    world.stop().await;
    drop(world);

    let world = World::with(kept(&folder)).await;
    world.settle().await;
    assert_eq!(checkpoint(), before);
    world.sign_up("bob").await;
    world.settle().await;
    assert!(checkpoint() > before);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_folder_that_is_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _world = World::with(kept(&folder)).await;
    let second = mixtape::Stack::start(kept(&folder)).await;
    assert!(matches!(second, Err(mixtape::StartError::InUse { .. })));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn dead_letters_are_listed_and_delivered_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(kept(&folder)).await;
    let letter = |function: &str, event: Value| {
        json!({
            "version": "1.0", "timestamp": "2026-11-21T09:00:00.000Z", "error": "the store is away", "event": event,
            "requestContext": {
                "functionName": function, "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11,
            },
        })
        .to_string()
    };
    let letters = folder.path().join("dead-letters");
    std::fs::write(letters.join("1.json"), letter("cleanup", json!({ "Records": [] }))).unwrap();
    std::fs::write(letters.join("2.json"), letter("cleanup", json!({ "not": "an event" }))).unwrap();
    assert_eq!(world.stack().dead_letters().list().unwrap().len(), 2);
    assert_eq!(world.stack().redrive().await.unwrap(), (1, 1));
    assert_eq!(world.stack().dead_letters().list().unwrap().len(), 1);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn the_home_page_is_made_once_for_each_slot() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks: Vec<Value> = (0..60)
        .map(|number| {
            let (artist, album) = (format!("Artist {}", number % 20), format!("Album {}", number % 30));
            json!({ "title": format!("Song {number}"), "artist": artist, "album": album })
        })
        .collect();
    ada.post("/v1/tracks/batch", json!({ "tracks": tracks })).await.expect(200);
    world.stack().run_schedules().await;
    let first = world.anonymous().get("/v1/home").await.expect(200);
    assert_eq!(first["sections"].as_array().map(Vec::len), Some(5));
    world.stack().run_schedules().await;
    assert_eq!(world.anonymous().get("/v1/home").await.expect(200), first);

    world.clock().advance(Duration::from_secs(3 * 60 * 60));
    world.settle().await;
    let second = world.anonymous().get("/v1/home").await.expect(200);
    assert_eq!(second["generated_at"], first["next_at"]);
    assert_ne!(second["sections"], first["sections"]);
}
