//! Playlists themselves: who may do what, lists of them, collaborators.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

use super::{add, ids, items, playlist, tracks};

#[tokio::test]
async fn everybody_may_do_what_visibility_and_membership_allow() {
    let world = World::start().await;
    let (ada, grace, eve) = tokio::join!(world.sign_up("ada"), world.sign_up("grace"), world.sign_up("eve"));
    let root = world.admin("carol").await;
    let anonymous = world.anonymous();
    let tracks = tracks(&ada, 2).await;
    for visibility in ["private", "unlisted", "public"] {
        let path = playlist(&ada, json!({ "visibility": visibility, "track_ids": tracks })).await;
        let [own, stranger] =
            [&grace, &eve].map(|client| format!("{path}/collaborators/{}", client.username()));
        ada.put(&own, Value::Null).await.expect(200);
        let items_path = format!("{path}/items");
        let item = ids(&items(&ada, &path).await)[0].clone();
        let hidden = if visibility == "private" { 404 } else { 403 };
        let readable = if visibility == "private" { 404 } else { 200 };
        let removal = format!("{items_path}?ids=01JD6Y3Q5R8WZ0V4C2B7M9N1XK");
        let export = format!("{path}/export?format=jspf");
        // owner, collaborator, stranger, admin, anonymous
        let table: [(Method, &str, Value, [u16; 5]); 11] = [
            (Method::GET, &path, Value::Null, [200, 200, readable, 200, readable]),
            (Method::GET, &items_path, Value::Null, [200, 200, readable, 200, readable]),
            (Method::GET, &export, Value::Null, [200, 200, readable, 200, readable]),
            (Method::POST, &items_path, json!({ "track_ids": tracks }), [200, 200, hidden, 200, 401]),
            (
                Method::PATCH,
                &items_path,
                json!({ "item_ids": [item], "before": null }),
                [200, 200, hidden, 200, 401],
            ),
            (Method::DELETE, &removal, Value::Null, [200, 200, hidden, 200, 401]),
            (Method::PATCH, &path, json!({ "name": "Other" }), [200, 403, hidden, 200, 401]),
            // The owner goes first: then eve collaborates, and then no more.
            (Method::PUT, &stranger, Value::Null, [200, 403, 403, 200, 401]),
            (Method::DELETE, &stranger, Value::Null, [204, 403, hidden, 404, 401]),
            (Method::PUT, &items_path, json!({ "track_ids": tracks }), [200, 200, hidden, 200, 401]),
            (Method::DELETE, &own, Value::Null, [204, hidden, hidden, 404, 401]),
        ];
        for (method, path, body, expected) in table {
            let callers = [&ada, &grace, &eve, &root, &anonymous];
            for (caller, expected) in callers.into_iter().zip(expected) {
                let request = caller.request(method.clone(), path);
                let request = if body.is_null() { request } else { request.json(&body) };
                let answer = caller.send(request).await;
                assert_eq!(
                    answer.status, expected,
                    "{visibility} {method} {path} {}: {}",
                    caller.account, answer.text
                );
            }
        }
        for (caller, expected) in [(&eve, hidden), (&grace, hidden), (&anonymous, 401), (&root, 204)] {
            let answer = caller.delete(&path).await;
            assert_eq!(answer.status, expected, "{visibility}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn collaborators_come_and_go() {
    let world = World::start().await;
    let (ada, grace) = tokio::join!(world.sign_up("ada"), world.sign_up("Grace"));
    let tracks = tracks(&grace, 1).await;
    let path = playlist(&ada, json!({})).await;
    let collaborator = |client: &Client| format!("{path}/collaborators/{}", client.username());
    let whispered = format!("{path}/collaborators/{}", grace.username().to_lowercase());
    let add_grace = async || ada.put(&whispered, Value::Null).await;
    let with = add_grace().await.expect(200);
    assert_eq!(with["collaborators"], json!([{ "id": grace.id(), "username": grace.username() }]));
    assert_eq!(with["revision"], 2);
    assert_eq!(add_grace().await.expect(200), with, "nothing changes the second time");
    ada.put(&collaborator(&ada), Value::Null).await.problem(422, "invalid");
    ada.put(&format!("{path}/collaborators/nobody"), Value::Null).await.problem(404, "not_found");
    ada.delete(&format!("{path}/collaborators/nobody")).await.problem(404, "not_found");

    add(&grace, &path, &tracks).await.expect(200);
    let added_by = async || items(&ada, &path).await[0]["added_by"].clone();
    assert_eq!(added_by().await, json!({ "id": grace.id(), "username": grace.username() }));
    world.settle().await;
    let shared = grace.get("/v1/playlists").await.expect(200);
    assert_eq!(shared["items"][0]["id"], with["id"]);

    // A collaborator leaves by herself, and what she added stays.
    let shouted = format!("{path}/collaborators/{}", grace.username().to_uppercase());
    grace.delete(&shouted).await.expect(204);
    grace.get(&path).await.problem(404, "not_found");
    add(&grace, &path, &tracks).await.problem(404, "not_found");
    assert_eq!(grace.get("/v1/playlists").await.expect(200)["items"], json!([]));
    assert_eq!(added_by().await, Value::Null);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn a_playlist_has_at_most_fifty_collaborators() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let path = playlist(&ada, json!({})).await;
    let now = world.clock().now();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let account_id = ada.id().parse().unwrap();
    let viewer = mixtape_domain::playlist::Viewer { account_id, is_admin: false };
    let caller = mixtape_store::playlists::Caller { viewer, revisions: None };
    for number in 0..50 {
        let username = format!("user{number}");
        let profile = mixtape_domain::account::Profile {
            id: mixtape_domain::AccountId::from_parts(&[&username]),
            username: username.parse().unwrap(),
        };
        world.store().playlists.add_collaborator(id, &caller, &profile, now).await.unwrap();
    }
    world.sign_up("grace").await;
    let answer = ada.put(&format!("{path}/collaborators/grace"), Value::Null).await;
    answer.problem(409, "too_many_collaborators");
    ada.delete(&format!("{path}/collaborators/user7")).await.expect(204);
    ada.put(&format!("{path}/collaborators/grace"), Value::Null).await.expect(200);
    // All of them go with the playlist.
    ada.delete(&path).await.expect(204);
}

#[tokio::test]
async fn lists_hold_what_is_mine_shared_or_public() {
    let world = World::start().await;
    let (ada, grace) = tokio::join!(world.sign_up("ada"), world.sign_up("grace"));
    let mut made = Vec::new();
    for number in 0..9 {
        let owner = if number % 3 == 2 { &grace } else { &ada };
        let visibility = ["private", "unlisted", "public"][number % 3 * 2 % 3];
        let path =
            playlist(owner, json!({ "name": format!("List {number}"), "visibility": visibility })).await;
        if number % 3 == 2 {
            grace.put(&format!("{path}/collaborators/{}", ada.username()), Value::Null).await.expect(200);
        }
        made.push(path.rsplit('/').next().unwrap().to_owned());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    made.reverse();
    for limit in [1, 2, 4, 100] {
        assert_eq!(ids(&ada.all("/v1/playlists", limit).await), made, "{limit}");
    }
    let of_ada = format!("/v1/accounts/{}/playlists", ada.username());
    let shouted = format!("/v1/accounts/{}/playlists", ada.username().to_uppercase());
    let public: Vec<String> = made.iter().rev().skip(1).step_by(3).rev().cloned().collect();
    for client in [&ada, &grace, &world.anonymous()] {
        for limit in [1, 100] {
            assert_eq!(ids(&client.all(&shouted, limit).await), public);
        }
    }
    let first = format!("/v1/playlists/{}", public[0]);
    ada.patch(&first, json!({ "visibility": "private" })).await.expect(200);
    assert_eq!(ids(&grace.all(&of_ada, 50).await), public[1..]);
    ada.patch(&first, json!({ "visibility": "public" })).await.expect(200);
    assert_eq!(ids(&grace.all(&of_ada, 50).await), public);
    grace.get("/v1/accounts/nobody/playlists").await.problem(404, "not_found");
    grace.get("/v1/accounts/n%20o/playlists").await.problem(404, "not_found");
    world.anonymous().get("/v1/playlists").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_playlist_is_made_changed_and_deleted() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let answer = ada.post("/v1/playlists", json!({ "name": " Rain ", "description": "wet" })).await;
    let path = answer.header("location").unwrap().to_owned();
    let made = answer.expect(201);
    assert_eq!(made, ada.get(&path).await.expect(200));
    let expected = json!({
        "id": made["id"], "name": "Rain", "description": "wet", "visibility": "private",
        "owner": { "id": ada.id(), "username": ada.username() }, "collaborators": [], "revision": 1,
        "item_count": 0,
        "cover": made["cover"], "duration_ms": 0, "created_at": made["created_at"], "updated_at": made["created_at"],
    });
    assert_eq!(made, expected);
    let etag = ada.get(&path).await.header("etag").unwrap().to_owned();
    let known = ada.request(Method::GET, &path).header("if-none-match", &etag);
    ada.send(known).await.expect(304);

    world.pass(std::time::Duration::from_secs(1)).await;
    let changed = ada.patch(&path, json!({ "description": null, "visibility": "public" })).await.expect(200);
    assert_eq!(changed, ada.get(&path).await.expect(200));
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Rain"), &Value::Null));
    assert_eq!((&changed["visibility"], &changed["revision"]), (&json!("public"), &json!(2)));
    assert_ne!(changed["updated_at"], made["updated_at"]);
    assert_eq!(ada.patch(&path, json!({})).await.expect(200), changed, "nothing was asked for");

    for (body, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": "a\u{0}b" }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "description": "x".repeat(2001) }), "description"),
        (json!({ "visibility": "secret" }), "visibility"),
        (json!({ "visibility": null }), "visibility"),
        (json!({ "revision": 9 }), "revision"),
        (json!({ "owner": {} }), "owner"),
    ] {
        let problem = ada.patch(&path, body.clone()).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{body}");
        if body["name"] != Value::Null || body.get("name").is_none() {
            let mut draft = body.clone();
            draft.as_object_mut().unwrap().entry("name").or_insert(json!("Rain"));
            if !body["visibility"].is_null() || body.get("visibility").is_none() {
                ada.post("/v1/playlists", draft).await.problem(422, "invalid");
            }
        }
    }
    assert_eq!(ada.get(&path).await.expect(200), changed);
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.problem(404, "not_found");
    ada.delete(&path).await.problem(404, "not_found");
    for path in ["/v1/playlists/x", "/v1/playlists/01jd6y3q5r8wz0v4c2b7m9n1xk", "/v1/playlists/%00"] {
        ada.get(path).await.problem(404, "not_found");
    }
}
