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

/// The words with errors in one of them, unless this makes another word of the catalogue or the beginning of one, comes
/// nearer to another than to what is meant, or fits too much.
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
    if !catalogue.starting(&wrong).is_empty() || !catalogue.near(&wrong, errors - 1).is_empty() {
        return None;
    }
    let near = catalogue.near(&wrong, errors);
    if !near.contains(&typed[place].as_str()) {
        return None;
    }
    let mut lists: Vec<Vec<&str>> = typed.iter().map(|word| vec![word.as_str()]).collect();
    lists[place] = near;
    if !catalogue.is_clear(thing.kind, &lists) {
        return None;
    }
    let mut typed = typed.clone();
    typed[place] = wrong;
    Some(typed.join(" "))
}
