//! The covers of albums.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::AlbumId;
use mixtape_domain::track::Album;
use mixtape_http::{App, Code, Identity, ImageBody, NoContent, Path, Problem};
use mixtape_store::tracks::{AlbumCover, AlbumCoverError};

use crate::keep::{ATTEMPTS, keep, vanished};

/// How many tracks of an album are asked whose they are: so many pages of so many.
const PAGES: usize = 20;
const TRACKS: usize = 100;

/// Set the cover of an album
///
/// Whoever owns one of its tracks may. The body is the picture itself: JPEG, PNG, WebP or a still GIF, at most 4 MiB
/// and 25 megapixels.
#[utoipa::path(
    put, path = "/v1/albums/{id}/cover", tag = "images", security(("bearer" = [])), params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses(
        (status = 200, description = "The album as it is now", body = Album),
        (status = 403, description = "`forbidden`: none of its tracks is yours"),
        (status = 422, description = "`bad_image`"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<AlbumId>,
    body: ImageBody,
) -> Result<JsonBody<Album>, Problem> {
    check(&app, &identity, &id).await?;
    for _ in 0..ATTEMPTS {
        let image = keep(&app, &identity, &body).await?;
        match app.store.tracks.set_album_cover(&id, AlbumCover::Set(image)).await {
            Ok(album) => return Ok(JsonBody(album)),
            Err(AlbumCoverError::ImageGone) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Err(vanished())
}

/// Take the cover of an album away
///
/// The next track with a cover that comes to the album gives it one again.
#[utoipa::path(
    delete, path = "/v1/albums/{id}/cover", tag = "images", security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "The album has no cover now"),
        (status = 403, description = "`forbidden`: none of its tracks is yours"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<AlbumId>,
) -> Result<NoContent, Problem> {
    check(&app, &identity, &id).await?;
    app.store.tracks.set_album_cover(&id, AlbumCover::Clear).await.map_err(refused)?;
    Ok(NoContent)
}

async fn check(app: &App, identity: &Identity, id: &AlbumId) -> Result<(), Problem> {
    let mut after = None;
    for _ in 0..PAGES {
        let page = app.store.tracks.album_page(id, TRACKS, after.as_deref()).await?;
        let (_, tracks) = page.ok_or_else(Problem::not_found)?;
        if identity.is_admin || tracks.items.iter().any(|track| identity.may_edit(track.owner_id)) {
            return Ok(());
        }
        after = tracks.next;
        if after.is_none() {
            break;
        }
    }
    Err(Problem::new(Code::FORBIDDEN, "Only who owns a track of the album, or an admin, may do this."))
}

fn refused(error: AlbumCoverError) -> Problem {
    match error {
        AlbumCoverError::NotFound => Problem::not_found(),
        AlbumCoverError::ImageGone => vanished(),
        AlbumCoverError::Store(error) => error.into(),
    }
}
