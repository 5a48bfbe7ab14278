//! What requests cost in calls to DynamoDB.

use serde_json::json;
use tests::{Answer, World};

use super::{another_session, refresh, sign_in};

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn requests_keep_to_their_budget_of_calls() {
    let world = World::observed().await;
    let nina = world.sign_up("nina").await;
    let spare = another_session(&world, &nina).await;
    let key = nina.post("/v1/me/keys", json!({ "name": "Radio" })).await.expect(201);
    let radio = nina.with_token(key["key"].as_str().unwrap());
    nina.get("/v1/me").await.expect(200);
    let password = World::password("nina");
    let key_path = format!("/v1/me/keys/{}", key["id"].as_str().unwrap());
    let account = json!({ "username": "omar", "email": "omar@example.org", "password": "correct horse" });

    let spent = |name: &str, answer: &Answer, expected: &[&str]| {
        assert!(answer.status < 300, "{name}: {}", answer.text);
        let calls = world.dynamodb().take();
        // What any request adds at most every five seconds: the keys and revocations that the process knows.
        let own: Vec<&str> = calls
            .iter()
            .filter(|call| call.tables != ["keys"] || call.operation != "Query")
            .map(|call| call.operation.as_str())
            .collect();
        let units: f64 = calls.iter().map(|call| call.units).sum();
        println!("| {name} | {} | {units} |", own.join(", "));
        assert_eq!(own, expected, "{name}");
    };
    let (get, query, transact) = ("GetItem", "Query", "TransactWriteItems");
    world.dynamodb().take();
    spent("POST /v1/accounts", &world.anonymous().post("/v1/accounts", account).await, &[transact, transact]);
    spent("POST /v1/sessions", &sign_in(&world, "nina", &password).await, &[transact, get, transact]);
    let renewed = refresh(&world, &spare.session["refresh_token"]).await;
    spent("POST /v1/sessions/refresh", &renewed, &["BatchGetItem", transact]);
    spent("DELETE /v1/sessions/current", &spare.delete("/v1/sessions/current").await, &[transact]);
    spent("GET /v1/me", &nina.get("/v1/me").await, &[get]);
    spent("GET /v1/me with an API key", &radio.get("/v1/me").await, &[get, get]);
    let email = json!({ "email": "n@example.org" });
    spent("PATCH /v1/me", &nina.patch("/v1/me", email).await, &[transact, get, transact]);
    let change = json!({ "current": password, "new": "another password" });
    spent("PUT /v1/me/password", &nina.put("/v1/me/password", change).await, &[transact, get, transact]);
    spent("GET /v1/me/keys", &nina.get("/v1/me/keys").await, &[query]);
    spent("POST /v1/me/keys", &nina.post("/v1/me/keys", json!({ "name": "Car" })).await, &[transact]);
    spent("DELETE /v1/me/keys/{id}", &nina.delete(&key_path).await, &[transact]);
    spent("DELETE /v1/me", &nina.delete("/v1/me").await, &[query, transact]);
}
