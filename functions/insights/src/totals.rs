//! Totals.

use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::Response;
use mixtape_domain::insights::{Kind, Length, Rows};
use mixtape_http::{CatalogueReader, Identity, Path, Problem, Query};
use mixtape_store::insights::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{answer, own, shared, visible};
use crate::question::{PeriodParams, PeriodView, period};
use crate::state::State;

/// How much was heard in a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    sums: Sums,
}

/// How much was heard, and of how many different things.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Sums {
    pub(crate) listens: i64,
    pub(crate) listening_ms: i64,
    /// Different tracks.
    pub(crate) tracks: usize,
    /// Different artists, everyone who is credited.
    pub(crate) artists: usize,
    /// Different artists who are credited first.
    pub(crate) primary_artists: usize,
    /// Different albums.
    pub(crate) albums: usize,
    /// Different genres.
    pub(crate) genres: usize,
    /// Accounts that have heard something; only of all accounts together.
    #[serde(skip_serializing_if = "Option::is_none")]
    listeners: Option<usize>,
}

impl Sums {
    pub(crate) fn of(rows: &Rows, scope: Scope) -> Self {
        let total = rows.total();
        Self {
            listens: total.listens,
            listening_ms: total.listening_ms,
            tracks: rows.distinct(Kind::Track),
            artists: rows.distinct(Kind::Artist),
            primary_artists: rows.distinct(Kind::PrimaryArtist),
            albums: rows.distinct(Kind::Album),
            genres: rows.distinct(Kind::Genre),
            listeners: (scope == Scope::Everybody).then(|| rows.distinct(Kind::Listener)),
        }
    }
}

/// My totals
#[utoipa::path(
    get, path = "/v1/insights/me/totals", tag = "insights", security(("bearer" = [])), params(PeriodParams),
    responses((status = 200, description = "How much the caller heard; of all time unless a period is named", body = Totals))
)]
pub(crate) async fn mine(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    Ok(own(totals(&state, Scope::Account(identity.account_id), &params).await?))
}

/// Somebody's totals
///
/// Of an account that shows its insights to everybody.
#[utoipa::path(
    get, path = "/v1/insights/accounts/{username}/totals", tag = "insights", security((), ("bearer" = [])),
    params(("username" = String, Path), PeriodParams),
    responses((status = 200, description = "How much the account heard", body = Totals))
)]
pub(crate) async fn of_account(
    AxumState(state): AxumState<State>,
    CatalogueReader(caller): CatalogueReader,
    Path(username): Path<String>,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    let profile = visible(&state, caller.as_ref(), &username).await?;
    Ok(own(totals(&state, Scope::Account(profile.id), &params).await?))
}

/// Everybody's totals
#[utoipa::path(
    get, path = "/v1/insights/global/totals", tag = "insights", security((), ("bearer" = [])), params(PeriodParams),
    responses((status = 200, description = "How much was heard", body = Totals))
)]
pub(crate) async fn of_everybody(
    AxumState(state): AxumState<State>,
    _: CatalogueReader,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    Ok(shared(&state, totals(&state, Scope::Everybody, &params).await?))
}

async fn totals(state: &State, scope: Scope, params: &PeriodParams) -> Result<Bytes, Problem> {
    let length = params.period.unwrap_or(Length::All);
    let period = period(length, params.at.as_deref(), state.app.clock.now())?;
    answer(state, scope, format!("totals {period}"), async || {
        let (_, rows) = state.app.store.insights.read(scope, &[period]).await?;
        let sums = rows
            .first()
            .map(|rows| Sums::of(rows, scope))
            .unwrap_or_else(|| Sums::of(&Rows::default(), scope));
        Ok(Totals { period: period.into(), sums })
    })
    .await
}
