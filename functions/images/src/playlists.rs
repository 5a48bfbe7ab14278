//! The covers of playlists.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use mixtape_domain::media::{CoverSize, Rendition};
use mixtape_domain::playlist::{Playlist, Viewer};
use mixtape_domain::{ImageId, PlaylistId};
use mixtape_http::{App, CatalogueReader, Code, Identity, ImageBody, NoContent, Path, Problem, Query};
use mixtape_store::playlists::{Caller, PlaylistError};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::keep::{ATTEMPTS, keep, vanished};
use crate::show::{accepted, picture};

/// Pictures that a cover is made of where none is set.
const TILES: usize = 4;
/// Items among which they are looked for.
const LOOKED_AT: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CoverParams {
    /// `small` (128 pixels), `medium` (384, the default) or `large` (1024).
    #[serde(default)]
    #[param(inline)]
    size: CoverSize,
}

/// Read the cover of a playlist
///
/// The picture that was set, or one made of the first four different covers among its first items.
#[utoipa::path(
    get, path = "/v1/playlists/{id}/cover", tag = "images", security((), ("bearer" = [])),
    params(("id" = String, Path), CoverParams),
    responses(
        (status = 200, description = "The picture", content((Vec<u8> = "image/webp"), (Vec<u8> = "image/jpeg"))),
        (status = 404, description = "`not_found`, or `no_cover`: none is set and no item has one"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    CatalogueReader(identity): CatalogueReader,
    Path(id): Path<PlaylistId>,
    Query(params): Query<CoverParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = identity.as_ref().map(Identity::viewer);
    let rendition = Rendition::of_cover(params.size, accepted(&headers));
    let found = match app.store.playlists.cover_image(id, viewer).await? {
        Some(image) => mixtape_pictures::rendition(&app.store, image, rendition).await,
        None => {
            let tiles = tiles(&app, id, viewer).await?;
            mixtape_pictures::mosaic(&app.store, &tiles, rendition).await
        }
    };
    let bytes = found.map_err(crate::keep::refused)?;
    let none = || Problem::new(Code::NO_COVER, "Set one with PUT, or add tracks that have one.");
    // It changes with the list, and who may see it can change, too.
    Ok(picture(bytes.ok_or_else(none)?, rendition, "private, no-cache"))
}

/// The first different covers of the first items.
async fn tiles(app: &App, id: PlaylistId, viewer: Option<Viewer>) -> Result<Vec<ImageId>, Problem> {
    let page = app.store.playlists.items(id, viewer, LOOKED_AT, None).await?;
    let mut tiles: Vec<ImageId> = Vec::new();
    let covers = page.items.iter().filter_map(|item| item.track.as_ref()?.cover.as_ref()?.image());
    for image in covers {
        if tiles.len() < TILES && !tiles.contains(&image) {
            tiles.push(image);
        }
    }
    Ok(tiles)
}

/// Set the cover of a playlist
///
/// Its owner may. The body is the picture itself: JPEG, PNG, WebP or a still GIF, at most 4 MiB and 25 megapixels.
#[utoipa::path(
    put, path = "/v1/playlists/{id}/cover", tag = "images", security(("bearer" = [])), params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses(
        (status = 200, description = "The playlist as it is now", body = Playlist),
        (status = 403, description = "`forbidden`: only its owner may"),
        (status = 422, description = "`bad_image`"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    body: ImageBody,
) -> Result<axum::Json<Playlist>, Problem> {
    let viewer = identity.viewer();
    let playlists = &app.store.playlists;
    playlists.check_manager(id, viewer).await?;
    let caller = Caller { viewer, revisions: None };
    for _ in 0..ATTEMPTS {
        let image = keep(&app, &identity, &body).await?;
        match playlists.set_cover(id, &caller, Some(image), app.clock.now()).await {
            Ok(()) => return Ok(axum::Json(playlists.get(id, Some(viewer)).await?)),
            Err(PlaylistError::NotFound) if app.store.media.image(image).await?.is_none() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(vanished())
}

/// Take the cover of a playlist away
///
/// It shows one made of the covers of its items again.
#[utoipa::path(
    delete, path = "/v1/playlists/{id}/cover", tag = "images", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 204, description = "No picture is set now"),
        (status = 403, description = "`forbidden`: only its owner may"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
) -> Result<NoContent, Problem> {
    let caller = Caller { viewer: identity.viewer(), revisions: None };
    app.store.playlists.set_cover(id, &caller, None, app.clock.now()).await?;
    Ok(NoContent)
}
