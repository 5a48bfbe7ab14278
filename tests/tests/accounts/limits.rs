//! How often somebody may try, and that a guess costs the same whatever it hits.

use std::time::Duration;

use accounts::Passwords;
use futures::future::join_all;
use mixtape_store::accounts::Counter;
use serde_json::json;
use tests::World;

use super::{QUARTER, sign_in};

#[tokio::test]
async fn guesses_of_one_login_are_limited_also_in_parallel() {
    let world = World::start().await;
    world.sign_up("nina").await;
    world.sign_up("omar").await;
    let guess = async |number: usize| {
        // Case and white space make no other login.
        let name = world.name("nina");
        let login = [name.clone(), name.to_uppercase(), format!(" {name} ")][number % 3].clone();
        sign_in(&world, &login, &format!("guess {number}")).await
    };
    let answers = join_all((0..30).map(guess)).await;
    let mut wrong = 0;
    for answer in answers {
        if answer.status == 429 {
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=900).contains(&wait), "{wait}");
            answer.problem(429, "too_many_attempts");
        } else {
            answer.problem(401, "bad_login");
            wrong += 1;
        }
    }
    assert_eq!(wrong, 10);
    // The right password does not help now, and nobody else is held up.
    sign_in(&world, &world.name("nina"), &World::password("nina")).await.problem(429, "too_many_attempts");
    sign_in(&world, &world.name("omar"), &World::password("omar")).await.expect(201);
    if !world.is_deployed() {
        world.clock().advance(QUARTER);
        sign_in(&world, "nina", &World::password("nina")).await.expect(201);
    }
}

#[tokio::test]
async fn signing_in_clears_the_count() {
    let world = World::start().await;
    world.sign_up("nina").await;
    for round in 0..3 {
        for _ in 0..9 {
            sign_in(&world, &world.name("nina"), "wrong password").await.problem(401, "bad_login");
        }
        let answer = sign_in(&world, &world.name("nina"), &World::password("nina")).await;
        assert_eq!(answer.status, 201, "round {round}: {}", answer.text);
    }
}

#[tokio::test]
async fn unknown_logins_are_limited_like_known_ones() {
    let world = World::start().await;
    for _ in 0..10 {
        sign_in(&world, &world.name("nobody"), "wrong password").await.problem(401, "bad_login");
    }
    sign_in(&world, &world.name("nobody"), "wrong password").await.problem(429, "too_many_attempts");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn one_address_cannot_try_without_end() {
    let world = World::start().await;
    world.sign_up("nina").await;
    let fill = async |what: &'static str, window: Duration| {
        let whose = "127.0.0.1".to_owned();
        let counter = Counter { what, whose, limit: 300, window };
        while world
            .store()
            .accounts
            .count(std::slice::from_ref(&counter), world.clock().now())
            .await
            .unwrap()
            .is_ok()
        {}
    };
    fill("address", QUARTER).await;
    sign_in(&world, "nina", &World::password("nina")).await.problem(429, "too_many_attempts");
    let body = json!({ "username": "omar", "email": "omar@example.org", "password": "correct horse" });
    fill("sign-up", 4 * QUARTER).await;
    world.anonymous().post("/v1/accounts", body.clone()).await.problem(429, "too_many_attempts");
    world.clock().advance(4 * QUARTER);
    sign_in(&world, "nina", &World::password("nina")).await.expect(201);
    world.anonymous().post("/v1/accounts", body).await.expect(201);
}

/// Equal time, told by equal work: a clock would fail on a busy machine, and pass where it should not.
#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn an_unknown_login_costs_what_a_wrong_password_costs() {
    let world = World::observed().await;
    world.sign_up("nina").await;
    let passwords = Passwords::default();
    let router = accounts::router_with(world.stack().app().clone(), passwords.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/sessions", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut costs = Vec::new();
    for (login, password) in [
        ("nina", "wrong password"),
        ("nobody", "wrong password"),
        ("nina@example.org", "wrong password"),
        ("nobody@example.org", "wrong password"),
        ("nina", ""),
    ] {
        world.dynamodb().take();
        let before = passwords.runs();
        let body = json!({ "login": login, "password": password });
        let response = reqwest::Client::new().post(&url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 401);
        let calls: Vec<(String, usize)> =
            world.dynamodb().take().into_iter().map(|call| (call.operation, call.items)).collect();
        let text = response.text().await.unwrap();
        let mut problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        problem["request_id"].take();
        costs.push((passwords.runs() - before, calls, problem));
    }
    assert_eq!(costs[0].0, 1);
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}
