//! A proxy in front of the embedded DynamoDB: what was called, what it cost, and failures on demand.
//!
//! The embedded one never reports conflicts or throttling, so code for those can be tested only this way.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use mixtape::{Proxy, SearchWith, access_key};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::privileges::{Access, Policies, accesses};

/// The embedded DynamoDB wants a signature of the right form and does not check it.
const UNCHECKED_SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/dynamodb/aws4_request, \
                                   SignedHeaders=host;x-amz-date, Signature=0";

/// The proxy. Clones share what was recorded and the failures.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    state: Arc<Mutex<Recorded>>,
    policies: &'static Policies,
}

#[derive(Debug, Default)]
struct Recorded {
    upstream: String,
    calls: Vec<Call>,
    planned: Vec<Planned>,
}

/// One call that reached the proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// For example `GetItem`.
    pub operation: String,
    /// The tables without the stack's prefix, in alphabetical order.
    pub tables: Vec<String>,
    /// Capacity units, reads and writes, of the tables and their indexes.
    pub units: f64,
    /// How many items it named: the actions of a transaction, the keys of a batch.
    pub items: usize,
}

/// A failure to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Another transaction holds one of the items. Only for transactions.
    Conflict,
    /// The table's capacity is exceeded.
    Throttled,
    /// DynamoDB itself fails.
    Broken,
    /// The call is not permitted. Nobody tries that again, so whatever makes the call ends there.
    Refused,
    /// The connection breaks in the middle of the answer.
    Dropped,
}

/// When a failure strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing has happened.
    Before,
    /// DynamoDB has done it, and only the answer is lost.
    After,
}

#[derive(Debug)]
struct Planned {
    operation: String,
    table: String,
    fault: Fault,
    when: When,
    /// Calls that go well first.
    spared: usize,
    times: usize,
}

impl DynamoDb {
    /// A proxy that denies what template.yaml does not allow, as it is deployed with this search.
    pub fn new(search: SearchWith) -> Self {
        Self { state: Arc::default(), policies: Policies::get(search) }
    }

    /// What [`mixtape::Options`] takes.
    pub fn proxy(&self) -> Proxy {
        let proxy = self.clone();
        Proxy::new(move |upstream| proxy.clone().start(upstream))
    }

