//! The gateway, the stores and the pump.

use reqwest::Method;
use tests::World;

#[tokio::test]
async fn a_path_that_the_template_does_not_have_gets_the_gateways_404() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    for path in ["/", "/v1", "/v1/nothing", "/v1/tracks/", "/v2/tracks"] {
        let answer = anonymous.get(path).await;
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert_eq!(answer.expect(404), serde_json::json!({ "message": "Not Found" }), "{path}");
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
}
