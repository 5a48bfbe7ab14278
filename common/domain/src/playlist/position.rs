//! Where an entry stands in its playlist: a key between its neighbours' keys, so that inserting and moving touch only
//! what moves.
//!
//! A position is a path of digits of 60 bits that sorts like its text. An edit picks one digit that lies strictly
//! between its neighbours (going one level deeper where they leave no room) and adds two more: a random one for the
//! edit, so that two edits at one place at one time never get the same position nor interleave, and one that counts
//! the entries of the edit.
//!
//! The crate `fractional_index` 2.0 was tried first: between two keys that share a zero byte it answers a key outside
//! of them, and 10,000 insertions at one end make its keys 80 bytes long. Here they stay 36 characters.

use std::fmt;
use std::str::FromStr;

/// Bits of one digit.
const BITS: u32 = 60;
/// One more than the largest digit.
const BASE: u64 = 1 << BITS;
/// Where the first entry of a list stands, with as much room before it as after it.
const CENTRE: u64 = BASE / 2;
/// What is left free between two neighbours where there is room: 2^24 insertions in a row fit there, and a list can be
/// appended to 2^35 times.
const STEP: u64 = 1 << 24;
/// What is left free between two entries of one edit.
const ENTRY_STEP: u64 = 1 << 40;
/// Characters of one digit: base 32 with the alphabet of RFC 4648's base32hex in lower case, which sorts as it counts.
const WIDTH: usize = 12;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// Positions longer than this many characters are not given out; DynamoDB's limit for a sort key is 1,024 bytes.
const MAX_LENGTH: usize = 400;

/// A position in a list. Positions compare, as values and as text, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(Vec<u64>);

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position")]
pub struct ParsePositionError;

/// There is no room between the neighbours: too many insertions went between the same two entries. [`spread`] makes
/// room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room between the neighbours")]
pub struct NoRoom;

impl Position {
    /// The position of the entry `index` of a list that is written anew.
    pub fn nth(index: usize) -> Self {
        Self(vec![CENTRE + (index as u64 + 1) * STEP])
    }

    /// The position that ends the list whose last first digit is `tail`; see [`Position::tail`].
    pub fn at_tail(tail: u64) -> Self {
        Self(vec![tail])
    }

    /// The first digit. A list keeps the largest one, so that appending needs no look at the last entry.
    pub fn tail(&self) -> u64 {
        self.0[0]
    }
}

/// The tail of an empty list.
pub const EMPTY_TAIL: u64 = CENTRE;
/// By how much appending moves the tail.
pub const TAIL_STEP: u64 = STEP;

/// `count` positions in ascending order after `after` and before `before`, or at the list's end. `mark` is random and
/// the same for the whole edit.
///
/// # Errors
/// There is no room, or the neighbours are not in ascending order.
pub fn place(
    after: Option<&Position>,
    before: Option<&Position>,
    mark: u64,
    count: usize,
) -> Result<Vec<Position>, NoRoom> {
    if let (Some(after), Some(before)) = (after, before)
        && after >= before
    {
        return Err(NoRoom);
    }
    let prefix =
        digits_between(after.map(|position| &position.0[..]), before.map(|position| &position.0[..]));
    if (prefix.len() + 2) * WIDTH > MAX_LENGTH {
        return Err(NoRoom);
    }
    let nth = |index: u64| {
        let mut digits = prefix.clone();
        digits.extend([mark % BASE, (index + 1) * ENTRY_STEP]);
        Position(digits)
    };
    Ok((0..count as u64).map(nth).collect())
}

/// The shortest path that lies strictly between two paths, and is no prefix of the upper one. Paths never end in 0, so
/// there always is one.
fn digits_between(after: Option<&[u64]>, before: Option<&[u64]>) -> Vec<u64> {
    if after.is_none() && before.is_none() {
        return vec![CENTRE];
    }
    let mut path = Vec::new();
    // The lower bound no longer holds once the path is greater, the upper one once it is less.
    let mut upper = before;
    loop {
        let level = path.len();
        let low = after.and_then(|digits| digits.get(level)).copied().unwrap_or(0);
        let high = upper.and_then(|digits| digits.get(level)).copied().unwrap_or(BASE);
        if high > low && high - low >= 2 {
            path.push(digit_between(low, high, level, upper.is_some() && after.is_none()));
            return path;
        }
        path.push(low);
        if low < high {
            upper = None;
        }
    }
}

