//! Refresh tokens work once, and sessions end when they should.

use futures::future::join_all;
use mixtape_domain::account::{RefreshToken, Secret};
use serde_json::{Value, json};
use tests::World;

use super::{DAY, another_session, assert_refused, refresh};

#[tokio::test]
async fn a_refresh_token_gives_the_next_pair_of_the_same_session() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let mut token = nina.session["refresh_token"].clone();
    for _ in 0..3 {
        let session = refresh(&world, &token).await.expect(200);
        assert_ne!(session["refresh_token"], token);
        assert_eq!(session["account"], nina.account);
        nina.with_session(&session, &session["account"]).get("/v1/me").await.expect(200);
        token = session["refresh_token"].clone();
    }
    // The access token of before is good until it expires.
    nina.get("/v1/me").await.expect(200);
    let export = nina.get("/v1/me/export").await.expect(200);
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn using_a_refresh_token_twice_ends_the_whole_family() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let other = another_session(&world, &nina).await;
    let first = nina.session["refresh_token"].clone();
    let second = refresh(&world, &first).await.expect(200);
    let third = refresh(&world, &second["refresh_token"]).await.expect(200);
    let newest = nina.with_session(&third, &third["account"]);

    refresh(&world, &first).await.problem(401, "refresh_token_reused");

    assert_refused(&newest).await;
    assert_refused(&nina).await;
    refresh(&world, &third["refresh_token"]).await.problem(401, "bad_refresh_token");
    refresh(&world, &first).await.problem(401, "bad_refresh_token");
    other.get("/v1/me").await.expect(200);
    refresh(&world, &other.session["refresh_token"]).await.expect(200);
}

#[tokio::test]
async fn of_refreshes_at_the_same_moment_exactly_one_succeeds() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let token = &nina.session["refresh_token"];
    let answers = join_all((0..8).map(|_| refresh(&world, token))).await;
    let winners: Vec<&Value> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| &answer.body).collect();
    assert_eq!(winners.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let code = answer.body["code"].as_str().unwrap();
        assert_eq!(answer.status, 401);
        assert!(["refresh_token_reused", "bad_refresh_token"].contains(&code), "{code}");
    }
    // Two parties held the token, and nobody can tell which of them won.
    refresh(&world, &winners[0]["refresh_token"]).await.problem(401, "bad_refresh_token");
    assert_refused(&nina.with_session(winners[0], &nina.account)).await;
}

#[tokio::test]
async fn nobody_ends_a_session_with_its_ids_alone() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let good: RefreshToken = nina.session["refresh_token"].as_str().unwrap().parse().unwrap();
    let forged = [
        RefreshToken { family: Secret::new([1; 32]), secret: Secret::new([2; 32]), ..good.clone() },
        RefreshToken { family: Secret::new([1; 32]), ..good.clone() },
        RefreshToken { account_id: world.sign_up("omar").await.id().parse().unwrap(), ..good.clone() },
    ];
    for token in forged {
        refresh(&world, &json!(token.to_string())).await.problem(401, "bad_refresh_token");
    }
    for text in ["", "mtr_", "mtr_AAAA", nina.token(), &nina.session["refresh_token"].as_str().unwrap()[1..]]
    {
        refresh(&world, &json!(text)).await.problem(401, "bad_refresh_token");
    }
    refresh(&world, &json!(7)).await.problem(422, "invalid");
    nina.get("/v1/me").await.expect(200);
    refresh(&world, &nina.session["refresh_token"]).await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_one_session_with_all_its_tokens() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let other = another_session(&world, &nina).await;
    nina.delete("/v1/sessions/current").await.expect(204);
    assert_refused(&nina).await;
    refresh(&world, &nina.session["refresh_token"]).await.problem(401, "bad_refresh_token");
    nina.delete("/v1/sessions/current").await.problem(401, "invalid_token");
    other.get("/v1/me").await.expect(200);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "turns the clock")]
async fn a_session_that_is_used_lives_on_and_one_that_is_not_ends() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let idle = another_session(&world, &nina).await;
    let mut token = nina.session["refresh_token"].clone();
    for _ in 0..3 {
        world.clock().advance(20 * DAY);
        token = refresh(&world, &token).await.expect(200)["refresh_token"].clone();
    }
    refresh(&world, &idle.session["refresh_token"]).await.problem(401, "bad_refresh_token");
    world.clock().advance(30 * DAY);
    refresh(&world, &token).await.problem(401, "bad_refresh_token");
}
