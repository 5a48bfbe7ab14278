//! `mixtape --import` of a folder of sound files.

use std::path::{Path, PathBuf};

use mixtape::{Credentials, Import, Outcome};
use serde_json::{Value, json};
use tests::{Client, World};

use super::{fixture, png, tone};

async fn import(world: &World, client: &Client, folder: &Path) -> Outcome {
    let key = client.post("/v1/me/keys", json!({ "name": "import" })).await.expect(201);
    let key = key["key"].as_str().unwrap().to_owned();
    let outcome = Import::open(folder).unwrap().run(&world.url(), Credentials::Key(key)).await.unwrap();
    world.settle().await;
    outcome
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_folder_becomes_a_library_with_its_playlists() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "Album/01 One.mp3", fixture("id3v24.mp3"));
    write(root, "Album/02 Two.flac", fixture("16-bit.flac"));
    write(root, "Ümläut & more/three.OGG", fixture("vorbis.ogg"));
    write(root, "four.wav", tone(300));
    write(root, "four again.wav", tone(300));
    write(root, "broken.mp3", b"not a sound");
    write(root, "empty.mp3", b"");
    write(root, "cover.jpg", png(3, 3, 3));
    write(root, ".hidden/five.wav", tone(400));
    write(
        root,
        "mix.m3u8",
        "#EXTM3U\n#PLAYLIST:My mix\nfour.wav\nAlbum\\01 One.mp3\n\u{DC}ml\u{E4}ut%20&%20more/three.OGG\nmissing.mp3\n",
    );
    let outcome = import(&world, &ada, root).await;
    assert_eq!((outcome.added, outcome.known), (4, 1), "{outcome}");
    let reasons: Vec<String> =
        outcome.rejections.iter().map(|one| format!("{}: {}", one.path.display(), one.reason)).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    let owned = ada.get("/v1/me/export").await.expect(200);
    assert_eq!(owned["tracks"].as_array().unwrap().len(), 4);
    let lists = ada.all("/v1/playlists", 50).await;
    assert_eq!((lists.len(), &lists[0]["name"]), (1, &json!("My mix")));
    let path = format!("/v1/playlists/{}/items", lists[0]["id"].as_str().unwrap());
    let titles: Vec<Value> =
        ada.all(&path, 50).await.into_iter().map(|item| item["track"]["title"].clone()).collect();
    assert!(titles.len() == 3 && titles[0].as_str().unwrap().starts_with("four"), "{titles:?}");

    // Again: nothing is sent twice, and what is new comes along.
    write(root, "six.wav", tone(500));
    let again = import(&world, &ada, root).await;
    assert_eq!((again.added, again.known), (1, 5), "{again}");
    assert_eq!(ada.all("/v1/playlists", 50).await.len(), 1);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn real_music_comes_in_right() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/audio");
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let outcome = import(&world, &ada, &folder).await;
    println!("{outcome}");
    let tracks = ada.all("/v1/tracks", 100).await;
    assert_eq!(outcome.added, tracks.len());
    let titled = |title: &str| tracks.iter().find(|track| track["title"] == title);
    let song = tracks.iter().find(|track| track["audio"]["size_bytes"] == 3_618_524).expect("the whole song");
    for field in ["title", "artist", "album", "year", "cover"] {
        assert!(!song[field].is_null(), "{field}: {song}");
    }
    let duration = song["duration_ms"].as_f64().unwrap();
    assert!((duration - 213_050.0).abs() < 100.0, "{song}");
    for name in ["amen", "breakbeat", "compus", "garzul", "industrial", "mika"] {
        let track = titled(&format!("loop {name}")).unwrap_or_else(|| panic!("loop {name}"));
        assert_eq!(track["audio"]["codec"], "flac");
    }
    for rejection in &outcome.rejections {
        assert!(rejection.path.to_string_lossy().contains("edge-cases"), "{}", rejection.path.display());
        assert!(rejection.reason.len() > 20, "{}", rejection.reason);
    }
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
}
