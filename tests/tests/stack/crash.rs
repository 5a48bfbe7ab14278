//! Nothing that was answered is lost when the process is killed, and what it had not finished is finished after the
//! next start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tests::Client;

use super::process::{Server, run};

/// Writes a catalogue of this many tracks by `artists` artists.
fn write_catalogue(folder: &Path, tracks: usize, artists: usize) -> PathBuf {
    let row = |number: usize| {
        let (artist, album) = (number % artists, number % (artists * 3));
        json!({
            "source_id": format!("row:{number}"), "title": format!("Song {number}"),
            "artist": format!("Artist {artist}"), "album": format!("Album {album}"), "styles": ["left out"],
        })
        .to_string()
    };
    let path = folder.join("catalogue.jsonl");
    std::fs::write(&path, (0..tracks).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    path
}

/// The three numbers of `Imported in 1.0 s: 1 added, 2 already there, 3 rejected.`
fn counts(line: &str) -> [usize; 3] {
    let numbers = line.split_once(": ").unwrap().1.split(", ").map(|part| part.split(' ').next().unwrap());
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// Sends until it is answered, or the server is gone.
async fn try_send(client: &Client, request: reqwest::RequestBuilder) -> Option<Value> {
    let response = client.execute(request).await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    response.json().await.ok()
}

async fn recount(client: &Client, expected: usize) {
    let tracks = client.all("/v1/tracks", 100).await;
    let ids: BTreeSet<&str> = tracks.iter().map(|track| track["id"].as_str().unwrap()).collect();
    let sources: BTreeSet<&str> = tracks.iter().map(|track| track["source_id"].as_str().unwrap()).collect();
    assert_eq!((tracks.len(), ids.len(), sources.len()), (expected, expected, expected));
    let mut by_artist: BTreeMap<&str, u64> = BTreeMap::new();
    for track in &tracks {
        *by_artist.entry(track["artist"].as_str().unwrap()).or_default() += 1;
    }
    let artists = client.all("/v1/artists", 100).await;
    assert_eq!(artists.len(), by_artist.len());
    for artist in artists {
        let name = artist["name"].as_str().unwrap();
        assert_eq!(artist["track_count"], by_artist[name], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn an_import_that_was_killed_goes_on_without_duplicates() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let catalogue = write_catalogue(folder.path(), 2500, 40);
    let import = ["--import", catalogue.to_str().unwrap()];

    let server = Server::start(&data, &import);
    let anonymous = server.anonymous();
    while anonymous.get("/v1/tracks?limit=1").await.body["items"].as_array().is_none_or(Vec::is_empty) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.kill();

    let mut server = Server::start(&data, &import);
    let [added, known, rejected] = counts(&server.wait_for("Imported in "));
    assert_eq!((added + known, rejected), (2500, 0));
    assert!(known > 0, "the first import had answered something");
    assert!(added > 0, "the first import was killed before its end");
    recount(&server.anonymous(), 2500).await;
    server.wait_for("The search index and the home page are current.");
    let found = server.anonymous().get("/v1/search?q=song&types=track&limit=1").await.expect(200);
    assert_eq!(found["tracks"]["total"], 2500);
    assert!(!server.anonymous().get("/v1/home").await.expect(200)["sections"].as_array().unwrap().is_empty());
    server.kill();

    let mut server = Server::start(&data, &import);
    assert_eq!(counts(&server.wait_for("Imported in ")), [0, 2500, 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn playlist_edits_that_were_answered_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let account =
        json!({ "username": "ada", "email": "ada@example.org", "password": "correct horse battery" });
    let made = server.anonymous().post("/v1/accounts", account).await.expect(201);
    let ada = server.anonymous().with_session(&made["session"], &made["account"]);
    let rows: Vec<Value> =
        (0..100).map(|number| json!({ "title": format!("Song {number}"), "artist": "Ada" })).collect();
    let made = ada.post("/v1/tracks/batch", json!({ "tracks": rows })).await.expect(200);
    let tracks: Vec<Value> =
        made["results"].as_array().unwrap().iter().map(|made| made["id"].clone()).collect();
    let playlist = ada.post("/v1/playlists", json!({ "name": "Rain" })).await.expect(201);
    let path = format!("/v1/playlists/{}/items", playlist["id"].as_str().unwrap());

    // Four writers, each with its own tracks, until the process dies under them.
    let answered = Arc::new(Mutex::new((BTreeSet::new(), 0)));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (ada, path, answered) = (ada.clone(), path.clone(), Arc::clone(&answered));
            let tracks: Vec<Value> = tracks.iter().skip(writer).step_by(4).cloned().collect();
            tokio::spawn(async move {
                for track in tracks {
                    let request =
                        ada.request(reqwest::Method::POST, &path).json(&json!({ "track_ids": [track] }));
                    let Some(edited) = try_send(&ada, request).await else { return };
                    let mut answered = answered.lock().unwrap();
                    answered.0.insert(track.as_str().unwrap().to_owned());
                    answered.1 = edited["revision"].as_u64().unwrap().max(answered.1);
                }
            })
        })
        .collect();
    while answered.lock().unwrap().0.len() < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();
    for writer in writers {
        writer.await.unwrap();
    }
    let (answered, revision) = answered.lock().unwrap().clone();

    let server = Server::start(folder.path(), &[]);
    let ada = ada.moved_to(&server.url);
    let items = ada.all(&path, 100).await;
    let kept: BTreeSet<String> =
        items.iter().map(|item| item["track"]["id"].as_str().unwrap().to_owned()).collect();
    assert!(answered.is_subset(&kept), "lost: {:?}", answered.difference(&kept));
    assert_eq!(kept.len(), items.len(), "nothing was added twice");
    let playlist = ada.get(path.trim_end_matches("/items")).await.expect(200);
    assert_eq!(playlist["item_count"], items.len());
    assert!(playlist["revision"].as_u64().unwrap() >= revision);
    ada.post(&path, json!({ "track_ids": [tracks[0]] })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn an_index_of_another_version_or_backend_is_built_again_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let catalogue = write_catalogue(folder.path(), 20, 5);
    let mut server = Server::start(&data, &["--import", catalogue.to_str().unwrap()]);
    server.wait_for("The search index and the home page are current.");
    server.kill();

    let found = async |server: &Server| {
        let answer = server.anonymous().get("/v1/search?q=song&types=track&limit=1").await.expect(200);
        answer["tracks"]["total"].as_u64().unwrap()
    };
    // What an earlier version leaves: it is no index for this one.
    let kept = std::fs::read_to_string(data.join("search-backend")).unwrap();
    std::fs::write(data.join("search-backend"), "embedded 1").unwrap();
    let mut server = Server::start(&data, &[]);
    server.wait_for("The search index was built: ");
    assert_eq!(found(&server).await, 20);
    server.kill();
    assert_eq!(std::fs::read_to_string(data.join("search-backend")).unwrap(), kept);

    let mut server = Server::start(&data, &["--search", "cloudsearch"]);
    server.wait_for("The search index was built: ");
    assert_eq!(found(&server).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn lines_that_are_no_tracks_are_counted_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = folder.path().join("some.jsonl");
    let lines = [
        r#"{"source_id":"a","title":"One","artist":"A"}"#,
        "not JSON",
        "",
        r#"{"source_id":"b","artist":"A"}"#,
        r#"{"title":"Two","artist":"A"}"#,
        r#"{"source_id":"c","title":"Three","artist":"A","year":"soon"}"#,
        r#"{"source_id":"d","title":"Four","artist":"A","styles":["x"],"country":null}"#,
    ];
    std::fs::write(&catalogue, lines.join("\n")).unwrap();
    let mut server = Server::start(&folder.path().join("data"), &["--import", catalogue.to_str().unwrap()]);
    assert_eq!(counts(&server.wait_for("Imported in ")), [2, 0, 4]);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn an_operator_makes_an_admin_whether_the_server_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let server = Server::start(folder.path(), &[]);
    let account =
        json!({ "username": "ada", "email": "ada@example.org", "password": "correct horse battery" });
    server.anonymous().post("/v1/accounts", account).await.expect(201);

    let while_running = run(&["admin", "ada", "--data", data]);
    assert!(while_running.status.success(), "{}", String::from_utf8_lossy(&while_running.stderr));
    let unknown = run(&["admin", "bob", "--data", data]);
    assert!(!unknown.status.success());
    assert!(
        String::from_utf8_lossy(&unknown.stderr).starts_with("mixtape: there is no account of that name")
    );
    let second = run(&["--listen", "127.0.0.1:0", "--data", data]);
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another mixtape is running on the folder"));
    server.kill();

    let while_stopped = run(&["admin", "ada", "--revoke", "--data", data]);
    assert!(while_stopped.status.success(), "{}", String::from_utf8_lossy(&while_stopped.stderr));
    let nowhere = run(&["admin", "ada", "--data", folder.path().join("nothing").to_str().unwrap()]);
    assert!(!nowhere.status.success());
}

#[test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
fn a_wrong_start_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let missing = folder.path().join("nothing.jsonl");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no music").unwrap();
    let (missing, text, here) =
        (missing.to_str().unwrap(), text.to_str().unwrap(), folder.path().to_str().unwrap());
    for (arguments, says) in [
        (vec!["--ephemeral", "--listen", &taken], "--listen"),
        (vec!["--ephemeral", "--import", missing], "cannot be read"),
        (vec!["--ephemeral", "--import", text], "is no folder, audio file or catalogue"),
        (vec!["--ephemeral", "--objects", "0.0.0.0:0"], "name one address of this machine"),
        (vec!["--ephemeral", "--shuffle-every", "soon"], "such as 10s, 5m or 3h"),
        (vec!["--ephemeral", "--set", "Registration=maybe"], "open, closed"),
        (vec!["--ephemeral", "--set", "Nothing=1"], "there is no parameter Nothing"),
        (vec!["--data", here, "--ephemeral"], "cannot be used with"),
    ] {
        let output = run(&arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(says), "{arguments:?}: {error}");
    }
}
