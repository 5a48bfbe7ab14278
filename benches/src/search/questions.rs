//! What is asked: the same questions for the same rows.

use std::collections::HashMap;

use mixtape_domain::text;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::rows::Row;

/// Questions of each class.
const QUESTIONS: usize = 500;
/// Letters of a word that can be mistyped, and of one that can be twice.
const ONE_TYPO_FROM: usize = 4;
const TWO_TYPOS_FROM: usize = 8;
/// More tracks than these of one name cannot all be among the first ten.
const MAX_RIGHT: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Class {
    Exact,
    OneWord,
    Prefix,
    OneTypo,
    TwoTypos,
}

impl Class {
    const ALL: [Self; 5] = [Self::Exact, Self::OneWord, Self::Prefix, Self::OneTypo, Self::TwoTypos];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Exact => "title and artist",
            Self::OneWord => "one word",
            Self::Prefix => "unfinished last word",
            Self::OneTypo => "one typing error",
            Self::TwoTypos => "two in a long word",
        }
    }
}

/// A text and the rows that it means.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) class: Class,
    pub(super) text: String,
    /// None when it means no track in particular.
    pub(super) right: Vec<usize>,
}

/// Questions of each class from rows spread over the catalogue.
pub(super) fn ask(rows: &[Row]) -> Vec<Question> {
    let name = |row: &Row| (text::collapse(&row.title), text::collapse(&row.artist));
    let mut by_name: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        by_name.entry(name(row)).or_default().push(number);
    }
    let mut random = StdRng::seed_from_u64(1);
    let mut questions = Vec::new();
    for class in Class::ALL {
        let mut left = QUESTIONS;
        while left > 0 {
            let row = &rows[random.random_range(0..rows.len())];
            let right = &by_name[&name(row)];
            let Some(text) = written(row, class, &mut random).filter(|_| right.len() <= MAX_RIGHT) else {
                continue;
            };
            // What one word means nobody can say: too many tracks hold it.
            let right = if class == Class::OneWord { Vec::new() } else { right.clone() };
            questions.push(Question { class, text, right });
            left -= 1;
        }
    }
    questions
}

fn written(row: &Row, class: Class, random: &mut StdRng) -> Option<String> {
    let whole = format!("{} {}", row.title, row.artist);
    if whole.chars().count() > 150 || whole.contains([':', '"']) {
        return None;
    }
    let is_word = |word: &&str, from: usize| {
        word.chars().count() >= from && word.chars().all(|letter| letter.is_ascii_alphabetic())
    };
    match class {
        Class::Exact => Some(whole),
        Class::OneWord => row.title.split_whitespace().find(|word| is_word(word, 3)).map(str::to_owned),
        Class::Prefix => {
            let (before, last) = row.title.rsplit_once(' ')?;
            let typed: String = last.chars().take(last.chars().count().div_ceil(2)).collect();
            is_word(&last, 4).then(|| format!("{} {before} {typed}", row.artist))
        }
        Class::OneTypo => {
            let word = row.title.split_whitespace().find(|word| is_word(word, ONE_TYPO_FROM))?;
            Some(whole.replacen(word, &mistyped(word, random), 1))
        }
        Class::TwoTypos => {
            let word = row.title.split_whitespace().find(|word| is_word(word, TWO_TYPOS_FROM))?;
            let (one, other) = word.split_at(word.len() / 2);
            Some(whole.replacen(word, &format!("{}{}", mistyped(one, random), mistyped(other, random)), 1))
        }
    }
}

/// One letter more, less or other, or two swapped.
fn mistyped(word: &str, random: &mut StdRng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let place = random.random_range(0..letters.len() - 1);
    let other = char::from(b'a' + random.random_range(0..26));
    match random.random_range(0..4) {
        0 => letters.insert(place, other),
        1 => {
            letters.remove(place);
        }
        2 => letters[place] = other,
        _ => letters.swap(place, place + 1),
    }
    letters.into_iter().collect()
}
