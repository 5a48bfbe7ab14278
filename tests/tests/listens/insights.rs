//! What the insights say, to whom, and how they are kept.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

use super::{heard, to_song, to_track, top, track};

/// Songs by their titles, heard so often in one day.
fn day(date: &str, heard: &[(&str, usize)]) -> Vec<Value> {
    let listens = heard.iter().flat_map(|(title, times)| (0..*times).map(move |time| (*title, time)));
    listens
        .enumerate()
        .map(|(place, (title, _))| {
            to_song(title, &format!("by {title}"), &format!("{date}T10:{:02}:{:02}Z", place / 60, place % 60))
        })
        .collect()
}

#[tokio::test]
async fn a_top_list_ranks_and_tells_what_has_changed() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let mut listens = day("2026-11-10", &[("A", 1), ("B", 5), ("C", 3)]);
    listens.extend(day("2026-11-17", &[("A", 4), ("B", 2), ("D", 3)]));
    heard(&world, &ada, listens).await;
    let week = ada.get("/v1/insights/me/top/tracks?period=week&at=2026-W47&limit=2").await.expect(200);
    assert_eq!((&week["period"], &week["at"]), (&json!("week"), &json!("2026-W47")));
    assert_eq!((&week["from"], &week["to"]), (&json!("2026-11-16"), &json!("2026-11-22")));
    let items = week["items"].as_array().unwrap();
    let row =
        |item: &Value| json!([item["title"], item["artist"], item["rank"], item["count"], item["change"]]);
    assert_eq!(row(&items[0]), json!(["A", "by A", 1, 4, { "count": 3, "rank": 2 }]));
    assert_eq!(row(&items[1]), json!(["D", "by D", 2, 3, { "count": 3, "rank": null }]));
    assert_eq!(items.len(), 2);
    let all = ada.get("/v1/insights/me/top/artists").await.expect(200);
    assert_eq!(
        (&all["from"], &all["to"], &all["items"][0]["change"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(top(&ada, "me/top/artists?limit=1").await, ["by B 7"]);
    for (query, expected) in [
        ("period=day&at=2026-11-17", vec!["A 4", "D 3", "B 2"]),
        ("period=month&at=2026-11", vec!["B 7", "A 5"]),
        ("period=year&at=2026&limit=2", vec!["B 7", "A 5"]),
        ("period=week&at=2025-W47", vec![]),
    ] {
        let names = top(&ada, &format!("me/top/tracks?{query}")).await;
        assert_eq!(names[..expected.len()], expected, "{query}");
    }
}

#[tokio::test]
async fn everyone_credited_is_counted_and_who_is_first_by_itself() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let duet = track(&ada, "Duet", &["Queen", "Bowie"], Some("Hot Space"), &["Rock", "Pop"]).await;
    let solo = track(&ada, "Solo", &["Bowie"], Some("Low"), &["Rock"]).await;
    let at = |hour: u32| format!("2026-11-20T{hour:02}:00:00Z");
    heard(&world, &ada, vec![to_track(&duet, &at(1)), to_track(&duet, &at(2)), to_track(&solo, &at(3))])
        .await;
    assert_eq!(top(&ada, "me/top/artists").await, ["Bowie 3", "Queen 2"]);
    assert_eq!(top(&ada, "me/top/primary-artists").await, ["Queen 2", "Bowie 1"]);
    assert_eq!(top(&ada, "me/top/albums").await, ["Hot Space 2", "Low 1"]);
    assert_eq!(top(&ada, "me/top/genres").await, ["Rock 3", "Pop 2"]);
    let totals = ada.get("/v1/insights/me/totals").await.expect(200);
    let keys = ["listens", "listening_ms", "tracks", "artists", "primary_artists", "albums", "genres"];
    assert_eq!(keys.map(|key| totals[key].as_i64().unwrap()), [3, 600_000, 2, 2, 2, 2, 2]);
    assert!(totals.get("listeners").is_none());
    let item = &ada.get("/v1/insights/me/top/albums").await.expect(200)["items"][0];
    assert_eq!((&item["album"]["id"], &item["album_artist"]), (&duet["album_id"], &json!("Queen & Bowie")));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn activity_and_streaks_tell_when() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let ago = |days: u64, hour: u64| {
        let midnight = world.clock().now().slot(Duration::from_secs(86_400));
        midnight.minus(Duration::from_secs(days * 86_400)).plus(Duration::from_secs(hour * 3600))
    };
    let at = |days, hour| to_song("T", "A", &ago(days, hour).to_string());
    heard(
        &world,
        &ada,
        vec![at(1, 9), at(2, 9), at(2, 21), at(3, 9), at(10, 9), at(11, 9), at(12, 9), at(13, 9)],
    )
    .await;
    let streaks = ada.get("/v1/insights/me/streaks").await.expect(200);
    assert_eq!((&streaks["current"]["days"], &streaks["longest"]["days"]), (&json!(3), &json!(4)));
    assert_eq!(streaks["longest"]["to"], json!(ago(10, 0).to_string()[..10]));
    let all = ada.get("/v1/insights/me/activity?period=all").await.expect(200);
    assert_eq!(all["days"].as_array().unwrap().len(), 7);
    assert_eq!((&all["hours"][9]["listens"], &all["hours"][21]["listens"]), (&json!(7), &json!(1)));
    let weekdays: i64 =
        all["weekdays"].as_array().unwrap().iter().map(|day| day["listens"].as_i64().unwrap()).sum();
    assert_eq!(weekdays, 8);
    let date = ago(2, 0).to_string()[..10].to_owned();
    let one = ada.get(&format!("/v1/insights/me/activity?period=day&at={date}")).await.expect(200);
    assert_eq!(one["days"], json!([{ "date": date, "listens": 2, "listening_ms": 0 }]));
    let of_day = |key: &str| -> i64 {
        one[key].as_array().unwrap().iter().map(|heard| heard["listens"].as_i64().unwrap()).sum()
    };
    assert_eq!((of_day("hours"), of_day("weekdays")), (2, 2));
    let week = ada.get("/v1/insights/me/activity?period=week&at=2026-W40").await.expect(200);
    assert_eq!(week["days"].as_array().unwrap().len(), 7);
    // When in the day somebody listens is not told to others.
    let global = ada.get("/v1/insights/global/activity?period=all").await.expect(200);
    assert!(global.get("hours").is_none() && global.get("weekdays").is_none());
    assert_eq!(global["days"], all["days"]);
}

#[tokio::test]
async fn wrong_questions_name_the_field() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    for (query, field) in [
        ("period=fortnight", "period"),
        ("period=week&at=2026-W54", "at"),
        ("period=month&at=2026-W47", "at"),
        ("period=day&at=", "at"),
        ("at=2026", "at"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
    ] {
        for scope in ["me", "global"] {
            let path = format!("/v1/insights/{scope}/top/tracks?{query}");
            let problem = ada.get(&path).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["field"], field, "{query}");
        }
    }
    for path in ["me/top/covers", "me/top/listeners", "global/top/me", "nobody/totals"] {
        assert_eq!(ada.get(&format!("/v1/insights/{path}")).await.status, 404, "{path}");
    }
}

