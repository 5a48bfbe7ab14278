//! Access tokens: only those that this service signed, for as long as they are good.

use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tests::{Client, World};

use super::{DAY, QUARTER, assert_refused, refresh, sign_in};

fn part(client: &Client, place: usize) -> Value {
    let part = client.token().split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "turns the clock")]
async fn an_access_token_says_little_and_lives_a_quarter_of_an_hour() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let (header, claims) = (part(&nina, 0), part(&nina, 1));
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(claims["sub"], nina.account["id"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_f64().unwrap() as i64, 900);
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["admin", "exp", "iat", "name", "sid", "sub"]);

    world.clock().advance(QUARTER - Duration::from_secs(30));
    nina.get("/v1/me").await.expect(200);
    world.clock().advance(Duration::from_secs(31));
    let expired = nina.get("/v1/me").await;
    assert_eq!(expired.header("www-authenticate"), Some("Bearer"));
    expired.problem(401, "token_expired");
    let session = refresh(&world, &nina.session["refresh_token"]).await.expect(200);
    nina.with_session(&session, &nina.account).get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn tokens_that_nobody_here_signed_are_refused() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let (header, claims) = (part(&nina, 0), part(&nina, 1));
    let [head, body, signature] = nina.token().split('.').collect::<Vec<_>>().try_into().unwrap();
    let admin = {
        let mut claims = claims.clone();
        claims["admin"] = json!(true);
        claims
    };
    let foreign = |key_id: Option<&str>, claims: &Value| {
        let pair = Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap();
        let header = Header { kid: key_id.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(pair.as_ref())).unwrap()
    };
    let key_id = header["kid"].as_str();
    let hmac_of_public_key = if world.is_deployed() {
        // Nobody sees the public keys there.
        foreign(key_id, &claims)
    } else {
        let public = world.store().keys.public().await.unwrap().keys.remove(0).public;
        let header = Header { kid: key_id.map(str::to_owned), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap()
    };
    let with_alg = |alg: &str| encoded(&json!({ "alg": alg, "typ": "JWT", "kid": key_id }));
    for token in [
        foreign(key_id, &claims),
        foreign(Some("unknown"), &claims),
        foreign(None, &claims),
        hmac_of_public_key,
        format!("{}.{body}.", with_alg("none")),
        format!("{}.{body}.{signature}", with_alg("none")),
        format!("{}.{body}.{signature}", with_alg("HS256")),
        format!("{}.{body}.{signature}", with_alg("ES256")),
        format!("{head}.{}.{signature}", encoded(&admin)),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}x"),
        format!("{head}.{body}.{}", signature.chars().rev().collect::<String>()),
        "x".repeat(100_000),
        "a.b.c".to_owned(),
        nina.session["refresh_token"].as_str().unwrap().to_owned(),
    ] {
        if token.len() > 10_000 {
            // Larger heads are the server's to refuse; what counts is that nobody is let in.
            assert!((400..500).contains(&nina.with_token(&token).get("/v1/me").await.status));
        } else {
            assert_refused(&nina.with_token(&token)).await;
        }
    }
    nina.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn no_token_or_another_scheme_is_no_identity() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    for path in ["/v1/me", "/v1/me/export", "/v1/me/keys"] {
        let answer = anonymous.get(path).await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        answer.problem(401, "unauthenticated");
    }
    for value in ["Basic bmluYTpwdw==", "bearer", "", "Bearer"] {
        let request = anonymous.request(reqwest::Method::GET, "/v1/me").header("authorization", value);
        let answer = anonymous.send(request).await;
        assert_eq!(answer.status, 401, "{value:?}: {}", answer.text);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{value:?}");
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "turns the clock")]
async fn signing_keys_are_replaced_and_old_tokens_stay_good() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    let first_key = part(&nina, 0)["kid"].clone();
    world.clock().advance(30 * DAY - QUARTER);
    let session = sign_in(&world, "nina", &World::password("nina")).await.expect(201);
    let nina = nina.with_session(&session, &nina.account);
    assert_eq!(part(&nina, 0)["kid"], first_key);
    world.clock().advance(QUARTER);
    // The successor is published now and signs a minute later.
    let session = sign_in(&world, "nina", &World::password("nina")).await.expect(201);
    let before = nina.with_session(&session, &nina.account);
    assert_eq!(part(&before, 0)["kid"], first_key);
    assert_eq!(world.store().keys.public().await.unwrap().keys.len(), 2);
    world.clock().advance(Duration::from_secs(61));
    let session = sign_in(&world, "nina", &World::password("nina")).await.expect(201);
    let after = nina.with_session(&session, &nina.account);
    assert_ne!(part(&after, 0)["kid"], first_key);
    before.get("/v1/me").await.expect(200);
    after.get("/v1/me").await.expect(200);
}
