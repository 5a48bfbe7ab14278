//! The addresses of the endpoint.
//!
//! What the clients send: boto3 and the AWS CLI post a search as a form to `/{domain}/2013-01-01/search`, the Rust SDK
//! and people get it with a query string; suggestions are always got, batches and the configuration API posted.

mod batch;
mod config;
mod reply;
mod search;
mod xml;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};

use crate::registry::Domains;

/// Longest address with its method and protocol version, in bytes.
const MAX_REQUEST_LINE_BYTES: usize = 8190;
/// Largest form, in bytes.
const MAX_FORM_BYTES: usize = 1 << 20;

/// The names and values of a query string or a form. Of a name that is repeated, the last value counts.
type Parameters = BTreeMap<String, String>;

pub(crate) fn router(domains: Domains) -> Router {
    Router::new()
        .route("/", post(config::answer).get(config::answer))
        .route("/{domain}/2013-01-01/search", get(search::search).post(search::search))
        .route("/{domain}/2013-01-01/suggest", get(search::suggest).post(search::suggest))
        .route("/{domain}/2013-01-01/documents/batch", post(batch::upload))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(domains)
}

async fn not_found() -> Response {
    reply::error(StatusCode::NOT_FOUND, "ResourceNotFoundException", "There is nothing at this address")
}

async fn method_not_allowed() -> Response {
    let message = "This address does not take requests of that method";
    reply::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}

/// Why the parameters of a request cannot be read.
#[derive(Debug)]
struct TooLarge {
    status: StatusCode,
    message: String,
}

/// The parameters of a request, from its query string and from its form.
async fn parameters(request: Request<Body>) -> Result<Parameters, TooLarge> {
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " HTTP/1.1 ".len();
    if line > MAX_REQUEST_LINE_BYTES {
        let message = format!(
            "A request line must be at most {MAX_REQUEST_LINE_BYTES} bytes long; post a form instead"
        );
        return Err(TooLarge { status: StatusCode::URI_TOO_LONG, message });
    }
    let mut parameters = Parameters::new();
    parameters.extend(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned());
    let is_form = request.headers().get(header::CONTENT_TYPE).is_none_or(|kind| {
        kind.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
    });
    let form = body(request, MAX_FORM_BYTES).await?;
    if is_form {
        parameters.extend(form_urlencoded::parse(&form).into_owned());
    }
    Ok(parameters)
}

/// The body of a request, if it is not larger than `most` bytes.
async fn body(request: Request<Body>, most: usize) -> Result<Bytes, TooLarge> {
    // A client that is still sending might not see the answer, so more is read than is taken.
    let body = axum::body::to_bytes(request.into_body(), 4 * most).await.ok();
    body.filter(|body| body.len() <= most).ok_or_else(|| {
        let message = format!("The body of a request must be at most {most} bytes long");
        TooLarge { status: StatusCode::PAYLOAD_TOO_LARGE, message }
    })
}
