//! Names with typing errors.

use mixtape_index::Kind;

use super::super::catalogue::{Catalogue, Thing, words};
use super::super::judged::Wanted;
use super::letters::{Slip, slip, two_slips};
use super::typed::MOST_WORDS;

/// Letters from which a word may hold one error, and two.
const ONE_FROM: usize = 4;
const TWO_FROM: usize = 8;

/// A query before anything in it is wrong.
struct Typed<'a> {
    catalogue: &'a Catalogue,
    kind: Kind,
    words: Vec<String>,
    /// How many of them, from the first on, may be mistyped.
    mistakable: usize,
}

impl<'a> Typed<'a> {
    fn name(catalogue: &'a Catalogue, thing: &Thing) -> Self {
        let words = thing.words.clone();
        Self { catalogue, kind: thing.kind, mistakable: words.len(), words }
    }

    /// The artist, mistyped, and the title.
    fn artist_before_title(catalogue: &'a Catalogue, thing: &Thing) -> Self {
        let mut words = words(&thing.artist);
        let mistakable = words.len();
        words.extend(thing.words.iter().cloned());
        Self { catalogue, kind: thing.kind, words, mistakable }
    }

    /// The query with so many errors in one word, unless nobody can know what is meant or too much fits.
    fn with_errors(
        mut self,
        errors: usize,
        seed: usize,
        slip: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let slips: Vec<(usize, String)> =
            (0..self.mistakable).filter_map(|place| Some((place, slip(&self.words[place])?))).collect();
        let (place, wrong) = slips.get(seed.checked_rem(slips.len())?)?.clone();
        let mut lists: Vec<Vec<&str>> = self.words.iter().map(|word| vec![word.as_str()]).collect();
        lists[place] = meant(self.catalogue, &wrong, &self.words[place], errors)?;
        if self.words.len() > MOST_WORDS || !self.catalogue.is_clear(self.kind, &lists) {
            return None;
        }
        self.words[place] = wrong;
        Some(self.words.join(" "))
    }
}

/// One error in a word that is long enough. A letter is missing only where four remain; where three do, it is
/// [`short`].
fn one_slip(word: &str, kind: Slip, seed: usize) -> Option<String> {
    let from = if kind == Slip::Deletion { ONE_FROM + 1 } else { ONE_FROM };
    if word.len() < from { None } else { slip(word, kind, seed) }
}

/// One error in the name.
pub(super) fn one(catalogue: &Catalogue, thing: &Thing, kind: Slip, seed: usize) -> Option<(String, Wanted)> {
    let query = Typed::name(catalogue, thing).with_errors(1, seed, |word| one_slip(word, kind, seed))?;
    Some((query, Wanted::name_of(thing)))
}

/// One error in the artist's name, and the title as it is.
pub(super) fn one_in_artist(
    catalogue: &Catalogue,
    thing: &Thing,
    kind: Slip,
    seed: usize,
) -> Option<(String, Wanted)> {
    let typed = Typed::artist_before_title(catalogue, thing);
    let query = typed.with_errors(1, seed, |word| one_slip(word, kind, seed))?;
    Some((query, Wanted::all_of(thing)))
}

/// A letter too few in a word of four.
pub(super) fn short(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let query = Typed::name(catalogue, thing).with_errors(1, seed, |word| {
        if word.len() == ONE_FROM { slip(word, Slip::Deletion, seed) } else { None }
    })?;
    Some((query, Wanted::name_of(thing)))
}

/// Two errors in one long word.
pub(super) fn two(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let query = Typed::name(catalogue, thing)
        .with_errors(2, seed, |word| if word.len() < TWO_FROM { None } else { two_slips(word, seed) })?;
    Some((query, Wanted::name_of(thing)))
}

/// An error in each of two words.
pub(super) fn each(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let mut typed = thing.words.clone();
    let mut long = (0..typed.len()).filter(|place| typed[*place].len() > ONE_FROM);
    let places = [long.next()?, long.next_back()?];
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
    let is_another = !catalogue.starting(&wrong).is_empty() || !catalogue.near(&wrong, 1).is_empty();
    if is_another || !beginning.contains(&last.as_str()) {
        return None;
    }
    let mut lists: Vec<Vec<&str>> = before.iter().map(|word| vec![word.as_str()]).collect();
    lists.push(beginning);
    let typed: String = before.iter().flat_map(|word| [word, " "]).collect();
    catalogue.is_clear(thing.kind, &lists).then(|| (typed + &wrong, Wanted::name_of(thing)))
}

/// What a mistyped word can mean; `None` if it is another word of the catalogue or the beginning of one, or comes
/// nearer to another than to the right one.
fn meant<'a>(catalogue: &'a Catalogue, wrong: &str, right: &str, errors: usize) -> Option<Vec<&'a str>> {
    if !catalogue.starting(wrong).is_empty() || !catalogue.near(wrong, errors - 1).is_empty() {
        return None;
    }
    let near = catalogue.near(wrong, errors);
    near.contains(&right).then_some(near)
}
