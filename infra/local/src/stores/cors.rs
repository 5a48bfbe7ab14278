//! The bucket's answers to browsers, as its CorsConfiguration says.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::template::CorsRule;

/// The answer to a browser that asks whether it may send a request; `None` when this is no such question.
pub(super) fn preflight(rules: &[CorsRule], method: &Method, headers: &HeaderMap) -> Option<Response> {
    let origin = headers.get(header::ORIGIN)?;
    if *method != Method::OPTIONS {
        return None;
    }
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?.to_str().ok()?;
    let mut response = StatusCode::FORBIDDEN.into_response();
    let Some(rule) = rules.iter().find(|rule| rule.allows(origin, wanted)) else { return Some(response) };
    *response.status_mut() = StatusCode::OK;
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, rule.origin(origin));
    set(answer, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.allowed_methods.join(", "));
    // Every header may be sent, and S3 repeats those that were asked for.
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    set(answer, header::ACCESS_CONTROL_MAX_AGE, &rule.max_age.to_string());
    Some(response)
}

/// Lets a page of the origin of a request read the answer.
pub(super) fn allow(
    rules: &[CorsRule],
    method: &Method,
    origin: Option<&HeaderValue>,
    answer: &mut HeaderMap,
) {
    let Some(origin) = origin else { return };
    let Some(rule) = rules.iter().find(|rule| rule.allows(origin, method.as_str())) else { return };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, rule.origin(origin));
    set(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed_headers.join(", "));
    answer.append(header::VARY, HeaderValue::from_static("origin"));
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

impl CorsRule {
    fn allows(&self, origin: &HeaderValue, method: &str) -> bool {
        let is_origin = |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
        self.allowed_origins.iter().any(is_origin) && self.allowed_methods.iter().any(|one| one == method)
    }

    fn origin(&self, origin: &HeaderValue) -> HeaderValue {
        let takes_any = self.allowed_origins.iter().any(|allowed| allowed == "*");
        if takes_any { HeaderValue::from_static("*") } else { origin.clone() }
    }
}
