//! Who may edit the items of a playlist besides its owner.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::PlaylistId;
use mixtape_domain::account::Username;
use mixtape_domain::playlist::Playlist;
use mixtape_http::{App, Identity, IfMatch, NoContent, Path, Problem, WithRevision};

use crate::caller::caller;

/// Add a collaborator
///
/// A playlist has at most 50. Nothing changes when the account collaborates already.
#[utoipa::path(
    put, path = "/v1/playlists/{id}/collaborators/{username}", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("username" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    responses(
        (
            status = 200, description = "The playlist as it is now", body = Playlist,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
        (status = 409, description = "`too_many_collaborators`"),
        (status = 412, description = "`stale_revision`: nothing was changed"),
        (status = 422, description = "`invalid`: the account is the owner's"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    identity: Identity,
    Path((id, username)): Path<(PlaylistId, Username)>,
    if_match: IfMatch,
) -> Result<WithRevision<JsonBody<Playlist>>, Problem> {
    let profile = app.store.accounts.profile(&username).await?.ok_or_else(Problem::not_found)?;
    let caller = caller(&identity, &if_match);
    let now = app.clock.now();
    let playlist = app.store.playlists.add_collaborator(id, &caller, &profile, now).await?;
    Ok(WithRevision(playlist.revision, JsonBody(playlist)))
}

/// Remove a collaborator
///
/// The owner may, and collaborators may remove themselves.
#[utoipa::path(
    delete, path = "/v1/playlists/{id}/collaborators/{username}", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("username" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    responses(
        (status = 204, description = "The account no longer collaborates"),
        (status = 403, description = "`forbidden`: it belongs to somebody else"),
        (status = 412, description = "`stale_revision`: nothing was changed"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    identity: Identity,
    Path((id, username)): Path<(PlaylistId, Username)>,
    if_match: IfMatch,
) -> Result<NoContent, Problem> {
    let caller = caller(&identity, &if_match);
    let now = app.clock.now();
    app.store.playlists.remove_collaborator(id, &caller, &username, now).await?;
    Ok(NoContent)
}
