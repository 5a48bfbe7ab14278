//! What a request costs in DynamoDB calls and capacity units. The table in ARCHITECTURE.md is this one.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tests::{Answer, Call, Client, World};

struct Bench {
    world: World,
    ada: Client,
    rows: String,
}

impl Bench {
    /// Sends one request, and notes which calls it made and what they cost.
    async fn measure(
        &mut self,
        label: &str,
        expected: &[&str],
        request: impl AsyncFnOnce(&Client) -> Answer,
    ) -> Value {
        // What runs behind the requests would be counted with them.
        self.world.settle().await;
        self.world.dynamodb().take();
        let answer = request(&self.ada).await;
        assert!(answer.status < 300, "{label}: {} {}", answer.status, answer.text);
        self.note(label, expected);
        answer.body
    }

    /// Lets a function handle an event, and notes the same of it.
    async fn measure_event(&mut self, label: &str, expected: &[&str], function: &str, event: Value) {
        self.world.dynamodb().take();
        self.world.invoke(function, event).await;
        self.note(label, expected);
    }

    fn note(&mut self, label: &str, expected: &[&str]) {
        let calls: Vec<Call> = self.world.dynamodb().take();
        let names: Vec<String> =
            calls.iter().map(|call| format!("{} {}", call.operation, call.tables.join("+"))).collect();
        assert_eq!(names, expected, "{label}");
        let units = calls.iter().fold(0.0, |units, call| units + call.units);
        let mut which: Vec<String> = names.clone();
        which.dedup();
        let _ = writeln!(self.rows, "| {label} | {} | {} | {units} |", calls.len(), which.join(", "));
    }
}

