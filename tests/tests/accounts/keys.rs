//! API keys act for their account, but not on it.

use std::time::Duration;

use futures::future::join_all;
use mixtape_domain::account::{ApiToken, Secret};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

use super::assert_refused;

async fn make_key(client: &Client, name: &str) -> Value {
    client.post("/v1/me/keys", json!({ "name": name })).await.expect(201)
}

fn holder(client: &Client, key: &Value) -> Client {
    client.with_token(key["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_is_shown_once_and_acts_for_its_account() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let made = make_key(&nina, "  Car stereo ").await;
    assert_eq!(made["name"], "Car stereo");
    assert_eq!(made["expires_at"], Value::Null);
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("mtk_"));
    let listed = nina.get("/v1/me/keys").await;
    assert!(!listed.text.contains(secret));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("key");
    assert_eq!(listed.expect(200)["items"], json!([shown]));

    let radio = holder(&nina, &made);
    assert_eq!(radio.get("/v1/me").await.expect(200), nina.account);
    let track = json!({ "title": "Army of Me", "artist": "Björk" });
    let track = radio.post("/v1/tracks", track).await.expect(201);
    assert_eq!(track["owner_id"], nina.account["id"]);
    assert_eq!(radio.get("/v1/me/keys").await.expect(200)["items"], json!([shown]));
    radio.get("/v1/me/export").await.expect(200);
}

/// A request of each function that asks who calls.
const ONE_OF_EACH: [(Method, &str, u16); 9] = [
    (Method::GET, "/v1/me", 200),
    (Method::GET, "/v1/home", 200),
    (Method::DELETE, "/v1/tracks/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/cover", 404),
    (Method::GET, "/v1/insights/me/totals", 200),
    (Method::GET, "/v1/listens", 200),
    (Method::GET, "/v1/playlists", 200),
    (Method::GET, "/v1/search?q=a", 200),
    (Method::GET, "/v1/tracks", 200),
    (Method::GET, "/v1/uploads", 200),
];

#[tokio::test]
async fn every_function_finds_out_by_itself_who_calls() {
    let world = World::apart().await;
    let nina = world.sign_up("nina").await;
    let radio = holder(&nina, &make_key(&nina, "Radio").await);
    let mut guessed: ApiToken = radio.token().parse().unwrap();
    guessed.secret = Secret::new([7; 32]);
    let wrong = nina.with_token(&guessed.to_string());
    for (method, path, status) in ONE_OF_EACH {
        for client in [&nina, &radio] {
            let answer = client.send(client.request(method.clone(), path)).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
        }
        wrong.send(wrong.request(method, path)).await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_key_cannot_touch_the_account() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let key = make_key(&nina, "Radio").await;
    let radio = holder(&nina, &key);
    let path = format!("/v1/me/keys/{}", key["id"].as_str().unwrap());
    let password = json!({ "current": World::password("nina"), "new": "another password" });
    radio.post("/v1/me/keys", json!({ "name": "More" })).await.problem(403, "session_required");
    radio.delete(&path).await.problem(403, "session_required");
    radio.put("/v1/me/password", password).await.problem(403, "session_required");
    radio.patch("/v1/me", json!({ "email": "r@example.org" })).await.problem(403, "session_required");
    radio.delete("/v1/sessions/current").await.problem(403, "session_required");
    radio.delete("/v1/me").await.problem(403, "session_required");
    assert_eq!(radio.get("/v1/me").await.expect(200), nina.account);
}

#[tokio::test]
async fn a_key_of_an_admin_is_not_an_admin() {
    let world = World::start().await;
    let (nina, omar) = tokio::join!(world.sign_up("nina"), world.sign_up("omar"));
    let key = make_key(&nina, "Radio").await;
    let command = json!({ "admin": { "username": nina.username(), "grant": true } });
    world.invoke("accounts", command).await;
    let track =
        omar.post("/v1/tracks", json!({ "title": "Hyperballad", "artist": "Björk" })).await.expect(201);
    let path = format!("/v1/tracks/{}", track["id"].as_str().unwrap());
    holder(&nina, &key).delete(&path).await.problem(403, "forbidden");
    super::another_session(&world, &nina).await.delete(&path).await.expect(204);
}

#[tokio::test]
async fn a_key_ends_when_it_is_deleted_or_expires() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let radio = make_key(&nina, "Radio").await;
    let expires_at = world.now().plus(Duration::from_secs(60));
    let body = json!({ "name": "For a minute", "expires_at": expires_at });
    let brief = nina.post("/v1/me/keys", body).await.expect(201);
    assert_eq!(brief["expires_at"], json!(expires_at));
    holder(&nina, &brief).get("/v1/me").await.expect(200);
    world.pass(Duration::from_secs(60)).await;
    let expired = holder(&nina, &brief).get("/v1/me").await;
    assert_eq!(expired.header("www-authenticate"), Some("Bearer"));
    expired.problem(401, "token_expired");

    let path = format!("/v1/me/keys/{}", radio["id"].as_str().unwrap());
    world.sign_up("omar").await.delete(&path).await.problem(404, "not_found");
    holder(&nina, &radio).get("/v1/me").await.expect(200);
    nina.delete(&path).await.expect(204);
    assert_refused(&holder(&nina, &radio)).await;
    nina.delete(&path).await.problem(404, "not_found");
    nina.delete("/v1/me/keys/nothing").await.problem(404, "not_found");
}

#[tokio::test]
async fn an_account_has_at_most_twenty_keys_also_in_parallel() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let answers =
        join_all((0..30).map(|number| nina.post("/v1/me/keys", json!({ "name": format!("Key {number}") }))))
            .await;
    let made: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.body.clone()).collect();
    assert_eq!(made.len(), 20);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.problem(409, "too_many_keys");
    }
    let listed = nina.all("/v1/me/keys", 7).await;
    assert_eq!(listed.len(), 20);
    nina.delete(&format!("/v1/me/keys/{}", made[3]["id"].as_str().unwrap())).await.expect(204);
    make_key(&nina, "One more").await;
    nina.post("/v1/me/keys", json!({ "name": "Too many" })).await.problem(409, "too_many_keys");
}

#[tokio::test]
async fn keys_that_are_not_ours_are_refused() {
    let world = World::start().await;
    let (nina, omar) = tokio::join!(world.sign_up("nina"), world.sign_up("omar"));
    let key = make_key(&nina, "Radio").await;
    let good: ApiToken = key["key"].as_str().unwrap().parse().unwrap();
    let wrong_secret = ApiToken { secret: Secret::new([1; 32]), ..good.clone() };
    let wrong_account = ApiToken { account_id: omar.id().parse().unwrap(), ..good.clone() };
    for token in [wrong_secret.to_string(), wrong_account.to_string(), "mtk_".into(), format!("{good}A")] {
        assert_refused(&nina.with_token(&token)).await;
    }
    for body in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "x".repeat(101) }),
        json!({ "name": "a\nb" }),
        json!({ "name": "Radio", "expires_at": "2001-01-01T00:00:00Z" }),
        json!({ "name": "Radio", "expires_at": "soon" }),
        json!({ "name": "Radio", "expires_at": 1_795_253_400 }),
        json!({ "name": "Radio", "is_admin": true }),
    ] {
        nina.post("/v1/me/keys", body).await.problem(422, "invalid");
    }
    for cursor in ["x", "AAAA", &"A".repeat(5000)] {
        nina.get(&format!("/v1/me/keys?cursor={cursor}")).await.problem(422, "invalid");
    }
}
