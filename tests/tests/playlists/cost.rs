//! What each request costs in calls of DynamoDB.

use reqwest::Method;
use serde_json::{Value, json};
use tests::World;

use super::{ids, items, playlist, tracks};

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn requests_take_as_many_calls_as_they_may() {
    let world = World::observed().await;
    let ada = world.sign_up("ada").await;
    world.sign_up("grace").await;
    let tracks = tracks(&ada, 101).await;
    let hundred = &tracks[..100];
    let ninety = &tracks[..90];
    let path = playlist(&ada, json!({ "visibility": "public", "track_ids": tracks })).await;
    let items_path = format!("{path}/items");
    world.settle().await;
    let own = ids(&items(&ada, &path).await);
    let page = ada.get(&format!("{items_path}?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let many = [&tracks[..], &tracks[..]].concat();

    let collaborator = format!("{path}/collaborators/grace");
    let first_page = format!("{items_path}?limit=100");
    let later_page = format!("{items_path}?limit=99&cursor={cursor}");
    let full_page = format!("{items_path}?limit=100&cursor={cursor}");
    let remove_one = format!("{items_path}?ids={}", own[7]);
    let remove_ninety = format!("{items_path}?ids={}", own[10..100].join(","));
    let export = format!("{path}/export?format=jspf");
    let table: Vec<(&str, Method, &str, Value, usize)> = vec![
        ("a playlist", Method::GET, &path, Value::Null, 1),
        ("first page of 100 items", Method::GET, &first_page, Value::Null, 2),
        ("later page of 99 items", Method::GET, &later_page, Value::Null, 2),
        ("later page of 100 items", Method::GET, &full_page, Value::Null, 3),
        ("my playlists", Method::GET, "/v1/playlists", Value::Null, 2),
        ("public playlists of an account", Method::GET, "/v1/accounts/ada/playlists", Value::Null, 3),
        ("make a playlist", Method::POST, "/v1/playlists", json!({ "name": "x" }), 1),
        (
            "make one of 90 tracks",
            Method::POST,
            "/v1/playlists",
            json!({ "name": "x", "track_ids": ninety }),
            2,
        ),
        ("change a playlist", Method::PATCH, &path, json!({ "name": "y" }), 2),
        ("add a collaborator", Method::PUT, &collaborator, Value::Null, 3),
        ("remove a collaborator", Method::DELETE, &collaborator, Value::Null, 2),
        ("add 1 at the end", Method::POST, &items_path, json!({ "track_ids": tracks[..1] }), 2),
        ("add 90 at the end", Method::POST, &items_path, json!({ "track_ids": ninety }), 2),
        ("add 1 inside", Method::POST, &items_path, json!({ "track_ids": tracks[..1], "before": own[3] }), 3),
        ("add 90 inside", Method::POST, &items_path, json!({ "track_ids": ninety, "before": own[3] }), 3),
        ("add 100 at the end", Method::POST, &items_path, json!({ "track_ids": hundred }), 4),
        ("move 1 inside", Method::PATCH, &items_path, json!({ "item_ids": own[..1], "before": own[3] }), 3),
        (
            "move 90 inside",
            Method::PATCH,
            &items_path,
            json!({ "item_ids": own[10..100], "before": own[3] }),
            3,
        ),
        ("move 1 to the end", Method::PATCH, &items_path, json!({ "item_ids": own[..1], "before": null }), 2),
        ("remove 1", Method::DELETE, &remove_one, Value::Null, 2),
        ("remove 90", Method::DELETE, &remove_ninety, Value::Null, 2),
        ("export of 200 items", Method::GET, &export, Value::Null, 5),
        ("replace by 90", Method::PUT, &items_path, json!({ "track_ids": ninety }), 2),
        ("replace by 202", Method::PUT, &items_path, json!({ "track_ids": many }), 14),
        ("delete a playlist", Method::DELETE, &path, Value::Null, 2),
    ];
    let mut wrong = Vec::new();
    for (name, method, path, body, expected) in table {
        // The pump reads the tables too.
        world.settle().await;
        world.dynamodb().take();
        let request = ada.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = ada.send(request).await;
        let mut mine = world.dynamodb().take();
        // Whether tokens were revoked is asked every five seconds, however long this takes.
        mine.retain(|call| call.tables != ["keys"]);
        assert!(matches!(answer.status, 200..=204), "{name}: {}", answer.text);
        // What follows a write is the sweeping that it causes.
        if let Some(last) = mine.iter().rposition(|call| call.operation == "TransactWriteItems") {
            mine.truncate(last + 1);
        }
        let units: f64 = mine.iter().map(|call| call.units).sum();
        let operations: Vec<&str> = mine.iter().map(|call| call.operation.as_str()).collect();
        println!("| {name} | {} | {units} | {} |", mine.len(), operations.join(", "));
        if mine.len() != expected {
            wrong.push(format!("{name}: {} calls instead of {expected}: {operations:?}", mine.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
