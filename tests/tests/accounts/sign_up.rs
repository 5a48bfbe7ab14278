//! Making accounts, and what they are unique by.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::World;

use super::{another_session, sign_in};

fn account(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": "correct horse" })
}

#[tokio::test]
async fn an_account_lives_from_sign_up_to_deletion() {
    let world = World::start().await;
    let (name, email) = (world.name("Nina.S"), format!("{}@Example.com", world.name("Nina")));
    let made = world.anonymous().post("/v1/accounts", account(&name, &format!(" {email} "))).await;
    assert_eq!(made.header("location"), Some("/v1/me"));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made = made.expect(201);
    assert_eq!(made["account"]["username"], name);
    assert_eq!(made["account"]["email"], email);
    assert_eq!(made["account"]["is_admin"], false);
    assert_eq!(made["session"]["account"], made["account"]);
    assert_eq!(made["session"]["token_type"], "Bearer");
    assert_eq!(made["session"]["expires_in"], 900);
    let nina = world.anonymous().with_session(&made["session"], &made["account"]);
    assert_eq!(nina.get("/v1/me").await.expect(200), made["account"]);

    let other_case = email.to_lowercase();
    for login in [name.clone(), name.to_uppercase(), email.to_uppercase(), format!(" {other_case} ")] {
        let session = sign_in(&world, &login, "correct horse").await.expect(201);
        assert_eq!(session["account"], made["account"], "{login}");
    }

    let another = world.email("n");
    let changed = nina.patch("/v1/me", json!({ "email": another })).await.expect(200);
    assert_eq!(changed["email"], another);
    assert!(changed["updated_at"].as_str() > made["account"]["updated_at"].as_str());
    assert_eq!(nina.get("/v1/me").await.expect(200), changed);
    assert_eq!(nina.patch("/v1/me", json!({})).await.expect(200), changed);
    sign_in(&world, &other_case, "correct horse").await.problem(401, "bad_login");
    let session = sign_in(&world, &another, "correct horse").await.expect(201);
    assert_eq!(session["account"], changed);

    nina.delete("/v1/me").await.expect(204);
    sign_in(&world, &name.to_lowercase(), "correct horse").await.problem(401, "bad_login");
    world.settle().await;
}

#[tokio::test]
async fn names_and_addresses_are_unique_whatever_their_case() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let (nina, other) = (world.name("nina"), world.name("other"));
    let address = |name: &str| format!("{name}@example.com");
    anonymous.post("/v1/accounts", account(&nina, &address(&nina))).await.expect(201);
    let (shouted, wide) = (nina.to_uppercase(), nina.replacen('n', "\u{ff2e}", 1));
    for (username, email, code) in [
        (&nina, address(&other), "username_taken"),
        (&shouted, address(&other), "username_taken"),
        (&nina.replacen('n', "N", 1), address(&shouted), "username_taken"),
        (&other, address(&nina), "email_taken"),
        (&other, address(&nina).to_uppercase(), "email_taken"),
        (&other, address(&wide), "email_taken"),
    ] {
        anonymous.post("/v1/accounts", account(username, &email)).await.problem(409, code);
    }
    // What was refused left nothing behind.
    anonymous.post("/v1/accounts", account(&other, &address(&other))).await.expect(201);
}

