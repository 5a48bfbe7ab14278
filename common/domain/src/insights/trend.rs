//! What is heard a lot lately.
//!
//! Each listen weighs half of what it weighed two days before: the score of a track is the sum of `2^(-age / 2)` over
//! its listens of the last week, with the age in days, so that a week-old listen still weighs a tenth. Exponential
//! decay is the one decay under which the order of two tracks that are not heard any more never changes. See Cormode,
//! Shkapenyuk, Srivastava and Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE 2009,
//! section III.

use std::collections::BTreeMap;

use super::{Day, Key, Kind, Rows};

/// After so many days a listen weighs half.
pub const HALF_LIFE_DAYS: f64 = 2.0;
/// So many days count, today included.
pub const TREND_DAYS: i32 = 7;

/// The tracks of these days, the most trending first; ties go to the smaller key.
pub fn trending<'a>(days: impl IntoIterator<Item = (Day, &'a Rows)>, today: Day) -> Vec<Key> {
    let mut scores: BTreeMap<Key, f64> = BTreeMap::new();
    for (day, rows) in days {
        let age = f64::from(today.number() - day.number());
        let weight = (-age / HALF_LIFE_DAYS).exp2();
        for row in rows.of(Kind::Track) {
            *scores.entry(row.key).or_default() += row.count.listens as f64 * weight;
        }
    }
    let mut scores: Vec<(Key, f64)> = scores.into_iter().collect();
    scores.sort_by(|(key, score), (other, other_score)| other_score.total_cmp(score).then(key.cmp(other)));
    scores.into_iter().map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Count, Row};
    use super::*;

    #[test]
    fn a_listen_weighs_half_after_two_days() {
        let rows = |heard: &[(u8, i64)]| -> Rows {
            let row = |(key, listens): &(u8, i64)| Row {
                kind: Kind::Track,
                key: [*key; 16],
                count: Count { listens: *listens, listening_ms: 0 },
            };
            heard.iter().map(row).collect()
        };
        let (today, two_ago) = (rows(&[(1, 10), (2, 3)]), rows(&[(3, 19), (4, 21), (5, 6)]));
        let day = Day::from_number(20_000);
        let order = trending([(day, &today), (day.plus(-2), &two_ago)], day);
        // 4: 10.5, 1: 10, 3: 9.5; 2 and 5 tie at 3.
        assert_eq!(order.iter().map(|key| key[0]).collect::<Vec<_>>(), [4, 1, 3, 2, 5]);
    }
}
