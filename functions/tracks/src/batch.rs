//! Many tracks at once.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::track::{NewTrack, Track};
use mixtape_domain::{Invalid, TrackId};
use mixtape_http::{App, Identity, Json, Problem};
use mixtape_store::tracks::Creation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

const MAX_TRACKS: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tracks": [{ "title": "Östermalm", "artist": "The Persuader", "source_id": "discogs:1:1" }] }))]
pub(crate) struct Batch {
    /// 1 to 100 tracks.
    #[schema(value_type = Vec<NewTrack>, max_items = 100, min_items = 1)]
    tracks: Vec<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResults {
    /// One result for each track, in order.
    results: Vec<BatchResult>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BatchResult {
    Made {
        #[schema(value_type = String)]
        id: TrackId,
        /// Whether this request made it; false when the `source_id` was known.
        created: bool,
    },
    Refused {
        error: BatchError,
    },
}

/// Why one track of a batch was not made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchError {
    #[schema(example = "invalid")]
    code: &'static str,
    #[schema(example = "title must be 1 to 300 characters long")]
    detail: String,
    errors: Vec<Invalid>,
}

/// Add up to 100 tracks
///
/// Each track is made or refused for itself. With `source_id`s the request can be repeated.
#[utoipa::path(
    post, path = "/v1/tracks/batch", tag = "tracks", security(("bearer" = [])), request_body = Batch,
    responses((status = 200, description = "What came of each track, in order", body = BatchResults))
)]
pub(crate) async fn create_batch(
    State(app): State<App>,
    identity: Identity,
    Json(batch): Json<Batch>,
) -> Result<JsonBody<BatchResults>, Problem> {
    if !(1..=MAX_TRACKS).contains(&batch.tracks.len()) {
        return Err(Problem::invalid_field("tracks", format!("must hold 1 to {MAX_TRACKS} tracks")));
    }
    let now = app.clock.now();
    let build = |value: Value| -> Result<Track, Vec<Invalid>> {
        let new: NewTrack = mixtape_http::parse_value(value)?;
        new.build(identity.account_id, now)
    };
    let built: Vec<Result<Track, Vec<Invalid>>> = batch.tracks.into_iter().map(build).collect();
    let good: Vec<Track> = built.iter().filter_map(|result| result.as_ref().ok()).cloned().collect();
    let mut creations = app.store.tracks.create(&good).await?.into_iter();
    let result = |built: Result<Track, Vec<Invalid>>| match built {
        Ok(track) => BatchResult::Made { id: track.id, created: creations.next() == Some(Creation::Made) },
        Err(errors) => BatchResult::Refused { error: BatchError::new(errors) },
    };
    Ok(JsonBody(BatchResults { results: built.into_iter().map(result).collect() }))
}

impl BatchError {
    fn new(errors: Vec<Invalid>) -> Self {
        let detail =
            errors.first().map(|first| format!("{} {}", first.field, first.message)).unwrap_or_default();
        Self { code: "invalid", detail, errors }
    }
}
