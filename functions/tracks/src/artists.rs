//! Artists.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::ArtistId;
use mixtape_domain::insights::Kind;
use mixtape_domain::track::{Album, Artist};
use mixtape_http::{App, CatalogueReader, Page, Paging, PagingParams, Path, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::played::Played;

/// An artist with a page of albums.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtistDetail {
    #[serde(flatten)]
    artist: Artist,
    #[serde(flatten)]
    played: Played,
    /// Albums with a track of theirs, by name.
    albums: Vec<Album>,
    /// Send it as `cursor` for more albums; null when these are the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List artists
///
/// Everyone who is credited on a track, by name.
#[utoipa::path(
    get, path = "/v1/artists", tag = "artists", security((), ("bearer" = [])), params(PagingParams),
    responses((status = 200, description = "A page of artists", body = Page<Artist>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: CatalogueReader,
    paging: Paging,
) -> Result<JsonBody<Page<Artist>>, Problem> {
    let scope = "artists";
    let listed = app.store.tracks.list_artists(paging.limit(), paging.after(scope)?.as_deref()).await?;
    Ok(JsonBody(Page::new(listed.items, listed.next.as_deref(), scope)))
}

/// Read an artist
///
/// The artist, and a page of the albums.
#[utoipa::path(
    get, path = "/v1/artists/{id}", tag = "artists", security((), ("bearer" = [])),
    params(("id" = String, Path), PagingParams),
    responses((status = 200, description = "The artist with albums", body = ArtistDetail))
)]
pub(crate) async fn get(
    State(app): State<App>,
    _: CatalogueReader,
    Path(id): Path<ArtistId>,
    paging: Paging,
) -> Result<JsonBody<ArtistDetail>, Problem> {
    let scope = format!("artist:{id}");
    let found = app.store.tracks.artist_page(&id, paging.limit(), paging.after(&scope)?.as_deref()).await?;
    let (artist, albums) = found.ok_or_else(Problem::not_found)?;
    let page = Page::new(albums.items, albums.next.as_deref(), &scope);
    let played = app.store.insights.plays(Kind::Artist, &id.to_bytes()).await?.into();
    Ok(JsonBody(ArtistDetail { artist, played, albums: page.items, next_cursor: page.next_cursor }))
}
