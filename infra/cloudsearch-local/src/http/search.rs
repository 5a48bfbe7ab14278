//! The search service of a domain: `search` and `suggest`.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request as HttpRequest, Response, StatusCode};
use serde_json::{Value as Json, json};

use super::{Parameters, parameters, reply};
use crate::domain::Domain;
use crate::generation::Generation;
use crate::registry::Domains;
use crate::search::{Format, Request, SearchError, search as find, size};
use crate::suggest::suggest as complete;

/// The code of all errors of the search service.
const CODE: &str = "SearchException";
/// Most suggestions of an answer.
const MAX_SUGGESTIONS: usize = 1000;

pub(super) async fn search(
    State(domains): State<Domains>,
    Path(domain): Path<String>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    respond(&domains, &domain, request, |generation, parameters, format| {
        let request = Request::parse(parameters, &generation.config)?;
        find(generation, &request, format)
    })
    .await
}

pub(super) async fn suggest(
    State(domains): State<Domains>,
    Path(domain): Path<String>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    respond(&domains, &domain, request, |generation, parameters, _| {
        let known = ["q", "suggester", "size", "format", "pretty"];
        if let Some(name) = parameters.keys().find(|name| !known.contains(&name.as_str())) {
            let shown: String = name.chars().take(64).collect();
            return Err(SearchError::invalid(format!("Parameter '{shown}' is not valid")));
        }
        let get = |name: &str| parameters.get(name).map(String::as_str);
        let required = |name: &str| {
            get(name).ok_or_else(|| SearchError::invalid(format!("Missing required parameter: {name}")))
        };
        let size = size(get("size"), MAX_SUGGESTIONS)?;
        complete(generation, required("suggester")?, required("q")?, size)
    })
    .await
}

async fn respond(
    domains: &Domains,
    domain: &str,
    request: HttpRequest<Body>,
    answer: impl FnOnce(&Generation, &Parameters, Format) -> Result<Json, SearchError> + Send + 'static,
) -> Response<Body> {
    let started = Instant::now();
    let Some(domain) = domains.get(domain) else { return unknown_domain() };
    let parameters = match parameters(request).await {
        Ok(parameters) => parameters,
        Err(error) => return reply::error(error.status, CODE, &error.message),
    };
    let format = match parameters.get("format").map(String::as_str) {
        Some("sdk") => Format::Sdk,
        None | Some("json") => Format::Json,
        Some(_) => {
            let message = "Invalid value for format: it must be json or sdk; xml is not supported";
            return reply::error(StatusCode::BAD_REQUEST, CODE, message);
        }
    };
    let is_pretty = parameters.get("pretty").is_some_and(|pretty| pretty == "true");
    let answered = blocking(domain, move |domain| answer(&domain.generation(), &parameters, format)).await;
    match answered {
        Some(Ok(mut answer)) => {
            let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let time = if format == Format::Sdk { "timems" } else { "time-ms" };
            answer["status"] = json!({"rid": reply::request_id(), time: milliseconds});
            reply::json(StatusCode::OK, &answer, is_pretty)
        }
        Some(Err(SearchError::Invalid(message))) => reply::error(StatusCode::BAD_REQUEST, CODE, &message),
        Some(Err(SearchError::Failed(error))) => {
            tracing::error!(%error, "a search failed");
            failed()
        }
        None => failed(),
    }
}

pub(super) fn unknown_domain() -> Response<Body> {
    reply::error(StatusCode::NOT_FOUND, "ResourceNotFoundException", "There is no domain of that name")
}

fn failed() -> Response<Body> {
    reply::error(StatusCode::INTERNAL_SERVER_ERROR, CODE, "Internal failure")
}

/// Runs what reads or writes files off the threads that serve connections; `None` if it panicked.
pub(super) async fn blocking<R: Send + 'static>(
    domain: Arc<Domain>,
    work: impl FnOnce(&Domain) -> R + Send + 'static,
) -> Option<R> {
    tokio::task::spawn_blocking(move || work(&domain)).await.ok()
}
