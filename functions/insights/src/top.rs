//! Top lists.

use std::collections::HashMap;

use axum::extract::State as AxumState;
use axum::response::Response;
use mixtape_domain::account::Profile;
use mixtape_domain::insights::{Count, Key, Kind, Period, Ranked, Rows};
use mixtape_http::{CatalogueReader, Identity, Path, Problem, Query};
use mixtape_store::insights::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{answer, json, own, shared, visible};
use crate::names::{Heard, names};
use crate::question::{PeriodView, TopParams, limit, period};
use crate::state::State;

/// What a top list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    Tracks,
    Artists,
    PrimaryArtists,
    Albums,
    Genres,
    Listeners,
}

impl What {
    fn kind(self) -> Kind {
        match self {
            Self::Tracks => Kind::Track,
            Self::Artists => Kind::Artist,
            Self::PrimaryArtists => Kind::PrimaryArtist,
            Self::Albums => Kind::Album,
            Self::Genres => Kind::Genre,
            Self::Listeners => Kind::Listener,
        }
    }
}

/// The most heard of a period, the most heard first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Top {
    #[serde(flatten)]
    period: PeriodView,
    items: Vec<TopItem>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopItem {
    #[serde(flatten)]
    place: Standing,
    #[serde(flatten)]
    what: Heard,
}

/// Where something stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// 1 for the first. Of what was heard equally often, what was heard longer comes first.
    rank: usize,
    /// Listens.
    pub(crate) count: i64,
    listening_ms: i64,
    /// Against the period before; null for all time.
    #[schema(required = true)]
    change: Option<Change>,
}

/// What has changed since the period before.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Listens more, or less.
    count: i64,
    /// Places gained, or lost; null for what was not heard then.
    #[schema(required = true)]
    rank: Option<i64>,
}

/// The listeners of a period who let others know, the most diligent first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopListeners {
    #[serde(flatten)]
    period: PeriodView,
    items: Vec<TopListener>,
}

/// The most heard, or who heard most.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes answers that are made one by one")]
pub(crate) enum EverybodysTop {
    Heard(Top),
    Listeners(TopListeners),
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopListener {
    #[serde(flatten)]
    place: Standing,
    account: Profile,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OfAccount {
    username: String,
    what: What,
}

/// My top list
#[utoipa::path(
    get, path = "/v1/insights/me/top/{what}", tag = "insights", security(("bearer" = [])),
    params(("what" = String, Path, description = "`tracks`, `artists`, `primary-artists`, `albums` or `genres`"), TopParams),
    responses((status = 200, description = "What the caller heard most", body = Top))
)]
pub(crate) async fn mine(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Path(what): Path<What>,
    Query(params): Query<TopParams>,
) -> Result<Response, Problem> {
    Ok(own(top(&state, Scope::Account(identity.account_id), what, &params).await?))
}

/// Somebody's top list
///
/// Of an account that shows its insights to everybody.
#[utoipa::path(
    get, path = "/v1/insights/accounts/{username}/top/{what}", tag = "insights", security((), ("bearer" = [])),
    params(
        ("username" = String, Path),
        ("what" = String, Path, description = "`tracks`, `artists`, `primary-artists`, `albums` or `genres`"),
        TopParams
    ),
    responses((status = 200, description = "What the account heard most", body = Top))
)]
pub(crate) async fn of_account(
    AxumState(state): AxumState<State>,
    CatalogueReader(caller): CatalogueReader,
    Path(of): Path<OfAccount>,
    Query(params): Query<TopParams>,
) -> Result<Response, Problem> {
    let profile = visible(&state, caller.as_ref(), &of.username).await?;
    Ok(own(top(&state, Scope::Account(profile.id), of.what, &params).await?))
}

