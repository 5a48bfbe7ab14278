//! When something was heard.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::Response;
use mixtape_domain::insights::{Count, Day, Kind, Length, Period, Rows, number_key};
use mixtape_http::{CatalogueReader, Identity, Path, Problem, Query};
use mixtape_store::insights::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{answer, own, shared, visible};
use crate::question::{PeriodParams, PeriodView, period};
use crate::state::State;

/// What was heard on each day of a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activity {
    #[serde(flatten)]
    period: PeriodView,
    /// Every day of the period until today; of all time, those with a listen.
    days: Vec<OnDay>,
    /// By the hour of the day in UTC, from 0 to 23; only one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Vec<Heard>>,
    /// By the day of the week, from Monday; only one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    weekdays: Option<Vec<Heard>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OnDay {
    #[schema(value_type = String, format = Date)]
    pub(crate) date: Day,
    #[serde(flatten)]
    pub(crate) heard: Heard,
}

/// How often, and how long.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = HeardInAll)]
pub(crate) struct Heard {
    pub(crate) listens: i64,
    pub(crate) listening_ms: i64,
}

impl From<Count> for Heard {
    fn from(count: Count) -> Self {
        Self { listens: count.listens, listening_ms: count.listening_ms }
    }
}

/// My activity
#[utoipa::path(
    get, path = "/v1/insights/me/activity", tag = "insights", security(("bearer" = [])), params(PeriodParams),
    responses((status = 200, description = "When the caller heard something; in this year unless a period is named", body = Activity))
)]
pub(crate) async fn mine(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    Ok(own(activity(&state, Scope::Account(identity.account_id), &params, true).await?))
}

/// Somebody's activity
///
/// Of an account that shows its insights to everybody. At which hours it listens is nobody's business.
#[utoipa::path(
    get, path = "/v1/insights/accounts/{username}/activity", tag = "insights", security((), ("bearer" = [])),
    params(("username" = String, Path), PeriodParams),
    responses((status = 200, description = "When the account heard something", body = Activity))
)]
pub(crate) async fn of_account(
    AxumState(state): AxumState<State>,
    CatalogueReader(caller): CatalogueReader,
    Path(username): Path<String>,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    let profile = visible(&state, caller.as_ref(), &username).await?;
    Ok(own(activity(&state, Scope::Account(profile.id), &params, false).await?))
}

/// Everybody's activity
#[utoipa::path(
    get, path = "/v1/insights/global/activity", tag = "insights", security((), ("bearer" = [])), params(PeriodParams),
    responses((status = 200, description = "When something was heard", body = Activity))
)]
pub(crate) async fn of_everybody(
    AxumState(state): AxumState<State>,
    _: CatalogueReader,
    Query(params): Query<PeriodParams>,
) -> Result<Response, Problem> {
    Ok(shared(&state, activity(&state, Scope::Everybody, &params, false).await?))
}

async fn activity(
    state: &State,
    scope: Scope,
    params: &PeriodParams,
    is_own: bool,
) -> Result<Bytes, Problem> {
    let now = state.app.clock.now();
    let period = period(params.period.unwrap_or(Length::Year), params.at.as_deref(), now)?;
    let today = Day::of(now);
    answer(state, scope, format!("activity {period} {today} {is_own}"), async || {
        let (_, rows) = state.app.store.insights.read(scope, &[period]).await?;
        let rows = rows.into_iter().next().unwrap_or_default();
        let by = |kind, count: u32| {
            let heard = |number| Heard::from(rows.get(kind, &number_key(number)));
            is_own.then(|| (0..count).map(heard).collect())
        };
        Ok(Activity {
            period: period.into(),
            days: days(&rows, period, today),
            hours: by(Kind::Hour, 24),
            weekdays: by(Kind::Weekday, 7),
        })
    })
    .await
}

fn days(rows: &Rows, period: Period, today: Day) -> Vec<OnDay> {
    let mut counts: BTreeMap<Day, Count> = rows.days().collect();
    if period.length() == Length::Day {
        counts.insert(period.first(), rows.total());
    }
    if let Some(last) = period.last() {
        for number in period.first().number()..=last.min(today).number() {
            counts.entry(Day::from_number(number)).or_default();
        }
    }
    counts.into_iter().map(|(date, count)| OnDay { date, heard: count.into() }).collect()
}
