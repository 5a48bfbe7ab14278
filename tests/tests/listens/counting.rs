//! Each listen counts once: at once, twice, late, after a deletion, for a track that comes later.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use tests::{Fault, When, World};

use super::{heard, send, to_song, to_track, top, track};

const AT: &str = "2026-11-20T20:00:00.000Z";

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_listen_shows_within_two_seconds() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = track(&ada, "One", &["A"], None, &[]).await;
    ada.get("/v1/insights/global/totals").await.expect(200);
    send(&ada, vec![to_track(&song, AT)]).await;
    let sent = Instant::now();
    for path in ["me/totals", "global/totals"] {
        while ada.get(&format!("/v1/insights/{path}")).await.expect(200)["listens"] != 1 {
            assert!(sent.elapsed() < Duration::from_secs(2), "{path} does not know of it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(top(&ada, "me/top/tracks").await, ["One 1"]);
    assert_eq!(top(&ada, "global/top/tracks").await, ["One 1"]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn tracks_albums_and_artists_say_how_often_they_were_heard() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let song = track(&ada, "Under Pressure", &["Queen", "David Bowie"], Some("Hot Space"), &[]).await;
    let plays = async || {
        let mut counts = Vec::new();
        for (path, id) in
            [("tracks", &song["id"]), ("artists", &song["artists"][1]["id"]), ("albums", &song["album_id"])]
        {
            let thing = ada.get(&format!("/v1/{path}/{}", id.as_str().unwrap())).await.expect(200);
            counts.push((thing["play_count"].as_i64().unwrap(), thing["listener_count"].as_i64().unwrap()));
        }
        counts
    };
    assert_eq!(plays().await, [(0, 0); 3]);
    heard(&world, &ada, vec![to_track(&song, AT), to_track(&song, "2026-11-01T00:00:00Z")]).await;
    let theirs = heard(&world, &bob, vec![to_track(&song, AT)]).await;
    assert_eq!(plays().await, [(3, 2); 3]);
    bob.delete(&format!("/v1/listens/{}", theirs[0])).await.expect(204);
    world.settle().await;
    assert_eq!(plays().await, [(2, 1); 3]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_listen_outside_the_catalogue_joins_the_track_when_it_appears() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    heard(&world, &ada, vec![to_song("One", "Queen", AT), to_song("Other", "Queen", AT)]).await;
    heard(&world, &bob, vec![to_song("ONE", "queen", AT)]).await;
    let before = ada.get("/v1/insights/global/totals").await.expect(200);
    assert_eq!((&before["listens"], &before["tracks"], &before["albums"]), (&json!(3), &json!(2), &json!(0)));
    let song = track(&ada, "One", &["Queen", "David Bowie"], Some("Hot Space"), &["Rock"]).await;
    world.settle().await;
    let listens = ada.all("/v1/listens", 50).await;
    let joined = listens.iter().find(|listen| listen["title"] == "One").unwrap();
    assert_eq!((&joined["track"]["id"], &joined["album"]), (&song["id"], &json!("Hot Space")));
    let detail = ada.get(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&detail["play_count"], &detail["listener_count"]), (&json!(2), &json!(2)));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let after = ada.get("/v1/insights/global/totals").await.expect(200);
    assert_eq!((&after["listens"], &after["tracks"], &after["albums"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(top(&ada, "global/top/artists").await, ["Queen 3", "David Bowie 2"]);
    assert_eq!(top(&ada, "me/top/genres").await, ["Rock 1"]);
    // Sent once more, now that there is a track, it is the same listen.
    heard(&world, &bob, vec![to_song("One", "Queen", AT)]).await;
    assert_eq!(bob.all("/v1/listens", 50).await.len(), 1);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_track_and_a_listen_to_it_that_come_at_once_find_each_other() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    for round in 0..20 {
        let title = format!("T{round}");
        let (song, _) =
            tokio::join!(track(&ada, &title, &["A"], None, &[]), send(&ada, vec![to_song(&title, "A", AT)]));
        world.settle().await;
        let detail = ada.get(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(detail["play_count"], 1, "round {round}");
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn listens_of_a_deleted_account_count_no_longer() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let song = track(&bob, "One", &["A"], Some("X"), &["Pop"]).await;
    let spread = (1..=20).map(|day| to_track(&song, &format!("2026-10-{day:02}T10:00:00Z")));
    let spread: Vec<_> = spread.collect();
    heard(&world, &ada, spread.clone()).await;
    heard(&world, &bob, vec![to_track(&song, AT)]).await;
    let id = ada.id().to_owned();
    ada.delete("/v1/me").await.expect(204);
    world.settle().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let totals = bob.get("/v1/insights/global/totals").await.expect(200);
    assert_eq!((&totals["listens"], &totals["listeners"]), (&json!(1), &json!(1)));
    assert_eq!(bob.get("/v1/insights/global/totals?period=month&at=2026-10").await.expect(200)["listens"], 0);
    let detail = bob.get(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&detail["play_count"], &detail["listener_count"]), (&json!(1), &json!(1)));
    // Nothing of the account is left.
    assert!(world.store().objects.list(&format!("insights/accounts/{id}/")).await.unwrap().is_empty());
    for table in ["listens", "insights"] {
        let name = format!("mixtape-{table}");
        let left = world.dynamodb().send("Scan", json!({ "TableName": name })).await;
        let items = left["Items"].as_array().unwrap();
        assert!(!items.iter().any(|item| item["pk"]["S"].as_str().unwrap().contains(&id)), "{table}");
    }
}

#[tokio::test]
async fn everybody_at_once_is_counted_exactly() {
    let world = World::start().await;
    let song = track(&world.sign_up("owner").await, "Hit", &["A"], None, &[]).await;
    let names: Vec<String> = (0..12).map(|number| format!("listener{number}")).collect();
    let clients = join_all(names.iter().map(|name| world.sign_up(name))).await;
    let sends = clients.iter().flat_map(|client| {
        let song = &song;
        (0..10).map(move |hour| send(client, vec![to_track(song, &format!("2026-11-20T{hour:02}:00:00Z"))]))
    });
    join_all(sends).await;
    world.settle().await;
    let detail = clients[0].get(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&detail["play_count"], &detail["listener_count"]), (&json!(120), &json!(12)));
    if !world.is_deployed() {
        assert_eq!(top(&clients[0], "global/top/tracks").await, ["Hit 120"]);
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn every_call_of_the_tally_can_fail_before_and_after_it_was_done() {
    let mut broken = 0;
    for when in [When::Before, When::After] {
        for place in 0.. {
            let world = World::unattended().await;
            let ada = world.sign_up("ada").await;
            let song = track(&ada, "One", &["A", "B"], Some("X"), &["Pop"]).await;
            send(&ada, vec![to_track(&song, AT), to_song("Else", "C", AT)]).await;
            let event = super::events::event(&[(ada.id(), AT, "One", "A"), (ada.id(), AT, "Else", "C")]);
            world.dynamodb().take();
            world.dynamodb().fail_later(place, "", "", Fault::Refused, when, 1);
            let answer = world.stack().invoke("tally", event.clone()).await;
            if world.dynamodb().heal() == 1 {
                break;
            }
            broken += 1;
            let failed = answer.map_or(1, |answer| answer["batchItemFailures"].as_array().unwrap().len());
            assert_eq!(failed, 1, "call {place} failed, and nobody says so");
            // Twice: what was counted by then is not counted again.
            world.invoke("tally", event.clone()).await;
            world.invoke("tally", event).await;
            let totals = ada.get("/v1/insights/me/totals").await.expect(200);
            assert_eq!((&totals["listens"], &totals["tracks"]), (&json!(2), &json!(2)), "{when:?} {place}");
            assert_eq!(
                ada.get("/v1/insights/global/totals").await.expect(200)["listens"],
                2,
                "{when:?} {place}"
            );
            assert_eq!(top(&ada, "global/top/artists").await.len(), 3, "{when:?} {place}");
            let detail = ada.get(&format!("/v1/tracks/{}", song["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(
                (&detail["play_count"], &detail["listener_count"]),
                (&json!(1), &json!(1)),
                "{when:?} {place}"
            );
        }
    }
    assert!(broken >= 20, "{broken} calls");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the dead letters")]
async fn listens_to_very_many_things_at_once_hold_nobody_up() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let mut listens = Vec::new();
    for from in (0..300).step_by(100) {
        let track = |number: usize| {
            let many = |what: &str, count: usize| {
                (0..count).map(|one| format!("{what} {number} {one}")).collect::<Vec<_>>()
            };
            json!({ "title": format!("T{number}"), "artist": "A", "artists": many("artist", 15), "genres": many("genre", 20) })
        };
        let body = json!({ "tracks": (from..from + 100).map(track).collect::<Vec<_>>() });
        let made = ada.post("/v1/tracks/batch", body).await.expect(200);
        let ids = made["results"].as_array().unwrap().iter().map(|result| result["id"].clone());
        listens.extend(ids.map(|id| json!({ "track_id": id, "listened_at": AT })));
    }
    heard(&world, &ada, listens).await;
    heard(&world, &bob, vec![to_song("One", "B", AT)]).await;
    assert_eq!(bob.get("/v1/insights/me/totals").await.expect(200)["listens"], 1);
    // As many as fit count.
    let counted = ada.get("/v1/insights/me/totals").await.expect(200)["listens"].as_u64().unwrap();
    assert!((90..300).contains(&counted), "{counted}");
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_recount_finds_what_no_event_told_of() {
    // Nothing reads the streams here: every record is lost.
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let song = track(&ada, "One", &["A"], None, &[]).await;
    let hours = (0..12).map(|hour| to_track(&song, &format!("2026-11-20T{hour:02}:30:00.000Z")));
    send(&ada, hours.collect()).await;
    let totals = async || ada.get("/v1/insights/me/totals").await.expect(200)["listens"].clone();
    let recount = async || {
        let (mut after, mut corrected) = (json!(null), 0);
        loop {
            let event = json!({ "recount": { "account": ada.id(), "after": after } });
            let answer = world.stack().invoke("tally", event).await.unwrap();
            corrected += answer["corrected"].as_u64().unwrap();
            after = answer["next"].clone();
            if answer["done"] == true {
                break corrected;
            }
        }
    };
    assert_eq!(totals().await, 0);
    assert_eq!(recount().await, 12);
    assert_eq!(totals().await, 12);
    // What was deleted unheard is found too, and then there is nothing left to do.
    for listen in ada.get("/v1/listens?limit=5").await.expect(200)["items"].as_array().unwrap() {
        ada.delete(&format!("/v1/listens/{}", listen["id"].as_str().unwrap())).await.expect(204);
    }
    assert_eq!((recount().await, totals().await), (5, json!(7)));
    assert_eq!(recount().await, 0);
}
