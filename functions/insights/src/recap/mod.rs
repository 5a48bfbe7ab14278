//! A year in one answer, and as a picture that people share.

mod picture;

use axum::extract::State as AxumState;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use mixtape_domain::AccountId;
use mixtape_domain::insights::{Day, Kind, Period, Rows, Streak, Streaks};
use mixtape_http::{Identity, Path, Problem};
use mixtape_store::insights::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use self::picture::Picture;
use crate::activity::{Heard as HeardInAll, OnDay};
use crate::answer::{answer, body, own};
use crate::names::{Heard, names};
use crate::state::State;
use crate::top::{Standing, standings};
use crate::totals::Sums;

/// How many of each are named.
const TOP: usize = 5;
/// The picture is text; whatever is in it, it runs nothing and loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A year of listening.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recap {
    #[schema(example = 2026)]
    year: i16,
    #[schema(example = "Nina")]
    username: String,
    totals: Sums,
    top: RecapTop,
    /// What was heard for the first time ever.
    discoveries: Discoveries,
    /// The day with the most listens; null without any.
    #[schema(required = true)]
    busiest_day: Option<OnDay>,
    /// The most days in a row within the year; null without any.
    #[schema(required = true)]
    longest_streak: Option<Streak>,
    /// From January to December.
    months: Vec<HeardInAll>,
}

/// The five most heard of each kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecapTop {
    tracks: Vec<RecapItem>,
    artists: Vec<RecapItem>,
    albums: Vec<RecapItem>,
    genres: Vec<RecapItem>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecapItem {
    #[serde(flatten)]
    place: Standing,
    #[serde(flatten)]
    what: Heard,
}

/// How many different things were new, and the most heard of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Discoveries {
    tracks: usize,
    artists: usize,
    albums: usize,
    top_artists: Vec<RecapItem>,
}

/// My year
///
/// The most heard, discoveries, the busiest day and totals of a year. With `.svg` after the year it is a picture of
/// 1080 × 1920 pixels.
#[utoipa::path(
    get, path = "/v1/insights/me/recap/{year}", tag = "insights", security(("bearer" = [])),
    params(("year" = String, Path, description = "A year such as `2026`, or `2026.svg`")),
    responses((status = 200, description = "The year", content(
        (Recap = "application/json"),
        (String = "image/svg+xml"),
    )))
)]
pub(crate) async fn recap(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Path(text): Path<String>,
) -> Result<Response, Problem> {
    let (year, is_picture) = match text.strip_suffix(".svg") {
        Some(year) => (year, true),
        None => (text.as_str(), false),
    };
    let is_written_so = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let year: i16 = year.parse().ok().filter(|_| is_written_so).ok_or_else(Problem::not_found)?;
    let period = Period::year(year).map_err(|_| Problem::not_found())?;
    let scope = Scope::Account(identity.account_id);
    if is_picture {
        let picture = body(&state, scope, format!("picture {year}"), async || {
            Ok(drawn(&of_year(&state, &identity, year, period).await?).into())
        });
        let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CONTENT_SECURITY_POLICY, POLICY)];
        return Ok((headers, picture.await?).into_response());
    }
    let recap = answer(&state, scope, format!("recap {year}"), async || {
        of_year(&state, &identity, year, period).await
    });
    Ok(own(recap.await?))
}

async fn of_year(state: &State, identity: &Identity, year: i16, period: Period) -> Result<Recap, Problem> {
    let account = identity.account_id;
    let (rows, earlier) = rows(state, account, year, period).await?;
    let new: Rows = rows.iter().filter(|row| earlier.get(row.kind, &row.key).listens == 0).copied().collect();
    let top = RecapTop {
        tracks: top(state, account, &rows, Kind::Track).await?,
        artists: top(state, account, &rows, Kind::Artist).await?,
        albums: top(state, account, &rows, Kind::Album).await?,
        genres: top(state, account, &rows, Kind::Genre).await?,
    };
    let discoveries = Discoveries {
        tracks: new.distinct(Kind::Track),
        artists: new.distinct(Kind::Artist),
        albums: new.distinct(Kind::Album),
        top_artists: self::top(state, account, &new, Kind::Artist).await?,
    };
    let busiest = rows.days().max_by_key(|(day, count)| (count.listens, count.listening_ms, -day.number()));
    let mut months = vec![HeardInAll { listens: 0, listening_ms: 0 }; 12];
    for (day, count) in rows.days() {
        let month = &mut months[usize::from(day.month()) - 1];
        month.listens += count.listens;
        month.listening_ms += count.listening_ms;
    }
    let today = Day::of(state.app.clock.now());
    Ok(Recap {
        year,
        username: identity.username.clone(),
        totals: Sums::of(&rows, Scope::Account(identity.account_id)),
        top,
        discoveries,
        busiest_day: busiest.map(|(date, count)| OnDay { date, heard: count.into() }),
        longest_streak: Streaks::of(rows.days().map(|(day, _)| day), today).longest,
        months,
    })
}

