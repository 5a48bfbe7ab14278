//! Names as they are, unfinished, turned round, together with the artist.

use mixtape_index::Kind;

use super::super::catalogue::{Catalogue, Thing, words as words_of};
use super::super::judged::Wanted;

/// The shortest beginning of a word that is asked for.
const SHORTEST_START: usize = 2;
/// Words of which a part of a name consists.
const PART: usize = 2;
/// Words of title and artist from which they are long together.
const LONG: usize = 12;
/// Longer names nobody types word by word.
pub(super) const MOST_WORDS: usize = 6;

pub(super) fn name(_: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    Some((thing.name.clone(), Wanted::name_of(thing)))
}

/// The name as it stands in the search field while it is typed: as much of the last word as the seed says, or more
/// until this is no word of its own and the query is clear.
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
    catalogue.is_meant_alone(thing, &query).then(|| (query, Wanted::name_of(thing)))
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

/// As [`with_artist`], of one of several versions: Never (Love To Infinity Radio Mix).
pub(super) fn version_with_artist(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    thing.name.contains('(').then(|| with_artist(catalogue, thing, seed)).flatten()
}

/// As [`with_artist`], of long names: movements and their orchestras.
pub(super) fn long_with_artist(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let words = thing.words.len() + words_of(&thing.artist).len();
    (words >= LONG).then(|| with_artist(catalogue, thing, seed)).flatten()
}

/// Title and album, album and title.
pub(super) fn with_album(_: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let (name, album) = (&thing.name, thing.album.as_ref()?);
    let query = if seed.is_multiple_of(2) { format!("{name} {album}") } else { format!("{album} {name}") };
    Some((query, Wanted::name_of(thing).on(album)))
}

/// The two longest words of a name of more than two.
pub(super) fn part(catalogue: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    let mut kept = thing.words.clone();
    while kept.len() > PART {
        let shortest = (0..kept.len()).min_by_key(|place| kept[*place].len())?;
        kept.remove(shortest);
    }
    let query = kept.join(" ");
    let is_judged = thing.words.len() > PART && catalogue.is_meant_alone(thing, &query);
    is_judged.then(|| (query, Wanted::name_of(thing)))
}

/// The longest word of the title and the longest of the artist's name, in either order.
pub(super) fn part_with_artist(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let of_name = thing.words.iter().max_by_key(|word| word.len())?.clone();
    let of_artist = words_of(&thing.artist).into_iter().max_by_key(String::len)?;
    let query = if seed.is_multiple_of(2) {
        format!("{of_name} {of_artist}")
    } else {
        format!("{of_artist} {of_name}")
    };
    catalogue.is_meant_alone(thing, &query).then(|| (query, Wanted::all_of(thing)))
}
