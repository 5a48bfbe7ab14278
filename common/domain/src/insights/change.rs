//! A change of what was counted: day by day, and of whom it has reached.

use std::collections::BTreeMap;

use super::{Count, Day, DecodeError, Decoder, Encoder, Key, Kind, Period, Row, Rows};

/// What was counted more, or less, than before. Changes add up in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    days: BTreeMap<Day, Rows>,
    /// How many accounts have heard something that had not, or no longer have: the `listens` of these rows.
    reach: Rows,
}

impl Change {
    /// A change of what was heard on these days.
    pub fn of_days(days: impl IntoIterator<Item = (Day, Rows)>) -> Self {
        let mut change = Self::default();
        for (day, rows) in days {
            change.add_day(day, &rows);
        }
        change
    }

    fn add_day(&mut self, day: Day, rows: &Rows) {
        let sum = self.days.entry(day).or_default().plus(rows);
        if sum.is_empty() {
            self.days.remove(&day);
        } else {
            self.days.insert(day, sum);
        }
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.reach.is_empty()
    }

    /// The days on which something has changed.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.days.keys().copied()
    }

    /// Adds another change.
    pub fn add(&mut self, other: &Self) {
        for (day, rows) in &other.days {
            self.add_day(*day, rows);
        }
        self.reach = self.reach.plus(&other.reach);
    }

    /// The change of a period's rows.
    pub fn within(&self, period: Period) -> Rows {
        let last = period.last().unwrap_or(Day::from_number(i32::MAX));
        let days = self.days.range(period.first()..=last);
        Rows::of_days(days.map(|(day, rows)| (*day, rows)), period.length())
    }

    /// Whom the change has reached.
    pub fn reach(&self) -> &Rows {
        &self.reach
    }

    /// The same change of an account's own counts as one of everybody's: the account is a listener, when in the day it
    /// listens stays its own, and what it had not heard before this change, and has now, has one listener more.
    /// `before` is what the account had heard in all.
    pub fn of_everybody(&self, account: Key, before: &Rows) -> Self {
        let mut days = BTreeMap::new();
        for (day, rows) in &self.days {
            let listener = rows.of(Kind::Total).first().map(|row| Row {
                kind: Kind::Listener,
                key: account,
                count: row.count,
            });
            let shared = rows.iter().filter(|row| row.kind != Kind::Hour).copied();
            days.insert(*day, shared.chain(listener).collect());
        }
        let all = self.within(Period::ALL);
        let reached = Kind::REACHED.iter().flat_map(|kind| all.of(*kind)).filter_map(|row| {
            let heard = before.get(row.kind, &row.key).listens;
            let listens = i64::from(heard + row.count.listens > 0) - i64::from(heard > 0);
            (listens != 0).then_some(Row { count: Count { listens, listening_ms: 0 }, ..*row })
        });
        Self { days, reach: reached.collect() }
    }

    /// The change as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.number(self.days.len() as u64);
        for (day, rows) in &self.days {
            encoder.signed(i64::from(day.number()));
            encoder.rows(rows);
        }
        encoder.rows(&self.reach);
        encoder.finish()
    }

    /// Reads [`Change::encode`]'s bytes.
    ///
    /// # Errors
    /// They are others.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        let mut days = BTreeMap::new();
        for _ in 0..decoder.number()? {
            let day = i32::try_from(decoder.signed()?).map_err(|_| DecodeError)?;
            days.insert(Day::from_number(day), decoder.rows()?);
        }
        let reach = decoder.rows()?;
        if decoder.is_at_end() { Ok(Self { days, reach }) } else { Err(DecodeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Length;
    use super::*;

    const ACCOUNT: Key = [1; 16];
    const TRACK: Key = [2; 16];

    fn heard(listens: i64) -> Rows {
        let count = Count { listens, listening_ms: listens * 1000 };
        let hour = Row { kind: Kind::Hour, key: [0; 16], count };
        [Row::total(count), hour, Row { kind: Kind::Track, key: TRACK, count }].into_iter().collect()
    }

    fn day(text: &str) -> Day {
        Period::parse(Length::Day, text).unwrap().first()
    }

    #[test]
    fn a_change_counts_in_the_periods_that_hold_its_days() {
        let change = Change::of_days([
            (day("2026-12-31"), heard(2)),
            (day("2027-01-01"), heard(3)),
            (day("2027-02-01"), heard(4)),
        ]);
        for (length, text, listens) in [
            (Length::Day, "2026-12-31", 2),
            (Length::Week, "2026-W53", 5),
            (Length::Month, "2027-01", 3),
            (Length::Year, "2027", 7),
            (Length::All, "all", 9),
            (Length::Day, "2027-01-02", 0),
        ] {
            let rows = change.within(Period::parse(length, text).unwrap());
            assert_eq!(rows.total().listens, listens, "{text}");
        }
        assert_eq!(Change::decode(&change.encode()), Ok(change.clone()));
        let mut undone = change.clone();
        undone
            .add(&Change::of_days(change.days().map(|day| (day, Rows::default().minus(&change.days[&day])))));
        assert!(undone.is_empty());
    }

    #[test]
    fn somebody_is_a_new_listener_of_something_once() {
        let first = Change::of_days([(day("2026-11-21"), heard(2))]);
        let reached = |change: &Change, before: &Rows| {
            change.of_everybody(ACCOUNT, before).reach().get(Kind::Track, &TRACK).listens
        };
        let none = Rows::default();
        let after = first.within(Period::ALL);
        assert_eq!(reached(&first, &none), 1);
        assert_eq!(reached(&first, &after), 0);
        let gone = Change::of_days([(day("2026-11-21"), none.minus(&heard(2)))]);
        assert_eq!(reached(&gone, &after), -1);
        assert_eq!(reached(&gone, &after.plus(&after)), 0);
    }

    #[test]
    fn everybodys_counts_name_the_listener_and_not_the_hour() {
        let change = Change::of_days([(day("2026-11-21"), heard(2))]);
        let rows = change.of_everybody(ACCOUNT, &Rows::default()).within(Period::ALL);
        assert_eq!(rows.get(Kind::Listener, &ACCOUNT).listens, 2);
        assert_eq!(rows.distinct(Kind::Hour), 0);
    }
}
