//! Lists of tracks.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::track::Track;
use mixtape_domain::{AlbumId, ArtistId};
use mixtape_http::{App, CatalogueReader, Page, Paging, PagingParams, Problem, Query};
use mixtape_store::tracks::{Among, Order};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    #[default]
    Newest,
    Title,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only tracks that credit this artist.
    #[param(value_type = Option<String>)]
    artist_id: Option<String>,
    /// Only tracks of this album.
    #[param(value_type = Option<String>)]
    album_id: Option<String>,
    /// The order: `newest` (default) or `title`.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Newest => Self::Newest,
            Sort::Title => Self::Title,
        }
    }
}

/// List tracks
///
/// With both an artist and an album a page can hold fewer items than `limit` although there is a next page.
#[utoipa::path(
    get, path = "/v1/tracks", tag = "tracks", security((), ("bearer" = [])), params(Filter, PagingParams),
    responses((status = 200, description = "A page of tracks", body = Page<Track>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: CatalogueReader,
    Query(filter): Query<Filter>,
    paging: Paging,
) -> Result<JsonBody<Page<Track>>, Problem> {
    let scope = format!("tracks:{:?}:{:?}:{:?}", filter.sort, filter.artist_id, filter.album_id);
    let after = paging.after(&scope)?;
    // An id that cannot be one names nothing, and nothing has no tracks.
    let (artist_id, album_id) = (filter.artist_id.map(|id| id.parse()), filter.album_id.map(|id| id.parse()));
    let (artist_id, album_id): (Option<ArtistId>, Option<AlbumId>) =
        match (artist_id.transpose(), album_id.transpose()) {
            (Ok(artist_id), Ok(album_id)) => (artist_id, album_id),
            _ => return Ok(JsonBody(Page::new(Vec::new(), None, &scope))),
        };
    let among = match (&artist_id, album_id) {
        (_, Some(album_id)) => Among::Album(album_id),
        (Some(artist_id), None) => Among::Artist(artist_id.clone()),
        (None, None) => Among::All,
    };
    let mut listed =
        app.store.tracks.list(&among, filter.sort.into(), paging.limit(), after.as_deref()).await?;
    if let Some(artist_id) = &artist_id {
        listed.items.retain(|track| track.artists.iter().any(|artist| artist.id == *artist_id));
    }
    Ok(JsonBody(Page::new(listed.items, listed.next.as_deref(), &scope)))
}
