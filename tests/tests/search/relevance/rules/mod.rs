//! Queries made from names by rule. A rule sees a thing and its place in the catalogue, which stands for chance: it
//! decides which letter is wrong and the like. It answers a query or, where the name is not of its kind, none.
//!
//! What nobody could judge is left out:
//!
//! - A query whose words more than ten things hold (all of them, in title, artist or album) may be answered with any of
//!   them: unfinished and mistyped names. A mistyped word counts as all words that are as near.
//! - A mistyped word that is a word of the catalogue or the beginning of one, or nearer to another word than to the
//!   right one, is not mistyped.
//! - An unfinished word that is a word of its own is finished, and one that is also mistyped and as near to a whole
//!   word means that one.
//! - Some words of a name, and words in another order, must be in no other name.
//! - A name without its accents, with others, with other spaces or signs must not be the name of something else.
//! - Two joined words must not make a word of the catalogue.
//! - Filters that stand alone must name an artist or an album whose words are in no other name.
//! - A query that is longer than the API takes, and one that another rule has made.

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

const RULES: [Rule; 73] = [
    (Class::Exact, Track, 40, typed::name),
    (Class::Exact, Artist, 25, typed::name),
    (Class::Exact, Album, 25, typed::name),
    (Class::Prefix, Track, 30, typed::unfinished),
    (Class::Prefix, Track, 15, typed::unfinished_artist_after_title),
    (Class::Prefix, Artist, 15, typed::unfinished),
    (Class::Prefix, Album, 15, typed::unfinished),
    (Class::Partial, Track, 25, typed::part),
    (Class::Partial, Track, 25, typed::part_with_artist),
    (Class::Partial, Artist, 10, typed::part),
    (Class::Partial, Album, 10, typed::part),
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
    (Class::TypoEach, Track, 20, typos::each),
    (Class::TypoEach, Artist, 15, typos::each),
    (Class::TypoEach, Album, 5, typos::each),
    (Class::PrefixTypo, Track, 20, typos::unfinished),
    (Class::PrefixTypo, Artist, 15, typos::unfinished),
    (Class::PrefixTypo, Album, 5, typos::unfinished),
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
    (Class::Combined, Track, 20, typed::version_with_artist),
    (Class::Combined, Track, 15, typed::long_with_artist),
    (Class::Combined, Track, 15, typed::with_album),
    (Class::Combined, Album, 25, typed::with_artist),
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
    (Class::Joined, Track, 12, spelling::joined_beside),
    (Class::Joined, Track, 8, spelling::split_beside),
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
        let before = RULES[..number].iter().filter(|rule| rule.0 == *class).count();
        let asked = catalogue
            .spread(*kind, seed(*class) + before)
            .filter_map(|(place, thing)| ask(catalogue, thing, place));
        let fresh = asked
            .filter(|(query, _)| query.chars().count() <= MAX_QUERY_CHARS)
            .filter(|(query, wanted)| known.insert((query.clone(), wanted.kind)));
        cases.extend(fresh.take(*most).map(|(query, wanted)| Case { class: *class, query, wanted }));
    }
    cases
}

/// Where the rules of a class start to look. It is the class's own, so that a new class changes no other's queries.
fn seed(class: Class) -> usize {
    class.as_str().bytes().map(usize::from).sum()
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_rules_find_enough_to_ask() {
    let Some(path) = tests::catalogue() else { return };
    let catalogue = Catalogue::read(&path);
    let made = cases(&catalogue);
    for class in Class::ALL {
        let asked = made.iter().filter(|case| case.class == class).count();
        let is_by_hand = matches!(class, Class::Popular | Class::Sloppy);
        assert!(asked >= 20 || is_by_hand, "{asked} queries of {}", class.as_str());
    }
    let again = cases(&Catalogue::read(&path));
    assert!(made.iter().map(|case| &case.query).eq(again.iter().map(|case| &case.query)), "other queries");
}
