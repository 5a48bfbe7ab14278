//! Stands in for API Gateway.

use reqwest::Method;
use tests::{Fault, When, World};

#[tokio::test]
async fn a_path_that_the_template_does_not_have_gets_the_gateways_404() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    for path in ["/", "/v1", "/v1/nothing", "/v1/tracks/", "/v2/tracks"] {
        let answer = anonymous.get(path).await;
        // Amazon's gateway has a header of another name.
        assert!(world.is_deployed() || answer.header("x-request-id").is_some(), "{path}");
        assert_eq!(answer.expect(404), serde_json::json!({ "message": "Not Found" }), "{path}");
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_trust_it_with_little() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    for path in ["/v1/health", "/v1/home", "/v1/me", "/docs", "/docs/reference.js"] {
        let answer = anonymous.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=63072000"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src ") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_call() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let ask = anonymous
        .request(Method::OPTIONS, "/v1/tracks")
        .header("origin", "https://music.example.org")
        .header("access-control-request-method", "POST");
    let answer = anonymous.send(ask).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    assert!(answer.header("access-control-allow-headers").is_some_and(|names| names.contains("if-match")));
    answer.expect(204);
    let call = anonymous.request(Method::GET, "/v1/tracks").header("origin", "https://music.example.org");
    let answer = anonymous.send(call).await;
    assert!(answer.header("access-control-expose-headers").is_some_and(|names| names.contains("etag")));
    answer.expect(200);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn only_the_origins_of_the_parameter_may_call() {
    let world = World::with_parameters(&[("CorsOrigins", "https://a.example, https://b.example")]).await;
    let anonymous = world.anonymous();
    for (origin, allowed) in
        [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)]
    {
        let answer =
            anonymous.send(anonymous.request(Method::GET, "/v1/tracks").header("origin", origin)).await;
        let expected = allowed.then_some(origin);
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
    }
}

#[tokio::test]
async fn a_body_that_the_gateway_does_not_take_is_refused() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let body = "x".repeat(11 * 1024 * 1024);
    let request = anonymous.request(Method::POST, "/v1/sessions").body(body);
    anonymous.send(request.header("content-type", "application/json")).await.expect(413);
}

#[tokio::test]
async fn functions_answer_behind_the_gateway() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    assert_eq!(anonymous.get("/v1/health").await.expect(200)["status"], "ok");
    anonymous.get("/v1/me").await.problem(401, "unauthenticated");
    let ada = world.sign_up("ada").await;
    assert_eq!(ada.get("/v1/me").await.expect(200), ada.account);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn parameters_reach_the_functions() {
    let world = World::with_parameters(&[("Registration", "closed"), ("Catalogue", "private")]).await;
    let anonymous = world.anonymous();
    let account = serde_json::json!({
        "username": "ada", "email": "ada@example.org", "password": "correct horse battery"
    });
    anonymous.post("/v1/accounts", account).await.problem(403, "registration_closed");
    anonymous.get("/v1/tracks").await.problem(401, "unauthenticated");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn calls_are_counted_and_failures_injected() {
    let world = World::observed().await;
    let anonymous = world.anonymous();
    let path = "/v1/tracks/01JD6Y3Q5R8WZ0V4C2B7M9N1XK";
    anonymous.get(path).await.problem(404, "not_found");
    let calls = world.dynamodb().take();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (calls[0].operation.as_str(), calls[0].tables.as_slice()),
        ("GetItem", &["tracks".to_owned()][..])
    );

    world.dynamodb().fail("GetItem", "tracks", Fault::Throttled, When::Before, 100);
    let answer = anonymous.get(path).await;
    assert!(answer.header("retry-after").is_some());
    answer.problem(503, "unavailable");
    world.dynamodb().heal();
    world.dynamodb().fail("GetItem", "tracks", Fault::Dropped, When::After, 1);
    anonymous.get(path).await.problem(404, "not_found");
}
