//! Answers in JSON, and the ids of requests.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

/// An id that tells this request from others.
pub(super) fn request_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let at = Timestamp::now().as_microsecond().to_be_bytes();
    STANDARD.encode([&at[1..], &count].concat())
}

/// An answer of the search and document services.
pub(super) fn json(status: StatusCode, body: &Value, is_pretty: bool) -> Response<Body> {
    let written = if is_pretty { format!("{body:#}\n") } else { body.to_string() };
    text(status, "application/json", written)
}

pub(super) fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A refusal, with its code where the SDKs look for it.
pub(super) fn error(status: StatusCode, code: &'static str, message: &str) -> Response<Body> {
    let rid = request_id();
    let deprecated = format!("[*Deprecated*: Use the outer message field] {message}");
    let body = json!({
        "__type": format!("#{code}"),
        "message": message,
        "error": {"rid": rid, "message": deprecated},
    });
    coded(json(status, &body, false), code)
}

/// Puts the code of an error into the header of an answer.
pub(super) fn coded(mut response: Response<Body>, code: &'static str) -> Response<Body> {
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}
