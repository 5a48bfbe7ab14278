//! Whatever comes, the endpoint answers soon and does not blame itself.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, header};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::Endpoint;

/// Longer than any request takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// An endpoint that many cases are tried on.
static SHARED: LazyLock<(Runtime, Endpoint)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let endpoint = runtime.block_on(async {
        let endpoint = Endpoint::music().await;
        endpoint.add(&[("a", json!({"title": "a b", "year": 1999}))]).await;
        endpoint
    });
    (runtime, endpoint)
});

async fn post_search(endpoint: &Endpoint, form: &[(&str, &str)]) -> u16 {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = Request::post("/music/2013-01-01/search")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.finish()));
    endpoint.send(request.unwrap()).await.0.as_u16()
}

#[tokio::test]
async fn requests_have_limits() {
    let endpoint = Endpoint::music().await;
    let long = "a".repeat(8190);
    assert_eq!(endpoint.get("search", &[("q", &long)]).await.0, 414);
    assert_eq!(post_search(&endpoint, &[("q", &long)]).await, 200);
    assert_eq!(post_search(&endpoint, &[("q", &"a".repeat(1 << 20))]).await, 413);
    for (name, value, status) in [
        ("size", "10000", 200),
        ("size", "10001", 400),
        ("size", "-1", 400),
        ("size", "ten", 400),
        ("size", "99999999999999999999999", 400),
        ("start", "9990", 200),
        ("start", "9991", 400),
        ("start", "18446744073709551615", 400),
        ("cursor", "initial", 200),
        ("cursor", "x", 400),
        ("cursor", "bnVsbA", 400),
        ("sort", "year", 400),
        ("sort", "year up", 400),
        ("sort", "title asc", 200),
        ("sort", "artists asc", 400),
        ("sort", "nothing asc", 400),
        ("sort", "_score asc,_id desc,year desc", 200),
        (
            "sort",
            "_id asc,_id asc,_id asc,_id asc,_id asc,_id asc,_id asc,_id asc,_id asc,_id asc,_id asc",
            400,
        ),
        ("return", "_all_fields,_score", 200),
        ("return", "nothing", 400),
        ("q.parser", "lucene", 400),
        ("q.parser", "sql", 400),
        ("q.options", "{fields:['nothing']}", 400),
        ("q.options", "{", 400),
        ("fq", "year:[1,2]", 200),
        ("fq", "year:", 400),
        ("partial", "true", 200),
        ("partial", "x", 400),
        ("expr.one", "year*2", 400),
        ("stats.year", "{}", 400),
        ("format", "xml", 400),
        ("other", "x", 400),
    ] {
        assert_eq!(endpoint.get("search", &[("q", "a"), (name, value)]).await.0, status, "{name}={value}");
    }
    assert_eq!(endpoint.get("search", &[]).await.0, 400);
    assert_eq!(endpoint.get("suggest", &[("q", "a")]).await.0, 400);
    assert_eq!(endpoint.get("search", &[("q", "a"), ("start", "1"), ("cursor", "initial")]).await.0, 400);
}

