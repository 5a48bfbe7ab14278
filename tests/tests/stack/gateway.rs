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

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn the_tables_answer_only_those_who_know_the_secret() {
    let world = World::with(World::options()).await;
    let ada = world.sign_up("ada").await;
    // Signed as it must be.
    ada.get("/v1/me").await.expect(200);
    let stores = world.stack().app().settings.stores.clone().unwrap();
    let http = reqwest::Client::new();
    let ask = |authorization: &str| {
        let request = http.post(&stores.dynamodb).header("x-amz-target", "DynamoDB_20120810.Query");
        let request = request.header("content-type", "application/x-amz-json-1.0");
        let request = request.header("x-amz-date", "20261121T093000Z").header("authorization", authorization);
        request.body(r#"{"TableName":"mixtape-keys","KeyConditionExpression":"pk = :pk","ExpressionAttributeValues":{":pk":{"S":"PRIVATE"}}}"#)
    };
    let scope = format!("Credential={}/20261121/us-east-1/dynamodb/aws4_request", stores.access_key);
    for authorization in [
        String::new(),
        format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature=0"),
        format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={}", "0".repeat(64)),
        format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=, Signature="),
    ] {
        let answer = ask(&authorization).header("origin", "https://evil.example").send().await.unwrap();
        assert_eq!(answer.status(), 403, "{authorization}");
        assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
        assert_eq!(answer.text().await.unwrap(), "", "{authorization}");
    }
    let preflight = http.request(Method::OPTIONS, &stores.dynamodb).header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(preflight.status(), 403);
    assert!(preflight.headers().get("access-control-allow-origin").is_none());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_body_that_breaks_off_is_not_called_too_large() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let world = World::with(World::options()).await;
    let ada = world.sign_up("ada").await;
    let address = world.stack().url().strip_prefix("http://").unwrap().to_owned();
    for rest in ["transfer-encoding: chunked\r\n\r\nZZ\r\nabc", "content-length: 50\r\n\r\n{\"name\":"] {
        let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST /v1/playlists HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\nconnection: close\r\n",
            ada.token()
        );
        connection.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{rest}: {answer}");
    }
    assert_eq!(ada.get("/v1/playlists").await.expect(200)["items"], serde_json::json!([]));
}

#[cfg(unix)]
#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn nobody_else_can_look_into_the_data_folder() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::TempDir::new().unwrap();
    let folder = parent.path().join("data");
    let mode = || std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    let start = async || {
        let options = mixtape::Options { data: Some(folder.clone()), ..World::options() };
        World::with(options).await.stack().stop().await;
    };
    start().await;
    assert_eq!(mode(), 0o700);
    // One that an earlier version has made.
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    start().await;
    assert_eq!(mode(), 0o700);
}
