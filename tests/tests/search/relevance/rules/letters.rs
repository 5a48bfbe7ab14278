//! Typing errors in one word.

/// Each letter's neighbours on the keyboard.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A kind of typing error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Slip {
    /// A letter too many: a neighbour on the keyboard is hit too.
    Insertion,
    /// A letter too few.
    Deletion,
    /// A neighbour on the keyboard instead of the letter.
    Substitution,
    /// Two neighbours in the word in the wrong order.
    Swap,
}

impl Slip {
    pub(super) const ALL: [Self; 4] = [Self::Insertion, Self::Deletion, Self::Substitution, Self::Swap];
}

/// The word with one error; the seed decides where. `None` where the word cannot have this error: it holds other
/// letters than a to z, or the letters to swap are equal.
pub(super) fn slip(word: &str, kind: Slip, seed: usize) -> Option<String> {
    slip_within(word, kind, seed, 0..word.len())
}

/// The word with an error in each half.
pub(super) fn two_slips(word: &str, seed: usize) -> Option<String> {
    let middle = word.len() / 2;
    let kind = |number: usize| Slip::ALL[number % Slip::ALL.len()];
    let first = slip_within(word, kind(seed), seed, 1..middle - 1)?;
    let longer = first.len() as isize - word.len() as isize;
    let from = middle.checked_add_signed(longer)? + 1;
    slip_within(&first, kind(seed / 4), seed / 3, from..first.len())
}

fn slip_within(word: &str, kind: Slip, seed: usize, places: std::ops::Range<usize>) -> Option<String> {
    if !word.bytes().all(|letter| letter.is_ascii_lowercase()) || places.is_empty() {
        return None;
    }
    let mut letters: Vec<char> = word.chars().collect();
    let place = places.start + seed % places.len();
    match kind {
        Slip::Insertion => letters.insert(place, neighbour(letters[place], seed)),
        Slip::Deletion => {
            letters.remove(place);
        }
        Slip::Substitution => letters[place] = neighbour(letters[place], seed),
        Slip::Swap => {
            let next = if place + 1 < places.end { place + 1 } else { place.checked_sub(1)? };
            letters.swap(place, next);
        }
    }
    let slipped: String = letters.into_iter().collect();
    (slipped != word).then_some(slipped)
}

/// A letter beside this one on the keyboard.
fn neighbour(letter: char, seed: usize) -> char {
    let place = KEYS.iter().find_map(|row| row.find(letter).map(|place| (row.as_bytes(), place)));
    let (row, place) = place.expect("a letter from a to z");
    let beside =
        if (seed.is_multiple_of(2) || place == 0) && place + 1 < row.len() { place + 1 } else { place - 1 };
    char::from(row[beside])
}

/// How many insertions, deletions, substitutions and swaps of neighbours lie between two words (optimal string
/// alignment distance).
pub(in super::super) fn errors(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let substituted = above[column] + usize::from(letter != other);
            let mut least = substituted.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}

fn distance(left: &str, right: &str) -> usize {
    errors(&left.chars().collect::<Vec<_>>(), &right.chars().collect::<Vec<_>>())
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn errors_are_counted_as_people_make_them() {
    for (left, right, expected) in [
        ("bjork", "bjork", 0),
        ("bjork", "bjrok", 1),
        ("bjork", "bork", 1),
        ("bjork", "bjoerk", 1),
        ("bjork", "njork", 1),
        ("bjork", "jbrok", 2),
        ("ca", "abc", 3),
        ("bjork", "", 5),
        ("thunder", "htundre", 2),
    ] {
        assert_eq!((distance(left, right), distance(right, left)), (expected, expected), "{left} {right}");
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn a_slip_is_one_error_and_two_slips_are_two() {
    for seed in 0..200 {
        for word in ["lady", "stockholm", "thunderstruck"] {
            for kind in Slip::ALL {
                if let Some(slipped) = slip(word, kind, seed) {
                    assert_eq!(distance(word, &slipped), 1, "{word} {slipped}");
                }
            }
        }
        for word in ["thunderstruck", "stockholm", "military"] {
            if let Some(slipped) = two_slips(word, seed) {
                assert!((1..=2).contains(&distance(word, &slipped)), "{word} {slipped}");
            }
        }
    }
    assert_eq!(slip("lady", Slip::Deletion, 1).as_deref(), Some("ldy"));
    assert_eq!(slip("lady", Slip::Swap, 3).as_deref(), Some("layd"));
    assert_eq!(slip("björk", Slip::Swap, 3), None);
    assert_eq!(slip("aaaa", Slip::Swap, 1), None);
}
