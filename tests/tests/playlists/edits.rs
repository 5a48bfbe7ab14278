//! Adding, moving and removing items: order, revisions, counts, limits, many at once.

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Fault, When, World};

use super::{add, ids, items, playlist, recount, track_ids, tracks};

#[tokio::test]
async fn fifty_clients_adding_at_once_lose_nothing() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 50).await;
    let path = playlist(&ada, json!({})).await;
    let adds = tracks.iter().map(|track| add(&ada, &path, std::slice::from_ref(track)));
    for answer in join_all(adds).await {
        answer.expect(200);
    }
    let found = recount(&ada, &path).await;
    let mut seen = track_ids(&found);
    seen.sort();
    let mut expected = tracks.clone();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(ada.get(&path).await.expect(200)["revision"], 51);

    // The same for a mixture of everything.
    let item_ids = ids(&found);
    let edits = (0..40).map(|number| {
        let (ada, path, tracks, item_ids) = (&ada, format!("{path}/items"), &tracks, &item_ids);
        async move {
            match number % 4 {
                0 => ada.delete(&format!("{path}?ids={}", item_ids[number])).await,
                1 => ada.patch(&path, json!({ "item_ids": [item_ids[number]], "before": null })).await,
                2 => {
                    let before = &item_ids[49 - (number / 4)];
                    ada.post(&path, json!({ "track_ids": [tracks[number]], "before": before })).await
                }
                _ => ada.post(&path, json!({ "track_ids": [tracks[number]] })).await,
            }
        }
    });
    // Inserting before an item that is removed at the same time may find it gone.
    let statuses: Vec<u16> = join_all(edits).await.into_iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 422)), "{statuses:?}");
    recount(&ada, &path).await;
}

#[tokio::test]
async fn a_stale_revision_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    let before = ada.get(&path).await;
    assert_eq!(before.header("etag"), Some("\"1\""));
    let first = add(&ada, &path, &tracks[..1]).await;
    assert_eq!(first.header("etag"), Some("\"2\""));
    assert_eq!(first.expect(200), json!({ "revision": 2 }));
    let known = ada.get(&path).await.expect(200);
    let list = items(&ada, &path).await;
    let item = &list[0]["id"];

    let items_path = format!("{path}/items");
    let removal = format!("{items_path}?ids={}", item.as_str().unwrap());
    let edits: [(Method, &str, Value); 6] = [
        (Method::POST, &items_path, json!({ "track_ids": tracks })),
        (Method::PATCH, &items_path, json!({ "item_ids": [item], "before": null })),
        (Method::PUT, &items_path, json!({ "track_ids": [] })),
        (Method::DELETE, &removal, json!({})),
        (Method::PATCH, &path, json!({ "name": "Other" })),
        (Method::DELETE, &path, json!({})),
    ];
    for (method, path, body) in &edits {
        for tags in ["\"1\"", "\"1\", \"3\"", "W/\"2\"", "2", "\"02\"", "\"x\"", ""] {
            let request = ada.request(method.clone(), path).header("if-match", tags).json(body);
            ada.send(request).await.problem(412, "stale_revision");
        }
    }
    assert_eq!(ada.get(&path).await.expect(200), known);
    assert_eq!(items(&ada, &path).await, list);

    for (tags, revision) in [("\"2\"", 3), ("\"9\", \"3\"", 4), ("*", 5)] {
        let (method, path, body) = &edits[1];
        let request = ada.request(method.clone(), path).header("if-match", tags).json(body);
        assert_eq!(ada.send(request).await.expect(200), json!({ "revision": revision }), "{tags}");
    }
}

#[tokio::test]
async fn of_many_edits_of_one_revision_one_is_made() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 1).await;
    let path = playlist(&ada, json!({})).await;
    let edits = (0..20).map(|_| {
        let body = json!({ "track_ids": tracks });
        let request = ada.request(Method::POST, &format!("{path}/items")).header("if-match", "\"1\"");
        ada.send(request.json(&body))
    });
    let statuses: Vec<u16> = join_all(edits).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 19, "{statuses:?}");
    assert_eq!(recount(&ada, &path).await.len(), 1);
}