/// The rows of the year, and those of everything before it: all but this year and those after it.
async fn rows(state: &State, account: AccountId, year: i16, period: Period) -> Result<(Rows, Rows), Problem> {
    let this_year = Day::of(state.app.clock.now()).year();
    // A listen can be some minutes ahead of the clock.
    let later = (year + 1..=this_year.saturating_add(1)).filter_map(|year| Period::year(year).ok());
    let periods: Vec<Period> = [period, Period::ALL].into_iter().chain(later).collect();
    let (_, read) = state.app.store.insights.read(Scope::Account(account), &periods).await?;
    let mut read = read.into_iter();
    let (rows, all) = (read.next().unwrap_or_default(), read.next().unwrap_or_default());
    let earlier = read.fold(all.minus(&rows), |earlier, later| earlier.minus(&later));
    Ok((rows, earlier))
}

async fn top(state: &State, account: AccountId, rows: &Rows, kind: Kind) -> Result<Vec<RecapItem>, Problem> {
    let ranked = rows.top(kind, TOP, |_| true);
    let keys: Vec<_> = ranked.iter().map(|one| one.key).collect();
    let whats = names(&state.app.store, kind, &keys, Scope::Account(account)).await?;
    let items = standings(kind, &ranked, None, |_| true).into_iter().zip(whats);
    Ok(items.map(|(place, what)| RecapItem { place, what }).collect())
}

fn drawn(recap: &Recap) -> String {
    let count = |number: i64| number.unsigned_abs();
    let named = |items: &[RecapItem]| -> Vec<(String, String, u64)> {
        let names = |item: &RecapItem| {
            let (name, by) = match &item.what {
                Heard::Track(track) => {
                    (track.title.clone().unwrap_or_default(), track.artist.clone().unwrap_or_default())
                }
                Heard::Album(_) => (String::new(), String::new()),
                Heard::Artist(artist) => (artist.name.clone().unwrap_or_default(), String::new()),
                Heard::Genre(genre) => (genre.name.clone(), String::new()),
            };
            (name, by, count(item.place.count))
        };
        items.iter().map(names).collect()
    };
    let (tracks, artists) = (named(&recap.top.tracks), named(&recap.top.artists));
    let genres = named(&recap.top.genres);
    let mut months = [0; 12];
    for (month, heard) in months.iter_mut().zip(&recap.months) {
        *month = count(heard.listens);
    }
    let picture = Picture {
        username: &recap.username,
        year: recap.year,
        listens: count(recap.totals.listens),
        listening_ms: count(recap.totals.listening_ms),
        tracks: recap.totals.tracks as u64,
        artists: recap.totals.artists as u64,
        albums: recap.totals.albums as u64,
        top_artists: artists.iter().map(|(name, _, count)| (name.as_str(), *count)).collect(),
        top_tracks: tracks.iter().map(|(title, by, count)| (title.as_str(), by.as_str(), *count)).collect(),
        top_genres: genres.iter().map(|(name, ..)| name.as_str()).collect(),
        months,
        busiest_day: recap.busiest_day.as_ref().map(|day| (day.date.in_words(), count(day.heard.listens))),
        discovered_artists: recap.discoveries.artists as u64,
        longest_streak_days: recap.longest_streak.map_or(0, |streak| u64::from(streak.days)),
    };
    picture.svg()
}
