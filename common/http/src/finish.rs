//! What happens around every handler: ids, problems, ETags, limits, panics.

use std::any::Any;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use sha2::{Digest, Sha256};
use tower_http::catch_panic::CatchPanicLayer;
use ulid::Ulid;

use crate::{ClientAddress, Code, Problem, RequestId};

/// Answers are at most what Lambda can return, so that they may be held in memory for their ETag.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;
const REQUEST_ID: &str = "x-request-id";
const TWO_YEARS: &str = "max-age=63072000";
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Puts the shared behaviour around a function's routes.
pub(crate) fn finish(router: Router) -> Router {
    router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || {
            Problem::new(Code::METHOD_NOT_ALLOWED, "The header `allow` names the methods of this path.")
        })
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(middleware::from_fn(around))
}

fn on_panic(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    Problem::internal(format!("panic: {}", text.unwrap_or_default())).into_response()
}

async fn around(mut request: Request, next: Next) -> Response {
    note_gateway(&mut request);
    let request_id = request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| RequestId(new_id()));
    request.extensions_mut().insert(request_id.clone());
    let method = request.method().clone();
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let is_personal = request.headers().contains_key(header::AUTHORIZATION);

    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log_cause(&problem, &request_id.0);
        let kept =
            [header::ALLOW, header::CONTENT_RANGE].map(|name| (response.headers_mut().remove(&name), name));
        response = problem.render(&request_id.0);
        for (value, name) in kept {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
    } else if method == Method::GET && response.status() == StatusCode::OK {
        response = match with_etag(response, if_none_match.as_ref()).await {
            Ok(response) => response,
            Err(problem) => problem.render(&request_id.0),
        };
    }
    add_headers(response.headers_mut(), &request_id.0, is_personal);
    response.extensions_mut().insert(request_id);
    response
}

fn new_id() -> String {
    Ulid::generate().to_string()
}

/// Takes the request's id and the client's address from API Gateway's event.
fn note_gateway(request: &mut Request) {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get::<RequestContext>() else {
        return;
    };
    let id = context.request_id.clone();
    let address = context.http.source_ip.as_deref().and_then(|text| text.parse().ok());
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    if let Some(address) = address {
        request.extensions_mut().insert(ClientAddress(address));
    }
}

fn log_cause(problem: &Problem, request_id: &str) {
    let Some(cause) = problem.cause() else { return };
    let code = problem.code().name;
    tracing::error!(request.id = %request_id, code, cause, "request failed");
}

fn add_headers(headers: &mut HeaderMap, request_id: &str, is_personal: bool) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TWO_YEARS));
    // An answer that a browser shows as a page loads nothing and is shown in no frame; the reference says what it
    // needs.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("authorization"));
    // With an ETag, asking again costs little; without one, an answer is for this caller and this moment.
    let default = match (headers.contains_key(header::ETAG), is_personal) {
        (true, true) => "private, no-cache",
        (true, false) => "no-cache",
        (false, _) => "no-store",
    };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(default));
}

/// Adds an ETag of the content unless the handler gave one, and answers 304 when the caller has it already.
async fn with_etag(response: Response, if_none_match: Option<&HeaderValue>) -> Result<Response, Problem> {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_ANSWER_BYTES).await.ok();
    let bytes = bytes.filter(|bytes| bytes_in_json(bytes) <= MAX_ANSWER_BYTES);
    let bytes = bytes.ok_or_else(Problem::answer_too_large)?;
    let etag = match parts.headers.get(header::ETAG) {
        Some(etag) => etag.clone(),
        None => {
            let digest = Sha256::digest(&bytes);
            let hex: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
            let Ok(etag) = HeaderValue::from_str(&format!("\"{hex}\"")) else {
                return Ok((parts, bytes).into_response());
            };
            parts.headers.insert(header::ETAG, etag.clone());
            etag
        }
    };
    if if_none_match.is_some_and(|tags| matches_any(tags, &etag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// How long a body is as Lambda returns it: a text in JSON, in which quotation marks are two bytes.
fn bytes_in_json(body: &[u8]) -> usize {
    let escaped = |byte: &&u8| matches!(**byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t');
    body.len() + body.iter().filter(escaped).count()
}

/// The weak comparison of RFC 9110, section 8.8.3.2.
fn matches_any(tags: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(etag)) = (tags.to_str(), etag.to_str()) else { return false };
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_lambda_cannot_return_is_a_problem_that_says_what_to_do() {
        // Lambda returns a body as a text in JSON, where each quotation mark is two bytes.
        for (body, is_too_large) in [
            ("a".repeat(MAX_ANSWER_BYTES), false),
            ("a".repeat(MAX_ANSWER_BYTES + 1), true),
            ("\"".repeat(MAX_ANSWER_BYTES / 2), false),
            ("\"".repeat(MAX_ANSWER_BYTES / 2 + 1), true),
        ] {
            let router = finish(Router::new().route("/", get(async || body)));
            let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
            let status = response.status();
            let answer = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            if is_too_large {
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
                let problem: serde_json::Value = serde_json::from_slice(&answer).unwrap();
                assert_eq!(problem["code"], "answer_too_large");
            } else {
                assert_eq!(status, StatusCode::OK);
            }
        }
    }
}
