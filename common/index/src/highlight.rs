//! Which parts of a name a query meant.

use std::collections::{HashMap, HashSet};

use mixtape_domain::text;

use crate::names::Bag;
use crate::plan::{Plan, Slot, Stage, Way};
use crate::query::{Field, Query};
use crate::ranking::Places;

/// Longer words are shown as met as a whole, whichever part was typed.
const MAX_PART_CHARS: usize = 40;

/// A part of a name. All parts together are the name as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    /// Whether the query meant this part.
    pub is_match: bool,
}

/// A query, ready to be shown in the names that it found.
#[derive(Debug)]
pub struct Highlighter {
    /// The slots of each term and each filter, each once: as typed, and with typing errors.
    slots: Vec<[Slot; 2]>,
    /// The slots of neighbours that are one word of a name.
    joined: Vec<Slot>,
    /// Written words that were looked at, by their place, with the words by which they are found: names repeat them.
    bags: HashMap<(u8, String), Bag>,
}

impl Highlighter {
    pub fn new(query: &Query) -> Self {
        let slots = |stage| {
            let Plan { slots, filters, .. } = Plan::new(query, stage);
            let (joined, terms): (Vec<_>, Vec<_>) = slots.into_iter().partition(Slot::is_joined);
            (terms.into_iter().chain(filters).collect::<Vec<_>>(), joined)
        };
        let ((literal, _), (tolerant, joined)) = (slots(Stage::Literal), slots(Stage::Tolerant));
        let mut seen = HashSet::new();
        let pairs = literal.into_iter().zip(tolerant).map(|(literal, tolerant)| [literal, tolerant]);
        let slots = pairs.filter(|[literal, _]| seen.insert(format!("{literal:?}"))).collect();
        Self { slots, joined, bags: HashMap::new() }
    }

    /// The names of one thing in parts, in the order given.
    pub fn parts(&mut self, names: &[(Field, &str)]) -> Vec<Vec<Part>> {
        let Self { slots, joined, bags } = self;
        let mut bag = Bag::default();
        for (field, name) in names {
            bag.add([name], place(*field));
        }
        // A typing error is only looked for in what is not there as typed.
        let met = |[literal, tolerant]: &'_ [Slot; 2]| match bag.meets(literal) {
            Some(_) => 0,
            None => usize::from(bag.meets(tolerant).is_some()),
        };
        let slots = slots.iter().map(|stages| &stages[met(stages)]).chain(joined.iter());
        let slots: Vec<&Slot> = slots.collect();
        names.iter().map(|(field, name)| parts(name, place(*field), &slots, bags)).collect()
    }
}

fn place(field: Field) -> Places {
    match field {
        Field::Track => Places::TITLE,
        Field::Artist => Places::ARTIST,
        Field::Album => Places::ALBUM,
        Field::Genre => Places::GENRE,
    }
}

fn parts(name: &str, place: Places, slots: &[&Slot], bags: &mut HashMap<(u8, String), Bag>) -> Vec<Part> {
    let mut parts = Parts::default();
    let mut rest = name;
    while !rest.is_empty() {
        let space = rest.len() - rest.trim_start().len();
        parts.push(&rest[..space], false);
        rest = &rest[space..];
        if rest.is_empty() {
            break;
        }
        let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        let bag = bags.entry((place.0, word.to_owned())).or_insert_with(|| {
            let mut bag = Bag::default();
            bag.add([word], place);
            bag
        });
        let ranges = slots.iter().filter_map(|slot| range(word, place, bag, slot));
        let range = ranges.max_by_key(|range| range.len());
        let (from, to) = range.map_or((0, 0), |range| (range.start, range.end));
        parts.push(&word[..from], false);
        parts.push(&word[from..to], true);
        parts.push(&word[to..], false);
        rest = after;
    }
    parts.0
}

/// Neighbours of one kind become one part.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, text: &str, is_match: bool) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.is_match == is_match => last.text.push_str(text),
            _ => self.0.push(Part { text: text.to_owned(), is_match }),
        }
    }
}

