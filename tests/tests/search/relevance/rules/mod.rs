//! Queries made from names by rule. A rule sees a thing and its place in the catalogue, which decides at random what
//! the place of a letter is and the like, and answers a query or, where the name is not of its kind, none.
//!
//! All rules leave out what cannot be judged: queries that more than ten things fit equally well, and errors that make
//! another word of the catalogue.

pub(super) mod filters;
pub(super) mod letters;
pub(super) mod scripts;
pub(super) mod spelling;
pub(super) mod typed;
pub(super) mod typos;

use std::collections::HashSet;

use mixtape_index::{Kind, MAX_QUERY_CHARS};

use super::catalogue::{Catalogue, Thing};
use super::judged::{Case, Class, Wanted};
use letters::Slip;

/// A query from a thing at a place.
type Ask = fn(&Catalogue, &Thing, usize) -> Option<(String, Wanted)>;

/// The class, the kind of things, how many queries at most, the rule.
type Rule = (Class, Kind, usize, Ask);

use Kind::{Album, Artist, Track};

const RULES: [Rule; 58] = [
    (Class::Exact, Track, 40, typed::name),
    (Class::Exact, Artist, 25, typed::name),
    (Class::Exact, Album, 25, typed::name),
    (Class::Prefix, Track, 30, typed::unfinished),
    (Class::Prefix, Track, 15, typed::unfinished_artist_after_title),
    (Class::Prefix, Artist, 15, typed::unfinished),
    (Class::Prefix, Album, 15, typed::unfinished),
    (Class::OneTypo, Track, 15, |all, thing, seed| typos::one(all, thing, Slip::Insertion, seed)),
    (Class::OneTypo, Track, 15, |all, thing, seed| typos::one(all, thing, Slip::Deletion, seed)),
    (Class::OneTypo, Track, 15, |all, thing, seed| typos::one(all, thing, Slip::Substitution, seed)),
    (Class::OneTypo, Artist, 8, |all, thing, seed| typos::one(all, thing, Slip::Insertion, seed)),
    (Class::OneTypo, Artist, 8, |all, thing, seed| typos::one(all, thing, Slip::Deletion, seed)),
    (Class::OneTypo, Artist, 8, |all, thing, seed| typos::one(all, thing, Slip::Substitution, seed)),
    (Class::OneTypo, Album, 5, |all, thing, seed| typos::one(all, thing, Slip::Insertion, seed)),
    (Class::OneTypo, Album, 5, |all, thing, seed| typos::one(all, thing, Slip::Deletion, seed)),
    (Class::OneTypo, Album, 5, |all, thing, seed| typos::one(all, thing, Slip::Substitution, seed)),
    (Class::OneTypo, Track, 5, |all, thing, seed| typos::one_in_artist(all, thing, Slip::Insertion, seed)),
    (Class::OneTypo, Track, 5, |all, thing, seed| typos::one_in_artist(all, thing, Slip::Deletion, seed)),
    (Class::OneTypo, Track, 5, |all, thing, seed| typos::one_in_artist(all, thing, Slip::Substitution, seed)),
    (Class::ShortTypo, Track, 15, typos::short),
    (Class::ShortTypo, Artist, 10, typos::short),
    (Class::TwoTypos, Track, 25, typos::two),
    (Class::TwoTypos, Artist, 15, typos::two),
    (Class::TwoTypos, Album, 10, typos::two),
    (Class::Swapped, Track, 25, |all, thing, seed| typos::one(all, thing, Slip::Swap, seed)),
    (Class::Swapped, Artist, 15, |all, thing, seed| typos::one(all, thing, Slip::Swap, seed)),
    (Class::Swapped, Album, 10, |all, thing, seed| typos::one(all, thing, Slip::Swap, seed)),
    (Class::Accents, Track, 20, spelling::without_accents),
    (Class::Accents, Artist, 12, spelling::without_accents),
    (Class::Accents, Album, 8, spelling::without_accents),
    (Class::Accents, Track, 10, spelling::with_wrong_accents),
    (Class::Accents, Artist, 6, spelling::with_wrong_accents),
    (Class::Accents, Track, 6, spelling::with_more_accents),
    (Class::Case, Track, 20, spelling::in_other_case),
    (Class::Case, Artist, 12, spelling::in_other_case),
    (Class::Case, Album, 8, spelling::in_other_case),
    (Class::Order, Track, 20, typed::in_other_order),
    (Class::Order, Artist, 10, typed::in_other_order),
    (Class::Order, Album, 10, typed::in_other_order),
    (Class::Combined, Track, 30, typed::with_artist),
    (Class::Combined, Album, 15, typed::with_artist),
    (Class::Punctuation, Track, 20, spelling::without_punctuation),
    (Class::Punctuation, Artist, 15, spelling::without_punctuation),
    (Class::Punctuation, Album, 10, spelling::without_punctuation),
    (Class::Punctuation, Track, 15, spelling::with_other_punctuation),
    (Class::Punctuation, Artist, 10, spelling::with_other_punctuation),
    (Class::Joined, Track, 12, spelling::joined),
    (Class::Joined, Artist, 10, spelling::joined),
    (Class::Joined, Album, 6, spelling::joined),
    (Class::Joined, Track, 12, spelling::split),
    (Class::Joined, Artist, 8, spelling::split),
    (Class::NonLatin, Track, 25, scripts::name),
    (Class::NonLatin, Artist, 8, scripts::name),
    (Class::NonLatin, Album, 5, scripts::name),
    (Class::NonLatin, Track, 25, scripts::part),
    (Class::Short, Track, 25, scripts::short),
    (Class::Short, Album, 10, scripts::short),
    (Class::Filters, Track, 60, filters::filtered),
];

/// All queries that the rules make.
pub(super) fn cases(catalogue: &Catalogue) -> Vec<Case> {
    let mut known = HashSet::new();
    let mut cases = Vec::new();
    for (number, (class, kind, most, ask)) in RULES.iter().enumerate() {
        let asked = catalogue.spread(*kind, number).filter_map(|(place, thing)| ask(catalogue, thing, place));
        let fresh = asked
            .filter(|(query, _)| query.chars().count() <= MAX_QUERY_CHARS)
            .filter(|(query, wanted)| known.insert((query.clone(), wanted.kind)));
        cases.extend(fresh.take(*most).map(|(query, wanted)| Case { class: *class, query, wanted }));
    }
    cases
}
