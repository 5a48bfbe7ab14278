//! Accounts over the public API: who somebody is, and what ends when.

mod cost;
mod export;
mod keys;
mod limits;
mod passwords;
mod removal;
mod sessions;
mod sign_up;
mod tokens;

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, Client, World};

const QUARTER: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn sign_in(world: &World, login: &str, password: &str) -> Answer {
    world.anonymous().post("/v1/sessions", json!({ "login": login, "password": password })).await
}

/// The account's owner in another session.
async fn another_session(world: &World, client: &Client) -> Client {
    let session = sign_in(world, client.username(), &World::password(client.username())).await.expect(201);
    client.with_session(&session, &session["account"])
}

async fn refresh(world: &World, refresh_token: &Value) -> Answer {
    world.anonymous().post("/v1/sessions/refresh", json!({ "refresh_token": refresh_token })).await
}

/// A token that is not good (any more) is a 401 that names the scheme.
async fn assert_refused(client: &Client) {
    let mut answer = client.get("/v1/me").await;
    // Several processes answer for a deployed function, and hear of it within five seconds.
    for _ in 0..60 {
        if cfg!(deployed) && answer.status == 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = client.get("/v1/me").await;
        }
    }
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{}", answer.text);
    answer.problem(401, "invalid_token");
}
