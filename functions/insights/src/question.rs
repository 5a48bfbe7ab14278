//! What can be asked: of which period, how much of it.

use mixtape_domain::Timestamp;
use mixtape_domain::insights::{Day, Length, Period};
use mixtape_http::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodParams {
    /// How long the period is: `day`, `week`, `month`, `year` or `all`, in UTC.
    #[param(inline)]
    pub(crate) period: Option<Length>,
    /// Which one: `2026-11-21`, `2026-W47`, `2026-11` or `2026`; the current one when absent.
    pub(crate) at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TopParams {
    /// How long the period is: `day`, `week`, `month`, `year` or `all` (default), in UTC.
    #[param(inline)]
    pub(crate) period: Option<Length>,
    /// Which one: `2026-11-21`, `2026-W47`, `2026-11` or `2026`; the current one when absent.
    pub(crate) at: Option<String>,
    /// How many, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 10)]
    pub(crate) limit: Option<u32>,
}

/// The period that an answer is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PeriodView {
    period: Length,
    /// Its name; `all` for all time.
    #[schema(example = "2026-W47")]
    at: String,
    /// Its first day; null for all time.
    #[schema(required = true, value_type = Option<String>, format = Date)]
    from: Option<Day>,
    /// Its last day; null for all time.
    #[schema(required = true, value_type = Option<String>, format = Date)]
    to: Option<Day>,
}

impl From<Period> for PeriodView {
    fn from(period: Period) -> Self {
        Self {
            period: period.length(),
            at: period.to_string(),
            from: period.last().map(|_| period.first()),
            to: period.last(),
        }
    }
}

/// The period that was asked for.
pub(crate) fn period(length: Length, at: Option<&str>, now: Timestamp) -> Result<Period, Problem> {
    let Some(at) = at else { return Ok(Period::of(length, Day::of(now))) };
    let example = match length {
        Length::Day => "must be a day such as 2026-11-21",
        Length::Week => "must be an ISO week such as 2026-W47",
        Length::Month => "must be a month such as 2026-11",
        Length::Year => "must be a year from 1970 on, such as 2026",
        Length::All => "must not be sent without a period, or with all",
    };
    Period::parse(length, at).map_err(|_| Problem::invalid_field("at", example))
}

/// How many were asked for.
pub(crate) fn limit(limit: Option<u32>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(Problem::invalid_field("limit", format!("must be 1 to {MAX_LIMIT}")))
    }
}
