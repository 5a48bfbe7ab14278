//! The embedded DynamoDB over HTTP, for who knows the secret: pages that a browser shows and other users of this machine
//! reach the port, too.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::signature::is_signed;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const TARGET: &str = "DynamoDB_20120810.";
/// As large as a request to DynamoDB may be.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Answers requests that are signed with the secret; without one, what stands in front looks after that.
pub(super) fn router(database: Database, secret: Option<&str>) -> Router {
    Router::new().fallback(answer).with_state((database, secret.map(Arc::from)))
}

async fn answer(
    State((database, secret)): State<(Database, Option<Arc<str>>)>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Some(secret) = secret
        && !is_signed(&secret, &parts, &body)
    {
        return StatusCode::FORBIDDEN.into_response();
    }
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default();
    let (status, text) = match run(&database, operation, &body) {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => {
            let status = StatusCode::from_u16(error.status_code());
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.to_json())
        }
    };
    (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

/// What is asked of tables; they are made and their streams are read by way of the library.
fn run(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "BatchGetItem" => ask(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => ask(body, |request| database.batch_write_item(request)),
        "DeleteItem" => ask(body, |request| database.delete_item(request)),
        "DescribeTable" => ask(body, |request| database.describe_table(request)),
        "GetItem" => ask(body, |request| database.get_item(request)),
        "PutItem" => ask(body, |request| database.put_item(request)),
        "Query" => ask(body, |request| database.query(request)),
        "Scan" => ask(body, |request| database.scan(request)),
        "TransactWriteItems" => ask(body, |request| database.transact_write_items(request)),
        "UpdateItem" => ask(body, |request| database.update_item(request)),
        other => Err(DynoxideError::ValidationException(format!("{other:?} is not served here"))),
    }
}

fn ask<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    ask: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let wrong = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let answer = ask(serde_json::from_slice(body).map_err(wrong)?)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
