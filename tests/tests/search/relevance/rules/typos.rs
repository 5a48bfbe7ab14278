//! Names with typing errors.

use super::super::catalogue::{Catalogue, Thing, words};
use super::super::judged::Wanted;
use super::letters::{Slip, slip, two_slips};
use super::typed::MOST_WORDS;

/// Letters from which a word may hold one error, and two.
const ONE_FROM: usize = 4;
const TWO_FROM: usize = 8;

/// One error in the name. A letter is missing only where four remain; where three do, it is [`short`].
pub(super) fn one(catalogue: &Catalogue, thing: &Thing, kind: Slip, seed: usize) -> Option<(String, Wanted)> {
    let from = if kind == Slip::Deletion { ONE_FROM + 1 } else { ONE_FROM };
    let typed = words(&thing.name);
    let query = mistyped(catalogue, thing, typed, 1, seed, |word| {
        (word.len() >= from).then(|| slip(word, kind, seed)).flatten()
    })?;
    Some((query, Wanted::name_of(thing)))
}

/// The title as it is, and one error in the artist's name.
pub(super) fn one_in_artist(
    catalogue: &Catalogue,
    thing: &Thing,
    kind: Slip,
    seed: usize,
) -> Option<(String, Wanted)> {
    let mut typed = words(&thing.name);
    let titled = typed.len();
    typed.extend(words(&thing.artist));
    let of_artist = typed.split_off(titled);
    let from = if kind == Slip::Deletion { ONE_FROM + 1 } else { ONE_FROM };
    // The artist first, so that the choice below falls on one of its words.
    let query = mistyped(catalogue, thing, of_artist, 1, seed, |word| {
        (word.len() >= from).then(|| slip(word, kind, seed)).flatten()
    })?;
    Some((format!("{query} {}", typed.join(" ")), Wanted::all_of(thing)))
}

/// A letter too few in a word of four.
pub(super) fn short(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let query = mistyped(catalogue, thing, words(&thing.name), 1, seed, |word| {
        (word.len() == ONE_FROM).then(|| slip(word, Slip::Deletion, seed)).flatten()
    })?;
    Some((query, Wanted::name_of(thing)))
}

/// Two errors in one long word.
pub(super) fn two(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let query = mistyped(catalogue, thing, words(&thing.name), 2, seed, |word| {
        (word.len() >= TWO_FROM).then(|| two_slips(word, seed)).flatten()
    })?;
    Some((query, Wanted::name_of(thing)))
}

/// An error in each of two words.
pub(super) fn each(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let mut typed = words(&thing.name);
    let mut long = (0..typed.len()).filter(|place| typed[*place].len() > ONE_FROM);
    let places = [long.next()?, long.last()?];
    let mut lists: Vec<Vec<&str>> = thing.words.iter().map(|word| vec![word.as_str()]).collect();
    for place in places {
        let wrong = slip(&typed[place], Slip::ALL[(seed + place) % Slip::ALL.len()], seed / 4)?;
        lists[place] = meant(catalogue, &wrong, &typed[place], 1)?;
        typed[place] = wrong;
    }
    let is_judged = typed.len() <= MOST_WORDS && catalogue.is_clear(thing.kind, &lists);
    is_judged.then(|| (typed.join(" "), Wanted::name_of(thing)))
}

/// An error in the last word, of which the end is missing.
pub(super) fn unfinished(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let (last, before) = thing.words.split_last()?;
    let length = last.len().checked_sub(1 + seed % 2)?;
    if !last.is_ascii() || length <= ONE_FROM || before.len() >= MOST_WORDS {
        return None;
    }
    let wrong = slip(&last[..length], Slip::ALL[seed % Slip::ALL.len()], seed / 4)?;
    let beginning = catalogue.starting_nearly(&wrong, 1);
    if !catalogue.starting(&wrong).is_empty() || !beginning.contains(&last.as_str()) {
        return None;
    }
    let mut lists: Vec<Vec<&str>> = before.iter().map(|word| vec![word.as_str()]).collect();
    lists.push(beginning);
    let typed: String = before.iter().flat_map(|word| [word, " "]).collect();
    catalogue.is_clear(thing.kind, &lists).then(|| (typed + &wrong, Wanted::name_of(thing)))
}

/// The words with errors in one of them, unless nobody can know what is meant or too much fits.
fn mistyped(
    catalogue: &Catalogue,
    thing: &Thing,
    typed: Vec<String>,
    errors: usize,
    seed: usize,
    slip: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if typed.len() > MOST_WORDS {
        return None;
    }
    let places: Vec<usize> = (0..typed.len()).filter(|place| slip(&typed[*place]).is_some()).collect();
    let place = *places.get(seed.checked_rem(places.len())?)?;
    let wrong = slip(&typed[place])?;
    let mut lists: Vec<Vec<&str>> = typed.iter().map(|word| vec![word.as_str()]).collect();
    lists[place] = meant(catalogue, &wrong, &typed[place], errors)?;
    if !catalogue.is_clear(thing.kind, &lists) {
        return None;
    }
    let mut typed = typed.clone();
    typed[place] = wrong;
    Some(typed.join(" "))
}

/// What a mistyped word can mean; `None` if it is another word of the catalogue or the beginning of one, or comes nearer
/// to another than to the right one.
fn meant<'a>(catalogue: &'a Catalogue, wrong: &str, right: &str, errors: usize) -> Option<Vec<&'a str>> {
    if !catalogue.starting(wrong).is_empty() || !catalogue.near(wrong, errors - 1).is_empty() {
        return None;
    }
    let near = catalogue.near(wrong, errors);
    near.contains(&right).then_some(near)
}