#[tokio::test]
async fn edits_keep_the_order_of_a_plain_vector() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 10).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    let items_path = format!("{path}/items");
    let mut plain = ids(&items(&ada, &path).await);
    let rng = &mut StdRng::seed_from_u64(3);
    for step in 0..120 {
        let place = rng.random_range(0..=plain.len());
        let before = plain.get(place).cloned();
        match rng.random_range(0..4) {
            0 if plain.len() > 5 => {
                let from = rng.random_range(0..plain.len() - 2);
                let moved: Vec<String> = plain[from..from + 2].iter().rev().cloned().collect();
                let before = before.filter(|before| !moved.contains(before));
                ada.patch(&items_path, json!({ "item_ids": moved, "before": before })).await.expect(200);
                plain.retain(|id| !moved.contains(id));
                let to =
                    before.map_or(plain.len(), |id| plain.iter().position(|other| *other == id).unwrap());
                plain.splice(to..to, moved);
            }
            1 if plain.len() > 5 => {
                let removed = plain.remove(rng.random_range(0..plain.len()));
                ada.delete(&format!("{items_path}?ids={removed}")).await.expect(200);
            }
            _ => {
                let count = rng.random_range(1..4);
                let body = json!({ "track_ids": tracks[..count], "before": before });
                ada.post(&items_path, body).await.expect(200);
                let after = ids(&items(&ada, &path).await);
                let new = &after[place..place + count];
                assert!(new.iter().all(|id| !plain.contains(id)), "step {step}");
                plain.splice(place..place, new.iter().cloned());
            }
        }
        assert_eq!(ids(&items(&ada, &path).await), plain, "step {step}");
    }
    recount(&ada, &path).await;
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn room_is_made_where_many_insertions_go_to_one_place() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 1).await;
    let path = playlist(&ada, json!({})).await;
    let four: Vec<String> = vec![tracks[0].clone(); 4];
    add(&ada, &path, &four).await.expect(200);
    let items_path = format!("{path}/items");
    let mut plain = ids(&items(&ada, &path).await);
    // Each one goes between the two that were inserted last, which halves the room each time.
    let mut place = 2;
    let mut steps_to_go = None;
    for step in 0..1000 {
        let body = json!({ "track_ids": tracks, "before": plain[place] });
        world.dynamodb().take();
        ada.post(&items_path, body).await.expect(200);
        let calls = world.dynamodb().take();
        let transactions = calls.iter().filter(|call| call.operation == "TransactWriteItems").count();
        let after = ids(&items(&ada, &path).await);
        assert_eq!(after.len(), plain.len() + 1);
        assert_eq!((&after[..place], &after[place + 1..]), (&plain[..place], &plain[place..]), "step {step}");
        plain = after;
        place += step % 2;
        // Room was made; some more, to see that the list is good.
        if transactions > 1 && steps_to_go.is_none() {
            steps_to_go = Some(20);
        }
        if let Some(steps) = &mut steps_to_go {
            *steps -= 1;
            if *steps == 0 {
                recount(&ada, &path).await;
                return;
            }
        }
    }
    panic!("the room never ended");
}

#[tokio::test]
async fn ten_thousand_items_can_be_added_moved_replaced_and_paged() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 300).await;
    let path = playlist(&ada, json!({})).await;
    let items_path = format!("{path}/items");
    let all: Vec<String> = tracks.iter().cycle().take(10_000).cloned().collect();
    for chunk in all.chunks(100) {
        add(&ada, &path, chunk).await.expect(200);
    }
    let found = recount(&ada, &path).await;
    assert_eq!(track_ids(&found), all);

    add(&ada, &path, &tracks[..1]).await.problem(409, "playlist_full");
    let plain = ids(&found);
    let moved: Vec<&String> = plain[9_900..].iter().collect();
    ada.patch(&items_path, json!({ "item_ids": moved, "before": plain[5_000] })).await.expect(200);
    let expected = [&plain[..5_000], &plain[9_900..], &plain[5_000..9_900]].concat();
    assert_eq!(ids(&recount(&ada, &path).await), expected);

    ada.delete(&format!("{items_path}?ids={}", plain[0])).await.expect(200);
    add(&ada, &path, &tracks[..2]).await.problem(409, "playlist_full");
    add(&ada, &path, &tracks[..1]).await.expect(200);

    let reversed: Vec<&String> = all.iter().rev().collect();
    ada.put(&items_path, json!({ "track_ids": reversed })).await.expect(200);
    let found = recount(&ada, &path).await;
    assert_eq!(track_ids(&found).iter().collect::<Vec<_>>(), reversed);
    let too_many: Vec<&String> = all.iter().chain(&tracks[..1]).collect();
    let errors = ada.put(&items_path, json!({ "track_ids": too_many })).await.problem(422, "invalid");
    assert_eq!(errors["errors"][0]["field"], "track_ids");
    ada.put(&items_path, json!({ "track_ids": [] })).await.expect(200);
    assert!(recount(&ada, &path).await.is_empty());
}

