//! Names in another spelling: accents, case, punctuation, spaces.

use mixtape_index::Kind;

use super::super::catalogue::{Catalogue, Thing, same};
use super::super::judged::Wanted;

/// Accented letters in groups: what is typed instead, and the letters. The first of a group is what a keyboard has.
const ACCENTED: [(&str, &str); 19] = [
    ("a", "áàâäãåāăą"),
    ("c", "çćč"),
    ("d", "ďđð"),
    ("e", "éèêëēęě"),
    ("g", "ğģ"),
    ("i", "íìîïī"),
    ("l", "łľ"),
    ("n", "ñńň"),
    ("o", "óòôöõőø"),
    ("r", "řŕ"),
    ("s", "śšş"),
    ("t", "ťţ"),
    ("u", "úùûüűů"),
    ("y", "ýÿ"),
    ("z", "źżž"),
    ("ss", "ß"),
    ("ae", "æ"),
    ("oe", "œ"),
    ("th", "þ"),
];
/// What people leave out without a thought.
const LEFT_OUT: &str = "'’‘´.!?¿¡\"“”()[]:;,*…";
/// What people leave out or replace by a space: a sign between two parts of a word.
const BETWEEN: &str = "-–/+•·";
/// The longest part of a word that is written as one with what comes after the sign: ac/dc, t-kay.
const SHORT_PART: usize = 3;
/// The shortest part of a word that is split, and the shortest words that are joined.
const SHORTEST_PART: usize = 3;

fn group(letter: char) -> Option<(&'static str, &'static str)> {
    ACCENTED.into_iter().find(|(_, letters)| letters.contains(letter))
}

fn has_accents(name: &str) -> bool {
    name.to_lowercase().chars().any(|letter| group(letter).is_some())
}

/// The query, unless it is the name of something else or the name itself.
fn respelled(catalogue: &Catalogue, thing: &Thing, query: String) -> Option<(String, Wanted)> {
    let is_another = same(&query) != same(&thing.name) && catalogue.has(thing.kind, &query);
    (query != thing.name && !is_another).then(|| (query, Wanted::name_of(thing)))
}

fn replaced(name: &str, letters: impl Fn(char) -> Option<String>) -> String {
    name.to_lowercase().chars().map(|letter| letters(letter).unwrap_or_else(|| letter.to_string())).collect()
}

pub(super) fn without_accents(catalogue: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    if !has_accents(&thing.name) {
        return None;
    }
    respelled(catalogue, thing, replaced(&thing.name, |letter| Some(group(letter)?.0.to_owned())))
}

/// Each accent is another one of the same letter.
pub(super) fn with_wrong_accents(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let query = replaced(&thing.name, |letter| {
        let others: Vec<char> = group(letter)?.1.chars().filter(|other| *other != letter).collect();
        others.get(seed.checked_rem(others.len())?).map(char::to_string)
    });
    (query != thing.name.to_lowercase()).then(|| respelled(catalogue, thing, query)).flatten()
}

/// A letter of a name without accents gets one, as in Motörhead.
pub(super) fn with_more_accents(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let name = thing.name.to_lowercase();
    let vowels: Vec<usize> = name.match_indices(['a', 'e', 'i', 'o', 'u']).map(|(place, _)| place).collect();
    let place = *vowels.get(seed.checked_rem(vowels.len())?)?;
    if has_accents(&name) || !name.is_ascii() {
        return None;
    }
    let (_, accented) = ACCENTED.into_iter().find(|(plain, _)| *plain == &name[place..=place])?;
    let letter = accented.chars().nth(seed % accented.chars().count())?;
    respelled(catalogue, thing, format!("{}{letter}{}", &name[..place], &name[place + 1..]))
}

pub(super) fn in_other_case(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let invert = |letter: char| {
        if letter.is_uppercase() {
            letter.to_lowercase().to_string()
        } else {
            letter.to_uppercase().to_string()
        }
    };
    let query = match seed % 3 {
        0 => thing.name.to_lowercase(),
        1 => thing.name.to_uppercase(),
        // As with a caps lock.
        _ => thing.name.chars().map(invert).collect(),
    };
    respelled(catalogue, thing, query)
}

/// Without any punctuation. What stands between two long parts of a word becomes a space.
pub(super) fn without_punctuation(
    catalogue: &Catalogue,
    thing: &Thing,
    _: usize,
) -> Option<(String, Wanted)> {
    let words: Vec<String> =
        thing.name.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
    let query = words.join(" ");
    let has_letters = query.chars().any(char::is_alphanumeric);
    (has_letters && query != thing.name).then(|| respelled(catalogue, thing, query.to_lowercase())).flatten()
}

