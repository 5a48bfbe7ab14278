//! One playlist.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::PlaylistId;
use mixtape_domain::account::Profile;
use mixtape_domain::playlist::{Playlist, PlaylistDraft, PlaylistPatch};
use mixtape_http::{
    App, CatalogueReader, Created, Identity, IfMatch, Json, NoContent, Path, Problem, WithRevision,
};

use crate::caller::caller;

/// Make a playlist
///
/// Private unless `visibility` says otherwise.
#[utoipa::path(
    post, path = "/v1/playlists", tag = "playlists", security(("bearer" = [])), request_body = PlaylistDraft,
    responses((
        status = 201, description = "The playlist", body = Playlist,
        headers(("etag" = String, description = "The revision"), ("location" = String)),
    ))
)]
pub(crate) async fn create(
    State(app): State<App>,
    identity: Identity,
    Json(draft): Json<PlaylistDraft>,
) -> Result<WithRevision<Created<Playlist>>, Problem> {
    let (new, track_ids) = draft.check()?;
    let owner = profile(&identity)?;
    let playlist = app.store.playlists.create(new, owner, &track_ids, app.clock.now()).await?;
    Ok(created(playlist))
}

pub(crate) fn created(playlist: Playlist) -> WithRevision<Created<Playlist>> {
    let location = format!("/v1/playlists/{}", playlist.id);
    WithRevision(playlist.revision, Created { location, body: playlist })
}

/// The caller as others see it. Tokens are made with usernames that were good.
pub(crate) fn profile(identity: &Identity) -> Result<Profile, Problem> {
    let username = identity.username.parse().map_err(|_| Problem::internal("a token has a bad username"))?;
    Ok(Profile { id: identity.account_id, username })
}

/// Read a playlist
///
/// A private one can be read by its owner, its collaborators and admins; an unlisted one by whoever has the id.
#[utoipa::path(
    get, path = "/v1/playlists/{id}", tag = "playlists", security((), ("bearer" = [])),
    params(("id" = String, Path)),
    responses((
        status = 200, description = "The playlist without its items", body = Playlist,
        headers(("etag" = String, description = "The revision")),
    ))
)]
pub(crate) async fn get(
    State(app): State<App>,
    CatalogueReader(identity): CatalogueReader,
    Path(id): Path<PlaylistId>,
) -> Result<WithRevision<JsonBody<Playlist>>, Problem> {
    let viewer = identity.as_ref().map(Identity::viewer);
    let playlist = app.store.playlists.get(id, viewer).await?;
    Ok(WithRevision(playlist.revision, JsonBody(playlist)))
}

/// Change a playlist
///
/// JSON merge patch. Only the owner may; its collaborators change its items.
#[utoipa::path(
    patch, path = "/v1/playlists/{id}", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    request_body = PlaylistPatch,
    responses(
        (
            status = 200, description = "The playlist as it is now", body = Playlist,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
        (status = 412, description = "`stale_revision`: nothing was changed"),
    )
)]
pub(crate) async fn patch(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
    Json(patch): Json<PlaylistPatch>,
) -> Result<WithRevision<JsonBody<Playlist>>, Problem> {
    let change = patch.check()?;
    let caller = caller(&identity, &if_match);
    let playlist = app.store.playlists.update(id, &caller, &change, app.clock.now()).await?;
    Ok(WithRevision(playlist.revision, JsonBody(playlist)))
}

/// Delete a playlist
#[utoipa::path(
    delete, path = "/v1/playlists/{id}", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    responses(
        (status = 204, description = "The playlist is gone"),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
        (status = 412, description = "`stale_revision`: nothing was changed"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
) -> Result<NoContent, Problem> {
    app.store.playlists.delete(id, &caller(&identity, &if_match)).await?;
    Ok(NoContent)
}
