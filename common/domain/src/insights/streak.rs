//! Days in a row on which something was heard.

use serde::Serialize;

use super::Day;

/// Days without a gap, each with a listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Streak {
    #[schema(example = 12)]
    pub days: u32,
    #[schema(value_type = String, format = Date)]
    pub from: Day,
    #[schema(value_type = String, format = Date)]
    pub to: Day,
}

/// The streaks of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Streaks {
    /// The one that goes on: its last day is today or yesterday.
    #[schema(required = true)]
    pub current: Option<Streak>,
    /// The longest, and of equally long ones the latest.
    #[schema(required = true)]
    pub longest: Option<Streak>,
}

impl Streaks {
    /// The streaks of these days, which ascend.
    pub fn of(days: impl IntoIterator<Item = Day>, today: Day) -> Self {
        let mut streaks = Self { current: None, longest: None };
        let mut last: Option<Streak> = None;
        for day in days {
            let streak = match last {
                Some(before) if before.to.plus(1) == day => {
                    Streak { days: before.days + 1, to: day, ..before }
                }
                _ => Streak { days: 1, from: day, to: day },
            };
            if streaks.longest.is_none_or(|longest| streak.days >= longest.days) {
                streaks.longest = Some(streak);
            }
            last = Some(streak);
        }
        streaks.current = last.filter(|streak| streak.to.plus(1) >= today);
        streaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streak_goes_on_until_a_day_without_a_listen_is_over() {
        let of = |days: &[i32], today: i32| {
            let streaks = Streaks::of(days.iter().map(|day| Day::from_number(*day)), Day::from_number(today));
            let days = |streak: Option<Streak>| streak.map(|streak| (streak.days, streak.from.number()));
            (days(streaks.current), days(streaks.longest))
        };
        assert_eq!(of(&[], 10), (None, None));
        assert_eq!(of(&[1, 2, 3, 8, 9], 9), (Some((2, 8)), Some((3, 1))));
        assert_eq!(of(&[1, 2, 3, 8, 9], 10), (Some((2, 8)), Some((3, 1))));
        assert_eq!(of(&[1, 2, 3, 8, 9], 11), (None, Some((3, 1))));
        assert_eq!(of(&[1, 2, 8, 9], 9), (Some((2, 8)), Some((2, 8))));
    }
}