fn new_track(number: usize) -> Value {
    json!({
        "title": format!("Track {number}"), "artist": "The Persuader", "album": "Stockholm", "year": 1999,
        "genres": ["Electronic"], "duration_ms": 285_000, "source_id": format!("cost:{number}"),
    })
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn every_request_costs_what_the_architecture_says() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    world.sign_up("bob").await;
    // The first identity of a process reads the public keys.
    ada.get("/v1/me").await.expect(200);
    let mut bench = Bench { world, ada, rows: String::new() };
    let b = &mut bench;

    let track = b
        .measure("add a track", &["TransactWriteItems tracks"], async |ada| {
            ada.post("/v1/tracks", new_track(0)).await
        })
        .await;
    let path = format!("/v1/tracks/{}", id(&track));
    b.measure("add a track again", &["TransactWriteItems tracks", "GetItem tracks"], async |ada| {
        ada.post("/v1/tracks", new_track(0)).await
    })
    .await;
    let batch: Vec<Value> = (0..100).map(new_track).collect();
    b.measure(
        "add a batch of 100 tracks of one album, one of them known",
        &["TransactWriteItems tracks"; 5],
        async |ada| ada.post("/v1/tracks/batch", json!({ "tracks": batch })).await,
    )
    .await;
    b.measure("read a track", &["GetItem tracks", "GetItem insights"], async |ada| ada.get(&path).await)
        .await;
    b.measure("change a track", &["GetItem tracks", "TransactWriteItems tracks"], async |ada| {
        ada.patch(&path, json!({ "title": "Östermalm" })).await
    })
    .await;
    b.measure("a page of 50 tracks", &["Query tracks", "BatchGetItem tracks"], async |ada| {
        ada.get("/v1/tracks").await
    })
    .await;
    b.measure("a page of artists", &["Query tracks", "BatchGetItem tracks"], async |ada| {
        ada.get("/v1/artists").await
    })
    .await;
    let artist = format!("/v1/artists/{}", track["artist_id"].as_str().unwrap());
    let calls = ["Query tracks", "BatchGetItem tracks", "GetItem insights"];
    b.measure("read an artist", &calls, async |ada| ada.get(&artist).await).await;
    let album = format!("/v1/albums/{}", track["album_id"].as_str().unwrap());
    b.measure("read an album with 50 tracks", &calls, async |ada| ada.get(&album).await).await;
    b.world.invoke("shuffle", json!({ "scheduled_time": b.world.clock().now() })).await;
    b.measure("read the home page", &["Query home", "BatchGetItem tracks"], async |ada| {
        ada.get("/v1/home").await
    })
    .await;

    let tracks = b.ada.all("/v1/tracks", 100).await;
    let track_ids: Vec<&Value> = tracks.iter().map(|track| &track["id"]).collect();
    let playlist = b
        .measure("make a playlist", &["TransactWriteItems playlists"], async |ada| {
            ada.post("/v1/playlists", json!({ "name": "Mix" })).await
        })
        .await;
    let path = format!("/v1/playlists/{}", id(&playlist));
    let items = format!("{path}/items");
    b.measure("read a playlist", &["GetItem playlists"], async |ada| ada.get(&path).await).await;
    b.measure("list my playlists", &["Query playlists", "Query playlists"], async |ada| {
        ada.get("/v1/playlists").await
    })
    .await;
    b.measure(
        "append 50 items",
        &["BatchGetItem playlists+tracks", "TransactWriteItems playlists"],
        async |ada| ada.post(&items, json!({ "track_ids": &track_ids[..50] })).await,
    )
    .await;
    let page = b
        .measure("a page of 50 items", &["Query playlists", "BatchGetItem playlists+tracks"], async |ada| {
            ada.get(&items).await
        })
        .await;
    let first = page["items"][0]["id"].clone();
    let last = page["items"][49]["id"].clone();
    b.measure(
        "insert an item",
        &["BatchGetItem playlists+tracks", "Query playlists", "TransactWriteItems playlists"],
        async |ada| ada.post(&items, json!({ "track_ids": [track_ids[0]], "before": last })).await,
    )
    .await;
    b.measure(
        "move an item",
        &["BatchGetItem playlists", "Query playlists", "TransactWriteItems playlists"],
        async |ada| ada.patch(&items, json!({ "item_ids": [last], "before": first })).await,
    )
    .await;
    b.measure("remove an item", &["BatchGetItem playlists", "TransactWriteItems playlists"], async |ada| {
        ada.delete(&format!("{items}?ids={}", first.as_str().unwrap())).await
    })
    .await;
    b.measure("rename a playlist", &["GetItem playlists", "TransactWriteItems playlists"], async |ada| {
        ada.patch(&path, json!({ "name": "Rain" })).await
    })
    .await;
    b.measure(
        "add a collaborator",
        &["GetItem accounts", "GetItem playlists", "TransactWriteItems playlists"],
        async |ada| ada.put(&format!("{path}/collaborators/bob"), json!({})).await,
    )
    .await;
    b.measure(
        "delete a track, the last of nothing",
        &["GetItem tracks", "BatchGetItem tracks", "TransactWriteItems tracks"],
        async |ada| ada.delete(&format!("/v1/tracks/{}", id(&tracks[0]))).await,
    )
    .await;

    measure_media(b).await;

    let sign_in = json!({ "login": "ada", "password": World::password("ada") });
    let session = b
        .measure(
            "sign in",
            &["TransactWriteItems accounts", "GetItem accounts", "TransactWriteItems accounts"],
            async |ada| ada.post("/v1/sessions", sign_in).await,
        )
        .await;
    b.measure("refresh a session", &["BatchGetItem accounts", "TransactWriteItems accounts"], async |ada| {
        ada.post("/v1/sessions/refresh", json!({ "refresh_token": session["refresh_token"] })).await
    })
    .await;
    b.measure("read my account", &["GetItem accounts"], async |ada| ada.get("/v1/me").await).await;
    let key = b
        .measure("make an API key", &["TransactWriteItems accounts"], async |ada| {
            ada.post("/v1/me/keys", json!({ "name": "player" })).await
        })
        .await;
    let with_key = b.ada.with_token(key["key"].as_str().unwrap());
    let calls = ["GetItem accounts", "GetItem tracks", "GetItem insights"];
    b.measure("read a track with an API key", &calls, async |_| {
        with_key.get(&format!("/v1/tracks/{}", id(&tracks[1]))).await
    })
    .await;

    measure_listens(b, &tracks[1], &tracks[2]).await;

    let architecture =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md")).unwrap();
    let missing: Vec<&str> = bench.rows.lines().filter(|row| !architecture.contains(row)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not say:\n{}", missing.join("\n"));
}

/// From a file to a track that is played, and its end.
async fn measure_media(b: &mut Bench) {
    let song = crate::media::fixture("id3v24.mp3");
    let announcement = crate::media::announcement("a.mp3", &song);
    let announced = b
        .measure("announce a file", &["GetItem media", "TransactWriteItems media"], async |ada| {
            ada.post("/v1/uploads", announcement).await
        })
        .await;
    assert_eq!(crate::media::put(&announced["upload"], song).await, 200);
    let mut event: Value = serde_json::from_str(include_str!("../../events/ingest.json")).unwrap();
    event["detail"]["object"]["key"] = json!(format!("uploads/{}/{}", b.ada.id(), id(&announced)));
    let calls = [
        "GetItem media",
        "TransactWriteItems media",
        "GetItem media",
        "GetItem media",
        "TransactWriteItems media",
        "TransactWriteItems media",
        "GetItem tracks",
        "TransactWriteItems media+tracks",
        "GetItem tracks",
        "TransactWriteItems media+tracks",
        "GetItem media",
    ];
    b.measure_event("make a track of a file with a cover", &calls, "ingest", event).await;
    let upload = format!("/v1/uploads/{}", id(&announced));
    let upload = b.measure("read an upload", &["GetItem media"], async |ada| ada.get(&upload).await).await;
    let path = format!("/v1/tracks/{}", upload["track_id"].as_str().unwrap());
    b.measure("play a track", &["GetItem tracks"], async |ada| {
        ada.get(&format!("{path}/stream?redirect=0")).await
    })
    .await;
    let track = b.ada.get(&path).await.expect(200);
    let small = track["cover"]["small"].as_str().unwrap().to_owned();
    b.measure("read a picture in a size of a cover", &[], async |ada| ada.get(&small).await).await;
    let calls = [
        "GetItem tracks",
        "GetItem media",
        "TransactWriteItems media",
        "TransactWriteItems media",
        "GetItem tracks",
        "TransactWriteItems media+tracks",
    ];
    b.measure("set the cover of a track", &calls, async |ada| {
        let request = ada.request(reqwest::Method::PUT, &format!("{path}/cover"));
        ada.send(request.header("content-type", "image/png").body(crate::media::png(9, 9, 9))).await
    })
    .await;
    let calls = ["GetItem tracks", "GetItem media", "BatchGetItem tracks", "TransactWriteItems media+tracks"];
    b.measure("delete a track with sound and cover, the last of its album", &calls, async |ada| {
        ada.delete(&path).await
    })
    .await;
}

/// Listens, from being sent to being read.
async fn measure_listens(b: &mut Bench, track: &Value, other: &Value) {
    let at = |time: &str| format!("2026-11-20T{time}.000Z");
    let heard = |track: &Value, time: &str| json!({ "track_id": track["id"], "listened_at": at(time) });
    let calls = ["BatchGetItem tracks", "BatchGetItem listens", "BatchWriteItem listens"];
    b.measure("send a listen", &calls, async |ada| {
        ada.post("/v1/listens", json!({ "listens": [heard(track, "09:00:00")] })).await
    })
    .await;
    let calls = ["Query tracks", "BatchGetItem tracks", "BatchGetItem listens", "BatchWriteItem listens"];
    b.measure("send a listen by its names", &calls, async |ada| {
        let listen =
            json!({ "title": track["title"], "artist": track["artist"], "listened_at": at("10:00:00") });
        ada.post("/v1/listens", json!({ "listens": [listen] })).await
    })
    .await;
    b.measure("send a listen again", &calls[1..3], async |ada| {
        ada.post("/v1/listens", json!({ "listens": [heard(track, "09:00:00")] })).await
    })
    .await;
    let account = b.ada.id().to_owned();
    let event = |times: &[&str]| {
        let times: Vec<String> = times.iter().map(|time| at(time)).collect();
        let listens: Vec<_> = times.iter().map(|time| (account.as_str(), time.as_str(), track)).collect();
        crate::listens::events::event_of_tracks(&listens)
    };
    // The track, the artist and the album, and how far they are counted.
    let written =
        ["TransactWriteItems insights", "UpdateItem insights", "UpdateItem insights", "UpdateItem insights"];
    let calls = [
        &["BatchGetItem insights", "Query listens", "BatchGetItem insights", "BatchWriteItem insights"],
        &written[..],
    ]
    .concat();
    let calls = [&calls[..], &["UpdateItem insights"]].concat();
    b.measure_event("count the first listen to a track", &calls, "tally", event(&["09:00:00"])).await;
    let calls = [&["BatchGetItem insights", "Query listens", "Query insights"], &written[..]].concat();
    let calls = [&calls[..], &["UpdateItem insights"]].concat();
    b.measure_event("count another listen to it", &calls, "tally", event(&["10:00:00"])).await;
    let calls = ["BatchGetItem insights", "Query listens"];
    b.measure_event("count a listen again", &calls, "tally", event(&["10:00:00"])).await;
    let many: Vec<String> =
        (0..100).map(|place| format!("{:02}:{:02}:00", 12 + place / 15, place % 15 * 4)).collect();
    let listens: Vec<Value> = many.iter().map(|time| heard(other, time)).collect();
    let calls =
        ["BatchGetItem tracks", "BatchGetItem listens", "BatchGetItem listens", "BatchWriteItem listens"];
    let calls = [&calls[..], &["BatchWriteItem listens"; 3]].concat();
    b.measure("send 100 listens", &calls, async |ada| {
        ada.post("/v1/listens", json!({ "listens": listens })).await
    })
    .await;
    let times: Vec<String> = many.iter().map(|time| at(time)).collect();
    let listens: Vec<_> = times.iter().map(|time| (account.as_str(), time.as_str(), other)).collect();
    let calls = [
        "BatchGetItem insights",
        "Query listens",
        "Query insights",
        "BatchGetItem insights",
        "BatchWriteItem insights",
    ];
    let calls = [&calls[..], &written[..], &["UpdateItem insights"]].concat();
    let event = crate::listens::events::event_of_tracks(&listens);
    b.measure_event("count 100 listens of seven hours", &calls, "tally", event).await;

    let calls = ["Query listens", "BatchGetItem tracks"];
    b.measure("a page of 50 listens", &calls, async |ada| ada.get("/v1/listens").await).await;
    let top = "/v1/insights/me/top/tracks?period=week&at=2026-W47";
    let calls = ["BatchGetItem insights", "Query insights", "BatchGetItem tracks"];
    b.measure("my top 10 tracks of a week", &calls, async |ada| ada.get(top).await).await;
    b.measure("my top 10 tracks, nothing heard since", &calls[..1], async |ada| ada.get(top).await).await;
    b.measure("my totals", &calls[..2], async |ada| ada.get("/v1/insights/me/totals").await).await;
    let calls = [&["BatchGetItem insights"], &["Query insights"; 4][..], &["BatchGetItem tracks"]].concat();
    b.measure("everybody's top 10 tracks of a week", &calls, async |ada| {
        ada.get("/v1/insights/global/top/tracks?period=week&at=2026-W47").await
    })
    .await;
    let page = b.ada.get("/v1/listens?limit=1").await.expect(200);
    let path = format!("/v1/listens/{}", id(&page["items"][0]));
    b.measure("delete a listen", &["DeleteItem listens"], async |ada| ada.delete(&path).await).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn no_request_scans() {
    // Every call of the test above is named there, so what is left to check is the code itself.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for folder in ["common", "functions"] {
        for file in walk(&format!("{root}/{folder}")) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.contains(".scan()"), "{} scans", file.display());
        }
    }
}

fn walk(folder: &str) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(path.to_str().unwrap()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
