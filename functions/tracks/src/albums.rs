//! Albums.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::AlbumId;
use mixtape_domain::insights::Kind;
use mixtape_domain::track::{Album, Track};
use mixtape_http::{App, CatalogueReader, Page, Paging, PagingParams, Path, Problem, Query};
use mixtape_store::tracks::Order;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::played::Played;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlbumSort {
    #[default]
    Newest,
    Name,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlbumOrder {
    /// The order: `newest` (default) or `name`.
    #[serde(default)]
    #[param(inline)]
    sort: AlbumSort,
}

/// An album with a page of tracks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlbumDetail {
    #[serde(flatten)]
    album: Album,
    #[serde(flatten)]
    played: Played,
    /// In disc and track order.
    tracks: Vec<Track>,
    /// Send it as `cursor` for more tracks; null when these are the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List albums
#[utoipa::path(
    get, path = "/v1/albums", tag = "albums", security((), ("bearer" = [])), params(AlbumOrder, PagingParams),
    responses((status = 200, description = "A page of albums", body = Page<Album>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: CatalogueReader,
    Query(order): Query<AlbumOrder>,
    paging: Paging,
) -> Result<JsonBody<Page<Album>>, Problem> {
    let (scope, order) = match order.sort {
        AlbumSort::Newest => ("albums:newest", Order::Newest),
        AlbumSort::Name => ("albums:name", Order::Title),
    };
    let listed = app.store.tracks.list_albums(order, paging.limit(), paging.after(scope)?.as_deref()).await?;
    Ok(JsonBody(Page::new(listed.items, listed.next.as_deref(), scope)))
}

/// Read an album
///
/// The album, and a page of its tracks in disc and track order.
#[utoipa::path(
    get, path = "/v1/albums/{id}", tag = "albums", security((), ("bearer" = [])),
    params(("id" = String, Path), PagingParams),
    responses((status = 200, description = "The album with tracks", body = AlbumDetail))
)]
pub(crate) async fn get(
    State(app): State<App>,
    _: CatalogueReader,
    Path(id): Path<AlbumId>,
    paging: Paging,
) -> Result<JsonBody<AlbumDetail>, Problem> {
    let scope = format!("album:{id}");
    let found = app.store.tracks.album_page(&id, paging.limit(), paging.after(&scope)?.as_deref()).await?;
    let (album, tracks) = found.ok_or_else(Problem::not_found)?;
    let page = Page::new(tracks.items, tracks.next.as_deref(), &scope);
    let played = app.store.insights.plays(Kind::Album, &id.to_bytes()).await?.into();
    Ok(JsonBody(AlbumDetail { album, played, tracks: page.items, next_cursor: page.next_cursor }))
}
