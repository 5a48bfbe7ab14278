//! One track.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use mixtape_domain::TrackId;
use mixtape_domain::insights::Kind;
use mixtape_domain::track::{NewTrack, Track, TrackPatch};
use mixtape_http::{App, CatalogueReader, Created, Identity, Json, NoContent, Path, Problem};
use mixtape_store::tracks::{Change, Creation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::played::Played;

/// A track, and how often it was heard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackDetail {
    #[serde(flatten)]
    track: Track,
    #[serde(flatten)]
    played: Played,
}

/// Add a track
///
/// With a `source_id` that you sent before, nothing is made and the track of that time is answered.
#[utoipa::path(
    post, path = "/v1/tracks", tag = "tracks", security(("bearer" = [])), request_body = NewTrack,
    responses(
        (status = 201, description = "The track was made", body = Track),
        (status = 200, description = "It was made before, from the same `source_id`", body = Track),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    identity: Identity,
    Json(new): Json<NewTrack>,
) -> Result<Response, Problem> {
    let track = new.build(identity.account_id, app.clock.now())?;
    let creations = app.store.tracks.create(std::slice::from_ref(&track)).await?;
    if creations == [Creation::Made] {
        return Ok(Created { location: format!("/v1/tracks/{}", track.id), body: track }.into_response());
    }
    // It can have been deleted since.
    let existing = app.store.tracks.get(track.id).await?.ok_or_else(Problem::not_found)?;
    Ok(JsonBody(existing).into_response())
}

/// Read a track
#[utoipa::path(
    get, path = "/v1/tracks/{id}", tag = "tracks", security((), ("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The track", body = TrackDetail))
)]
pub(crate) async fn get(
    State(app): State<App>,
    _: CatalogueReader,
    Path(id): Path<TrackId>,
) -> Result<JsonBody<TrackDetail>, Problem> {
    let track = app.store.tracks.get(id).await?.ok_or_else(Problem::not_found)?;
    let played = app.store.insights.plays(Kind::Track, &id.to_bytes()).await?.into();
    Ok(JsonBody(TrackDetail { track, played }))
}

/// Change a track
///
/// JSON merge patch: absent means unchanged, null clears.
#[utoipa::path(
    patch, path = "/v1/tracks/{id}", tag = "tracks", security(("bearer" = [])), params(("id" = String, Path)),
    request_body = TrackPatch,
    responses(
        (status = 200, description = "The track as it is now", body = Track),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
    )
)]
pub(crate) async fn patch(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<TrackId>,
    Json(patch): Json<TrackPatch>,
) -> Result<JsonBody<Track>, Problem> {
    let now = app.clock.now();
    let decide = |track: &Track| {
        if !identity.may_edit(track.owner_id) {
            return Err(Problem::forbidden());
        }
        let patched = track.patched(patch.clone(), now)?;
        Ok(Change::Replace(Box::new(patched)))
    };
    let track = app.store.tracks.edit(id, decide).await?;
    track.map(JsonBody).ok_or_else(Problem::not_found)
}

/// Delete a track
///
/// Playlists keep their entry, with `track` null.
#[utoipa::path(
    delete, path = "/v1/tracks/{id}", tag = "tracks", security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "The track is gone"),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<TrackId>,
) -> Result<NoContent, Problem> {
    let decide = |track: &Track| {
        if identity.may_edit(track.owner_id) { Ok(Change::Delete) } else { Err(Problem::forbidden()) }
    };
    let track = app.store.tracks.edit(id, decide).await?;
    track.map(|_| NoContent).ok_or_else(Problem::not_found)
}