#[tokio::test]
async fn the_limit_holds_when_many_fill_a_list_at_once() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 7).await;
    let nearly: Vec<&String> = tracks.iter().cycle().take(9_980).collect();
    let path = playlist(&ada, json!({ "track_ids": nearly })).await;
    let statuses = join_all((0..10).map(|_| add(&ada, &path, &tracks))).await;
    let statuses: Vec<u16> = statuses.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 8, "{statuses:?}");
    assert_eq!(recount(&ada, &path).await.len(), 9_994);
}

#[tokio::test]
async fn one_edit_takes_exactly_a_hundred_items() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 101).await;
    let path = playlist(&ada, json!({ "track_ids": tracks[..2] })).await;
    let items_path = format!("{path}/items");
    let two = ids(&items(&ada, &path).await);
    let body = json!({ "track_ids": tracks[..100], "before": two[1] });
    assert_eq!(ada.post(&items_path, body).await.expect(200)["revision"], 2);
    let found = recount(&ada, &path).await;
    assert_eq!(track_ids(&found)[1..101], tracks[..100]);
    let hundred = ids(&found)[1..101].to_vec();

    let reversed: Vec<&String> = hundred.iter().rev().collect();
    ada.patch(&items_path, json!({ "item_ids": reversed, "before": null })).await.expect(200);
    let moved = ids(&recount(&ada, &path).await);
    assert_eq!(moved[..2], two);
    assert_eq!(moved[2..].iter().collect::<Vec<_>>(), reversed);

    let removal = |ids: &[String]| format!("{items_path}?ids={}", ids.join(","));
    ada.delete(&removal(&hundred)).await.expect(200);
    assert_eq!(ids(&recount(&ada, &path).await), two);
    // Once more: they are gone already, and nothing changes.
    let revision = ada.get(&path).await.expect(200)["revision"].clone();
    assert_eq!(ada.delete(&removal(&hundred)).await.expect(200)["revision"], revision);

    for body in [json!({ "track_ids": tracks }), json!({ "track_ids": [] })] {
        let errors = ada.post(&items_path, body).await.problem(422, "invalid");
        assert_eq!(errors["errors"][0]["field"], "track_ids");
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn an_edit_of_a_hundred_items_that_broke_off_is_finished_by_who_comes_next() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 100).await;
    let path = playlist(&ada, json!({})).await;
    let items_path = format!("{path}/items");
    let broken = || {
        world.dynamodb().fail_later(1, "TransactWriteItems", "playlists", Fault::Broken, When::Before, 100);
    };

    broken();
    assert_eq!(add(&ada, &path, &tracks).await.expect(200)["revision"], 2);
    assert!(world.dynamodb().heal() > 0);
    // A reader finishes it.
    assert_eq!(ada.get(&path).await.expect(200)["item_count"], 100);
    let found = recount(&ada, &path).await;
    assert_eq!(track_ids(&found), tracks);

    broken();
    let reversed: Vec<String> = ids(&found).into_iter().rev().collect();
    ada.patch(&items_path, json!({ "item_ids": reversed, "before": null })).await.expect(200);
    assert!(world.dynamodb().heal() > 0);
    // A writer finishes it.
    add(&ada, &path, &tracks[..1]).await.expect(200);
    assert_eq!(ids(&recount(&ada, &path).await)[..100], reversed);

    broken();
    ada.delete(&format!("{items_path}?ids={}", reversed.join(","))).await.expect(200);
    assert!(world.dynamodb().heal() > 0);
    // A file does as well.
    let file = ada.get(&format!("{path}/export?format=m3u8")).await;
    assert_eq!(file.text.matches("mixtape:track:").count(), 1);
    assert_eq!(recount(&ada, &path).await.len(), 1);

    // And so does whoever else reads a list: the cover that is made of its tracks, and the export of the account.
    let cover = format!("{path}/cover");
    for by_export in [false, true] {
        let read = async || {
            assert!(world.dynamodb().heal() > 0);
            if by_export {
                ada.get("/v1/me/export").await.expect(200);
            } else {
                ada.get(&cover).await.problem(404, "no_cover");
            }
            items(&ada, &path).await
        };
        broken();
        add(&ada, &path, &tracks).await.expect(200);
        let found = read().await;
        assert_eq!(found.len(), 101);
        let reversed: Vec<String> = ids(&found)[1..].iter().rev().cloned().collect();
        broken();
        ada.patch(&items_path, json!({ "item_ids": reversed, "before": null })).await.expect(200);
        assert_eq!(ids(&read().await)[1..], reversed);
        broken();
        ada.delete(&format!("{items_path}?ids={}", reversed.join(","))).await.expect(200);
        assert_eq!(read().await.len(), 1);
    }

    // And replacing the list makes an end of what was left to do.
    broken();
    add(&ada, &path, &tracks).await.expect(200);
    assert!(world.dynamodb().heal() > 0);
    ada.put(&items_path, json!({ "track_ids": tracks[..5] })).await.expect(200);
    assert_eq!(recount(&ada, &path).await.len(), 5);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn conflicts_and_lost_answers_are_retried() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 2).await;
    let path = playlist(&ada, json!({})).await;
    world.dynamodb().fail("TransactWriteItems", "playlists", Fault::Conflict, When::Before, 3);
    add(&ada, &path, &tracks).await.expect(200);
    // The answer is lost, the transaction is not: the client's token makes the second attempt the same one.
    world.dynamodb().fail("TransactWriteItems", "playlists", Fault::Broken, When::After, 1);
    add(&ada, &path, &tracks).await.expect(200);
    assert_eq!(recount(&ada, &path).await.len(), 4);

    world.dynamodb().fail("TransactWriteItems", "playlists", Fault::Conflict, When::Before, 1000);
    let answer = add(&ada, &path, &tracks).await;
    assert!(answer.header("retry-after").is_some());
    answer.problem(503, "contended");
    world.dynamodb().heal();
    assert_eq!(recount(&ada, &path).await.len(), 4);
}

