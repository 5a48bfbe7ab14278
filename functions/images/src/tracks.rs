//! The covers of tracks.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::media::Cover;
use mixtape_domain::track::Track;
use mixtape_domain::{ImageId, TrackId};
use mixtape_http::{App, Identity, ImageBody, NoContent, Path, Problem};
use mixtape_store::tracks::Change;

use crate::keep::{ATTEMPTS, keep, vanished};

/// Set the cover of a track
///
/// The body is the picture itself: JPEG, PNG, WebP or a still GIF, at most 4 MiB and 25 megapixels.
#[utoipa::path(
    put, path = "/v1/tracks/{id}/cover", tag = "images", security(("bearer" = [])), params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses(
        (status = 200, description = "The track as it is now", body = Track),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
        (status = 422, description = "`bad_image`"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<TrackId>,
    body: ImageBody,
) -> Result<JsonBody<Track>, Problem> {
    let track = app.store.tracks.get(id).await?.ok_or_else(Problem::not_found)?;
    if !identity.may_edit(track.owner_id) {
        return Err(Problem::forbidden());
    }
    for _ in 0..ATTEMPTS {
        let image = keep(&app, &identity, &body).await?;
        match show(&app, &identity, id, Some(image)).await {
            Ok(track) => return Ok(JsonBody(track)),
            Err(problem) if app.store.media.image(image).await?.is_some() => return Err(problem),
            Err(_) => {}
        }
    }
    Err(vanished())
}

/// Take the cover of a track away
#[utoipa::path(
    delete, path = "/v1/tracks/{id}/cover", tag = "images", security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "The track has no cover now"),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<TrackId>,
) -> Result<NoContent, Problem> {
    show(&app, &identity, id, None).await.map(|_| NoContent)
}

async fn show(app: &App, identity: &Identity, id: TrackId, image: Option<ImageId>) -> Result<Track, Problem> {
    let now = app.clock.now();
    let decide = |track: &Track| {
        if !identity.may_edit(track.owner_id) {
            return Err(Problem::forbidden());
        }
        let changed = Track { cover: image.map(Cover::of), updated_at: now, ..track.clone() };
        Ok(Change::Replace(Box::new(changed)))
    };
    let track = app.store.tracks.edit(id, decide).await?;
    track.ok_or_else(Problem::not_found)
}
