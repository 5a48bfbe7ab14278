//! What much listening costs, and what one very popular track does.

use std::collections::BTreeMap;

use mixtape_domain::listen::{Heard, Listen, MAX_COUNTED_A_QUARTER, Sent};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, Timestamp};
use serde_json::{Value, json};
use tests::{Call, Client, World};

use super::events::event_of_tracks;
use super::{send, to_track, track};

/// The calls and units that an answer took.
async fn cost(world: &World, client: &Client, path: &str) -> (Vec<String>, f64) {
    // Everybody's version is asked for once a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    world.dynamodb().take();
    client.get(path).await.expect(200);
    let mut calls: Vec<Call> = world.dynamodb().take();
    // The keys that tokens are checked with are read from time to time.
    calls.retain(|call| call.tables != ["keys"]);
    (calls.iter().map(|call| call.operation.clone()).collect(), calls.iter().map(|call| call.units).sum())
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn a_top_list_costs_the_same_however_much_was_heard() {
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let mut songs = Vec::new();
    for number in 0..40 {
        songs.push(
            track(&ada, &format!("T{number}"), &[&format!("A{}", number % 13)], Some("X"), &["Pop"]).await,
        );
    }
    let mut listened = 0;
    let mut listen = async |count: usize| {
        let first: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
        for _ in 0..count / 1000 {
            let times: Vec<(String, &Value)> = (listened..listened + 1000)
                .map(|place| {
                    (
                        first.plus(std::time::Duration::from_secs(place as u64 * 97)),
                        &songs[place * place % 40],
                    )
                })
                .map(|(at, song)| (at.to_string(), song))
                .collect();
            listened += 1000;
            send(&ada, times.iter().map(|(at, song)| to_track(song, at)).collect()).await;
            let records: Vec<_> = times.iter().map(|(at, song)| (ada.id(), at.as_str(), *song)).collect();
            world.invoke("tally", event_of_tracks(&records)).await;
        }
    };
    let paths = [
        "/v1/insights/me/top/tracks",
        "/v1/insights/global/top/artists?period=month&at=2026-10",
        "/v1/insights/me/totals?period=year&at=2026",
    ];
    let mut before = BTreeMap::new();
    listen(1000).await;
    for path in paths {
        before.insert(path, cost(&world, &ada, path).await);
    }
    listen(30_000).await;
    for path in paths {
        let (calls, units) = cost(&world, &ada, path).await;
        assert_eq!(calls, before[path].0, "{path}");
        // What is not folded yet is at most 64 KiB in each ledger, of which a Query reads 4 KiB for a unit.
        assert!(units < 60.0 && before[path].1 < 60.0, "{path}: {} and then {units}", before[path].1);
    }
    let totals = ada.get("/v1/insights/global/totals").await.expect(200);
    assert_eq!(totals["listens"], 31_000);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn a_track_that_everybody_hears_is_written_once_for_many() {
    const LISTENERS: usize = 320;
    let world = World::unattended().await;
    let ada = world.sign_up("ada").await;
    let hit = track(&ada, "Hit", &["A"], Some("X"), &["Pop"]).await;
    let there: Track =
        world.store().tracks.get(hit["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let at = "2026-11-20T20:00:00.000Z";
    let sent = Sent {
        heard: Heard::Track(there.id),
        listened_at: at.parse().unwrap(),
        played_ms: None,
        client: None,
    };
    let accounts: Vec<String> = (0..LISTENERS)
        .map(|number| AccountId::from_parts(&["listener", &number.to_string()]).to_string())
        .collect();
    for account in &accounts {
        let listen = Listen::of_track(&sent, &there);
        world.store().listens.keep(account.parse().unwrap(), &[listen]).await.unwrap();
    }
    let records: Vec<_> = accounts.iter().map(|account| (account.as_str(), at, &hit)).collect();
    world.dynamodb().take();
    world.invoke("tally", event_of_tracks(&records)).await;
    let calls: Vec<Call> = world.dynamodb().take();
    let count = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    // 32 accounts fit into one transaction with everybody's counts. Track, artist and album are updated once for all.
    assert_eq!(count("TransactWriteItems"), LISTENERS / 32);
    assert_eq!(count("UpdateItem"), 4);
    let detail = ada.get(&format!("/v1/tracks/{}", there.id)).await.expect(200);
    assert_eq!(json!([detail["play_count"], detail["listener_count"]]), json!([LISTENERS, LISTENERS]));
    let totals = ada.get("/v1/insights/global/totals").await.expect(200);
    assert_eq!(json!([totals["listens"], totals["listeners"]]), json!([LISTENERS, LISTENERS]));
}

#[tokio::test]
async fn only_so_many_listens_of_a_quarter_of_an_hour_count() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let listens = (0..1000).map(|number| super::to_song(&format!("T{number}"), "A", "2026-11-20T20:00:00Z"));
    let ids = super::heard(&world, &ada, listens.collect()).await;
    assert_eq!(ada.all("/v1/listens", 100).await.len(), 1000);
    let totals =
        async || ada.get("/v1/insights/me/totals").await.expect(200)["listens"].as_u64().unwrap() as usize;
    assert_eq!(totals().await, MAX_COUNTED_A_QUARTER);
    for id in &ids[..200] {
        ada.delete(&format!("/v1/listens/{id}")).await.expect(204);
    }
    world.settle().await;
    assert_eq!(totals().await, 800);
}