#[tokio::test]
async fn a_deleted_track_leaves_an_item_that_can_be_removed() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    ada.delete(&format!("/v1/tracks/{}", tracks[1])).await.expect(204);
    let found = items(&ada, &path).await;
    let gone: Vec<bool> = found.iter().map(|item| item["track"].is_null()).collect();
    assert_eq!(gone, [false, true, false]);
    assert_eq!(found[1]["added_by"], json!({ "id": ada.id(), "username": ada.username() }));
    ada.delete(&format!("{path}/items?ids={}", found[1]["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(track_ids(&recount(&ada, &path).await), [tracks[0].clone(), tracks[2].clone()]);
}

#[tokio::test]
async fn bad_edits_name_the_field_and_change_nothing() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let tracks = tracks(&ada, 3).await;
    let path = playlist(&ada, json!({ "track_ids": tracks })).await;
    let other = playlist(&ada, json!({ "track_ids": tracks })).await;
    let foreign = ids(&items(&ada, &other).await)[0].clone();
    let own = ids(&items(&ada, &path).await);
    let items_path = format!("{path}/items");
    let unknown = "01JD6Y3Q5R8WZ0V4C2B7M9N1XK";
    let known = (ada.get(&path).await.expect(200), items(&ada, &path).await);

    for (method, body, field) in [
        (Method::POST, json!({ "track_ids": [tracks[0], tracks[1], tracks[2], unknown] }), "track_ids[3]"),
        (Method::POST, json!({ "track_ids": [tracks[0], "x"] }), "track_ids[1]"),
        (Method::POST, json!({ "track_ids": [tracks[0], 7] }), "track_ids[1]"),
        (Method::POST, json!({ "track_ids": "x" }), "track_ids"),
        (Method::POST, json!({}), "track_ids"),
        (Method::POST, json!({ "track_ids": tracks, "before": unknown }), "before"),
        (Method::POST, json!({ "track_ids": tracks, "before": foreign }), "before"),
        (Method::POST, json!({ "track_ids": tracks, "at": 1 }), "at"),
        (Method::PATCH, json!({ "item_ids": [own[0], unknown], "before": null }), "item_ids[1]"),
        (Method::PATCH, json!({ "item_ids": [foreign], "before": null }), "item_ids[0]"),
        (Method::PATCH, json!({ "item_ids": [own[0], own[0]], "before": null }), "item_ids[1]"),
        (Method::PATCH, json!({ "item_ids": [own[0]], "before": own[0] }), "before"),
        (Method::PATCH, json!({ "item_ids": [own[0]] }), "before"),
        (Method::PATCH, json!({ "item_ids": [], "before": null }), "item_ids"),
        (Method::PUT, json!({ "track_ids": [tracks[0], unknown] }), "track_ids[1]"),
        (Method::PUT, json!({ "track_ids": null }), "track_ids"),
    ] {
        let request = ada.request(method.clone(), &items_path).json(&body);
        let problem = ada.send(request).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{method} {body}");
    }
    for (query, field) in
        [("", "ids"), ("?ids=", "ids"), ("?ids=x", "ids[0]"), (&format!("?ids={},x", own[0]), "ids[1]")]
    {
        let problem = ada.delete(&format!("{items_path}{query}")).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=AQ"] {
        ada.get(&format!("{items_path}?{query}")).await.problem(422, "invalid");
    }
    // A cursor of another list.
    let page = ada.get(&format!("{other}/items?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    ada.get(&format!("{items_path}?cursor={cursor}")).await.problem(422, "invalid");
    assert_eq!((ada.get(&path).await.expect(200), items(&ada, &path).await), known);
}
