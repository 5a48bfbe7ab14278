//! What was sent is kept, once, as it was.

use serde_json::{Value, json};
use tests::World;

use super::{heard, send, to_song, to_track, track};

const AT: &str = "2026-11-20T20:00:00.000Z";

#[tokio::test]
async fn a_listen_is_kept_once_however_it_is_sent() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let artist = world.name("The Persuader");
    let song = track(&ada, "Östermalm", &[&artist], Some("Stockholm"), &[]).await;
    let first = ada.post("/v1/listens", json!({ "listens": [to_track(&song, AT)] })).await.expect(200);
    assert_eq!(first["results"][0]["created"], true);
    // By its names, in another spelling, in the same second, twice in one request.
    let again = [
        to_song(" östermalm ", &artist.to_uppercase(), "2026-11-20T20:00:00.900Z"),
        to_track(&song, "2026-11-20T21:00:00.000+01:00"),
        to_track(&song, "2026-11-20T20:00:01Z"),
        to_track(&song, "2026-11-20T20:00:01Z"),
    ];
    let again = ada.post("/v1/listens", json!({ "listens": again })).await.expect(200);
    let created: Vec<&Value> =
        again["results"].as_array().unwrap().iter().map(|one| &one["created"]).collect();
    assert_eq!(created, [false, false, true, false]);
    assert_eq!(again["results"][0]["id"], first["results"][0]["id"]);
    let history = ada.all("/v1/listens", 1).await;
    assert_eq!(history.len(), 2);
    assert_eq!(history[0]["listened_at"], "2026-11-20T20:00:01.000Z");
    assert_eq!(history[1]["track"]["id"], song["id"]);
    // Everybody has a history of their own.
    let bob = world.sign_up("bob").await;
    assert!(bob.all("/v1/listens", 50).await.is_empty());
    let theirs = bob.post("/v1/listens", json!({ "listens": [to_track(&song, AT)] })).await.expect(200);
    assert_eq!(theirs["results"][0], first["results"][0]);
}

#[tokio::test]
async fn each_listen_is_kept_or_refused_for_itself() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let listens = json!([
        to_song("A", "B", AT),
        { "title": "A", "listened_at": AT },
        { "track_id": "01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "listened_at": AT },
        { "title": "A", "artist": "B", "listened_at": "2999-01-01T00:00:00Z" },
        { "title": "A", "artist": "B", "listened_at": "yesterday" },
        { "title": "A", "artist": "B", "listened_at": AT, "skipped": true },
        "A by B",
    ]);
    let answer = ada.post("/v1/listens", json!({ "listens": listens })).await.expect(200);
    let field = |result: &Value| result["error"]["errors"][0]["field"].as_str().map(str::to_owned);
    let fields: Vec<Option<String>> = answer["results"].as_array().unwrap().iter().map(field).collect();
    let expected = [
        None,
        Some("artist"),
        Some("track_id"),
        Some("listened_at"),
        Some("listened_at"),
        Some("skipped"),
        Some("body"),
    ];
    assert_eq!(fields, expected.map(|field| field.map(str::to_owned)));
    assert_eq!(ada.all("/v1/listens", 50).await.len(), 1);
    for listens in [json!([]), json!(vec![to_song("A", "B", AT); 1001])] {
        let problem = ada.post("/v1/listens", json!({ "listens": listens })).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "listens");
    }
    let at_most = (0..1000).map(|second| {
        to_song(
            "A",
            "B",
            &format!("2026-11-19T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60),
        )
    });
    assert_eq!(send(&ada, at_most.collect()).await.len(), 1000);
}

#[tokio::test]
async fn the_history_is_read_newest_first_and_by_span() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let day = |day: u32| format!("2026-11-{day:02}T12:00:00.000Z");
    send(&ada, (1..=9).map(|number| to_song(&format!("T{number}"), "A", &day(number))).collect()).await;
    let titles = async |query: &str, limit: usize| {
        let listens = ada.all(&format!("/v1/listens?{query}"), limit).await;
        listens.iter().map(|listen| listen["title"].as_str().unwrap()[1..].to_owned()).collect::<String>()
    };
    assert_eq!(titles("", 2).await, "987654321");
    // From is included, to is not.
    assert_eq!(titles(&format!("from={}&to={}", day(3), day(6)), 1).await, "543");
    assert_eq!(titles(&format!("from={}", day(8)), 50).await, "98");
    assert_eq!(titles(&format!("to={}", day(3)), 50).await, "21");
    assert_eq!(titles(&format!("from={}&to={}", day(6), day(3)), 50).await, "");
    let problem = ada.get("/v1/listens?from=today").await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "from");
    // A cursor belongs to its span.
    let page = ada.get("/v1/listens?limit=1").await.expect(200);
    let path = format!("/v1/listens?from={}&cursor={}", day(1), page["next_cursor"].as_str().unwrap());
    ada.get(&path).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_listen_outlives_its_track_and_can_be_deleted() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let artist = world.name("A");
    let song = track(&ada, "One", &[&artist], Some("X"), &["Pop"]).await;
    let ids = heard(&world, &ada, vec![to_track(&song, AT)]).await;
    ada.delete(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(204);
    world.settle().await;
    let listen = &ada.all("/v1/listens", 50).await[0];
    assert_eq!(
        (&listen["track"], &listen["title"], &listen["artist"]),
        (&Value::Null, &json!("One"), &json!(artist))
    );
    assert_eq!(super::top(&ada, "me/top/tracks").await, ["One 1"]);
    assert_eq!(super::top(&ada, "me/top/albums").await, ["X 1"]);
    let bob = world.sign_up("bob").await;
    let path = format!("/v1/listens/{}", ids[0]);
    bob.delete(&path).await.problem(404, "not_found");
    ada.delete(&path).await.expect(204);
    ada.delete(&path).await.problem(404, "not_found");
    ada.delete("/v1/listens/nonsense").await.problem(404, "not_found");
    assert!(ada.all("/v1/listens", 50).await.is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "turns the clock")]
