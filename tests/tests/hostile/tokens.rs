//! Tokens that nobody was given: they open nothing.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tests::{Client, World};

use super::{Target, check};

/// A token that another key has signed, or none.
fn forged(header: &Value, claims: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    format!("{}.{}.", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

#[tokio::test]
async fn a_bad_token_opens_nothing() {
    let target = Target::new().await;
    let good = target.owner.token().to_owned();
    let header = jsonwebtoken::decode_header(&good).unwrap();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&good).unwrap().claims;
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let foreign_key = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
    let mut foreign_header = Header::new(Algorithm::EdDSA);
    foreign_header.kid.clone_from(&header.kid);
    let mut unknown_key = Header::new(Algorithm::EdDSA);
    unknown_key.kid = Some("nobody".into());
    let symmetric = Header { kid: header.kid.clone(), ..Header::new(Algorithm::HS256) };
    let mut raised = claims.clone();
    raised["admin"] = json!(true);
    let parts: Vec<&str> = good.split('.').collect();
    let raised_text = forged(&json!({}), &raised);
    let raised_part = raised_text.split('.').nth(1).unwrap();
    let revoked = {
        let world = &target.world;
        let body = json!({ "login": target.owner.username(), "password": World::password("owner") });
        let session = world.anonymous().post("/v1/sessions", body).await.expect(201);
        let client = world.anonymous().with_session(&session, &session["account"]);
        client.delete("/v1/sessions/current").await.expect(204);
        if world.is_deployed() {
            // Another function hears of it within five seconds.
            world.pass(std::time::Duration::from_secs(6)).await;
        }
        client.token().to_owned()
    };
    let tokens = [
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("alg none", forged(&json!({ "alg": "none", "kid": header.kid }), &claims)),
        ("foreign key", jsonwebtoken::encode(&foreign_header, &claims, &foreign_key).unwrap()),
        ("unknown key", jsonwebtoken::encode(&unknown_key, &claims, &foreign_key).unwrap()),
        (
            "symmetric",
            jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(b"secret")).unwrap(),
        ),
        ("raised to admin", format!("{}.{raised_part}.{}", parts[0], parts[2])),
        ("revoked", revoked),
        (
            "unknown API key",
            "mtk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        ),
        ("huge", "x".repeat(7_000)),
    ];
    let before = target.state().await;
    for route in target.routes.iter().filter(|route| route.needs_identity) {
        let body = route.body.as_ref().map(|schema| target.resolve(schema)["example"].clone());
        let send = async |client: &Client| {
            let mut request = client.request(route.method.clone(), &route.path);
            if let Some(body) = &body {
                request = request.json(body);
            }
            client.send(request).await
        };
        let what = format!("{} {}", route.method, route.template);
        send(&target.world.anonymous()).await.problem(401, "unauthenticated");
        for (name, token) in &tokens {
            let answer = send(&target.world.anonymous().with_token(token)).await;
            check(&answer, &format!("{what} with a token that is {name}"));
            assert_eq!(answer.status, 401, "{what} with a token that is {name}: {}", answer.text);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(target.state().await, before);
    assert!(!target.track.is_empty());
    if target.world.is_deployed() {
        return;
    }
    target.world.clock().advance(std::time::Duration::from_secs(15 * 60 + 1));
    for route in target.routes.iter().filter(|route| route.needs_identity) {
        let mut request = target.owner.request(route.method.clone(), &route.path);
        if let Some(schema) = &route.body {
            request = request.json(&target.resolve(schema)["example"]);
        }
        target.owner.send(request).await.problem(401, "token_expired");
    }
}
