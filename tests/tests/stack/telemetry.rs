//! What functions say of themselves: log lines, metrics, and what must never be in either.

use std::collections::BTreeSet;
use std::process::Stdio;

use mixtape_telemetry::{Kind, Metric};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Function, Program, TRACE_ID, World, http_event};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::process::PROGRAM;

pub(super) const ACCOUNTS: &str = env!("CARGO_BIN_EXE_accounts-under-test");
const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "nina@example.com";

/// A request for JSON.
fn event(method: &str, path: &str, token: Option<&str>, body: &str) -> Value {
    let body = (!body.is_empty()).then_some(("application/json", body.as_bytes()));
    http_event(method, path, token.unwrap_or_default(), body)
}

async fn start(world: &World, scratch: &TempDir) -> Function {
    let stores = world.stack().app().settings.stores.as_ref().unwrap();
    let mut program = Program::new(ACCOUNTS, "accounts", stores);
    program.environment.insert("METRICS_SERVICE".into(), "mixtape-tests".into());
    Function::start(&program, scratch.path()).await
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap_or("null")).unwrap()
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_function_logs_each_invocation_and_nothing_that_was_sent() {
    let world = World::start().await;
    let scratch = TempDir::new().unwrap();
    let mut function = start(&world, &scratch).await;
    let credentials = json!({ "username": "nina", "email": EMAIL, "password": PASSWORD }).to_string();
    let made = function.invoke(event("POST", "/v1/accounts", None, &credentials)).await.result.unwrap();
    assert_eq!(made["statusCode"], 201, "{made}");
    let session = body(&made)["session"].clone();
    let (token, refresh) =
        (session["access_token"].as_str().unwrap(), session["refresh_token"].as_str().unwrap());
    let key = function.invoke(event("POST", "/v1/me/keys", Some(token), r#"{"name":"my player"}"#)).await;
    let key = body(&key.result.unwrap())["key"].as_str().unwrap().to_owned();
    for (event, status) in [
        (event("GET", "/v1/me?token=in-the-query", Some(&key), ""), 200),
        (
            event(
                "POST",
                "/v1/sessions",
                None,
                &json!({ "login": "nina", "password": "wrong-password-1" }).to_string(),
            ),
            401,
        ),
        (event("POST", "/v1/sessions/refresh", None, &json!({ "refresh_token": refresh }).to_string()), 200),
        (event("GET", "/v1/me", Some("forged.token.value"), ""), 401),
        (event("POST", "/v1/accounts", None, "{ not-json-but-private"), 400),
        (
            event(
                "POST",
                "/v1/accounts",
                None,
                r#"{"username":"a b","email":"private-but-wrong","password":"tooshort1"}"#,
            ),
            422,
        ),
        (event("GET", "/v1/nowhere/private-path", None, ""), 404),
    ] {
        let answer = function.invoke(event).await.result.unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
    }
    // A store that is away: what is logged of that comes from the libraries.
    world.dynamodb().fail("GetItem", "", tests::Fault::Refused, tests::When::Before, 1);
    let failed = function.invoke(event("GET", "/v1/me", Some(&key), "")).await.result.unwrap();
    assert!(failed["statusCode"].as_u64().unwrap() >= 500, "{failed}");
    let refused = function.invoke(json!({ "admin": { "username": "nobody-private", "grant": true } })).await;
    refused.result.unwrap_err();
    let (out, errors, _) = function.end().await;

    let everything = format!("{out}{errors}");
    for secret in [
        PASSWORD,
        "wrong-password-1",
        "tooshort1",
        EMAIL,
        "private-but-wrong",
        token,
        refresh,
        &key,
        "in-the-query",
        "forged.token",
        "not-json-but-private",
        "private-path",
        "my player",
        "nobody-private",
    ] {
        assert!(!everything.contains(secret), "{secret:?} stands in the log:\n{everything}");
    }
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let of = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    let (requests, events) = (of("request"), of("event"));
    assert_eq!((requests.len(), events.len()), (10, 1), "{out}");
    let first = requests[0];
    assert_eq!(
        json!([
            first["function"],
            first["request_id"],
            first["trace_id"],
            first["cold_start"],
            first["method"]
        ]),
        json!(["accounts", "gateway-POST", TRACE_ID, true, "POST"]),
    );
    assert_eq!(
        json!([first["route"], first["status"], first["service"]]),
        json!(["/v1/accounts", 201, "mixtape-tests"])
    );
    assert!(requests[1..].iter().chain(&events).all(|line| line["cold_start"] == false), "{out}");
    assert!(
        first["duration_ms"].as_f64().unwrap() > 0.0 && first["DynamoDbWriteUnits"].as_f64().unwrap() > 0.0
    );
    let codes: Vec<&str> = requests.iter().filter_map(|line| line["code"].as_str()).collect();
    assert_eq!(codes, ["bad_login", "invalid_token", "malformed", "invalid", "not_found", "internal"]);
    assert_eq!(events[0]["request_id"], "invocation-11", "{out}");
    // What else is logged can be found by the same ids.
    let others = lines.iter().filter(|line| line["message"] != "request" && line["message"] != "event");
    let others: Vec<&Value> = others.collect();
    assert!(
        !others.is_empty() && others.iter().all(|line| line["span"]["requestId"].is_string()),
        "{others:?}"
    );
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "counts the calls of a store")]
async fn a_line_counts_what_the_function_used() {
    let world = World::observed().await;
    let scratch = TempDir::new().unwrap();
    let mut function = start(&world, &scratch).await;
    let ada = world.sign_up("ada").await;
    world.dynamodb().take();
    let answer = function.invoke(event("GET", "/v1/me", Some(ada.token()), "")).await.result.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let calls = world.dynamodb().take();
    let (out, _, _) = function.end().await;
    let line: Value =
        serde_json::from_str(out.lines().find(|line| line.contains("\"request\"")).unwrap()).unwrap();
    let units: f64 = calls.iter().map(|call| call.units).sum();
    assert_eq!(line["DynamoDbCalls"], json!(calls.len() as f64), "{out}\n{calls:?}");
    assert_eq!(line["DynamoDbReadUnits"], json!(units), "{out}\n{calls:?}");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_traced_function_tells_of_its_calls_to_stores_and_nothing_that_was_sent() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let daemon = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stores = world.stack().app().settings.stores.as_ref().unwrap();
    let mut program = Program::new(ACCOUNTS, "accounts", stores);
    let address = daemon.local_addr().unwrap().to_string();
    program.environment.insert("AWS_XRAY_DAEMON_ADDRESS".into(), address);
    let scratch = TempDir::new().unwrap();
    let mut function = Function::start(&program, scratch.path()).await;
    let answer = function.invoke(event("GET", "/v1/me", Some(ada.token()), "")).await.result.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    // The public keys, and the account.
    let mut operations = BTreeSet::new();
    for _ in 0..2 {
        let mut datagram = [0; 4096];
        let received = tokio::time::timeout(std::time::Duration::from_secs(10), daemon.recv(&mut datagram));
        let length = received.await.unwrap().unwrap();
        let text = std::str::from_utf8(&datagram[..length]).unwrap();
        let segment: Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        assert_eq!(
            (&segment["trace_id"], &segment["name"]),
            (&json!(TRACE_ID), &json!("DynamoDB")),
            "{text}"
        );
        assert!(segment["start_time"].as_f64() <= segment["end_time"].as_f64(), "{text}");
        assert!(!text.contains("ada") && !text.contains(ada.token()) && !text.contains(ada.id()), "{text}");
        operations.insert(segment["aws"]["operation"].as_str().unwrap().to_owned());
    }
    assert_eq!(operations, BTreeSet::from(["GetItem".to_owned(), "Query".to_owned()]));
}

/// The names of the metrics in a text for Prometheus: what its `# TYPE` lines declare.
fn declared(text: &str) -> BTreeSet<String> {
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    names.map(str::to_owned).collect()
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn the_local_stack_serves_its_metrics() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let track = ada.post("/v1/tracks", json!({ "title": "Rain", "artist": "Ada" })).await.expect(201);
    ada.post("/v1/listens", json!({ "listens": [{ "track_id": track["id"], "listened_at": world.now() }] }))
        .await
        .expect(200);
    ada.get("/v1/tracks/01ARZ3NDEKTSV4RRFFQ69G5FAV").await.problem(404, "not_found");
    world.settle().await;
    let answer = world.anonymous().get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.header("content-type").unwrap().starts_with("application/openmetrics-text"),
        "{:?}",
        answer.headers
    );
    let text = answer.text;
    for line in [
        r#"mixtape_requests_total{function="listens",method="POST",route="/v1/listens",status="200"} 1.0"#,
        r#"mixtape_requests_total{function="tracks",method="GET",route="/v1/tracks/{id}",status="404"} 1.0"#,
        r#"mixtape_errors_total{function="tracks",code="not_found"} 1.0"#,
        r#"mixtape_cold_starts_total{function="tracks"} 1.0"#,
        r#"mixtape_listens_total{function="tally"} 1.0"#,
        r#"mixtape_index_generation{function="indexer"} 1.0"#,
        "mixtape_dead_letters 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(text.contains(r#"mixtape_event_age_seconds_count{function="indexer"}"#), "{text}");
    assert!(text.contains(r#"mixtape_dynamodb_write_units_total{function="tally"}"#), "{text}");
    let expected = Metric::ALL.map(|metric| metric.prometheus().to_owned());
    // Nothing was uploaded, and what was never counted has no line.
    let counted = expected.into_iter().filter(|name| name != Metric::Ingests.prometheus());
    assert_eq!(declared(&text), counted.chain(["mixtape_dead_letters".to_owned()]).collect());
    assert!(!text.contains("ada") && !text.contains("Rain") && !text.contains("01ARZ3"), "{text}");
}

/// Words of a text that start like this.
fn words(text: &str, start: &str) -> BTreeSet<String> {
    let is_of_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
    text.split(|one| !is_of_word(one)).filter(|word| word.starts_with(start)).map(str::to_owned).collect()
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_dashboard_for_grafana_shows_the_metrics_that_there_are() {
    let text = include_str!("../../../infra/grafana/mixtape.json");
    let dashboard: Value = serde_json::from_str(text).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() >= 10);
    let mut expected = BTreeSet::from(["mixtape_dead_letters".to_owned()]);
    for metric in Metric::ALL {
        let name = metric.prometheus();
        match metric.kind() {
            Kind::Counter => drop(expected.insert(format!("{name}_total"))),
            Kind::Gauge => drop(expected.insert(name.to_owned())),
            Kind::Histogram => drop(expected.insert(format!("{name}_bucket"))),
        }
    }
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            shown.extend(words(target["expr"].as_str().unwrap(), "mixtape_"));
        }
    }
    assert_eq!(shown, expected);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the template")]
fn the_dashboard_in_the_template_shows_the_metrics_that_there_are() {
    let template = mixtape::template::Template::load(&Default::default()).unwrap();
    let body = template.resources["Overview"]["Properties"]["DashboardBody"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            if metric[0] == "Mixtape" {
                shown.insert(metric[1].as_str().unwrap().to_owned());
                assert_eq!((&metric[2], &metric[3]), (&json!("service"), &json!("mixtape")), "{metric}");
            }
            if metric[0]["expression"].as_str().is_some_and(|text| text.contains("{Mixtape,service,code}")) {
                shown.insert("Errors".to_owned());
            }
        }
    }
    assert_eq!(shown, Metric::ALL.map(|metric| metric.name().to_owned()).into());
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn the_program_logs_nothing_that_was_sent() {
    let folder = TempDir::new().unwrap();
    let mut child = tokio::process::Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--log", "info", "--data"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next_line().await.unwrap().expect("it says where it answers");
        if let Some(url) = line.strip_prefix("Mixtape answers at ") {
            break url.to_owned();
        }
    };
    let client = tests::Client::at(&url);
    let credentials = json!({ "username": "nina", "email": EMAIL, "password": PASSWORD });
    let made = client.post("/v1/accounts", credentials).await.expect(201);
    let nina = client.with_session(&made["session"], &made["account"]);
    nina.post("/v1/tracks", json!({ "title": "A private title", "artist": "Ada" })).await.expect(201);
    nina.get("/v1/me?token=in-the-query").await.expect(200);
    client.with_token("forged.token.value").get("/v1/me").await.problem(401, "invalid_token");
    child.kill().await.unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(log.contains("/v1/tracks"), "{log}");
    for secret in [PASSWORD, EMAIL, nina.token(), "A private title", "in-the-query", "forged.token"] {
        assert!(!log.contains(secret), "{secret:?} stands in the log:\n{log}");
    }
}
