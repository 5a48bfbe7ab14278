//! Stretches of time, in UTC: quarters of an hour, days, and the periods that insights are asked for.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

const QUARTER_SECONDS: i64 = 15 * 60;
const QUARTERS_A_DAY: i64 = 24 * 4;
const DAY_SECONDS: i64 = QUARTER_SECONDS * QUARTERS_A_DAY;
/// The years that a period can lie in, both included.
const YEARS: (i16, i16) = (1970, 9998);
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A quarter of an hour, counted from the Unix epoch: how listens are counted first. About as many as one has at once
/// are in one, so what has to be read and written for another listen is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i64);

impl Quarter {
    /// The quarter that holds this moment.
    pub fn of(at: Timestamp) -> Self {
        Self(at.seconds().div_euclid(QUARTER_SECONDS))
    }

    /// The first quarter of a day.
    pub fn first_of(day: Day) -> Self {
        Self(i64::from(day.0) * QUARTERS_A_DAY)
    }

    /// The last quarter of a day.
    pub fn last_of(day: Day) -> Self {
        Self((i64::from(day.0) + 1) * QUARTERS_A_DAY - 1)
    }

    /// How many quarters after the Unix epoch it begins.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The quarter of this number.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The day that it is part of.
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(QUARTERS_A_DAY)).unwrap_or(i32::MAX))
    }

    /// Its first second, in seconds since the Unix epoch.
    pub fn first_second(self) -> i64 {
        self.0 * QUARTER_SECONDS
    }

    /// Its last second, in seconds since the Unix epoch.
    pub fn last_second(self) -> i64 {
        self.first_second() + QUARTER_SECONDS - 1
    }
}

/// A day in UTC, counted from 1970-01-01. Written `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day that holds this moment.
    pub fn of(at: Timestamp) -> Self {
        Self(i32::try_from(at.seconds().div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX))
    }

    /// How many days after 1970-01-01 it is.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The day of this number.
    pub fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// The days from Monday (0) to this one's.
    pub fn weekday(self) -> u8 {
        self.date().weekday().to_monday_zero_offset().unsigned_abs()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.date().month().unsigned_abs()
    }

    pub fn year(self) -> i16 {
        self.date().year()
    }

    /// So many days later, or earlier.
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day and the month as one says them: `14 March`.
    pub fn in_words(self) -> String {
        self.date().strftime("%-d %B").to_string()
    }

    fn of_date(date: Date) -> Self {
        Self(EPOCH.until(date).map_or(0, |span| span.get_days()))
    }

    /// Days that no calendar knows are the epoch; none of ours are.
    fn date(self) -> Date {
        EPOCH.checked_add(self.0.days()).unwrap_or(EPOCH)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How long a period is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    Day,
    /// From Monday to Sunday, [ISO 8601](https://en.wikipedia.org/wiki/ISO_week_date).
    Week,
    Month,
    Year,
    All,
}

impl Length {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::All];
}

/// A stretch of days that insights are about. Written `2026-11-21`, `2026-W47`, `2026-11`, `2026` or `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    length: Length,
    first: Day,
}

/// The text does not name a period of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a period of that length")]
pub struct ParsePeriodError;

impl Period {
    /// All time.
    pub const ALL: Self = Self { length: Length::All, first: Day(0) };

    /// The period of this length that holds this day.
    pub fn of(length: Length, day: Day) -> Self {
        let date = day.date();
        let first = match length {
            Length::Day => date,
            Length::Week => {
                let past = i32::from(date.weekday().to_monday_zero_offset());
                return Self { length, first: day.plus(-past) };
            }
            Length::Month => date.first_of_month(),
            Length::Year => date.first_of_year(),
            Length::All => EPOCH,
        };
        Self { length, first: Day::of_date(first) }
    }

    /// This year.
    ///
    /// # Errors
    /// The year is not from 1970 to 9998.
    pub fn year(year: i16) -> Result<Self, ParsePeriodError> {
        Self::parse(Length::Year, &format!("{year:04}"))
    }

    /// Reads the period of this length that the text names.
    ///
    /// # Errors
    /// It names none, or one that is not from 1970 to 9998.
    pub fn parse(length: Length, text: &str) -> Result<Self, ParsePeriodError> {
        let day = match length {
            Length::Day => Date::from_str(text).ok(),
            Length::Week => week(text),
            Length::Month => Date::from_str(&format!("{text}-01")).ok(),
            Length::Year => Date::from_str(&format!("{text}-01-01")).ok(),
            Length::All => (text == "all").then_some(EPOCH),
        };
        // The week of the epoch begins before it.
        let date =
            day.filter(|date| (YEARS.0 - 1..=YEARS.1).contains(&date.year())).ok_or(ParsePeriodError)?;
        let period = Self::of(length, Day::of_date(date));
        if period.last().is_some_and(|last| last.number() < 0) {
            return Err(ParsePeriodError);
        }
        // Only the form in which it is written: jiff reads others too.
        if period.to_string() == text { Ok(period) } else { Err(ParsePeriodError) }
    }

