//! Changing the password, and what a wrong one costs.

use futures::future::join_all;
use serde_json::json;
use tests::World;

use super::{QUARTER, another_session, assert_refused, refresh, sign_in};

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_keeps_this_one() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let other = another_session(&world, &nina).await;
    let key = nina.post("/v1/me/keys", json!({ "name": "Radio" })).await.expect(201);
    let change = json!({ "current": World::password("nina"), "new": "cafe\u{301} au lait" });
    nina.put("/v1/me/password", change).await.expect(204);

    assert_refused(&other).await;
    refresh(&world, &other.session["refresh_token"]).await.problem(401, "bad_refresh_token");
    nina.get("/v1/me").await.expect(200);
    nina.with_token(key["key"].as_str().unwrap()).get("/v1/me").await.expect(200);
    let renewed = refresh(&world, &nina.session["refresh_token"]).await.expect(200);
    nina.with_session(&renewed, &nina.account).get("/v1/me").await.expect(200);

    for login in [world.name("nina"), world.email("nina")] {
        sign_in(&world, &login, &World::password("nina")).await.problem(401, "bad_login");
        // The same characters in another Unicode form.
        let session = sign_in(&world, &login, "caf\u{e9} au lait").await.expect(201);
        // Good although the revocation is of the same second.
        nina.with_session(&session, &nina.account).get("/v1/me").await.expect(200);
    }
}

#[tokio::test]
async fn the_current_password_is_asked_for_and_guesses_are_counted() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let right = World::password("nina");
    let problem = nina.put("/v1/me/password", change(&right, "short")).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "new");
    let guesses = join_all((0..20).map(|number| {
        let body = change(&format!("wrong guess {number}"), "another password");
        nina.put("/v1/me/password", body)
    }));
    let mut wrong = 0;
    for answer in guesses.await {
        if answer.status == 429 {
            answer.problem(429, "too_many_attempts");
        } else {
            assert_eq!(answer.problem(422, "invalid")["errors"][0]["field"], "current");
            wrong += 1;
        }
    }
    assert_eq!(wrong, 10);
    let answer = nina.put("/v1/me/password", change(&right, "another password")).await;
    answer.problem(429, "too_many_attempts");
    if world.is_deployed() {
        return;
    }
    world.clock().advance(QUARTER);
    let session = sign_in(&world, "nina", &right).await.expect(201);
    let nina = nina.with_session(&session, &nina.account);
    nina.put("/v1/me/password", change(&right, "another password")).await.expect(204);
}

#[tokio::test]
async fn of_password_changes_at_the_same_moment_one_counts() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let new = ["first password", "second password"];
    let changes =
        new.map(|new| nina.put("/v1/me/password", json!({ "current": World::password("nina"), "new": new })));
    let statuses: Vec<u16> = join_all(changes).await.iter().map(|answer| answer.status).collect();
    let winner = statuses.iter().position(|status| *status == 204).expect("one succeeds");
    assert_eq!(statuses[1 - winner], 422, "the current password is not what it was");
    sign_in(&world, nina.username(), new[winner]).await.expect(201);
    sign_in(&world, nina.username(), new[1 - winner]).await.problem(401, "bad_login");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the tables")]
async fn a_password_is_kept_as_an_argon2id_hash_of_its_own() {
    use argon2::password_hash::{PasswordHash, PasswordVerifier};

    let world = World::start().await;
    let mut salts = std::collections::BTreeSet::new();
    for name in ["nina", "ada", "cara"] {
        world.sign_up(name).await;
        let login = world.store().accounts.login(name).await.unwrap().unwrap();
        let hash = PasswordHash::new(&login.password_hash).unwrap();
        let argon2 = argon2::Argon2::default();
        argon2.verify_password(World::password(name).as_bytes(), &hash).unwrap();
        argon2.verify_password(b"another password", &hash).unwrap_err();
        salts.insert(hash.salt.unwrap().to_string());
    }
    assert_eq!(salts.len(), 3, "nobody has the salt of somebody else");
}