fn bare(word: &str) -> String {
    let kept: String = word.chars().filter(|letter| !LEFT_OUT.contains(*letter)).collect();
    let parts: Vec<&str> =
        kept.split(|letter| BETWEEN.contains(letter)).filter(|part| !part.is_empty()).collect();
    let is_short = parts.len() > 1 && parts.iter().any(|part| part.chars().count() <= SHORT_PART);
    parts.join(if is_short { "" } else { " " })
}

/// Other quotes, other dashes, `&` for "and" and the other way round, dots and dashes as spaces.
pub(super) fn with_other_punctuation(
    catalogue: &Catalogue,
    thing: &Thing,
    seed: usize,
) -> Option<(String, Wanted)> {
    let mut name = thing.name.clone();
    for (one, other) in [("'", "\u{2019}"), ("-", "\u{2013}"), (" & ", " and ")] {
        name = if name.contains(one) {
            name.replace(one, other)
        } else {
            name.replace(other, one).replace(&other.replace('a', "A"), one)
        };
    }
    if seed.is_multiple_of(2) {
        name = name.replace(['\u{2013}', '-', '/'], " ").replace('.', " ");
    }
    if name.contains('"') {
        name = name.replacen('"', "\u{201C}", 1).replacen('"', "\u{201D}", 1);
    }
    let is_respelled = name != thing.name && name.trim() != thing.name.trim();
    is_respelled.then(|| respelled(catalogue, thing, name)).flatten()
}

/// Two words as one: all of the name if there are two, the first two of more.
pub(super) fn joined(catalogue: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    let name = thing.name.to_lowercase();
    let words: Vec<&str> = name.split(' ').collect();
    let [first, second, rest @ ..] = words.as_slice() else { return None };
    let is_plain =
        |word: &str| word.len() >= SHORTEST_PART && word.bytes().all(|letter| letter.is_ascii_lowercase());
    let joined = format!("{first}{second}");
    if rest.len() > 2 || !is_plain(first) || !is_plain(second) || catalogue.knows(&joined) {
        return None;
    }
    let query = std::iter::once(joined.as_str()).chain(rest.iter().copied()).collect::<Vec<_>>().join(" ");
    respelled(catalogue, thing, query)
}

/// The artist's name of two words as one, before or after the title.
pub(super) fn joined_beside(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let artist = Thing { kind: Kind::Artist, name: thing.artist.clone(), ..thing.clone() };
    let (artist, _) = joined(catalogue, &artist, seed)?;
    beside(thing, &artist, seed)
}

/// A compound in the artist's name as two words, before or after the title.
pub(super) fn split_beside(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let artist = Thing { kind: Kind::Artist, name: thing.artist.clone(), ..thing.clone() };
    let (artist, _) = split(catalogue, &artist, seed)?;
    beside(thing, &artist, seed)
}

fn beside(thing: &Thing, artist: &str, seed: usize) -> Option<(String, Wanted)> {
    let title = thing.name.to_lowercase();
    let query =
        if seed.is_multiple_of(2) { format!("{title} {artist}") } else { format!("{artist} {title}") };
    Some((query, Wanted::all_of(thing)))
}

/// One word as two that are words too: thunder struck.
pub(super) fn split(catalogue: &Catalogue, thing: &Thing, _: usize) -> Option<(String, Wanted)> {
    let name = thing.name.to_lowercase();
    let words: Vec<&str> = name.split(' ').collect();
    if words.len() > 3 || !name.is_ascii() {
        return None;
    }
    let compound = words.iter().find_map(|word| {
        let places = SHORTEST_PART..word.len().checked_sub(SHORTEST_PART)? + 1;
        let mut halves = places.map(|place| word.split_at(place));
        let (left, right) = halves.find(|(left, right)| catalogue.knows(left) && catalogue.knows(right))?;
        Some((*word, format!("{left} {right}")))
    });
    let (word, halves) = compound?;
    let query = name.replacen(word, &halves, 1);
    respelled(catalogue, thing, query)
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn punctuation_goes_as_people_leave_it_out() {
    for (word, expected) in [
        ("AC/DC", "ACDC"),
        ("Don’t", "Dont"),
        ("P.R.O.K.O.V", "PROKOV"),
        ("Day-In", "DayIn"),
        ("Hyper-Ballad", "Hyper Ballad"),
        ("(81–82)", "8182"),
        ("-", ""),
    ] {
        assert_eq!(bare(word), expected, "{word}");
    }
}
