//! Names as they are, unfinished, turned round, together with the artist.

use mixtape_index::Kind;

use super::super::catalogue::{Catalogue, Thing, words as words_of};
use super::super::judged::Wanted;

/// The shortest beginning of a word that is asked for.
const SHORTEST_START: usize = 2;
/// Longer names nobody types word by word.
pub(super) const MOST_WORDS: usize = 6;

pub(super) fn name(_: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    Some((thing.name.clone(), Wanted::name_of(thing)))
}

/// The name as it stands in the search field while it is typed: as much of the last word as the seed says, or more until
/// this is no word of its own and the query is clear.
pub(super) fn unfinished(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let query = start_of(catalogue, thing.kind, "", &thing.name, seed)?;
    Some((query, Wanted::name_of(thing)))
}

pub(super) fn unfinished_artist_after_title(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let query = start_of(catalogue, thing.kind, &format!("{} ", thing.name), &thing.artist, seed)?;
    Some((query, Wanted::all_of(thing)))
}

fn start_of(catalogue: &Catalogue, kind: Kind, before: &str, name: &str, seed: usize) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let (last, others) = words.split_last()?;
    let letters = last.chars().count();
    if words.len() > MOST_WORDS || letters <= SHORTEST_START + 1 || !last.chars().all(char::is_alphabetic) {
        return None;
    }
    let shortest = SHORTEST_START + seed % (letters - SHORTEST_START - 1);
    let others: String = others.iter().flat_map(|word| [word, " "]).collect();
    let starts = (shortest..letters).map(|length| last.chars().take(length).collect::<String>());
    let mut unfinished = starts.filter(|start| !words_of(start).iter().any(|word| catalogue.knows(word)));
    unfinished
        .find(|start| catalogue.is_clear_as_typed(kind, &format!("{before}{others}{start}")))
        .map(|start| format!("{before}{others}{start}"))
}

pub(super) fn in_other_order(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let mut words: Vec<&str> = thing.name.split_whitespace().collect();
    if !(2..=MOST_WORDS).contains(&words.len())
        || !words.iter().all(|word| word.chars().any(char::is_alphabetic))
    {
        return None;
    }
    if seed.is_multiple_of(2) {
        words.reverse();
    } else {
        words.rotate_left(1);
    }
    let query = words.join(" ");
    let is_another = catalogue.has(thing.kind, &query);
    (!is_another && catalogue.is_clear_as_typed(thing.kind, &query)).then(|| (query, Wanted::name_of(thing)))
}

/// Title and artist, artist and title, with and without a dash.
pub(super) fn with_artist(_: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let Thing { name, artist, .. } = thing;
    let query = match seed % 4 {
        0 => format!("{name} {artist}"),
        1 => format!("{artist} {name}"),
        2 => format!("{artist} - {name}").to_lowercase(),
        _ => format!("{name} {artist}").to_lowercase(),
    };
    Some((query, Wanted::all_of(thing)))
}