#[tokio::test]
async fn of_sign_ups_at_the_same_moment_one_gets_the_name() {
    let world = World::start().await;
    let sign_ups = (0..8).map(|number| {
        let (anonymous, name, shared) = (world.anonymous(), world.name("nina"), world.email("shared"));
        async move {
            let (username, email) = match number % 2 {
                0 => (name.clone(), format!("{number}{name}@example.com")),
                _ => (name.to_uppercase(), shared),
            };
            anonymous.post("/v1/accounts", account(&username, &email)).await.status
        }
    });
    let mut statuses = join_all(sign_ups).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn an_address_moves_to_whoever_takes_it_first() {
    let world = World::start().await;
    let (nina, omar) = tokio::join!(world.sign_up("nina"), world.sign_up("omar"));
    let (hers, new, both) = (world.email("nina"), world.email("new"), world.email("both"));
    omar.patch("/v1/me", json!({ "email": hers.to_uppercase() })).await.problem(409, "email_taken");
    // One's own address may be spelled in another way.
    let spelling = hers.replacen('n', "N", 1);
    let respelled = nina.patch("/v1/me", json!({ "email": spelling })).await.expect(200);
    assert_eq!(respelled["email"], spelling);
    nina.patch("/v1/me", json!({ "email": new })).await.expect(200);
    omar.patch("/v1/me", json!({ "email": hers })).await.expect(200);
    let session = sign_in(&world, &hers, &World::password("omar")).await.expect(201);
    assert_eq!(session["account"]["username"], omar.username());
    let takers = ["nina", "omar"].map(|name| if name == "nina" { nina.clone() } else { omar.clone() });
    let taken = join_all(takers.iter().map(|who| who.patch("/v1/me", json!({ "email": both })))).await;
    let mut statuses: Vec<u16> = taken.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn where_registration_is_closed_only_those_who_are_there_sign_in() {
    let world = World::with_parameters(&[("Registration", "closed")]).await;
    let answer = world.anonymous().post("/v1/accounts", account("nina", "nina@example.com")).await;
    answer.problem(403, "registration_closed");
    sign_in(&world, "nina", "correct horse").await.problem(401, "bad_login");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_field_by_field() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let good = account(&world.name("nina"), &world.email("nina"));
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "username"),
        (with("username", json!("")), "username"),
        (with("username", json!("ni na")), "username"),
        (with("username", json!("admin")), "username"),
        (with("username", json!("a/../b")), "username"),
        (with("username", json!("x".repeat(33))), "username"),
        (with("username", json!("x".repeat(1_000_000))), "username"),
        (with("username", json!(7)), "username"),
        (with("username", json!(null)), "username"),
        (with("email", json!("nina")), "email"),
        (with("email", json!("ﷺ".repeat(60) + "@example.com")), "email"),
        (with("email", json!("nina@example.com\u{0}")), "email"),
        (with("email", json!(["nina@example.com"])), "email"),
        (with("password", json!("short")), "password"),
        (with("password", json!("x".repeat(129))), "password"),
        (with("password", json!({ "$ne": "" })), "password"),
        (with("is_admin", json!(true)), "is_admin"),
    ] {
        let problem = anonymous.post("/v1/accounts", body).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let several = json!({ "username": "", "email": "", "password": "" });
    let problem = anonymous.post("/v1/accounts", several).await.problem(422, "invalid");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(3));
    // Nothing of all this made an account.
    anonymous.post("/v1/accounts", good).await.expect(201);
}

#[tokio::test]
async fn changes_that_an_account_does_not_take_are_refused() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    for (body, field) in [
        (json!({ "email": null }), "email"),
        (json!({ "email": "" }), "email"),
        (json!({ "username": "other" }), "username"),
        (json!({ "is_admin": true }), "is_admin"),
        (json!({ "id": "x" }), "id"),
        (json!({ "password": "correct horse" }), "password"),
    ] {
        let problem = nina.patch("/v1/me", body).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(nina.get("/v1/me").await.expect(200), nina.account);
}

#[tokio::test]
async fn hostile_logins_are_bad_logins() {
    let world = World::start().await;
    for login in
        ["", " ", "@", "\u{0}", "a#b", "USERNAME#nina", &"x".repeat(100_000), &"ﷺ".repeat(84), "💣@💣.com"]
    {
        sign_in(&world, login, &"y".repeat(100_000)).await.problem(401, "bad_login");
    }
    let wrong_type = json!({ "login": { "S": "nina" }, "password": "correct horse" });
    world.anonymous().post("/v1/sessions", wrong_type).await.problem(422, "invalid");
}

#[tokio::test]
async fn an_admin_is_made_and_unmade_by_the_operator() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let command = |username: &str, grant| json!({ "admin": { "username": username, "grant": grant } });
    let granted = world.invoke("accounts", command(&nina.username().to_uppercase(), true)).await;
    assert_eq!(granted["account"]["is_admin"], true);
    assert_eq!(nina.get("/v1/me").await.expect(200)["is_admin"], true);
    let admin = another_session(&world, &nina).await;
    assert_eq!(admin.account["is_admin"], true);

    world.invoke("accounts", command(nina.username(), false)).await;
    super::assert_refused(&admin).await;
    let ordinary = super::refresh(&world, &admin.session["refresh_token"]).await.expect(200);
    assert_eq!(ordinary["account"]["is_admin"], false);
    let ordinary = admin.with_session(&ordinary, &ordinary["account"]);
    ordinary.get("/v1/me").await.expect(200);

    if world.is_deployed() {
        return;
    }
    let app = world.stack().app();
    for event in [
        command("nobody", true),
        command("no/body", true),
        json!({}),
        json!({ "admin": { "username": "nina" } }),
        json!({ "admin": { "username": "nina", "grant": true, "more": 1 } }),
    ] {
        assert!(accounts::invoke(app.clone(), event.clone()).await.is_err(), "{event}");
    }
}
