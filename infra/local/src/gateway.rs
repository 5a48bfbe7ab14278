//! Stands in for API Gateway: the template's routes and no others, CORS, request ids, the size limit.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http_body_util::LengthLimitError;
use mixtape_http::{ClientAddress, RequestId};
use serde_json::json;
use tower::ServiceExt;

use crate::StartError;
use crate::functions::Functions;
use crate::template::{Cors, Template};

/// API Gateway refuses larger bodies before a function sees them.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The template's routes, each to its function.
pub(crate) fn router(template: &Template, functions: &Functions) -> Result<Router, StartError> {
    let mut gateway = Router::new();
    for route in &template.routes {
        let function = functions.router(&route.function).cloned();
        let function = function.ok_or_else(|| StartError::unknown_function(&route.function))?;
        let forward = move |request: Request| forward(function.clone(), request);
        gateway = gateway.route(&route.path, any(forward));
    }
    let cors = Arc::new(template.cors.clone());
    Ok(gateway
        .fallback(async || (StatusCode::NOT_FOUND, axum::Json(json!({ "message": "Not Found" }))))
        .layer(middleware::from_fn_with_state(cors, around)))
}

/// Hands a request over as Lambda would: only what the gateway passes on, and nothing of this router.
async fn forward(function: Router, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let request_id = parts.extensions.remove::<RequestId>();
    let address = parts.extensions.remove::<ConnectInfo<SocketAddr>>();
    parts.extensions.clear();
    if let Some(request_id) = request_id {
        parts.extensions.insert(request_id);
    }
    if let Some(ConnectInfo(address)) = address {
        parts.extensions.insert(ClientAddress(address.ip()));
    }
    let body = match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            let is_too_large = error.into_inner().is::<LengthLimitError>();
            let (status, message) = match is_too_large {
                true => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
                // It broke off, or is not what its headers say.
                false => (StatusCode::BAD_REQUEST, "Bad Request"),
            };
            return (status, axum::Json(json!({ "message": message }))).into_response();
        }
    };
    // A router's error type is Infallible.
    match function.oneshot(Request::from_parts(parts, Body::from(body))).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn around(State(cors): State<Arc<Cors>>, mut request: Request, next: Next) -> Response {
    let id = crate::stores::random_text(16);
    request.extensions_mut().insert(RequestId(id.clone()));
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_preflight = request.method() == Method::OPTIONS && origin.is_some();
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        add_cors(headers, &cors, &origin, is_preflight);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Answers a page of another origin as the API's CorsConfiguration says; an origin that may not call gets no headers.
fn add_cors(headers: &mut HeaderMap, cors: &Cors, origin: &HeaderValue, is_preflight: bool) {
    let takes_any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    if !takes_any && !cors.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        return;
    }
    let allowed = if takes_any { HeaderValue::from_static("*") } else { origin.clone() };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    let mut add = |name: HeaderName, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    if is_preflight {
        add(header::ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(","));
        add(header::ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(","));
        add(header::ACCESS_CONTROL_MAX_AGE, cors.max_age.to_string());
    } else {
        add(header::ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.join(","));
    }
}
