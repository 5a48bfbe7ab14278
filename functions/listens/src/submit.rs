//! Many listens at once.

use std::collections::HashSet;

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::listen::{MAX_LISTENS, NewListen, Sent};
use mixtape_domain::{Invalid, ListenId};
use mixtape_http::{App, Identity, Json, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::resolve::{Known, Resolved};

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
        /// False when the history had it already. Of the same listen in several requests at once, more than one may say
        /// true.
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
/// `artist`: when the catalogue gets such a track, the listen becomes one to it. The same second and song is one
/// listen, however often it is sent. All are kept; of a quarter of an hour, the first 900 count.
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
    let listens: Vec<Result<Known, SubmissionError>> = sent
        .into_iter()
        .map(|sent| {
            let sent = sent.map_err(SubmissionError::invalid)?;
            resolved.listen(&sent).ok_or_else(SubmissionError::unknown_track)
        })
        .collect();
    let mut known = keep(&app, &identity, &listens).await?;
    let result = |listen: Result<Known, SubmissionError>| match listen {
        Ok(Known { listen, ids }) => match ids.into_iter().find(|id| known.contains(id)) {
            Some(id) => SubmissionResult::Kept { id, created: false },
            None => SubmissionResult::Kept { id: listen.id, created: known.insert(listen.id) },
        },
        Err(error) => SubmissionResult::Refused { error },
    };
    Ok(JsonBody(SubmissionResults { results: listens.into_iter().map(result).collect() }))
}

/// Keeps what the history has not; answers what it had.
async fn keep(
    app: &App,
    identity: &Identity,
    listens: &[Result<Known, SubmissionError>],
) -> Result<HashSet<ListenId>, Problem> {
    let ids: HashSet<ListenId> =
        listens.iter().flatten().flat_map(|known| known.ids.iter().copied()).collect();
    let ids: Vec<ListenId> = ids.into_iter().collect();
    // What is there stays as it was first sent: it may have joined a track since.
    let known = app.store.listens.known(identity.account_id, &ids).await?;
    let mut distinct = HashSet::new();
    let new = listens.iter().flatten().filter(|one| one.ids.iter().all(|id| !known.contains(id)));
    let new = new.filter(|one| distinct.insert(one.listen.id)).map(|one| one.listen.clone());
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