async fn what_is_playing_expires_by_itself() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    assert_eq!(ada.get("/v1/me/now-playing").await.expect(200), json!({ "playing": null }));
    let song = track(&ada, "One", &["A"], None, &[]).await;
    let body = json!({ "title": "one", "artist": "a", "client": "radio" });
    let playing = ada.put("/v1/me/now-playing", body).await.expect(200);
    assert_eq!(playing["playing"]["track"]["id"], song["id"]);
    assert_eq!(ada.get("/v1/me/now-playing").await.expect(200), playing);
    assert_eq!(
        world.sign_up("bob").await.get("/v1/me/now-playing").await.expect(200)["playing"],
        Value::Null
    );
    // The track's own 200 seconds.
    world.clock().advance(std::time::Duration::from_secs(201));
    assert_eq!(ada.get("/v1/me/now-playing").await.expect(200)["playing"], Value::Null);
    // It is no listen.
    world.settle().await;
    assert!(ada.all("/v1/listens", 50).await.is_empty());
    let problem = ada.put("/v1/me/now-playing", json!({ "title": "one" })).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "artist");
}

#[tokio::test]
async fn an_export_holds_every_listen() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let second = |second: usize| {
        format!("2026-11-19T{:02}:{:02}:{:02}.000Z", second / 3600, second / 60 % 60, second % 60)
    };
    // An emulator takes minutes for so many.
    let parts = if world.is_deployed() { 1 } else { 3 };
    for from in (0..parts).map(|part| part * 1000) {
        let listens = (from..from + 1000).map(|number| to_song(&format!("{number}"), "A", &second(number)));
        send(&ada, listens.collect()).await;
    }
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = ada.get(&format!("/v1/me/export?{cursor}")).await.expect(200);
        titles.extend(part["listens"].as_array().unwrap().iter().map(|listen| listen["title"].clone()));
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("cursor={next}"),
            None => break,
        }
    }
    assert_eq!(titles, (0..parts * 1000).rev().map(|number| json!(number.to_string())).collect::<Vec<_>>());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_listen_is_known_again_by_other_names_and_after_a_change_of_names() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    heard(&world, &ada, vec![to_song("Under Pressure", "Queen & David Bowie", AT)]).await;
    let song = track(&ada, "Under Pressure", &["Queen", "David Bowie"], Some("Hot Space"), &[]).await;
    world.settle().await;
    let path = format!("/v1/tracks/{}", song["id"].as_str().unwrap());
    for listen in [
        to_song("Under Pressure", "Queen & David Bowie", AT),
        to_song("UNDER PRESSURE", "queen", AT),
        to_track(&song, AT),
    ] {
        let answer = ada.post("/v1/listens", json!({ "listens": [listen] })).await.expect(200);
        assert_eq!(answer["results"][0]["created"], false, "{listen}");
    }
    let later = "2026-11-20T21:00:00.000Z";
    send(&ada, vec![to_song("under pressure", "Queen", later)]).await;
    ada.patch(&path, json!({ "title": "Pressure" })).await.expect(200);
    let again = ada.post("/v1/listens", json!({ "listens": [to_track(&song, later)] })).await.expect(200);
    assert_eq!(again["results"][0]["created"], false);
    world.settle().await;
    assert_eq!(ada.all("/v1/listens", 50).await.len(), 2);
    assert_eq!(ada.get(&path).await.expect(200)["play_count"], 2);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn what_was_sent_stays_when_a_listen_joins_a_track() {
    let world = World::start().await;
    let (ada, eve) = (world.sign_up("ada").await, world.sign_up("eve").await);
    let listen = json!({ "title": "Hit", "artist": "Famous", "duration_ms": 200_000, "listened_at": AT });
    heard(&world, &ada, vec![listen]).await;
    // Where the named artist is only one among others, it is another song.
    let spam = json!({ "title": "hit", "artist": "Evil", "artists": ["Evil", "Famous"], "duration_ms": 604_800_000 });
    eve.post("/v1/tracks", spam).await.expect(201);
    world.settle().await;
    assert_eq!(ada.all("/v1/listens", 50).await[0]["track"], serde_json::Value::Null);
    let other = json!({ "title": "HIT", "artist": "famous", "album": "X", "duration_ms": 604_800_000 });
    eve.post("/v1/tracks", other).await.expect(201);
    world.settle().await;
    let listen = &ada.all("/v1/listens", 50).await[0];
    assert_eq!(
        json!([listen["title"], listen["artist"], listen["duration_ms"]]),
        json!(["Hit", "Famous", 200_000])
    );
    assert_eq!(listen["track"]["title"], "HIT");
    assert_eq!(ada.get("/v1/insights/me/totals").await.expect(200)["listening_ms"], 200_000);
    // Of two tracks of one name, the album decides.
    let second = track(&eve, "Hit", &["Famous"], Some("Y"), &[]).await;
    world.settle().await;
    let on_y =
        json!({ "title": "hit", "artist": "Famous", "album": "y", "listened_at": "2026-11-20T22:00:00Z" });
    send(&ada, vec![on_y]).await;
    assert_eq!(ada.all("/v1/listens", 1).await[0]["track"]["id"], second["id"]);
}