/// Everybody's top list
///
/// Of all listens together. What the catalogue has not and only one account has heard counts without a name.
/// `listeners` names only accounts that show their insights to everybody.
#[utoipa::path(
    get, path = "/v1/insights/global/top/{what}", tag = "insights", security((), ("bearer" = [])),
    params((
        "what" = String, Path,
        description = "`tracks`, `artists`, `primary-artists`, `albums`, `genres` or `listeners`"
    ), TopParams),
    responses((status = 200, description = "What was heard most", body = EverybodysTop))
)]
pub(crate) async fn of_everybody(
    AxumState(state): AxumState<State>,
    _: CatalogueReader,
    Path(what): Path<What>,
    Query(params): Query<TopParams>,
) -> Result<Response, Problem> {
    if what == What::Listeners {
        return Ok(own(json(&listeners(&state, &params).await?)?));
    }
    Ok(shared(&state, top(&state, Scope::Everybody, what, &params).await?))
}

async fn top(
    state: &State,
    scope: Scope,
    what: What,
    params: &TopParams,
) -> Result<axum::body::Bytes, Problem> {
    let (period, limit) = asked(state, params)?;
    let kind = what.kind();
    if kind == Kind::Listener {
        return Err(Problem::not_found());
    }
    answer(state, scope, format!("top {kind:?} {period} {limit}"), async || {
        let (now, before) = counts(state, scope, period).await?;
        let ranked = now.top(kind, limit, |_| true);
        let keys: Vec<Key> = ranked.iter().map(|one| one.key).collect();
        let standings = standings(kind, &ranked, before.as_ref(), |_| true);
        let whats = names(&state.app.store, kind, &keys, scope).await?;
        let items = standings.into_iter().zip(whats).map(|(place, what)| TopItem { place, what });
        Ok(Top { period: period.into(), items: items.collect() })
    })
    .await
}

/// Not from the cache: who lets others know no longer is gone from the list at once.
async fn listeners(state: &State, params: &TopParams) -> Result<TopListeners, Problem> {
    let (period, limit) = asked(state, params)?;
    let open: HashMap<Key, Profile> = state
        .app
        .store
        .accounts
        .with_public_insights()
        .await?
        .into_iter()
        .map(|profile| (profile.id.to_bytes(), profile))
        .collect();
    let (now, before) = counts(state, Scope::Everybody, period).await?;
    let ranked = now.top(Kind::Listener, limit, |key| open.contains_key(key));
    let standings = standings(Kind::Listener, &ranked, before.as_ref(), |key| open.contains_key(key));
    let items = ranked
        .iter()
        .zip(standings)
        .filter_map(|(one, place)| Some(TopListener { place, account: open.get(&one.key)?.clone() }));
    Ok(TopListeners { period: period.into(), items: items.collect() })
}

fn asked(state: &State, params: &TopParams) -> Result<(Period, usize), Problem> {
    let length = params.period.unwrap_or(mixtape_domain::insights::Length::All);
    let period = period(length, params.at.as_deref(), state.app.clock.now())?;
    Ok((period, limit(params.limit)?))
}

/// The counts of a period and of the one before.
async fn counts(state: &State, scope: Scope, period: Period) -> Result<(Rows, Option<Rows>), Problem> {
    let periods: Vec<Period> = [Some(period), period.before()].into_iter().flatten().collect();
    let (_, rows) = state.app.store.insights.read(scope, &periods).await?;
    let mut rows = rows.into_iter();
    Ok((rows.next().unwrap_or_default(), rows.next()))
}

/// The places of a top list, beside those that the same had before.
pub(crate) fn standings(
    kind: Kind,
    ranked: &[Ranked],
    before: Option<&Rows>,
    admits: impl Fn(&Key) -> bool,
) -> Vec<Standing> {
    let keys: Vec<Key> = ranked.iter().map(|one| one.key).collect();
    let ranks = before.map(|before| before.ranks(kind, &keys, admits)).unwrap_or_default();
    let place = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let standing = |(at, one): (usize, &Ranked)| {
        let change = before.map(|before| {
            let Count { listens, .. } = before.get(kind, &one.key);
            let rank = ranks.get(at).copied().flatten();
            Change {
                count: one.count.listens - listens,
                rank: rank.map(|rank| place(rank) - place(one.rank)),
            }
        });
        Standing { rank: one.rank, count: one.count.listens, listening_ms: one.count.listening_ms, change }
    };
    ranked.iter().enumerate().map(standing).collect()
}
