//! Filters, alone and together.

use mixtape_index::Kind;

use super::super::catalogue::{Catalogue, Thing, words};
use super::super::judged::Wanted;

/// A query with filters that this track fits; the seed decides which.
pub(super) fn filtered(catalogue: &Catalogue, thing: &Thing, seed: usize) -> Option<(String, Wanted)> {
    let Thing { name, artist, .. } = thing;
    let (album, year) = (thing.album.as_ref()?, thing.year?);
    let genre = thing.genres.first()?;
    let is_quotable = ![name, artist, album].into_iter().any(|text| text.contains('"') || text.contains(':'));
    if !is_quotable || words(name).is_empty() {
        return None;
    }
    let (from, to) = (year - year % 10, year - year % 10 + 9);
    let here = Wanted::all_of(thing);
    Some(match seed % 8 {
        0 => (format!("artist:\"{artist}\" {name}"), here),
        1 => (format!("album:\"{album}\" {name}"), here.on(album)),
        2 => (format!("{name} year:{year}"), Wanted::name_of(thing).within(year, year)),
        3 => (format!("artist:\"{artist}\" year:{from}..{to} {name}"), here.within(from, to)),
        4 => (format!("genre:\"{}\" {name}", genre.to_lowercase()), Wanted::name_of(thing)),
        5 if is_one(catalogue, Kind::Album, album) && is_one(catalogue, Kind::Artist, artist) => {
            (format!("artist:\"{artist}\" album:\"{album}\""), Wanted::any(Kind::Track).by(artist).on(album))
        }
        6 if is_one(catalogue, Kind::Artist, artist) => (
            format!("artist:\"{artist}\" year:{year}").to_lowercase(),
            Wanted::any(Kind::Track).by(artist).within(year, year),
        ),
        7 => {
            let word = words(artist).into_iter().max_by_key(String::len)?;
            (format!("{name} artist:{word} genre:{}", words(genre).first()?), here)
        }
        _ => return None,
    })
}

/// Whether only one name of this kind holds all these words: a filter by them means no other.
fn is_one(catalogue: &Catalogue, kind: Kind, name: &str) -> bool {
    let wanted = words(name);
    let mut holding = catalogue
        .things
        .iter()
        .filter(|thing| thing.kind == kind && wanted.iter().all(|word| thing.words.contains(word)));
    !wanted.is_empty() && holding.next().is_some() && holding.next().is_none()
}
