//! How the index is published: replays, several indexers, crashes, and files that are no longer needed.

use std::time::Duration;

use futures::future::join_all;
use mixtape_index::{Key, Query, Request, Search};
use mixtape_settings::Settings;
use serde_json::{Value, json};
use tests::World;

use super::{add, found, new_track, sample, settle};

const MANIFEST: &str = "index/meta.json";
const FILES: &str = "index/files/";

/// The published manifest.
pub(super) async fn manifest(world: &World) -> Value {
    let blob = world.store().objects.get(MANIFEST).await.unwrap().expect("an index is published");
    serde_json::from_slice(&blob.bytes).unwrap()
}

/// The settings of the stack with a scratch folder of its own: another Lambda environment.
fn elsewhere(world: &World, folder: &tempfile::TempDir) -> Settings {
    Settings { scratch_dir: folder.path().to_owned(), ..(*world.stack().app().settings).clone() }
}

fn indexer_elsewhere(world: &World, folder: &tempfile::TempDir) -> indexer::State {
    indexer::State::new(world.store().clone(), &elsewhere(world, folder), world.clock().clone())
}

/// A stream batch that names these tracks, and that the stream has not sent before.
pub(super) fn batch(ids: &[String]) -> Value {
    let before: u32 = rand::random();
    let record = |(number, id): (usize, &String)| {
        let key = json!({ "S": format!("TRACK#{id}") });
        json!({
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventID": "1",
            "eventSourceARN": "arn:aws:dynamodb:local:0:table/mixtape-tracks/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_253_400,
                "Keys": { "pk": key, "sk": key },
                "SequenceNumber": format!("{:021}", before as usize + number),
                "SizeBytes": 64,
                "StreamViewType": "KEYS_ONLY",
            },
        })
    };
    json!({ "Records": ids.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn nothing_failed() -> Value {
    json!({ "batchItemFailures": [] })
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_replayed_batch_changes_nothing() {
    let (world, owner, ids) = sample().await;
    let before = manifest(&world).await;
    assert_eq!(world.invoke("indexer", batch(&ids)).await, nothing_failed());
    assert_eq!(manifest(&world).await, before);
    // A record of a track that has gone since, after the record of its deletion.
    owner.delete(&format!("/v1/tracks/{}", ids[0])).await.expect(204);
    settle(&world).await;
    assert_eq!(world.invoke("indexer", batch(&ids[..1])).await, nothing_failed());
    settle(&world).await;
    assert!(found(&owner, "army", "tracks").await.is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_batch_that_is_repeated_reads_nothing() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let ids = add(&ada, vec![new_track(super::TRACKS[0])]).await;
    let event = batch(&ids);
    world.dynamodb().take();
    assert_eq!(world.invoke("indexer", event.clone()).await, nothing_failed());
    assert!(!world.dynamodb().take().is_empty(), "what a new batch names is read");
    let published = manifest(&world).await;
    assert_eq!(world.invoke("indexer", event).await, nothing_failed());
    assert!(world.dynamodb().take().is_empty());
    assert_eq!(manifest(&world).await, published);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn several_indexers_lose_nothing() {
    let (world, owner, _) = sample().await;
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let indexers: Vec<_> = folders.iter().map(|folder| indexer_elsewhere(&world, folder)).collect();
    // The stack's own indexer is at work too.
    let tracks = (0..60).map(|number| new_track((&format!("Songlet {number}"), "Many", "Lot", 2000, "Pop")));
    let ids = add(&owner, tracks.collect()).await;
    let turns = ids.chunks(4).enumerate().map(|(turn, ids)| {
        let indexer = &indexers[turn % indexers.len()];
        async move { indexer::handle(indexer, batch(ids)).await.unwrap() }
    });
    for answer in join_all(turns).await {
        assert_eq!(answer, nothing_failed());
    }
    settle(&world).await;
    let answer = owner.get("/v1/search?q=songlet&types=track&limit=100").await.expect(200);
    assert_eq!(
        (&answer["tracks"]["total"], answer["tracks"]["items"].as_array().unwrap().len()),
        (&json!(60), 60)
    );
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn files_without_a_manifest_change_nothing_and_go_in_the_end() {
    let (world, owner, _) = sample().await;
    let objects = &world.store().objects;
    // What a writer leaves that is killed before it publishes.
    let orphan = format!("{FILES}{:015}-0123456789abcdef-lost.term", world.clock().now().millis());
    objects.put(&orphan, b"half".to_vec()).await.unwrap();
    assert_eq!(found(&owner, "army", "tracks").await, ["Army of Me"]);
    let folder = tempfile::tempdir().unwrap();
    let indexer = indexer_elsewhere(&world, &folder);
    world.clock().advance(Duration::from_secs(2 * 60 * 60));
    for round in 0..70 {
        let title = format!("Round {round}");
        let ids = add(
            &world.sign_up(&format!("user{round}")).await,
            vec![new_track((&title, "R", "R", 2000, "Pop"))],
        )
        .await;
        assert_eq!(indexer::handle(&indexer, batch(&ids)).await.unwrap(), nothing_failed());
        if objects.get(&orphan).await.unwrap().is_none() {
            return;
        }
    }
    panic!("the orphan is still there");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn old_files_stay_for_slow_readers_and_then_go() {
    let (world, owner, ids) = sample().await;
    let objects = &world.store().objects;
    for number in 0..12 {
        owner
            .patch(&format!("/v1/tracks/{}", ids[0]), json!({ "title": format!("Take {number}") }))
            .await
            .expect(200);
        world.settle().await;
    }
    let retired = manifest(&world).await["retired"].as_array().unwrap().len();
    assert!(retired > 0, "segments were merged");
    let listed = objects.list(FILES).await.unwrap().len();
    let live = manifest(&world).await["files"].as_array().unwrap().len();
    assert_eq!(listed, live + retired, "every file belongs to somebody");

    world.clock().advance(Duration::from_secs(11 * 60));
    owner.patch(&format!("/v1/tracks/{}", ids[0]), json!({ "title": "The Last Take" })).await.expect(200);
    settle(&world).await;
    let manifest = manifest(&world).await;
    let named = manifest["files"].as_array().unwrap().len() + manifest["retired"].as_array().unwrap().len();
    assert_eq!(objects.list(FILES).await.unwrap().len(), named);
    assert_eq!(found(&owner, "last take", "tracks").await, ["The Last Take"]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_stale_local_folder_does_no_harm() {
    let (world, ..) = sample().await;
    let folder = tempfile::tempdir().unwrap();
    for part in ["search", "indexer"] {
        let stale = folder.path().join(part).join("0123456789abcdef/0");
        std::fs::create_dir_all(&stale).unwrap();
        std::fs::write(stale.join("meta.json"), "{ not an index").unwrap();
        std::fs::write(folder.path().join(part).join("stray"), "").unwrap();
    }
    let search = Search::open(&elsewhere(&world, &folder), world.store(), world.clock().clone());
    let request = || Request {
        query: Query::parse("army").unwrap(),
        kinds: mixtape_index::Kind::ALL.to_vec(),
        facets: Vec::new(),
        offset: 0,
        limit: 10,
    };
    assert_eq!(search.search(request()).await.unwrap().tracks.total, 1);
    assert!(!folder.path().join("search/stray").exists());

    // The published index cannot be read for a while: the copy answers.
    let objects = &world.store().objects;
    let whole = objects.get(MANIFEST).await.unwrap().unwrap().bytes;
    objects.put(MANIFEST, b"{ not a manifest".to_vec()).await.unwrap();
    world.clock().advance(Duration::from_secs(2));
    assert_eq!(search.search(request()).await.unwrap().tracks.total, 1);
    objects.put(MANIFEST, whole).await.unwrap();
    world.clock().advance(Duration::from_secs(2));
    assert_eq!(search.search(request()).await.unwrap().tracks.total, 1);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_reindex_restores_what_is_missing_and_removes_what_should_not_be_there() {
    let (world, owner, ids) = sample().await;
    // An index that holds a track that is not in the table and lacks all others.
    world.store().objects.delete(MANIFEST).await.unwrap();
    let ghost = "01JD6Y3Q5R8WZ0V4C2B7M9N1XK";
    let folder = tempfile::tempdir().unwrap();
    let indexing =
        mixtape_index::Indexing::open(&elsewhere(&world, &folder), world.store(), world.clock().clone());
    let document = mixtape_index::Document::Track(mixtape_index::TrackDocument {
        id: ghost.parse().unwrap(),
        title: "Ghost".to_owned(),
        artists: vec!["Nobody".to_owned()],
        album: None,
        year: None,
        genres: Vec::new(),
        popularity: 0,
    });
    let read =
        || async { Ok::<_, std::convert::Infallible>(vec![mixtape_index::Change::Put(document.clone())]) };
    indexing.update(mixtape_index::IfBroken::Fail, None, read).await.unwrap();
    let mut members = 0;
    for list in ["tracks", "artists", "albums"] {
        members += owner.all(&format!("/v1/{list}"), 100).await.len() as u64;
    }
    // The table's side and the index's side are both walked; how much the latter holds depends on what the stack's own
    // indexer has brought back meanwhile.
    assert!(reindex(&world).await > members);
    let (keys, _) = indexing.keys(None, 1000).await.unwrap();
    assert!(!keys.contains(&Key::Track(ghost.parse().unwrap())));
    assert_eq!(keys.iter().filter(|key| matches!(key, Key::Track(_))).count(), ids.len());
    settle(&world).await;
    assert_eq!(found(&owner, "army", "tracks").await, ["Army of Me"]);

    // An index that cannot be read at all: updates wait, a reindex begins a new one.
    world.store().objects.put(MANIFEST, b"{ not a manifest".to_vec()).await.unwrap();
    let failed = world.invoke("indexer", batch(&ids)).await;
    assert_eq!(failed["batchItemFailures"].as_array().map(Vec::len), Some(1));
    assert_eq!(reindex(&world).await, 2 * members);
    settle(&world).await;
    assert_eq!(found(&owner, "army", "tracks").await, ["Army of Me"]);
}

/// Reindexes everything; answers how many things were checked.
pub(super) async fn reindex(world: &World) -> u64 {
    let mut request = json!({ "reindex": true });
    let mut checked = 0;
    loop {
        let answer = world.invoke("indexer", request).await;
        checked += answer["indexed"].as_u64().unwrap();
        if answer["done"] == true {
            return checked;
        }
        request = json!({ "reindex": true, "after": answer["next"] });
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn samples_of_the_events_are_handled() {
    let (world, ..) = sample().await;
    let event = |name: &str| -> Value {
        let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    assert_eq!(world.invoke("indexer", event("indexer-stream")).await, nothing_failed());
    let answer = world.invoke("indexer", event("indexer-reindex")).await;
    assert_eq!((&answer["done"], &answer["indexed"]), (&json!(false), &json!(14)));
    for malformed in [json!({}), json!({ "reindex": false }), json!({ "reindex": true, "after": "x" })] {
        assert!(world.stack().invoke("indexer", malformed).await.is_err());
    }
}
