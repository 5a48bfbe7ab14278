//! `mixtape demo-listens`, with a server and without.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::process::{Server, run};

fn demo(data: &Path, more: &[&str]) -> Output {
    let arguments = ["demo-listens", "--data", data.to_str().unwrap()];
    run(&[&arguments, more].concat())
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The three numbers of `Listened in 1.0 s: 1 added, 2 already there, 3 rejected.`
fn counts(text: &str) -> [usize; 3] {
    let line = text.lines().next().unwrap().strip_prefix("Listened in ").unwrap();
    let numbers = line.split_once(": ").unwrap().1.split(", ").map(|part| part.split(' ').next().unwrap());
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_demo_needs_a_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let with_a_server = demo(folder.path(), &[]);
    server.kill();
    for refused in [with_a_server, demo(folder.path(), &[])] {
        let reason = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && reason.contains("mixtape --import PATH"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_demo_is_heard_once_with_a_server_and_without() {
    const MORE: [&str; 6] = ["--accounts", "3", "--days", "40", "--listens", "1500"];
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let ada = server.sign_up("ada").await;
    let track = |number: usize| {
        json!({
            "title": format!("Song {number}"), "artist": format!("Artist {}", number / 8),
            "album": format!("Album {}", number / 8), "track_number": number % 8 + 1, "duration_ms": 180_000,
        })
    };
    let tracks: Vec<Value> = (0..80).map(track).collect();
    ada.post("/v1/tracks/batch", json!({ "tracks": tracks })).await.expect(200);

    let made = stdout(&demo(folder.path(), &MORE));
    let [added, known, rejected] = counts(&made);
    assert_eq!((known, rejected), (0, 0), "{made}");
    assert!((1425..=1500).contains(&added), "{made}");
    assert!(made.contains(" Most played: Song "), "{made}");

    let credentials = folder.path().join("demo-credentials.json");
    let accounts: Value = serde_json::from_slice(&std::fs::read(&credentials).unwrap()).unwrap();
    let password = |place: usize| accounts[place]["password"].as_str().unwrap();
    assert!((0..3).all(|place| !made.contains(password(place))), "no password is printed");
    for place in 0..3 {
        let body = json!({ "login": format!("demo-{}", place + 1), "password": password(place) });
        let session = server.anonymous().post("/v1/sessions", body).await.expect(201);
        let demo = server.anonymous().with_session(&session, &session["account"]);
        let is_public = demo.get("/v1/me").await.expect(200)["insights"] == "public";
        assert_eq!(is_public, place < 2, "demo-{}", place + 1);
    }
    let address = made.split('\'').find(|part| part.contains("/v1/insights/")).expect("where to look");
    let path = address.strip_prefix(&server.url).unwrap();
    server.anonymous().get(path).await.expect(200);

    let again = stdout(&demo(folder.path(), &MORE));
    assert_eq!(counts(&again), [0, added, 0], "{again}");
    server.kill();
    let without_a_server = stdout(&demo(folder.path(), &MORE));
    assert_eq!(counts(&without_a_server), [0, added, 0], "{without_a_server}");
}
