//! Replacing all items at once, and what is swept afterwards.

use std::time::Duration;

use serde_json::json;
use tests::{Client, Fault, When, World};

use super::{add, ids, items, playlist, recount, track_ids, tracks};

/// Reads the whole list, starting over when it was replaced between two pages.
async fn read_whole(client: &Client, path: &str) -> Vec<String> {
    'again: loop {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = client.get(&format!("{path}/items?limit=40{cursor}")).await;
            if answer.status == 409 {
                answer.problem(409, "list_replaced");
                continue 'again;
            }
            let page = answer.expect(200);
            seen.extend(track_ids(page["items"].as_array().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return seen,
            }
        }
    }
}

#[tokio::test]
async fn a_reader_sees_the_old_list_or_the_new_one() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 2).await;
    // One that fits a transaction, and one that does not.
    let lists = [vec![tracks[0].clone(); 90], vec![tracks[1].clone(); 230]];
    let path = playlist(&ada, json!({ "track_ids": lists[0] })).await;
    let write = async {
        for round in 1..=20 {
            let body = json!({ "track_ids": lists[round % 2] });
            ada.put(&format!("{path}/items"), body).await.expect(200);
        }
    };
    let read = async {
        for _ in 0..40 {
            let seen = read_whole(&ada, &path).await;
            assert!(lists.contains(&seen), "{} items", seen.len());
        }
    };
    let file = async {
        for _ in 0..20 {
            let file = ada.get(&format!("{path}/export?format=m3u8")).await.text;
            let counts = tracks.iter().map(|id| file.matches(id.as_str()).count()).collect::<Vec<_>>();
            assert!(counts == [90, 0] || counts == [0, 230], "{counts:?}");
        }
    };
    tokio::join!(write, read, file);
    recount(&ada, &path).await;
}

#[tokio::test]
async fn replacing_and_adding_at_once_both_take_effect() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 2).await;
    let path = playlist(&ada, json!({})).await;
    for _ in 0..5 {
        let body = json!({ "track_ids": vec![&tracks[0]; 150] });
        let items_path = format!("{path}/items");
        let (put, post) = tokio::join!(ada.put(&items_path, body), add(&ada, &path, &tracks[1..]));
        put.expect(200);
        post.expect(200);
        let found = recount(&ada, &path).await.len();
        assert!(found == 150 || found == 151, "{found}");
    }
}

#[tokio::test]
async fn a_cursor_of_a_replaced_list_says_so() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    let page = ada.get(&format!("{path}/items?limit=1")).await.expect(200);
    let next = format!("{path}/items?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    // Edits go on under a reader.
    add(&ada, &path, &tracks).await.expect(200);
    ada.get(&next).await.expect(200);
    ada.put(&format!("{path}/items"), json!({ "track_ids": tracks })).await.expect(200);
    ada.get(&next).await.problem(409, "list_replaced");
    world.settle().await;
    ada.get(&next).await.problem(409, "list_replaced");
}

#[tokio::test]
async fn items_of_a_replaced_list_can_no_longer_be_named() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    let items_path = format!("{path}/items");
    let old = ids(&items(&ada, &path).await);
    ada.put(&items_path, json!({ "track_ids": tracks })).await.expect(200);
    ada.patch(&items_path, json!({ "item_ids": [old[0]], "before": null })).await.problem(422, "invalid");
    ada.post(&items_path, json!({ "track_ids": tracks, "before": old[0] })).await.problem(422, "invalid");
    ada.delete(&format!("{items_path}?ids={}", old[0])).await.expect(200);
    assert_eq!(recount(&ada, &path).await.len(), 3);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn old_lists_and_deleted_playlists_are_swept() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let long: Vec<&String> = tracks.iter().cycle().take(300).collect();
    let path = playlist(&ada, json!({ "track_ids": long })).await;
    let items_path = format!("{path}/items");
    ada.put(&items_path, json!({ "track_ids": long })).await.expect(200);
    ada.put(&items_path, json!({ "track_ids": tracks })).await.expect(200);
    world.settle().await;
    // With entries of an old list in its way, the first page takes one call more.
    world.dynamodb().take();
    ada.get(&items_path).await.expect(200);
    let mut calls = world.dynamodb().take();
    // Whether tokens were revoked is asked every five seconds, however long this takes.
    calls.retain(|call| call.tables != ["keys"]);
    assert_eq!(calls.len(), 2, "{calls:?}");

    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let sweep = async || world.store().playlists.sweep(id, world.clock().now()).await.unwrap();
    assert_eq!(sweep().await, 0);
    assert_eq!(recount(&ada, &path).await.len(), 3);
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.problem(404, "not_found");
    ada.get(&items_path).await.problem(404, "not_found");
    world.settle().await;
    assert_eq!(sweep().await, 0);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn what_a_broken_off_writing_left_is_swept_after_an_hour() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let long: Vec<&String> = tracks.iter().cycle().take(300).collect();
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    world.dynamodb().fail("TransactWriteItems", "playlists", Fault::Broken, When::Before, 1000);
    let items_path = format!("{path}/items");
    ada.put(&items_path, json!({ "track_ids": long })).await.problem(503, "unavailable");
    world.dynamodb().heal();
    assert_eq!(track_ids(&recount(&ada, &path).await), tracks);

    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let sweep = async |after| {
        let now = world.clock().now().plus(after);
        world.store().playlists.sweep(id, now).await.unwrap()
    };
    let hour = Duration::from_secs(3601);
    // Its mark is still there: perhaps somebody writes.
    assert_eq!((sweep(Duration::ZERO).await, sweep(hour).await), (0, 0));
    // A later list outdates it.
    ada.put(&items_path, json!({ "track_ids": tracks })).await.expect(200);
    world.settle().await;
    assert_eq!(sweep(hour).await, 0);
    assert_eq!(track_ids(&recount(&ada, &path).await), tracks);
}
