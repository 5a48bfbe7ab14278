//! Everything at once: writes, searches, several indexers, and indexers that are killed whenever it suits them least.
//! In the end the index is what the table is.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Client, StoresOf, World};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::publication::{batch, manifest, reindex};
use super::settle;

const INDEXER: &str = env!("CARGO_BIN_EXE_indexer-under-test");
const WORDS: [&str; 12] =
    ["army", "love", "night", "björk", "river", "東京", "acid", "blue", "heart", "!!!", "summer", "ghost"];

/// What the tasks share.
struct Turmoil {
    owner: Client,
    /// Tracks that are in the table, as far as is known.
    tracks: Mutex<Vec<String>>,
    is_over: AtomicBool,
    searches: AtomicUsize,
    kills: AtomicUsize,
}

impl Turmoil {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Adds, renames and deletes tracks.
    async fn write(&self) {
        while self.goes_on() {
            let made = self.owner.post("/v1/tracks", some_track()).await.expect(201);
            self.tracks.lock().await.push(made["id"].as_str().unwrap().to_owned());
            for is_deletion in [false, false, true] {
                let mut tracks = self.tracks.lock().await;
                let place = rand::random_range(0..tracks.len());
                let path = format!("/v1/tracks/{}", tracks[place]);
                if is_deletion && tracks.len() > 50 {
                    tracks.swap_remove(place);
                    drop(tracks);
                    self.owner.delete(&path).await;
                } else {
                    drop(tracks);
                    // Another writer may have deleted it.
                    self.owner.patch(&path, json!({ "title": some_title() })).await;
                }
            }
        }
    }

    /// Searches, and is always answered.
    async fn search(&self) {
        while self.goes_on() {
            let word = WORDS[rand::random_range(0..WORDS.len())];
            let path = format!("/v1/search?{}", super::encoded(&[("q", word), ("facets", "genre,year")]));
            self.owner.get(&path).await.expect(200);
            self.searches.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives an indexer in a process of its own what it would get from a replayed stream, and kills it at any moment.
    async fn kill(&self, stores: &str) {
        while self.goes_on() {
            let mut indexer = Indexer::start(stores);
            let until = Instant::now() + Duration::from_millis(rand::random_range(30..1500));
            while Instant::now() < until && self.goes_on() {
                let tracks = self.tracks.lock().await;
                let some: Vec<String> =
                    tracks.iter().rev().take(rand::random_range(1..40)).cloned().collect();
                drop(tracks);
                indexer.give(&batch(&some), until).await;
                tokio::time::sleep(Duration::from_millis(rand::random_range(1..200))).await;
            }
            indexer.kill().await;
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// It is killed when it is dropped.
struct Indexer(Child);

impl Indexer {
    fn start(stores: &str) -> Self {
        let mut command = Command::new(INDEXER);
        command.arg(stores).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.kill_on_drop(true).spawn().unwrap())
    }

    /// Hands it an event, unless it is too busy until then.
    async fn give(&mut self, event: &Value, until: Instant) {
        let line = format!("{event}\n");
        let written = self.0.stdin.as_mut().unwrap().write_all(line.as_bytes());
        if let Ok(written) = tokio::time::timeout_at(until.into(), written).await {
            written.unwrap();
        }
    }

    /// SIGKILL: nothing is finished, nothing is given back.
    async fn kill(mut self) {
        self.0.kill().await.unwrap();
    }
}

fn some_title() -> String {
    let words: Vec<&str> =
        (0..rand::random_range(1..5)).map(|_| WORDS[rand::random_range(0..WORDS.len())]).collect();
    words.join(" ")
}

fn some_track() -> Value {
    let artist = WORDS[rand::random_range(0..WORDS.len())];
    json!({
        "title": some_title(), "artist": artist, "album": some_title(), "year": rand::random_range(1960..2026),
        "genres": ["Pop"],
    })
}

#[expect(clippy::print_stdout, reason = "the numbers are what the run by hand is for")]
async fn turmoil(lasting: Duration) {
    let world = World::with(World::options()).await;
    let ada = world.sign_up("ada").await;
    // A session's token would not last.
    let key = ada.post("/v1/me/keys", json!({ "name": "turmoil" })).await.expect(201);
    let turmoil = Arc::new(Turmoil {
        owner: ada.with_token(key["key"].as_str().unwrap()),
        tracks: Mutex::default(),
        is_over: AtomicBool::new(false),
        searches: AtomicUsize::new(0),
        kills: AtomicUsize::new(0),
    });
    let scratch = tempfile::tempdir().unwrap();
    let stores = StoresOf::new(&world.stack().app().settings, scratch.path());
    let stores = serde_json::to_string(&stores).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (writer, searcher, killer) = (turmoil.clone(), turmoil.clone(), turmoil.clone());
        let stores = stores.clone();
        tasks.spawn(async move { writer.write().await });
        tasks.spawn(async move { searcher.search().await });
        tasks.spawn(async move { killer.kill(&stores).await });
    }
    let began = Instant::now();
    while began.elapsed() < lasting {
        // A task that panicked is reported at once.
        if let Ok(Some(ended)) = tokio::time::timeout(Duration::from_millis(200), tasks.join_next()).await {
            ended.unwrap();
        }
    }
    turmoil.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    settle(&world).await;

    // A comparison with the whole table finds nothing to change, neither missing nor surplus nor stale.
    let published = manifest(&world).await;
    let compared = reindex(&world).await;
    assert_eq!(manifest(&world).await["generation"], published["generation"]);
    println!(
        "{} generations, {} searches, {} kills; {compared} documents compared",
        published["generation"],
        turmoil.searches.load(Ordering::Relaxed),
        turmoil.kills.load(Ordering::Relaxed)
    );
    assert!(turmoil.searches.load(Ordering::Relaxed) > 0 && turmoil.kills.load(Ordering::Relaxed) > 0);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_minute_of_everything_ends_with_the_index_that_the_table_makes() {
    turmoil(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour: cargo test -p tests half_an_hour -- --ignored --nocapture"]
async fn half_an_hour_of_everything_ends_with_the_index_that_the_table_makes() {
    turmoil(Duration::from_secs(30 * 60)).await;
}
