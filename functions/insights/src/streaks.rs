//! Days in a row.

use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::Response;
use mixtape_domain::insights::{Day, Period, Rows, Streaks};
use mixtape_http::{CatalogueReader, Identity, Path, Problem};
use mixtape_store::insights::Scope;

use crate::answer::{answer, own, shared, visible};
use crate::state::State;

/// My streaks
///
/// Days in a row, in UTC, with at least one listen.
#[utoipa::path(
    get, path = "/v1/insights/me/streaks", tag = "insights", security(("bearer" = [])),
    responses((status = 200, description = "The current and the longest streak", body = Streaks))
)]
pub(crate) async fn mine(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<Response, Problem> {
    Ok(own(streaks(&state, Scope::Account(identity.account_id)).await?))
}

/// Somebody's streaks
///
/// Of an account that shows its insights to everybody.
#[utoipa::path(
    get, path = "/v1/insights/accounts/{username}/streaks", tag = "insights", security((), ("bearer" = [])),
    params(("username" = String, Path)),
    responses((status = 200, description = "The current and the longest streak", body = Streaks))
)]
pub(crate) async fn of_account(
    AxumState(state): AxumState<State>,
    CatalogueReader(caller): CatalogueReader,
    Path(username): Path<String>,
) -> Result<Response, Problem> {
    let profile = visible(&state, caller.as_ref(), &username).await?;
    Ok(own(streaks(&state, Scope::Account(profile.id)).await?))
}

/// Everybody's streaks
///
/// Days in a row on which somebody heard something.
#[utoipa::path(
    get, path = "/v1/insights/global/streaks", tag = "insights", security((), ("bearer" = [])),
    responses((status = 200, description = "The current and the longest streak", body = Streaks))
)]
pub(crate) async fn of_everybody(
    AxumState(state): AxumState<State>,
    _: CatalogueReader,
) -> Result<Response, Problem> {
    Ok(shared(&state, streaks(&state, Scope::Everybody).await?))
}

async fn streaks(state: &State, scope: Scope) -> Result<Bytes, Problem> {
    let today = Day::of(state.app.clock.now());
    answer(state, scope, format!("streaks {today}"), async || {
        let (_, rows) = state.app.store.insights.read(scope, &[Period::ALL]).await?;
        let days = rows.iter().flat_map(Rows::days).map(|(day, _)| day);
        Ok(Streaks::of(days, today))
    })
    .await
}
