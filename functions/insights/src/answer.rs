//! Answers a question from the cache, or anew; and finds out whose counts may be read.

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use mixtape_domain::account::{InsightsAccess, Profile, Username};
use mixtape_http::{Identity, Problem};
use mixtape_settings::Catalogue;
use mixtape_store::insights::Scope;
use serde::Serialize;

use crate::cache::Question;
use crate::state::State;

/// How long others may keep an answer that is not the caller's own.
const SHARED_LIFE_SECONDS: u32 = 1;

/// The counts of an account that shows them to everybody, or that is the caller's own. Nobody learns from the answer
/// whether there is such an account.
pub(crate) async fn visible(
    state: &State,
    caller: Option<&Identity>,
    username: &str,
) -> Result<Profile, Problem> {
    let username = Username::parse(username).map_err(|_| Problem::not_found())?;
    let found = state.app.store.accounts.shared(&username).await?;
    let is_visible = |(profile, access): &(Profile, InsightsAccess)| {
        *access == InsightsAccess::Public || caller.is_some_and(|caller| caller.account_id == profile.id)
    };
    found.filter(is_visible).map(|(profile, _)| profile).ok_or_else(Problem::not_found)
}

/// The answer to a question about counts: the one that was given before, as long as nothing was heard since, or a new
/// one. What is no answer is not kept.
pub(crate) async fn answer<T: Serialize>(
    state: &State,
    scope: Scope,
    text: String,
    compute: impl AsyncFnOnce() -> Result<T, Problem>,
) -> Result<Bytes, Problem> {
    body(state, scope, text, async || json(&compute().await?)).await
}

/// As [`answer`], of an answer in any form.
pub(crate) async fn body(
    state: &State,
    scope: Scope,
    text: String,
    compute: impl AsyncFnOnce() -> Result<Bytes, Problem>,
) -> Result<Bytes, Problem> {
    let version = state.version(scope).await?;
    let question = Question { scope, version, text };
    if let Some(body) = state.cache.get(&question) {
        return Ok(body);
    }
    let body = compute().await?;
    state.cache.put(question, body.clone());
    Ok(body)
}

pub(crate) fn json(answer: &impl Serialize) -> Result<Bytes, Problem> {
    let bytes = serde_json::to_vec(answer).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

/// An answer for the caller alone.
pub(crate) fn own(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// An answer that is the same for everybody who may ask.
pub(crate) fn shared(state: &State, body: Bytes) -> Response {
    let scope = match state.app.settings.catalogue {
        Catalogue::Public => "public",
        Catalogue::Private => "private",
    };
    let lifetime = format!("{scope}, max-age={SHARED_LIFE_SECONDS}");
    ([(header::CACHE_CONTROL, lifetime)], own(body)).into_response()
}