#[tokio::test]
async fn the_largest_queries_are_answered_soon() {
    let endpoint = Endpoint::music().await;
    let title = "the quick brown fox jumps over the lazy dog ".repeat(20);
    endpoint.add(&[("a", json!({"title": title, "artists": ["quick", "slow"]}))]).await;
    let many = |what: &str| (0..1024).map(|number| format!("{what}{number} ")).collect::<String>();
    for (query, parser, status) in [
        (many("term"), "simple", 200),
        (many("|q* |term"), "simple", 400),
        ((0..256).map(|number| format!("quick{number}~2 ")).collect(), "simple", 200),
        (many("quick~2 |term"), "simple", 400),
        (format!("\"{}\"~10000", "the quick ".repeat(500)), "simple", 200),
        (format!("{}~2", "a".repeat(100_000)), "simple", 200),
        (format!("{}*", "a".repeat(100_000)), "simple", 200),
        (format!("{}a", "(".repeat(64)), "simple", 200),
        ("a|b c ".repeat(30), "simple", 200),
        ("\"".repeat(100_000), "simple", 200),
        ("\\\"".repeat(100_000), "simple", 200),
        ("~1".repeat(100_000), "simple", 200),
        (format!("'{}'", "word ".repeat(100_000)), "structured", 400),
        (format!("{}'quick'{}", "(not ".repeat(64), ")".repeat(64)), "structured", 200),
        (format!("{}'quick'{}", "(and 'fox' ".repeat(64), ")".repeat(64)), "structured", 200),
        (
            "(near field=title distance=4000000000 'the dog the dog the dog fox fox fox')".to_owned(),
            "structured",
            200,
        ),
        (
            "(or (term boost=1e38 'fox') (and boost=1e38 (term boost=1e38 'dog')))".to_owned(),
            "structured",
            200,
        ),
        ("(term boost=1e39 'fox')".to_owned(), "structured", 400),
    ] {
        let started = Instant::now();
        let form = [("q", query.as_str()), ("q.parser", parser), ("highlight.title", "{max_phrases:9}")];
        assert_eq!(post_search(&endpoint, &form).await, status, "{query:.60}");
        assert!(started.elapsed() < SOON, "{query:.60} took {:?}", started.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_query_string_is_the_endpoints_fault(
        values in prop::collection::vec(("q|q.parser|q.options|fq|sort|size|cursor|return|facet.year|highlight.title|\\PC{1,5}",
            r#"(\PC|simple|structured|title|year|'a'|:|[\[\]\{\}(),*~|+"-]){0,12}"#), 1..5)
    ) {
        let (runtime, endpoint) = &*SHARED;
        runtime.block_on(async {
            let parameters: Vec<(&str, &str)> =
                values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let (status, body) = endpoint.get("search", &parameters).await;
            assert!(!status.is_server_error(), "{parameters:?}: {body}");
        });
    }

    #[test]
    fn no_form_is_the_configurations_fault(
        action in "CreateDomain|DefineIndexField|DefineSuggester|DefineAnalysisScheme|DescribeDomains|\\PC{0,5}",
        values in prop::collection::vec(("\\PC{0,20}", "\\PC{0,10}"), 0..4)
    ) {
        let (runtime, endpoint) = &*SHARED;
        runtime.block_on(async {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", &action).extend_pairs(values);
            let request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let (status, body) = endpoint.send(request.body(Body::from(form.finish())).unwrap()).await;
            assert!(!status.is_server_error(), "{body}");
        });
    }

    #[test]
    fn no_document_is_the_endpoints_fault(
        kind in "add|delete|\\PC",
        id in "[a-z#/]{0,3}|\\PC{1,3}",
        fields in prop::collection::btree_map("title|artists|genres|label|year|rating|released|place|\\PC{1,3}", value(), 0..4)
    ) {
        let (runtime, endpoint) = &*SHARED;
        runtime.block_on(async {
            let batch = json!([{"type": kind, "id": id, "fields": fields}]);
            let (status, body) = endpoint.upload(batch.clone()).await;
            assert!(!status.is_server_error(), "{batch}: {body}");
            if status.is_success() {
                let id = format!("_id:'{id}'");
                let answer = endpoint.search(&[("q", &id), ("q.parser", "structured")]).await;
                assert_eq!(answer["hits"]["found"], 1, "{batch}");
            }
        });
    }
}

/// What a client might take for the value of a field.
fn value() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        "(\\PC|[ \t\u{1}😀-]){0,20}".prop_map(|text| json!(text)),
        "[12][0-9]{3}-[01][0-9]-[0-3][0-9]T00:00:00Z".prop_map(|text| json!(text)),
        "-?[0-9]{1,2}.5,-?[0-9]{1,3}".prop_map(|text| json!(text)),
    ];
    prop_oneof![one.clone(), prop::collection::vec(one, 0..3).prop_map(|values| json!(values))]
}

#[tokio::test]
async fn the_largest_documents_are_found() {
    let endpoint = Endpoint::music().await;
    let word = "a".repeat(1_000_000);
    let many = "word ".repeat(100_000);
    let genres: Vec<String> = (0..20_000).map(|number| format!("genre {number}")).collect();
    endpoint
        .add(&[("word", json!({"title": word})), ("many", json!({"title": many, "genres": genres}))])
        .await;
    assert_eq!(endpoint.structured("genres:'genre 19999'").await, "many");
    assert_eq!(
        endpoint.structured("(near field=title distance=100 'word word word word word')").await,
        "many"
    );
    assert_eq!(endpoint.structured("(phrase field=title 'word word word word word')").await, "many");
    assert_eq!(
        endpoint.ids(&[("q", "matchall"), ("q.parser", "structured"), ("sort", "title asc")]).await,
        "word many"
    );
    let answer =
        endpoint.search(&[("q", "word"), ("facet.genres", "{size:3}"), ("highlight.title", "{}")]).await;
    assert_eq!(answer["facets"]["genres"]["buckets"].as_array().unwrap().len(), 3);
}
