//! When somebody listens: on which days, at which time, how long.
//!
//! Listening comes in sittings, most of them in the morning and in the evening and hardly any at night; at weekends
//! they begin later and last longer, and people differ in when their day is ([Louail and Barthelemy
//! 2017](https://arxiv.org/abs/1704.05815) find early birds and night owls, [Heggli, Stupacher and Vuust
//! 2021](https://doi.org/10.1098/rsos.210885) other hours at weekends). The numbers here are chosen after those shapes
//! and not fitted to anything. All times are UTC.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use super::taste::{exponential, normal};

pub(super) const DAY: i64 = 24 * 3600;

/// A part of the day: its share of the sittings, its middle and its spread, in hours.
struct Part {
    share: f64,
    middle: f64,
    spread: f64,
}

/// Morning, afternoon, evening.
const WORKDAY: [Part; 3] = [
    Part { share: 0.28, middle: 8.0, spread: 1.0 },
    Part { share: 0.22, middle: 13.5, spread: 2.5 },
    Part { share: 0.50, middle: 20.0, spread: 1.7 },
];
const WEEKEND: [Part; 3] = [
    Part { share: 0.18, middle: 10.5, spread: 1.2 },
    Part { share: 0.27, middle: 15.0, spread: 2.5 },
    Part { share: 0.55, middle: 21.0, spread: 2.0 },
];

/// How much more likely a sitting is on a day of the weekend, and how much longer.
const MORE_AT_WEEKENDS: f64 = 1.3;
const LONGER_AT_WEEKENDS: f64 = 1.3;
/// The part of days on which nothing is heard, whatever else happens.
const SILENT_DAYS: f64 = 0.12;
/// How much the listening of a day differs from that of others.
const DAILY_SPREAD: f64 = 0.4;
/// How many hours the days of people are apart, and at most.
const SHIFT: f64 = 0.75;
const LARGEST_SHIFT: f64 = 2.0;
/// Tracks of a sitting: this many, and an exponential variable of this mean.
const SHORTEST_SITTING: f64 = 3.0;
const LONGER: f64 = 7.0;

/// When one person listens.
pub(super) struct Rhythm {
    /// The first day, counted from 1970-01-01.
    first: i64,
    /// How likely a sitting is on all days up to each one.
    cumulative: Vec<f64>,
    /// How much later than others this person does things, in hours.
    shift: f64,
}

impl Rhythm {
    /// The rhythm of somebody over so many days from the first one on, which is counted from 1970-01-01.
    pub(super) fn new(first: i64, days: u32, chance: &mut StdRng) -> Self {
        let shift = (SHIFT * normal(chance)).clamp(-LARGEST_SHIFT, LARGEST_SHIFT);
        let weights = (first..first + i64::from(days)).map(|day| {
            let is_silent = chance.random_bool(SILENT_DAYS);
            let more = if is_weekend(day) { MORE_AT_WEEKENDS } else { 1.0 };
            let weight = more * (DAILY_SPREAD * normal(chance)).exp();
            if is_silent { 0.0 } else { weight }
        });
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        if sum == 0.0 {
            // Of a few days all can be silent.
            cumulative = (1..=days).map(f64::from).collect();
        }
        Self { first, cumulative, shift }
    }

    /// When a sitting begins, in seconds since 1970, and how many tracks it has.
    pub(super) fn sitting(&self, chance: &mut impl Rng) -> (i64, usize) {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let point = chance.random::<f64>() * total;
        let place = self.cumulative.partition_point(|sum| *sum <= point).min(self.cumulative.len() - 1);
        let day = self.first + i64::try_from(place).unwrap_or_default();
        let (parts, longer) = if is_weekend(day) { (&WEEKEND, LONGER_AT_WEEKENDS) } else { (&WORKDAY, 1.0) };
        let hour = hour(parts, chance) + self.shift;
        let length = SHORTEST_SITTING + LONGER * longer * exponential(chance);
        (day * DAY + whole(hour * 3600.0), usize::try_from(whole(length)).unwrap_or(1))
    }
}

