//! Rows of counts, and what is read off them: top lists, totals, how many different things.

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Neg};

use super::{Day, Length};

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Everything; one row with the key of zeros.
    Total = 0,
    /// Each day, by its number.
    Day = 1,
    /// Each hour of the day, 0 to 23.
    Hour = 2,
    /// Each day of the week, 0 (Monday) to 6.
    Weekday = 3,
    /// Tracks of the catalogue by their id, songs outside it by theirs.
    Track = 4,
    /// Everyone who is credited.
    Artist = 5,
    /// Who is credited first.
    PrimaryArtist = 6,
    Album = 7,
    Genre = 8,
    /// Accounts; only where many are counted together.
    Listener = 9,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Total,
        Self::Day,
        Self::Hour,
        Self::Weekday,
        Self::Track,
        Self::Artist,
        Self::PrimaryArtist,
        Self::Album,
        Self::Genre,
        Self::Listener,
    ];

    /// The kinds whose rows say who has heard something at all.
    pub const REACHED: [Self; 5] = [Self::Track, Self::Artist, Self::PrimaryArtist, Self::Album, Self::Genre];
}

/// What a row is about: an id, or a small number in its last four bytes.
pub type Key = [u8; 16];

/// The key of a small number, such as a day's.
pub fn number_key(number: u32) -> Key {
    u128::from(number).to_be_bytes()
}

/// The number in a key.
pub fn key_number(key: &Key) -> u32 {
    u32::try_from(u128::from_be_bytes(*key)).unwrap_or(u32::MAX)
}

/// How often, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub listens: i64,
    pub listening_ms: i64,
}

impl Count {
    /// Nothing.
    pub const ZERO: Self = Self { listens: 0, listening_ms: 0 };
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { listens: self.listens + other.listens, listening_ms: self.listening_ms + other.listening_ms }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Neg for Count {
    type Output = Self;

    fn neg(self) -> Self {
        Self { listens: -self.listens, listening_ms: -self.listening_ms }
    }
}

/// How often and how long one thing was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub kind: Kind,
    pub key: Key,
    pub count: Count,
}

impl Row {
    /// A row about everything.
    pub fn total(count: Count) -> Self {
        Self { kind: Kind::Total, key: [0; 16], count }
    }

    fn place(&self) -> (Kind, Key) {
        (self.kind, self.key)
    }
}

/// A row in a top list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// 1 for the first.
    pub rank: usize,
    pub key: Key,
    pub count: Count,
}

/// Rows in the order of kind and key, each once, none of them zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows(Vec<Row>);

impl FromIterator<Row> for Rows {
    /// Rows about the same are added up.
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut rows: Vec<Row> = rows.into_iter().collect();
        rows.sort_unstable_by_key(Row::place);
        rows.dedup_by(|later, first| {
            let is_same = later.place() == first.place();
            if is_same {
                first.count += later.count;
            }
            is_same
        });
        rows.retain(|row| row.count != Count::ZERO);
        Self(rows)
    }
}