    async fn start(self, upstream: String) -> String {
        self.locked().upstream = upstream;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let router = Router::new().fallback(forward).with_state((self, reqwest::Client::new()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    /// The calls since this was last asked.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.locked().calls)
    }

    /// Sends a request of the test's own, which is not recorded, and answers the response.
    pub async fn send(&self, operation: &str, body: Value) -> Value {
        let upstream = self.locked().upstream.clone();
        let request = reqwest::Client::new()
            .post(upstream)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header(header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.0")
            .header("x-amz-date", "20261121T093000Z")
            .header(header::AUTHORIZATION.as_str(), UNCHECKED_SIGNATURE)
            .body(body.to_string());
        let answer = request.send().await.expect("the embedded DynamoDB answers");
        assert!(answer.status().is_success(), "{operation}: {}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("the embedded DynamoDB answers JSON")
    }

    /// The next `times` calls of this operation on this table fail; an empty text stands for any.
    pub fn fail(&self, operation: &str, table: &str, fault: Fault, when: When, times: usize) {
        self.fail_later(0, operation, table, fault, when, times);
    }

    /// As [`DynamoDb::fail`], after so many of these calls have gone well.
    pub fn fail_later(
        &self,
        spared: usize,
        operation: &str,
        table: &str,
        fault: Fault,
        when: When,
        times: usize,
    ) {
        let (operation, table) = (operation.to_owned(), table.to_owned());
        self.locked().planned.push(Planned { operation, table, fault, when, spared, times });
    }

    /// Forgets the failures that have not struck, and answers how many there were.
    pub fn heal(&self) -> usize {
        std::mem::take(&mut self.locked().planned).iter().map(|planned| planned.times).sum()
    }

    fn locked(&self) -> MutexGuard<'_, Recorded> {
        self.state.lock().expect("no test panics while it holds the lock")
    }

    fn strikes(&self, operation: &str, tables: &[String]) -> Option<(Fault, When)> {
        let mut recorded = self.locked();
        let planned = recorded.planned.iter_mut().find(|planned| {
            planned.times > 0
                && (planned.operation.is_empty() || planned.operation == operation)
                && (planned.table.is_empty() || tables.contains(&planned.table))
        })?;
        if planned.spared > 0 {
            planned.spared -= 1;
            return None;
        }
        planned.times -= 1;
        Some((planned.fault, planned.when))
    }
}

async fn forward(
    State((proxy, http)): State<(DynamoDb, reqwest::Client)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let mut request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let caller = access_key(&headers, &uri).unwrap_or_default();
    for access in accesses(&operation, &request) {
        if !proxy.policies.permits(&caller, &access) {
            return denied(&caller, &access);
        }
    }
    let tables = tables_of(&request);
    let strike = proxy.strikes(&operation, &tables);
    if let Some((fault, When::Before)) = strike {
        return fault.answer(&request);
    }
    request["ReturnConsumedCapacity"] = Value::from("INDEXES");
    let upstream = proxy.locked().upstream.clone();
    let mut forwarded = http.post(upstream).body(request.to_string());
    for name in ["x-amz-target", "x-amz-date", "authorization", "content-type"] {
        if let Some(value) = headers.get(name) {
            forwarded = forwarded.header(name, value.clone());
        }
    }
    let answer = forwarded.send().await.expect("the embedded DynamoDB answers");
    let status = answer.status();
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned();
    let bytes = answer.bytes().await.expect("the embedded DynamoDB answers");
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let items = items_of(&request);
    proxy.locked().calls.push(Call { operation, tables, units: units_of(&answer), items });
    if let Some((fault, When::After)) = strike {
        return fault.answer(&request);
    }
    let content_type = content_type.unwrap_or(header::HeaderValue::from_static("application/x-amz-json-1.0"));
    (status, [(header::CONTENT_TYPE, content_type)], bytes).into_response()
}

fn denied(caller: &str, access: &Access) -> Response {
    let message = format!("template.yaml does not allow {caller} this: {access:?}");
    let body = json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "message": message });
    error(StatusCode::BAD_REQUEST, &body)
}

fn error(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

impl Fault {
    fn answer(self, request: &Value) -> Response {
        let kind = |name: &str| format!("com.amazonaws.dynamodb.v20120810#{name}");
        match self {
            Self::Conflict => {
                let mut reasons = vec![json!({ "Code": "None" }); items_of(request).max(1)];
                reasons[0] = json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" });
                let body = json!({
                    "__type": kind("TransactionCanceledException"),
                    "Message": "Transaction cancelled",
                    "CancellationReasons": reasons,
                });
                error(StatusCode::BAD_REQUEST, &body)
            }
            Self::Throttled => {
                let name = kind("ProvisionedThroughputExceededException");
                error(StatusCode::BAD_REQUEST, &json!({ "__type": name, "message": "slow down" }))
            }
            Self::Broken => {
                let name = kind("InternalServerError");
                error(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "__type": name, "message": "broken" }))
            }
            Self::Refused => {
                let name = kind("AccessDeniedException");
                error(StatusCode::BAD_REQUEST, &json!({ "__type": name, "message": "refused" }))
            }
            Self::Dropped => {
                let broken =
                    futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("dropped")) });
                Body::from_stream(broken).into_response()
            }
        }
    }
}

/// The tables that a request names, without the stack's prefix.
fn tables_of(request: &Value) -> Vec<String> {
    let mut tables: Vec<&str> = request["TableName"].as_str().into_iter().collect();
    tables.extend(request["RequestItems"].as_object().into_iter().flatten().map(|(table, _)| table.as_str()));
    for action in request["TransactItems"].as_array().into_iter().flatten() {
        tables.extend(
            action.as_object().into_iter().flatten().filter_map(|(_, action)| action["TableName"].as_str()),
        );
    }
    let mut tables: Vec<String> = tables
        .into_iter()
        .map(|table| table.split_once('-').map_or(table, |(_, name)| name).to_owned())
        .collect();
    tables.sort();
    tables.dedup();
    tables
}

fn items_of(request: &Value) -> usize {
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let batches = request["RequestItems"].as_object().into_iter().flatten();
    let in_batches: usize = batches.map(|(_, table)| count(table) + count(&table["Keys"])).sum();
    match count(&request["TransactItems"]) + in_batches {
        0 => 1,
        items => items,
    }
}

fn units_of(answer: &Value) -> f64 {
    let units = |capacity: &Value| capacity["CapacityUnits"].as_f64().unwrap_or_default();
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        capacity => units(capacity),
    }
}
