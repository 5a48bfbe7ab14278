//! The history.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::{ListenId, Timestamp, TrackId};
use mixtape_http::{App, Identity, NoContent, Page, Paging, PagingParams, Path, Problem, Query};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::view::ListenView;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// Listens from then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Listens before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// Read the history
///
/// The caller's own listens, newest first.
#[utoipa::path(
    get, path = "/v1/listens", tag = "listens", security(("bearer" = [])), params(Span, PagingParams),
    responses((status = 200, description = "A page of listens", body = Page<ListenView>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(span): Query<Span>,
    paging: Paging,
) -> Result<JsonBody<Page<ListenView>>, Problem> {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let scope = format!("listens:{}:{}:{}", identity.account_id, text(span.from), text(span.to));
    let (limit, after) = (paging.limit(), paging.after(&scope)?);
    let span = (span.from, span.to);
    let page = app.store.listens.page(identity.account_id, span, limit, after.as_deref()).await?;
    let ids: Vec<TrackId> = page.items.iter().filter_map(|listen| listen.track_id).collect();
    let tracks = app.store.tracks.get_many(&ids).await?;
    let items = page.items.into_iter().map(|listen| {
        let track = listen.track_id.and_then(|id| tracks.get(&id)).cloned();
        ListenView::of(listen, track)
    });
    Ok(JsonBody(Page::new(items.collect(), page.next.as_deref(), &scope)))
}

/// Delete a listen
///
/// It counts no longer, anywhere.
#[utoipa::path(
    delete, path = "/v1/listens/{id}", tag = "listens", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 204, description = "The listen is gone"))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<ListenId>,
) -> Result<NoContent, Problem> {
    let was_there = app.store.listens.delete(identity.account_id, id).await?;
    if was_there { Ok(NoContent) } else { Err(Problem::not_found()) }
}
