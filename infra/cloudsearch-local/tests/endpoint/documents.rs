//! The document service, and what a crash leaves of it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::Endpoint;

#[tokio::test]
async fn a_batch_is_found_as_soon_as_it_is_answered() {
    let endpoint = Endpoint::music().await;
    let batch = json!([
        {"type": "add", "id": "a", "fields": {"title": "first", "year": 1999}},
        {"type": "add", "id": "b", "fields": {"title": "second"}},
        {"type": "add", "id": "a", "fields": {"title": "third"}},
        {"type": "delete", "id": "b"},
    ]);
    let (status, body) = endpoint.upload(batch).await;
    assert_eq!(status, StatusCode::OK);
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer, json!({"status": "success", "adds": 3, "deletes": 1, "warnings": []}));
    assert_eq!(endpoint.structured("matchall").await, "a");
    assert_eq!(endpoint.structured("title:'third'").await, "a");
    assert_eq!(endpoint.structured("year:1999").await, "");
}

#[tokio::test]
async fn all_of_a_batch_is_done_or_nothing() {
    let endpoint = Endpoint::music().await;
    endpoint.add(&[("a", json!({"title": "kept"}))]).await;
    let batch = json!([
        {"type": "delete", "id": "a"},
        {"type": "add", "id": "b", "fields": {"title": "new"}},
        {"type": "add", "id": "c", "fields": {"nothing": "new"}},
    ]);
    let (status, body) = endpoint.upload(batch).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["status"], "error");
    assert_eq!((&answer["adds"], &answer["deletes"]), (&json!(0), &json!(0)));
    assert_eq!(answer["__type"], "#DocumentServiceException");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("index 3; document_id c"), "{answer}");
    assert_eq!(endpoint.structured("matchall").await, "a");
}

#[tokio::test]
async fn what_is_no_batch_has_its_status() {
    let endpoint = Endpoint::music().await;
    let json = r#"[{"type":"delete","id":"a"}]"#;
    let large = " ".repeat((5 << 20) + 1);
    let latin = b"[{\"type\":\"add\",\"id\":\"l\",\"fields\":{\"title\":\"Bj\xF6rk\"}}]".to_vec();
    for (kind, body, status) in [
        ("application/json", json.as_bytes().to_vec(), 200),
        ("application/json; charset=UTF-8", json.as_bytes().to_vec(), 200),
        ("application/json; charset=iso-8859-1", latin.clone(), 200),
        ("application/json", latin, 400),
        ("application/json; charset=utf-16", json.as_bytes().to_vec(), 415),
        ("application/xml", b"<batch><delete id=\"a\"/></batch>".to_vec(), 200),
        ("application/xml", json.as_bytes().to_vec(), 400),
        ("text/plain", json.as_bytes().to_vec(), 415),
        ("", json.as_bytes().to_vec(), 400),
        ("application/json", Vec::new(), 400),
        ("application/json", vec![0xFF], 400),
        ("application/json", "[".repeat(100_000).into_bytes(), 400),
        ("application/json", large.into_bytes(), 413),
    ] {
        let (got, answer) = endpoint.post_batch(kind, body).await;
        assert_eq!(got.as_u16(), status, "{kind}: {answer}");
    }
    assert_eq!(endpoint.structured("title:'björk'").await, "l");
    let address = "/music/2013-01-01/documents/batch";
    let without_type = Request::post(address).body(Body::from(json)).unwrap();
    assert_eq!(endpoint.send(without_type).await.0, StatusCode::BAD_REQUEST);
    let with_get = Request::get(address).body(Body::empty()).unwrap();
    assert_eq!(endpoint.send(with_get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = Request::post("/music/2011-02-01/documents/batch").body(Body::empty()).unwrap();
    assert_eq!(endpoint.send(elsewhere).await.0, StatusCode::NOT_FOUND);
    let html =
        Request::post(address).header("content-type", "application/json").header("accept", "text/html");
    assert_eq!(endpoint.send(html.body(Body::from(json)).unwrap()).await.0, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_answered() {
    let endpoint = Endpoint::music().await;
    for number in 0..10 {
        let id = format!("d{number}");
        endpoint.add(&[(&id, json!({"title": "song", "year": number}))]).await;
    }
    endpoint.upload(json!([{"type": "delete", "id": "d3"}])).await;
    let endpoint = endpoint.after_crash();
    assert_eq!(endpoint.structured("title:'song'").await, "d0 d1 d2 d4 d5 d6 d7 d8 d9");
    endpoint.add(&[("d3", json!({"title": "song"}))]).await;
    let endpoint = endpoint.after_crash();
    assert_eq!(endpoint.structured("(and 'song' (not year:[4,}))").await, "d0 d1 d2 d3");
}

#[tokio::test]
async fn a_crash_while_indexing_leaves_the_old_index() {
    let endpoint = Endpoint::music().await;
    endpoint.add(&[("a", json!({"title": "song"}))]).await;
    // The next generation was begun, and the new definition was not yet in place.
    let domain = endpoint.folder().join("music");
    std::fs::create_dir(domain.join("index-2")).unwrap();
    std::fs::write(domain.join("index-2").join("meta.json"), "{").unwrap();
    std::fs::write(domain.join("domain.json.new"), "{").unwrap();
    // The making of another domain was begun.
    std::fs::create_dir(endpoint.folder().join("other")).unwrap();
    let endpoint = endpoint.after_crash();
    assert_eq!(endpoint.structured("title:'song'").await, "a");
    endpoint.field("mood", "literal").await;
    endpoint.act("IndexDocuments", "").await;
    endpoint.act("CreateDomain", "&DomainName=other").await;
    let endpoint = endpoint.after_crash();
    assert_eq!(endpoint.structured("title:'song'").await, "a");
}
