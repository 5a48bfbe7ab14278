//! The document service of a domain: `documents/batch`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use serde_json::json;

use super::search::{blocking, unknown_domain};
use super::{body, reply};
use crate::batch::{Batch, BatchError, Language, MAX_BATCH_BYTES};
use crate::domain::Domain;
use crate::error::Error;
use crate::registry::Domains;

/// The code of all errors of the document service.
const CODE: &str = "DocumentServiceException";

/// Why a batch was not applied.
enum Refusal {
    Batch(BatchError),
    Failed(Error),
}

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// How a batch is written and how its answer is.
struct Kinds {
    batch: Language,
    is_latin: bool,
    answer: Language,
}

pub(super) async fn upload(
    State(domains): State<Domains>,
    Path(domain): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let Some(domain) = domains.get(&domain) else { return unknown_domain() };
    let is_sdk = request.uri().query().is_some_and(|query| query.contains("format=sdk"));
    let kinds = match kinds(request.headers(), is_sdk) {
        Ok(kinds) => kinds,
        Err((status, message)) => return refuse(status, message),
    };
    let bytes = match body(request, MAX_BATCH_BYTES).await {
        Ok(bytes) => bytes,
        Err(error) => return refuse(error.status, &error.message),
    };
    let text = if kinds.is_latin {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        match String::from_utf8(bytes.into()) {
            Ok(text) => text,
            Err(_) => return refuse(StatusCode::BAD_REQUEST, "the batch is no valid UTF-8"),
        }
    };
    match blocking(domain, move |domain| apply(domain, kinds.batch, &text)).await {
        Some(Ok((adds, deletes))) => accepted(kinds.answer, adds, deletes),
        Some(Err(Refusal::Batch(error))) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        Some(Err(Refusal::Failed(error))) => {
            tracing::error!(%error, "a batch failed");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal failure")
        }
        None => refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal failure"),
    }
}

fn apply(domain: &Domain, language: Language, text: &str) -> Result<(usize, usize), Refusal> {
    domain.update(|active, wanted| {
        let batch = Batch::parse(language, text, active, wanted)?;
        Ok((batch.changes, (batch.adds, batch.deletes)))
    })
}

/// Reads the headers that say what comes and what is wanted.
fn kinds(headers: &HeaderMap, is_sdk: bool) -> Result<Kinds, (StatusCode, &'static str)> {
    let get = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let content_type = get(header::CONTENT_TYPE).filter(|kind| !kind.trim().is_empty());
    let content_type = content_type.ok_or((StatusCode::BAD_REQUEST, "The Content-Type header is missing"))?;
    if get(header::CONTENT_LENGTH).is_none() && get(header::TRANSFER_ENCODING).is_some() {
        return Err((StatusCode::LENGTH_REQUIRED, "The Content-Length header is missing"));
    }
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let batch = match parts.next() {
        Some("application/json") => Language::Json,
        Some("application/xml") => Language::Xml,
        _ => {
            let message = "The Content-Type must be application/json or application/xml";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    let charset = parts.find_map(|part| part.strip_prefix("charset=")).unwrap_or("utf-8");
    let is_latin = match charset.trim_matches('"') {
        "utf-8" | "ascii" | "us-ascii" => false,
        "iso-8859-1" => true,
        _ => {
            let message = "The character set must be ASCII, ISO-8859-1 or UTF-8";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    let accept = get(header::ACCEPT).unwrap_or("*/*");
    let accepts = |kind: &str| accept.contains(kind);
    let answer = match batch {
        _ if is_sdk || accepts("application/json") => Language::Json,
        _ if accepts("application/xml") => Language::Xml,
        language if accepts("*/*") || accepts("application/*") => language,
        _ => return Err((StatusCode::NOT_ACCEPTABLE, "Answers are application/json or application/xml")),
    };
    Ok(Kinds { batch, is_latin, answer })
}

fn accepted(language: Language, adds: usize, deletes: usize) -> Response<Body> {
    match language {
        Language::Json => {
            let body = json!({"status": "success", "adds": adds, "deletes": deletes, "warnings": []});
            reply::json(StatusCode::OK, &body, false)
        }
        Language::Xml => {
            let body = format!(
                "<response xmlns=\"http://cloudsearch.amazonaws.com/2013-01-01/results\" status=\"success\" \
                 adds=\"{adds}\" deletes=\"{deletes}\"/>"
            );
            reply::text(StatusCode::OK, "application/xml", body)
        }
    }
}

fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    let body = json!({
        "__type": format!("#{CODE}"),
        "status": "error",
        "adds": 0,
        "deletes": 0,
        "errors": [{"message": message}],
        "message": format!("{{ [{}] }}", json!(message)),
    });
    reply::coded(reply::json(status, &body, false), CODE)
}
