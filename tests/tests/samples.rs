//! The sample events are events that the functions take.

use std::path::PathBuf;

use lambda_http::{Body, RequestExt};
use tests::World;

const EVENT_FUNCTIONS: [&str; 5] = ["shuffle", "indexer", "ingest", "cleanup", "tally"];

#[tokio::test]
async fn every_sample_is_taken_by_its_function() {
    let world = World::start().await;
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"));
    let mut taken = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let function = name.split('-').next().unwrap();
        taken += 1;
        if EVENT_FUNCTIONS.contains(&function) {
            let answer = world.invoke(function, serde_json::from_str(&text).unwrap()).await;
            let failures = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
            assert_eq!(failures, 0, "{name}: {answer}");
            continue;
        }
        if world.is_deployed() && name != "accounts-admin" {
            let answer = world.invoke(function, serde_json::from_str(&text).unwrap()).await;
            assert!(answer["statusCode"].as_u64().is_some_and(|status| status < 500), "{name}: {answer}");
            continue;
        }
        if !text.contains("requestContext") {
            if world.is_deployed() {
                continue;
            }
            // The operator's command names an account that only another sample makes.
            let event = serde_json::from_str(&text).unwrap();
            if let Err(error) = world.stack().invoke(function, event).await {
                assert!(error.to_string().contains("no account of that name"), "{name}: {error}");
            }
            continue;
        }
        let request = lambda_http::request::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let query = request.query_string_parameters().to_query_string();
        let target = format!("{}?{query}", request.uri().path());
        let mut sent = world.anonymous().request(request.method().as_str().parse().unwrap(), &target);
        if let Some(content_type) = request.headers().get("content-type") {
            sent = sent.header("content-type", content_type.to_str().unwrap());
        }
        if let Body::Text(body) = request.body() {
            sent = sent.body(body.clone());
        }
        let answer = world.anonymous().send(sent).await;
        assert!(answer.status < 500 && answer.header("x-request-id").is_some(), "{name}: {}", answer.text);
        assert_ne!(answer.text, r#"{"message":"Not Found"}"#, "{name}: the gateway has no such route");
        assert!([200, 201, 401, 404].contains(&answer.status), "{name}: {}", answer.text);
    }
    assert!(taken >= 9, "{taken} samples");
}
