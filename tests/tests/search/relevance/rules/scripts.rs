//! Names in other scripts, and very short ones.

use super::super::catalogue::{Catalogue, Thing, same};
use super::super::judged::Wanted;

/// Letters and digits of a name that is short.
const SHORT: usize = 2;
/// Characters of the part of a name that is looked for.
const PART: std::ops::RangeInclusive<usize> = 2..=4;

fn is_latin(letter: char) -> bool {
    matches!(letter, '\0'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' | '\u{2000}'..='\u{2FFF}')
}

/// Of Chinese, Japanese and Korean names, in which no spaces separate words.
fn is_cjk(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}')
}

/// As it is, in lower case, with the artist.
pub(super) fn name(_: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    if thing.name.chars().filter(|letter| letter.is_alphabetic()).all(is_latin) {
        return None;
    }
    Some(match seed % 3 {
        0 => (thing.name.clone(), Wanted::name_of(thing)),
        1 => (thing.name.to_lowercase(), Wanted::name_of(thing)),
        _ if thing.artist == thing.name => return None,
        _ => (format!("{} {}", thing.artist, thing.name), Wanted::all_of(thing)),
    })
}

/// A few neighbouring characters of a name in which words are not separated. Whatever holds them is right.
pub(super) fn part(_: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let runs: Vec<&str> = thing.name.split(|letter| !is_cjk(letter)).collect();
    let run: Vec<char> = runs.into_iter().max_by_key(|run| run.len())?.chars().collect();
    let length = PART.start() + seed % PART.count();
    if run.len() <= length {
        return None;
    }
    let start = seed % (run.len() - length + 1);
    let query: String = run[start..start + length].iter().collect();
    Some((query.clone(), Wanted::any(thing.kind).holding(&query)))
}

/// A name of one or two letters, alone or with the artist.
pub(super) fn short(_: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    if same(&thing.name).chars().count() > SHORT {
        return None;
    }
    Some(if seed.is_multiple_of(2) {
        (thing.name.clone(), Wanted::name_of(thing))
    } else {
        (format!("{} {}", thing.name, thing.artist), Wanted::all_of(thing))
    })
}