async fn is_visible(caller: &Client, username: &str) -> bool {
    let mut statuses = Vec::new();
    for what in ["top/tracks", "totals", "activity", "streaks"] {
        statuses.push(caller.get(&format!("/v1/insights/accounts/{username}/{what}")).await.status);
    }
    assert!(statuses == [200; 4] || statuses == [404; 4], "{statuses:?}");
    statuses[0] == 200
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn insights_are_private_until_their_account_says_otherwise() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("Ada").await, world.sign_up("bob").await);
    heard(&world, &ada, day("2026-11-17", &[("A", 2)])).await;
    heard(&world, &bob, day("2026-11-17", &[("A", 3)])).await;
    assert_eq!(ada.get("/v1/me").await.expect(200)["insights"], "private");
    assert!(is_visible(&ada, "ada").await && !is_visible(&bob, "ada").await);
    let (secret, nobody) = (
        bob.get("/v1/insights/accounts/ada/totals").await.problem(404, "not_found"),
        bob.get("/v1/insights/accounts/nobody/totals").await.problem(404, "not_found"),
    );
    assert_eq!(secret["detail"], nobody["detail"]);
    assert!(top(&bob, "global/top/listeners").await.is_empty());
    assert_eq!(bob.get("/v1/insights/global/totals").await.expect(200)["listeners"], 2);

    let account = ada.patch("/v1/me", json!({ "insights": "public" })).await.expect(200);
    assert_eq!(account["insights"], "public");
    assert!(is_visible(&bob, "ada").await && is_visible(&world.anonymous(), "ADA").await);
    assert_eq!(top(&bob, "global/top/listeners?period=month&at=2026-11").await, ["Ada 2"]);
    let theirs = bob.get("/v1/insights/accounts/ada/activity?period=all").await.expect(200);
    assert!(theirs.get("hours").is_none());
    // The history itself stays private: there is no route to it.
    assert!(bob.all("/v1/listens", 50).await.iter().all(|listen| listen["artist"] == "by A"));

    for wrong in [json!(null), json!("friends"), json!(true)] {
        let problem = ada.patch("/v1/me", json!({ "insights": wrong })).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "insights");
    }
    let key = ada.post("/v1/me/keys", json!({ "name": "k" })).await.expect(201);
    let with_key = ada.with_token(key["key"].as_str().unwrap());
    with_key.patch("/v1/me", json!({ "insights": "private" })).await.problem(403, "session_required");
    ada.patch("/v1/me", json!({ "insights": "private" })).await.expect(200);
    assert!(!is_visible(&bob, "ada").await);
    assert!(top(&bob, "global/top/listeners").await.is_empty());
    // Who is gone is not named either.
    bob.patch("/v1/me", json!({ "insights": "public" })).await.expect(200);
    assert_eq!(top(&ada, "global/top/listeners").await, ["bob 3"]);
    bob.delete("/v1/me").await.expect(204);
    assert!(top(&ada, "global/top/listeners").await.is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn answers_are_kept_until_something_is_heard() {
    let world = World::start().await;
    let (ada, boss) = (world.sign_up("ada").await, world.admin("boss").await);
    heard(&world, &ada, day("2026-11-17", &[("A", 2)])).await;
    let path = "/v1/insights/me/top/tracks?period=week&at=2026-W47";
    let first = ada.get(path).await;
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    let etag = first.header("etag").unwrap().to_owned();
    let cached = async |header: &str| {
        ada.send(ada.request(Method::GET, path).header("if-none-match", header)).await.status
    };
    assert_eq!(cached(&etag).await, 304);
    let state = boss.get("/v1/admin/cache").await.expect(200);
    assert_eq!((&state["entries"], &state["hits"], &state["misses"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(state["hit_rate"], 0.5);
    assert!(state["bytes"].as_u64().unwrap() > 100 && state["capacity_bytes"].as_u64().unwrap() > 1_000_000);
    // A wrong question leaves nothing.
    ada.get("/v1/insights/me/top/tracks?limit=0").await.problem(422, "invalid");
    ada.get("/v1/insights/accounts/boss/totals").await.problem(404, "not_found");
    assert_eq!(boss.get("/v1/admin/cache").await.expect(200)["entries"], 1);

    heard(&world, &ada, day("2026-11-18", &[("B", 1)])).await;
    assert_eq!(cached(&etag).await, 200);
    assert_eq!(top(&ada, "me/top/tracks?period=week&at=2026-W47").await, ["A 2", "B 1"]);
    let global = ada.get("/v1/insights/global/totals").await;
    assert_eq!(global.header("cache-control"), Some("public, max-age=1"));

    assert_eq!(boss.post("/v1/admin/cache/invalidate", json!({})).await.expect(200)["entries"], 3);
    assert_eq!(boss.get("/v1/admin/cache").await.expect(200)["entries"], 0);
    ada.get("/v1/admin/cache").await.problem(403, "forbidden");
    ada.post("/v1/admin/cache/invalidate", json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "turns the clock")]
async fn the_home_page_shows_what_trends() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let mut songs = Vec::new();
    for number in 0..8 {
        songs.push(track(&ada, &format!("T{number}"), &["A"], None, &[]).await);
    }
    let ago = |days: u64| world.clock().now().minus(Duration::from_secs(days * 86_400 + 60));
    let times = |song: &Value, days: u64, times: u64| -> Vec<Value> {
        let at = |time: u64| ago(days).minus(Duration::from_secs(time)).to_string();
        (0..times).map(|time| to_track(song, &at(time))).collect()
    };
    // Six listens of four days ago weigh less than two of today; those of last month nothing.
    let listens = [times(&songs[0], 4, 6), times(&songs[1], 0, 2), times(&songs[2], 30, 50)].concat();
    heard(&world, &ada, listens).await;
    heard(&world, &ada, vec![to_song("Outside", "B", &ago(0).to_string())]).await;
    let tick = world.clock().now().plus(Duration::from_secs(5));
    world.invoke("shuffle", json!({ "scheduled_time": tick })).await;
    world.clock().advance(Duration::from_secs(6));
    let home = ada.get("/v1/home").await.expect(200);
    let trending =
        home["sections"].as_array().unwrap().iter().find(|section| section["id"] == "trending").unwrap();
    let ids: Vec<&Value> = trending["items"].as_array().unwrap().iter().map(|track| &track["id"]).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[..2], [&songs[1]["id"], &songs[0]["id"]]);
    assert!(!ids[..2].contains(&ids[2]));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn what_is_heard_more_is_found_first_among_equals() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let mut songs = Vec::new();
    for artist in ["A", "B", "C", "D", "E"] {
        songs.push(track(&ada, "Hello", &[artist], None, &[]).await);
    }
    let at = |hour: usize| format!("2026-11-20T{hour:02}:00:00Z");
    let listens = (0..9).map(|hour| to_track(&songs[2], &at(hour))).chain([to_track(&songs[4], &at(10))]);
    heard(&world, &ada, listens.collect()).await;
    world.invoke("indexer", json!({ "reindex": true })).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let found = ada.get("/v1/search?q=hello&types=track").await.expect(200);
    let artists: Vec<&str> = found["tracks"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| track["artist"].as_str().unwrap())
        .collect();
    assert_eq!(artists.len(), 5);
    assert_eq!(artists[..2], ["C", "E"]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn what_one_account_alone_has_heard_is_not_named_to_others() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let at = "2026-11-20T20:00:00Z";
    heard(&world, &ada, vec![to_song("my own memo", "me", at)]).await;
    assert_eq!(top(&ada, "me/top/tracks").await, ["my own memo 1"]);
    for (what, field) in [("tracks", "title"), ("artists", "name"), ("primary-artists", "name")] {
        let item = &bob.get(&format!("/v1/insights/global/top/{what}")).await.expect(200)["items"][0];
        assert_eq!((&item["count"], &item[field]), (&json!(1), &Value::Null), "{what}");
    }
    heard(&world, &bob, vec![to_song("My Own Memo", "Me", at)]).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // It is called as it was called first.
    assert_eq!(top(&bob, "global/top/tracks").await, ["my own memo 2"]);
    let listeners = bob.get("/v1/insights/global/top/listeners").await;
    assert_eq!(listeners.header("cache-control"), Some("private, no-cache"));
}
