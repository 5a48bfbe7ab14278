//! The project's own index, over the local S3.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::error::Error;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mixtape::{Options, Stack};
use mixtape_domain::{Clock, TrackId};
use mixtape_index::{Change, Document, IfBroken, Indexing, Key, TrackDocument};
use mixtape_store::Objects;
use serde::Deserialize;

use super::Engine;
use super::questions::Question;
use super::reader::{Report, Stores};
use super::rows::{Row, documents};

/// Changes that one batch of the stream brings.
const BATCH: usize = 100;

/// What each kind of file takes.
fn print_parts(files: &[ManifestFile], rows: usize) {
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files {
        *parts.entry(file.name.rsplit('.').next().unwrap_or_default()).or_default() += file.size;
    }
    println!("| files | bytes a track |\n| --- | ---: |");
    for (kind, bytes) in parts.into_iter().filter(|(_, bytes)| *bytes > rows as u64 / 10) {
        println!("| {kind} | {:.1} |", bytes as f64 / rows as f64);
    }
    println!();
}

/// What of the manifest is looked at.
#[derive(Debug, Deserialize)]
struct Manifest {
    files: Vec<ManifestFile>,
}

#[derive(Debug, Deserialize)]
struct ManifestFile {
    name: String,
    object: String,
    size: u64,
}

pub(super) async fn run(
    rows: &[Row],
    questions: &[Question],
    batches: usize,
) -> Result<Engine, Box<dyn Error>> {
    let stack = Stack::start(Options { runs_events: false, ..Options::default() }).await?;
    let app = stack.app();
    let objects = &app.store.objects;
    let indexing = Indexing::open(&app.settings, &app.store, Clock::system());

    let changes: Vec<Change> = documents(rows).into_iter().map(Change::Put).collect();
    println!("{} documents\n", changes.len());
    let began = Instant::now();
    update(&indexing, changes).await?;
    let build = began.elapsed();
    let files = manifest(objects).await?.0.files;
    let bytes = files.iter().map(|file| file.size).sum();
    print_parts(&files, rows.len());

    let folder = tempfile::tempdir()?;
    let (asked, stores) = (folder.path().join("questions.json"), folder.path().join("stores.json"));
    std::fs::write(&asked, serde_json::to_vec(&(questions, ids(rows)))?)?;
    std::fs::write(&stores, serde_json::to_vec(&Stores::of(&app.settings))?)?;
    let reader = Command::new(std::env::current_exe()?)
        .args(["search", "reader"])
        .arg(&asked)
        .arg(&stores)
        .output()?;
    if !reader.status.success() {
        return Err(String::from_utf8_lossy(&reader.stderr).into_owned().into());
    }
    let Report { cold_open_ms, resident_mb, anonymous_mb, files, scores } =
        serde_json::from_slice(&reader.stdout)?;
    println!("| reading side | |\n| --- | ---: |");
    println!("| start to first answer, download included | {cold_open_ms} ms |");
    println!("| resident memory after all questions | {resident_mb} MB |");
    println!("| of it not mapped files | {anonymous_mb} MB |");
    println!("| files of the index | {files} |");

    publish(&indexing, objects, rows, batches).await?;
    stack.stop().await;
    Ok(Engine { name: "Mixtape", build, bytes, scores })
}

fn ids(rows: &[Row]) -> Vec<TrackId> {
    rows.iter().map(Row::id).collect()
}

/// Nobody else publishes, so the changes are read once.
async fn update(indexing: &Indexing, changes: Vec<Change>) -> Result<(), Box<dyn Error>> {
    let changes = Mutex::new(changes);
    let read = || async {
        Ok::<_, Infallible>(std::mem::take(&mut *changes.lock().unwrap_or_else(PoisonError::into_inner)))
    };
    indexing.update(IfBroken::Fail, None, read).await.map_err(|error| error.to_string())?;
    Ok(())
}

/// The published manifest and its size.
async fn manifest(objects: &Objects) -> Result<(Manifest, u64), Box<dyn Error>> {
    let blob = objects.get("index/meta.json").await?.ok_or("nothing is published")?;
    Ok((serde_json::from_slice(&blob.bytes)?, blob.bytes.len() as u64))
}

/// Publishes batches of new, edited and deleted tracks; prints what each uploads.
async fn publish(
    indexing: &Indexing,
    objects: &Objects,
    rows: &[Row],
    batches: usize,
) -> Result<(), Box<dyn Error>> {
    let mut known: HashSet<String> = objects_of(&manifest(objects).await?.0).into_keys().collect();
    let (mut uploaded, mut took): (Vec<u64>, Vec<Duration>) = (Vec::new(), Vec::new());
    for batch in 0..batches {
        let changes: Vec<Change> = (0..BATCH).map(|place| change(rows, batch * BATCH + place)).collect();
        let began = Instant::now();
        update(indexing, changes).await?;
        took.push(began.elapsed());
        let (manifest, size) = manifest(objects).await?;
        let files = objects_of(&manifest);
        let new = files.iter().filter(|(object, _)| !known.contains(*object));
        uploaded.push(size + new.map(|(_, size)| size).sum::<u64>());
        known = files.into_keys().collect();
    }
    uploaded.sort_unstable();
    took.sort();
    let kb = |bytes: u64| bytes as f64 / 1000.0;
    let total: u64 = uploaded.iter().sum();
    println!("\n| {batches} batches of {BATCH} changes | |\n| --- | ---: |");
    println!("| uploaded by a batch, mean | {:.0} kB |", kb(total / batches.max(1) as u64));
    println!("| median | {:.0} kB |", kb(uploaded[batches / 2]));
    println!("| worst | {:.0} kB |", kb(uploaded[batches - 1]));
    println!("| time of a batch, median | {:.0} ms |", took[batches / 2].as_secs_f64() * 1000.0);
    println!("| worst | {:.0} ms |", took[batches - 1].as_secs_f64() * 1000.0);
    Ok(())
}

fn objects_of(manifest: &Manifest) -> BTreeMap<String, u64> {
    manifest.files.iter().map(|file| (file.object.clone(), file.size)).collect()
}

/// Half of the changes add a track, most others edit one, every tenth deletes one.
fn change(rows: &[Row], number: usize) -> Change {
    // Spread over the catalogue: a large prime modulo its length.
    let row = &rows[number * 7_919 % rows.len()];
    let Document::Track(track) = row.document() else { return Change::Delete(Key::Track(row.id())) };
    match number % 10 {
        0 => Change::Delete(Key::Track(track.id)),
        1..5 => {
            Change::Put(Document::Track(TrackDocument { title: format!("{} again", track.title), ..track }))
        }
        _ => {
            let id = TrackId::from_parts(&["new", &number.to_string()]);
            Change::Put(Document::Track(TrackDocument { id, ..track }))
        }
    }
}