/// The hour at which a sitting begins; a long evening ends after 24.
fn hour(parts: &[Part; 3], chance: &mut impl Rng) -> f64 {
    let mut point = chance.random::<f64>();
    let [.., evening] = parts;
    let part = parts.iter().find(|part| {
        point -= part.share;
        point < 0.0
    });
    let part = part.unwrap_or(evening);
    part.middle + part.spread * normal(chance)
}

#[expect(clippy::cast_possible_truncation, reason = "times and lengths are far from the ends")]
fn whole(number: f64) -> i64 {
    number as i64
}

/// Whether a day, counted from 1970-01-01, a Thursday, is a Saturday or a Sunday.
fn is_weekend(day: i64) -> bool {
    (day + 3).rem_euclid(7) >= 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// 2026-11-16, a Monday.
    const MONDAY: i64 = 20_773;

    /// Sittings of many people by hour, in a span of days.
    fn by_hour(days: u32, wanted: impl Fn(i64) -> bool) -> [f64; 24] {
        let mut hours = [0.0; 24];
        for seed in 0..40 {
            let mut chance = StdRng::seed_from_u64(seed);
            let rhythm = Rhythm::new(MONDAY, days, &mut chance);
            for _ in 0..1000 {
                let (start, _) = rhythm.sitting(&mut chance);
                if wanted(start.div_euclid(DAY)) {
                    hours[usize::try_from(start.rem_euclid(DAY) / 3600).unwrap()] += 1.0;
                }
            }
        }
        hours
    }

    #[test]
    fn the_evening_is_full_the_morning_has_a_peak_and_the_night_is_quiet() {
        let hours = by_hour(364, |day| !is_weekend(day));
        let (morning, noon, evening) = (hours[8], hours[11], hours[20]);
        let night: f64 = hours[2..5].iter().sum::<f64>() / 3.0;
        assert!(evening > morning && morning > noon, "{hours:?}");
        assert!(evening > 15.0 * night, "{hours:?}");
    }

    #[test]
    fn weekends_are_later_longer_and_fuller() {
        let middle = |hours: [f64; 24]| {
            let sum: f64 = hours[5..].iter().sum();
            hours.iter().enumerate().skip(5).map(|(hour, count)| hour as f64 * count).sum::<f64>() / sum
        };
        let (workday, weekend) =
            (middle(by_hour(364, |day| !is_weekend(day))), middle(by_hour(364, is_weekend)));
        assert!(weekend > workday + 0.7, "{workday} and {weekend}");

        let mut chance = StdRng::seed_from_u64(1);
        let rhythm = Rhythm::new(MONDAY, 364, &mut chance);
        let (mut counts, mut tracks) = ([0.0; 2], [0.0; 2]);
        for _ in 0..20_000 {
            let (start, length) = rhythm.sitting(&mut chance);
            let kind = usize::from(is_weekend(start.div_euclid(DAY)));
            counts[kind] += 1.0;
            tracks[kind] += length as f64;
        }
        assert!(tracks[1] / counts[1] > 1.15 * tracks[0] / counts[0], "{tracks:?} of {counts:?}");
        assert!(counts[1] / 2.0 > 1.1 * counts[0] / 5.0, "{counts:?}");
    }

    #[test]
    fn some_days_are_silent_but_a_single_one_is_not() {
        let mut chance = StdRng::seed_from_u64(1);
        let rhythm = Rhythm::new(MONDAY, 365, &mut chance);
        let mut heard = std::collections::BTreeSet::new();
        for _ in 0..50_000 {
            // Without the hours after midnight, which belong to the day before.
            let (start, _) = rhythm.sitting(&mut chance);
            if start.rem_euclid(DAY) > 7 * 3600 {
                heard.insert(start.div_euclid(DAY));
            }
        }
        assert!((290..350).contains(&heard.len()), "{} of 365 days", heard.len());
        for seed in 0..50 {
            let mut chance = StdRng::seed_from_u64(seed);
            let (start, length) = Rhythm::new(MONDAY, 1, &mut chance).sitting(&mut chance);
            assert!((start - MONDAY * DAY).abs() < 2 * DAY && length >= 3);
        }
    }
}
