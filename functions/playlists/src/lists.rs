//! Lists of playlists.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::account::Username;
use mixtape_domain::playlist::Playlist;
use mixtape_http::{App, CatalogueReader, Identity, Page, Paging, PagingParams, Path, Problem};

/// List my playlists
///
/// Those that you own and those that you collaborate on, latest made first. On AWS a change can take a moment to show
/// here.
#[utoipa::path(
    get, path = "/v1/playlists", tag = "playlists", security(("bearer" = [])), params(PagingParams),
    responses((status = 200, description = "A page of playlists", body = Page<Playlist>))
)]
pub(crate) async fn mine(
    State(app): State<App>,
    identity: Identity,
    paging: Paging,
) -> Result<JsonBody<Page<Playlist>>, Problem> {
    let scope = format!("playlists:mine:{}", identity.account_id);
    let after = paging.after(&scope)?;
    let listed = app.store.playlists.list_for(identity.account_id, paging.limit(), after.as_deref()).await?;
    Ok(JsonBody(Page::new(listed.items, listed.next.as_deref(), &scope)))
}

/// List the public playlists of an account
///
/// Latest made first. On AWS a change can take a moment to show here.
#[utoipa::path(
    get, path = "/v1/accounts/{username}/playlists", tag = "playlists", security((), ("bearer" = [])),
    params(("username" = String, Path), PagingParams),
    responses((status = 200, description = "A page of playlists", body = Page<Playlist>))
)]
pub(crate) async fn public(
    State(app): State<App>,
    _: CatalogueReader,
    Path(username): Path<Username>,
    paging: Paging,
) -> Result<JsonBody<Page<Playlist>>, Problem> {
    let profile = app.store.accounts.profile(&username).await?.ok_or_else(Problem::not_found)?;
    let scope = format!("playlists:public:{}", profile.id);
    let after = paging.after(&scope)?;
    let listed = app.store.playlists.list_public(profile.id, paging.limit(), after.as_deref()).await?;
    Ok(JsonBody(Page::new(listed.items, listed.next.as_deref(), &scope)))
}