impl Rows {
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The sum of both.
    pub fn plus(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        let mut sum = Vec::with_capacity(self.len() + other.len());
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.place().cmp(&b.place()) {
                Ordering::Less => sum.extend(left.next().copied()),
                Ordering::Greater => sum.extend(right.next().copied()),
                Ordering::Equal => {
                    let count = a.count + b.count;
                    if count != Count::ZERO {
                        sum.push(Row { count, ..**a });
                    }
                    left.next();
                    right.next();
                }
            }
        }
        sum.extend(left);
        sum.extend(right);
        Self(sum)
    }

    /// What has to be added to `before` to make these.
    pub fn minus(&self, before: &Self) -> Self {
        let negated = before.0.iter().map(|row| Row { count: -row.count, ..*row });
        self.plus(&Self(negated.collect()))
    }

    /// The rows of one kind, in the order of their keys.
    pub fn of(&self, kind: Kind) -> &[Row] {
        let from = self.0.partition_point(|row| row.kind < kind);
        let to = self.0.partition_point(|row| row.kind <= kind);
        &self.0[from..to]
    }

    /// The count of one thing; zero without a row.
    pub fn get(&self, kind: Kind, key: &Key) -> Count {
        let rows = self.of(kind);
        rows.binary_search_by(|row| row.key.cmp(key)).map_or(Count::ZERO, |place| rows[place].count)
    }

    /// Everything together.
    pub fn total(&self) -> Count {
        self.get(Kind::Total, &[0; 16])
    }

    /// How many different things of a kind were heard.
    pub fn distinct(&self, kind: Kind) -> usize {
        self.of(kind).len()
    }

    /// The first `limit` things of a kind that `admits` lets pass: the most often heard first, then the longest heard,
    /// then by key, so that ties are always broken in the same way.
    pub fn top(&self, kind: Kind, limit: usize, admits: impl Fn(&Key) -> bool) -> Vec<Ranked> {
        let mut best: Vec<&Row> = Vec::new();
        let mut keep = |row, at_most: usize| {
            best.extend(row);
            if best.len() > at_most {
                best.sort_unstable_by(|a, b| standing(a, b));
                best.truncate(limit);
            }
        };
        for row in self.of(kind).iter().filter(|row| admits(&row.key)) {
            keep(Some(row), limit.saturating_mul(2));
        }
        keep(None, 0);
        let ranked = best.into_iter().enumerate();
        ranked.map(|(place, row)| Ranked { rank: place + 1, key: row.key, count: row.count }).collect()
    }

    /// The ranks that these keys have among the rows of a kind that `admits` lets pass; `None` for one without a row.
    /// Takes one walk over the rows, whatever the ranks are.
    pub fn ranks(&self, kind: Kind, keys: &[Key], admits: impl Fn(&Key) -> bool) -> Vec<Option<usize>> {
        let rows = self.of(kind);
        let place = |key: &Key| rows.binary_search_by(|row| row.key.cmp(key)).ok();
        let mut wanted: Vec<&Row> =
            keys.iter().filter_map(place).map(|place| &rows[place]).filter(|row| admits(&row.key)).collect();
        wanted.sort_unstable_by(|a, b| standing(a, b));
        // How many rows stand before the wanted one at each place, and not before the one at the place before it.
        let mut before = vec![0_usize; wanted.len() + 1];
        for row in rows.iter().filter(|row| admits(&row.key)) {
            before[wanted.partition_point(|one| standing(one, row) != Ordering::Greater)] += 1;
        }
        let mut ranks = Vec::with_capacity(wanted.len());
        let mut standing_before = 0;
        for (row, more) in wanted.iter().zip(&before) {
            standing_before += more;
            ranks.push((row.key, standing_before + 1));
        }
        // A wanted row is counted behind itself, so nothing has to be taken off.
        let rank = |key: &Key| ranks.iter().find(|(found, _)| found == key).map(|(_, rank)| *rank);
        keys.iter().map(rank).collect()
    }

    /// The rows of these days together, as a period of this length holds them: what is counted for a day is also
    /// counted for its day of the week, and in longer periods for the day as such.
    pub fn of_days<'a>(days: impl IntoIterator<Item = (Day, &'a Self)>, length: Length) -> Self {
        let with_calendar = days.into_iter().flat_map(|(day, rows)| {
            let count = rows.total();
            let weekday = Row { kind: Kind::Weekday, key: number_key(u32::from(day.weekday())), count };
            let number = u32::try_from(day.number()).unwrap_or_default();
            let this_day = Row { kind: Kind::Day, key: number_key(number), count };
            let this_day = Some(this_day).filter(|_| length != Length::Day);
            rows.iter().copied().chain(this_day).chain([weekday])
        });
        with_calendar.collect()
    }

    /// The days that rows of [`Kind::Day`] are about, with their counts, in order.
    pub fn days(&self) -> impl Iterator<Item = (Day, Count)> + '_ {
        self.of(Kind::Day)
            .iter()
            .map(|row| (Day::from_number(i32::try_from(key_number(&row.key)).unwrap_or(i32::MAX)), row.count))
    }
}