/// The bytes of a written word that a slot meant. `bag` holds the words by which it is found.
fn range(word: &str, place: Places, bag: &Bag, slot: &Slot) -> Option<std::ops::Range<usize>> {
    let longest =
        |way: &Way| way.typed().filter_map(|typed| find(word, typed)).max_by_key(|range| range.len());
    if bag.meets(slot).is_some() {
        // As far as it was typed; where it was typed otherwise, all of it.
        return Some(slot.ways.iter().filter_map(longest).next().unwrap_or(0..word.len()));
    }
    // Of a word that is torn apart or a longer run, this may be one piece.
    let is_piece = |piece: &&str| text::fold(word) == **piece && slot.places.holds(place);
    slot.ways.iter().flat_map(Way::pieces).any(|piece| is_piece(&piece)).then_some(0..word.len())
}

/// Where a word starts to be what was typed, and how far. Both are compared folded.
fn find(word: &str, typed: &str) -> Option<std::ops::Range<usize>> {
    if word.chars().count() > MAX_PART_CHARS {
        return None;
    }
    let ends = || word.char_indices().map(|(at, character)| at + character.len_utf8());
    let rests = || word.char_indices().map(|(at, _)| (at, text::collapse(&word[at..])));
    let (_, rest) = rests().find(|(_, rest)| rest.starts_with(typed))?;
    // Punctuation before it is no part of it.
    let (from, _) = rests().rfind(|(_, same)| *same == rest)?;
    let to =
        ends().filter(|end| *end > from).find(|end| text::collapse(&word[from..*end]).starts_with(typed))?;
    Some(from..to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Title and artist with the parts that a query means in brackets.
    fn shown(query: &str, title: &str, artist: &str) -> String {
        let mut highlighter = Highlighter::new(&Query::parse(query).unwrap());
        let names = [(Field::Track, title), (Field::Artist, artist)];
        let written = |parts: Vec<Part>| -> String {
            let part = |part: Part| if part.is_match { format!("[{}]", part.text) } else { part.text };
            parts.into_iter().map(part).collect()
        };
        highlighter.parts(&names).into_iter().map(written).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn the_parts_that_were_meant_are_marked() {
        for (query, title, artist, expected) in [
            ("army bjork", "Army of Me", "Björk", "[Army] of Me / [Björk]"),
            ("army bjö", "Army of Me", "Björk", "[Army] of Me / [Bjö]rk"),
            ("bjrok", "Army of Me", "Björk", "Army of Me / [Björk]"),
            ("acdc", "Thunderstruck", "AC/DC", "Thunderstruck / [AC/DC]"),
            ("dc", "Thunderstruck", "AC/DC", "Thunderstruck / AC/[DC]"),
            ("daftpunk", "One More Time", "Daft Punk", "One More Time / [Daft] [Punk]"),
            ("hyper ballad", "Hyperballad", "Björk", "[Hyperballad] / Björk"),
            ("日和", "群青日和", "東京事変", "群青[日和] / 東京事変"),
            ("artist:queen", "Queen of Hearts", "Queen", "Queen of Hearts / [Queen]"),
            ("rock & roll", "Rock and Roll", "Led Zeppelin", "[Rock] and [Roll] / Led Zeppelin"),
            ("dont", "Don\u{2019}t  Stop", "Queen", "[Don\u{2019}t]  Stop / Queen"),
            ("love", "Love Me Do", "Lovers", "[Love] Me Do / [Love]rs"),
            ("loev", "Love Me Do", "Queen", "[Love] Me Do / Queen"),
        ] {
            assert_eq!(shown(query, title, artist), expected, "{query:?}");
        }
    }

    #[test]
    fn what_is_repeated_is_looked_at_once() {
        let query = Query::parse(&"a ".repeat(20)).unwrap();
        assert_eq!(Highlighter::new(&query).slots.len(), 2, "in the middle, and as the last word");
        let query = Query::parse(&"a-".repeat(100)).unwrap();
        let mut highlighter = Highlighter::new(&query);
        let name = "a ".repeat(150);
        highlighter.parts(&[(Field::Track, &name), (Field::Album, &name)]);
        assert_eq!(highlighter.bags.len(), 2);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_name(query in "\\PC{1,20}", name in "\\PC{0,40}") {
            prop_assume!(Query::parse(&query).is_ok());
            let parts = Highlighter::new(&Query::parse(&query).unwrap()).parts(&[(Field::Track, &name)]);
            let text: String = parts[0].iter().map(|part| part.text.as_str()).collect();
            prop_assert_eq!(text, name);
        }
    }
}