/// A digit strictly between two. Even levels stay close to the lower one, odd levels to the upper one, so that a run of
/// insertions in either direction soon finds a level where it takes little room each time.
fn digit_between(low: u64, high: u64, level: usize, is_open_below: bool) -> u64 {
    let step = ((high - low) / 2).min(STEP);
    if is_open_below || level % 2 == 1 { high - step } else { low + step }
}

/// New positions for entries that stand close together, evenly spread between the first digit of the last of them and
/// that of the entry `next` after them, or beyond the list's end: each is greater than the old one of every entry, so
/// that moving them from the last to the first never changes the order.
///
/// # Errors
/// There is no room: more of the following entries must be taken in.
pub fn spread(last: &Position, next: Option<&Position>, count: usize) -> Result<Vec<Position>, NoRoom> {
    let low = last.0[0];
    let free = match next {
        Some(next) => next.0[0].saturating_sub(low),
        None => BASE - low,
    };
    let step = (free / (count as u64 + 1)).min(STEP);
    if step == 0 {
        return Err(NoRoom);
    }
    Ok((1..=count as u64).map(|place| Position(vec![low + place * step])).collect())
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for digit in &self.0 {
            for place in (0..WIDTH as u32).rev() {
                let value = (digit >> (5 * place)) & 31;
                write!(f, "{}", char::from(ALPHABET[value as usize]))?;
            }
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        if text.is_empty() || !text.len().is_multiple_of(WIDTH) {
            return Err(ParsePositionError);
        }
        let digit = |bytes: &[u8]| {
            bytes.iter().try_fold(0, |digit, byte| {
                let value = ALPHABET.iter().position(|letter| letter == byte).ok_or(ParsePositionError)?;
                Ok(digit << 5 | value as u64)
            })
        };
        Ok(Self(text.as_bytes().chunks(WIDTH).map(digit).collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Inserts `count` entries before the entry at `index`, making room where there is none, as the store does.
    fn insert(list: &mut Vec<(u32, Position)>, index: usize, names: &[u32], rng: &mut StdRng) {
        let neighbours = |list: &[(u32, Position)]| {
            let after = index.checked_sub(1).map(|index| list[index].1.clone());
            (after, list.get(index).map(|entry| entry.1.clone()))
        };
        let (after, before) = neighbours(list);
        let placed = place(after.as_ref(), before.as_ref(), rng.random(), names.len());
        let positions = placed.unwrap_or_else(|NoRoom| {
            make_room(list, index);
            let (after, before) = neighbours(list);
            place(after.as_ref(), before.as_ref(), rng.random(), names.len()).unwrap()
        });
        list.splice(index..index, names.iter().copied().zip(positions));
    }

    fn make_room(list: &mut [(u32, Position)], from: usize) {
        let mut end = from + 1;
        let positions = loop {
            let next = list.get(end).map(|entry| &entry.1);
            match spread(&list[end - 1].1, next, end - from) {
                Ok(positions) => break positions,
                Err(NoRoom) => end += 1,
            }
        };
        for (entry, position) in list[from..end].iter_mut().zip(positions).rev() {
            assert!(position > entry.1);
            entry.1 = position;
        }
    }

    fn assert_sorted(list: &[(u32, Position)]) {
        for pair in list.windows(2) {
            assert!(pair[0].1 < pair[1].1);
            assert!(pair[0].1.to_string() < pair[1].1.to_string());
        }
    }

    #[test]
    fn order_survives_10_000_random_inserts_and_moves() {
        let rng = &mut StdRng::seed_from_u64(7);
        let mut plain: Vec<u32> = Vec::new();
        let mut list: Vec<(u32, Position)> = Vec::new();
        for name in 0..10_000 {
            if plain.len() > 2 && rng.random_bool(0.4) {
                let from = rng.random_range(0..plain.len());
                let moved = plain.remove(from);
                list.remove(from);
                let to = rng.random_range(0..=plain.len());
                plain.insert(to, moved);
                insert(&mut list, to, &[moved], rng);
            } else {
                let to = rng.random_range(0..=plain.len());
                plain.insert(to, name);
                insert(&mut list, to, &[name], rng);
            }
        }
        assert_sorted(&list);
        // What the store sees is the text.
        list.sort_by_key(|entry| entry.1.to_string());
        assert_eq!(list.into_iter().map(|entry| entry.0).collect::<Vec<_>>(), plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn order_survives_any_edits_of_any_size(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..100), 1..200),
            seed in any::<u64>(),
        ) {
            let rng = &mut StdRng::seed_from_u64(seed);
            let mut plain: Vec<u32> = Vec::new();
            let mut list: Vec<(u32, Position)> = Vec::new();
            for (to, count) in edits {
                let to = to.index(plain.len() + 1);
                let names: Vec<u32> = (0..count as u32).map(|name| plain.len() as u32 + name).collect();
                plain.splice(to..to, names.iter().copied());
                insert(&mut list, to, &names, rng);
            }
            assert_sorted(&list);
            prop_assert_eq!(list.into_iter().map(|entry| entry.0).collect::<Vec<_>>(), plain);
        }

        #[test]
        fn the_text_of_a_position_is_read_back(digits in prop::collection::vec(0..BASE, 1..8)) {
            let position = Position(digits);
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text);
            }
        }
    }

    #[test]
    fn positions_stay_short_when_the_same_place_is_used_10_000_times() {
        // Where each insertion goes, given the place of the last one and the length.
        type Next = fn(usize, usize) -> usize;
        let patterns: [(&str, Next, usize); 5] = [
            ("at the end", |_, length| length, 36),
            ("at the start", |_, _| 0, 36),
            ("each after the last", |last, _| last + 1, 60),
            ("each before the last", |last, _| last, 60),
            ("alternating around the last", |last, length| last + length % 2, MAX_LENGTH),
        ];
        for (name, next, longest) in patterns {
            let rng = &mut StdRng::seed_from_u64(1);
            let mut list = vec![(0, Position::nth(0)), (1, Position::nth(1)), (2, Position::nth(2))];
            let mut last = 1;
            for entry in 0..10_000 {
                last = next(last, list.len());
                insert(&mut list, last, &[entry], rng);
            }
            assert_sorted(&list);
            let length = list.iter().map(|entry| entry.1.to_string().len()).max().unwrap();
            assert!(length <= longest, "{name}: {length}");
        }
    }

    #[test]
    fn two_edits_at_one_place_do_not_tie_nor_interleave() {
        let (after, before) = (Position::nth(0), Position::nth(1));
        let first = place(Some(&after), Some(&before), 5, 100).unwrap();
        let second = place(Some(&after), Some(&before), 9, 100).unwrap();
        assert!(after < first[0] && first[99] < second[0] && second[99] < before);
    }

    #[test]
    fn there_is_room_between_any_two_positions() {
        let paths: [&[u64]; 8] = [
            &[5],
            &[5, 0, 0, 1],
            &[5, 0, 1],
            &[5, 1],
            &[5, BASE - 1, 7],
            &[5, BASE - 1, 7, 1],
            &[6, 0, 1],
            &[6, 1],
        ];
        for pair in paths.windows(2) {
            let (after, before) = (Position(pair[0].to_vec()), Position(pair[1].to_vec()));
            for position in place(Some(&after), Some(&before), 0, 3).unwrap() {
                assert!(after < position && position < before, "{after:?} {position:?} {before:?}");
            }
            assert_eq!(place(Some(&before), Some(&after), 0, 1), Err(NoRoom));
        }
    }
}
