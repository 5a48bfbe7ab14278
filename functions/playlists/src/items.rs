//! The items of a playlist.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::playlist::{MAX_ITEMS, PlaylistItem, check_edit_size};
use mixtape_domain::{Invalid, ItemId, PlaylistId, TrackId};
use mixtape_http::{
    App, CatalogueReader, Identity, IfMatch, Json, Page, Paging, PagingParams, Path, Problem, Query,
    WithRevision,
};
use mixtape_store::playlists::Edit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::caller::caller;

/// What an edit of the items answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "revision": 8 }))]
pub(crate) struct Revision {
    /// The playlist's revision after the edit; also the ETag.
    revision: u64,
}

type Edited = WithRevision<JsonBody<Revision>>;

fn edited(revision: u64) -> Edited {
    WithRevision(revision, JsonBody(Revision { revision }))
}

/// List the items of a playlist
///
/// A list that is replaced between two pages answers `list_replaced` for the second: pages never mix two lists. Other
/// edits show on the pages that are read after them.
#[utoipa::path(
    get, path = "/v1/playlists/{id}/items", tag = "playlists", security((), ("bearer" = [])),
    params(("id" = String, Path), PagingParams),
    responses(
        (status = 200, description = "A page of items in order", body = Page<PlaylistItem>),
        (status = 409, description = "`list_replaced`: start again without a cursor"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    CatalogueReader(identity): CatalogueReader,
    Path(id): Path<PlaylistId>,
    paging: Paging,
) -> Result<JsonBody<Page<PlaylistItem>>, Problem> {
    let scope = format!("playlist-items:{id}");
    let after = paging.after(&scope)?;
    let viewer = identity.as_ref().map(Identity::viewer);
    let page = app.store.playlists.items(id, viewer, paging.limit(), after.as_deref()).await?;
    Ok(JsonBody(Page::new(page.items, page.next.as_deref(), &scope)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "track_ids": ["01JD6Y3Q5R8WZ0V4C2B7M9N1XK"], "before": null }))]
pub(crate) struct AddItems {
    /// The tracks, in the order in which they are added; one may be added several times.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    track_ids: Vec<TrackId>,
    /// The item before which they go; at the end when absent or null.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    before: Option<ItemId>,
}

/// Add tracks to a playlist
#[utoipa::path(
    post, path = "/v1/playlists/{id}/items", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    request_body = AddItems,
    responses(
        (
            status = 200, description = "They were added", body = Revision,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: you do not collaborate on it"),
        (status = 409, description = "`playlist_full`: nothing was added"),
        (status = 412, description = "`stale_revision`: nothing was added"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
    Json(AddItems { track_ids, before }): Json<AddItems>,
) -> Result<Edited, Problem> {
    check_edit_size("track_ids", track_ids.len())?;
    edit(&app, &identity, id, &if_match, Edit::Add { track_ids, before }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "item_ids": ["01JD6Y5V1N9QZ3H7K2M4P6R8TW"], "before": null }))]
pub(crate) struct MoveItems {
    /// The items, in the order that they get.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    item_ids: Vec<ItemId>,
    /// The item before which they go, null for the end.
    // Named so that its absence is an error: serde takes an absent `Option` for null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(value_type = Option<String>, required = true)]
    before: Option<ItemId>,
}

/// Move items of a playlist
#[utoipa::path(
    patch, path = "/v1/playlists/{id}/items", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    request_body = MoveItems,
    responses(
        (
            status = 200, description = "They were moved", body = Revision,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: you do not collaborate on it"),
        (status = 412, description = "`stale_revision`: nothing was moved"),
    )
)]
pub(crate) async fn arrange(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
    Json(MoveItems { item_ids, before }): Json<MoveItems>,
) -> Result<Edited, Problem> {
    check_edit_size("item_ids", item_ids.len())?;
    edit(&app, &identity, id, &if_match, Edit::Move { item_ids, before }).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveItems {
    /// The items, 1 to 100 ids with commas between them.
    #[param(example = "01JD6Y5V1N9QZ3H7K2M4P6R8TW,01JD6Y5V1NB0ZC4D5E6F7G8H9J")]
    ids: String,
}

/// Remove items from a playlist
///
/// Items that are gone already are passed over, so that sending it again does no harm.
#[utoipa::path(
    delete, path = "/v1/playlists/{id}/items", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        RemoveItems,
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    responses(
        (
            status = 200, description = "They are gone", body = Revision,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: you do not collaborate on it"),
        (status = 412, description = "`stale_revision`: nothing was removed"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
    Query(RemoveItems { ids }): Query<RemoveItems>,
) -> Result<Edited, Problem> {
    let parts: Vec<&str> = ids.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    check_edit_size("ids", parts.len())?;
    let parse = |(place, part): (usize, &&str)| {
        part.parse().map_err(|_| vec![Invalid::new(format!("ids[{place}]"), "is not an id")])
    };
    let item_ids: Vec<ItemId> = parts.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    edit(&app, &identity, id, &if_match, Edit::Remove { item_ids }).await
}

async fn edit(
    app: &App,
    identity: &Identity,
    id: PlaylistId,
    if_match: &IfMatch,
    edit: Edit,
) -> Result<Edited, Problem> {
    let caller = caller(identity, if_match);
    let revision = app.store.playlists.edit(id, &caller, &edit, app.clock.now()).await?;
    Ok(edited(revision))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "track_ids": ["01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "01JD6Y3Q5R8WZ0V4C2B7M9N1XK"] }))]
pub(crate) struct ReplaceItems {
    /// The tracks of the new items, in order.
    #[schema(value_type = Vec<String>, max_items = 10_000)]
    track_ids: Vec<TrackId>,
}

/// Replace all items of a playlist
///
/// At once: a reader sees the old list or the new one, never a mix. All items get new ids.
#[utoipa::path(
    put, path = "/v1/playlists/{id}/items", tag = "playlists", security(("bearer" = [])),
    params(
        ("id" = String, Path),
        ("if-match" = Option<String>, Header, description = "The revision that you read, quoted"),
    ),
    request_body = ReplaceItems,
    responses(
        (
            status = 200, description = "They were replaced", body = Revision,
            headers(("etag" = String, description = "The revision")),
        ),
        (status = 403, description = "`forbidden`: you do not collaborate on it"),
        (status = 412, description = "`stale_revision`: nothing was replaced"),
    )
)]
pub(crate) async fn replace(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<PlaylistId>,
    if_match: IfMatch,
    Json(ReplaceItems { track_ids }): Json<ReplaceItems>,
) -> Result<Edited, Problem> {
    if track_ids.len() > MAX_ITEMS {
        return Err(Problem::invalid_field("track_ids", format!("must hold at most {MAX_ITEMS} ids")));
    }
    let caller = caller(&identity, &if_match);
    let now = app.clock.now();
    let revision = app.store.playlists.replace(id, &caller, &track_ids, now).await?;
    Ok(edited(revision))
}