    pub fn length(self) -> Length {
        self.length
    }

    /// The first day; of all time, 1970-01-01.
    pub fn first(self) -> Day {
        self.first
    }

    /// The last day; of all time, none.
    pub fn last(self) -> Option<Day> {
        let date = self.first.date();
        let last = match self.length {
            Length::Day => return Some(self.first),
            Length::Week => return Some(self.first.plus(6)),
            Length::Month => date.last_of_month(),
            Length::Year => date.last_of_year(),
            Length::All => return None,
        };
        Some(Day::of_date(last))
    }

    /// Whether the day is part of it.
    pub fn holds(self, day: Day) -> bool {
        day >= self.first && self.last().is_none_or(|last| day <= last)
    }

    /// The period of the same length just before it; none before all time.
    pub fn before(self) -> Option<Self> {
        (self.length != Length::All).then(|| Self::of(self.length, self.first.plus(-1)))
    }
}

/// `2026-W47`.
fn week(text: &str) -> Option<Date> {
    let (year, week) = text.split_once("-W")?;
    let (year, week) = (year.parse().ok()?, week.parse().ok()?);
    Some(ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date())
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.first.date();
        match self.length {
            Length::Day => date.fmt(f),
            Length::Week => {
                let week = date.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Length::Month => write!(f, "{:04}-{:02}", date.year(), date.month()),
            Length::Year => write!(f, "{:04}", date.year()),
            Length::All => f.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Period::parse(Length::Day, text).unwrap().first()
    }

    #[test]
    fn a_day_is_part_of_one_period_of_each_length() {
        for (text, names) in [
            ("2026-11-21", ["2026-11-21", "2026-W47", "2026-11", "2026", "all"]),
            // The first days of a year can be part of the last week of the year before, and the other way round.
            ("2027-01-01", ["2027-01-01", "2026-W53", "2027-01", "2027", "all"]),
            ("2024-12-30", ["2024-12-30", "2025-W01", "2024-12", "2024", "all"]),
            ("2024-02-29", ["2024-02-29", "2024-W09", "2024-02", "2024", "all"]),
            ("1970-01-01", ["1970-01-01", "1970-W01", "1970-01", "1970", "all"]),
        ] {
            for (length, name) in Length::ALL.into_iter().zip(names) {
                let period = Period::of(length, day(text));
                assert_eq!(period.to_string(), name);
                assert!(period.holds(day(text)), "{name}");
                assert_eq!(Period::parse(length, name), Ok(period), "{name}");
            }
        }
    }

    #[test]
    fn periods_follow_each_other_without_gap_or_overlap() {
        for length in [Length::Day, Length::Week, Length::Month, Length::Year] {
            let mut period = Period::of(length, day("2028-03-01"));
            for _ in 0..500 {
                let before = period.before().unwrap();
                assert_eq!(before.last().unwrap().plus(1), period.first(), "{period}");
                assert!(before.holds(before.first()) && !before.holds(period.first()));
                period = before;
                if period.first().number() < 400 {
                    break;
                }
            }
        }
        assert_eq!(Period::ALL.before(), None);
        assert!(Period::ALL.holds(day("2999-12-31")));
    }

    #[test]
    fn what_names_no_period_is_refused() {
        for (length, text) in [
            (Length::Day, "2026-02-30"),
            (Length::Day, "2026-11"),
            (Length::Day, "20261121"),
            (Length::Day, "2026-11-21T00:00"),
            (Length::Week, "2025-W53"),
            (Length::Week, "2026-W00"),
            (Length::Week, "2026-W7"),
            (Length::Week, "2026-47"),
            (Length::Month, "2026-13"),
            (Length::Month, "2026-1"),
            (Length::Year, "26"),
            (Length::Year, "1969"),
            (Length::Year, "9999"),
            (Length::Year, "-2026"),
            (Length::All, "2026"),
            (Length::All, ""),
        ] {
            assert_eq!(Period::parse(length, text), Err(ParsePeriodError), "{text}");
        }
    }

    #[test]
    fn quarters_tile_the_day() {
        let at = |text: &str| Quarter::of(text.parse().unwrap());
        assert_eq!(at("2026-11-21T09:30:00Z"), at("2026-11-21T09:44:59.999Z"));
        assert_ne!(at("2026-11-21T09:44:59Z"), at("2026-11-21T09:45:00Z"));
        let (first, last) = (Quarter::first_of(day("2026-11-21")), Quarter::last_of(day("2026-11-21")));
        assert_eq!((first.day(), last.day()), (day("2026-11-21"), day("2026-11-21")));
        assert_eq!(last.number() - first.number(), 95);
        assert_eq!(last.last_second() + 1, Quarter::first_of(day("2026-11-22")).first_second());
        assert_eq!((day("2026-11-21").weekday(), day("2026-11-21").month()), (5, 11));
        assert_eq!(day("2026-03-04").in_words(), "4 March");
    }
}
