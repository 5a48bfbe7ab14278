//! Many listens at once.

use std::collections::HashSet;

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::listen::{Listen, MAX_LISTENS, NewListen, Sent};
use mixtape_domain::{Invalid, ListenId};
use mixtape_http::{App, Identity, Json, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::resolve::Resolved;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "listens": [{
    "title": "Östermalm", "artist": "The Persuader", "listened_at": "2026-11-21T09:30:00.000Z", "played_ms": 285_000
}] }))]
pub(crate) struct Submission {
    /// 1 to 1000 listens.
    #[schema(value_type = Vec<NewListen>, max_items = 1000, min_items = 1)]
    listens: Vec<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubmissionResults {
    /// One result for each listen, in order.
    results: Vec<SubmissionResult>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SubmissionResult {
    Kept {
        #[schema(value_type = String)]
        id: ListenId,
        /// Whether this request brought it; false when the history had it already.
        created: bool,
    },
    Refused {
        error: SubmissionError,
    },
}

/// Why one listen was not kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SubmissionError {
    #[schema(example = "invalid")]
    code: &'static str,
    #[schema(example = "listened_at must not be in the future")]
    detail: String,
    errors: Vec<Invalid>,
}

/// Send listens
///
/// Each is kept or refused for itself. A track of the catalogue is named by `track_id`, anything else by `title` and
/// `artist`: when the catalogue gets such a track, the listen becomes one to it. The same second and song is one listen,
/// however often it is sent.
#[utoipa::path(
    post, path = "/v1/listens", tag = "listens", security(("bearer" = [])), request_body = Submission,
    responses((status = 200, description = "What came of each listen, in order", body = SubmissionResults))
)]
pub(crate) async fn submit(
    State(app): State<App>,
    identity: Identity,
    Json(submission): Json<Submission>,
) -> Result<JsonBody<SubmissionResults>, Problem> {
    if !(1..=MAX_LISTENS).contains(&submission.listens.len()) {
        return Err(Problem::invalid_field("listens", format!("must hold 1 to {MAX_LISTENS} listens")));
    }
    let now = app.clock.now();
    let check = |value: Value| -> Result<Sent, Vec<Invalid>> {
        mixtape_http::parse_value::<NewListen>(value)?.check(now)
    };
    let sent: Vec<Result<Sent, Vec<Invalid>>> = submission.listens.into_iter().map(check).collect();
    let resolved = Resolved::find(&app.store, sent.iter().flatten()).await?;
    let listens: Vec<Result<Listen, SubmissionError>> = sent
        .into_iter()
        .map(|sent| {
            let sent = sent.map_err(SubmissionError::invalid)?;
            resolved.listen(&sent).ok_or_else(SubmissionError::unknown_track)
        })
        .collect();
    let known = keep(&app, &identity, &listens).await?;
    let mut seen = known;
    let result = |listen: Result<Listen, SubmissionError>| match listen {
        Ok(listen) => SubmissionResult::Kept { id: listen.id, created: seen.insert(listen.id) },
        Err(error) => SubmissionResult::Refused { error },
    };
    Ok(JsonBody(SubmissionResults { results: listens.into_iter().map(result).collect() }))
}

/// Keeps what the history has not; answers what it had.
async fn keep(
    app: &App,
    identity: &Identity,
    listens: &[Result<Listen, SubmissionError>],
) -> Result<HashSet<ListenId>, Problem> {
    let mut ids = HashSet::new();
    let distinct: Vec<&Listen> = listens.iter().flatten().filter(|listen| ids.insert(listen.id)).collect();
    let ids: Vec<ListenId> = distinct.iter().map(|listen| listen.id).collect();
    // What is there stays as it was first sent: it may have joined a track since.
    let known = app.store.listens.known(identity.account_id, &ids).await?;
    let new = distinct.into_iter().filter(|listen| !known.contains(&listen.id)).cloned();
    app.store.listens.keep(identity.account_id, &new.collect::<Vec<_>>()).await?;
    Ok(known)
}

impl SubmissionError {
    fn invalid(errors: Vec<Invalid>) -> Self {
        let detail =
            errors.first().map(|first| format!("{} {}", first.field, first.message)).unwrap_or_default();
        Self { code: "invalid", detail, errors }
    }

    fn unknown_track() -> Self {
        Self::invalid(vec![Invalid::new("track_id", "is not a track; send title and artist instead")])
    }
}