/// Who stands first: the most often heard, then the longest heard, then by key.
fn standing(a: &Row, b: &Row) -> Ordering {
    let by_count = b.count.listens.cmp(&a.count.listens);
    by_count.then(b.count.listening_ms.cmp(&a.count.listening_ms)).then(a.key.cmp(&b.key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(kind: Kind, key: u8, listens: i64) -> Row {
        Row { kind, key: number_key(u32::from(key)), count: Count { listens, listening_ms: listens * 10 } }
    }

    fn tracks(rows: &[(u8, i64)]) -> Rows {
        rows.iter().map(|(key, listens)| row(Kind::Track, *key, *listens)).collect()
    }

    #[test]
    fn a_top_list_breaks_ties_by_time_and_then_by_key() {
        let mut rows: Vec<Row> = tracks(&[(1, 3), (2, 5), (3, 5), (4, 5), (9, 1)]).0;
        rows[2].count.listening_ms += 1;
        let rows: Rows = rows.into_iter().collect();
        let keys = |limit| {
            let top = rows.top(Kind::Track, limit, |_| true);
            top.iter().map(|ranked| (ranked.rank, key_number(&ranked.key))).collect::<Vec<_>>()
        };
        assert_eq!(keys(10), [(1, 3), (2, 2), (3, 4), (4, 1), (5, 9)]);
        assert_eq!(keys(2), [(1, 3), (2, 2)]);
        let without = rows.top(Kind::Track, 1, |key| key_number(key) > 3);
        assert_eq!((without[0].rank, key_number(&without[0].key)), (1, 4));
        assert!(rows.top(Kind::Album, 5, |_| true).is_empty());
    }

    #[test]
    fn rows_of_days_also_count_the_days() {
        let day = Day::of("2026-11-21T00:00:00Z".parse().unwrap());
        let count = Count { listens: 2, listening_ms: 20 };
        let rows: Rows =
            [Row::total(count), row(Kind::Hour, 9, 2), row(Kind::Track, 1, 2)].into_iter().collect();
        let week = Rows::of_days([(day, &rows), (day.plus(1), &rows)], Length::Week);
        assert_eq!(week.total().listens, 4);
        assert_eq!(week.days().collect::<Vec<_>>(), [(day, count), (day.plus(1), count)]);
        assert_eq!(week.get(Kind::Weekday, &number_key(5)), count);
        assert_eq!(week.get(Kind::Hour, &number_key(9)).listens, 4);
        let one = Rows::of_days([(day, &rows)], Length::Day);
        assert!(one.of(Kind::Day).is_empty());
        assert_eq!(one.get(Kind::Weekday, &number_key(5)), count);
    }

    fn some_rows() -> impl Strategy<Value = Rows> {
        let kind = prop::sample::select(vec![Kind::Total, Kind::Track, Kind::Album]);
        prop::collection::vec((kind, 0..20_u8, -3..6_i64), 0..40)
            .prop_map(|rows| rows.into_iter().map(|(kind, key, listens)| row(kind, key, listens)).collect())
    }

    proptest! {
        #[test]
        fn sums_and_differences_agree(a in some_rows(), b in some_rows()) {
            let all: Rows = a.iter().chain(b.iter()).copied().collect();
            prop_assert_eq!(a.plus(&b), all.clone());
            prop_assert_eq!(all.minus(&b), a.clone());
            prop_assert!(a.minus(&a).is_empty());
            prop_assert!(all.iter().all(|row| row.count != Count::ZERO));
        }

        #[test]
        fn ranks_are_the_places_in_the_whole_list(rows in some_rows(), limit in 1..25_usize) {
            let admits = |key: &Key| !key_number(key).is_multiple_of(7);
            let whole = rows.top(Kind::Track, 1000, admits);
            prop_assert_eq!(&whole[..limit.min(whole.len())], &rows.top(Kind::Track, limit, admits)[..]);
            let keys: Vec<Key> = (0..21).map(number_key).collect();
            let ranks = rows.ranks(Kind::Track, &keys, admits);
            for (key, rank) in keys.iter().zip(ranks) {
                prop_assert_eq!(rank, whole.iter().find(|ranked| ranked.key == *key).map(|ranked| ranked.rank));
            }
        }
    }
}
