//! The real tracks, and what in them is alike: which words there are, and how many things a query fits.
//!
//! The rules leave out queries by it that nobody could judge. It takes accents away as the engine does, but finds the
//! words in its own simple way: an engine that takes a name apart wrongly must not thereby excuse itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use mixtape_domain::{name, text};
use mixtape_index::Kind;
use serde_json::Value;

use super::rules::letters;

/// More things than that cannot all be on the first page, whichever of them is meant.
const MOST_EQUALS: usize = 10;
/// Fields of a row that the API does not know.
const FOREIGN: [&str; 2] = ["styles", "country"];
/// Walks through a list in an order that spreads neighbours far apart; it shares no factor with the lists' lengths.
const STRIDE: usize = 7919;

/// A track, an artist or an album; repetitions are one.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    /// The title or name.
    pub(super) name: String,
    /// The artist of a track or an album; the name of an artist.
    pub(super) artist: String,
    pub(super) album: Option<String>,
    pub(super) year: Option<u16>,
    pub(super) genres: Vec<String>,
    /// The words of the name.
    pub(super) words: Vec<String>,
}

/// A word, prepared for finding others that are spelled nearly like it.
#[derive(Debug)]
struct Spelling {
    word: String,
    letters: Vec<char>,
    /// A bit for each letter. An error changes at most two of them.
    signature: u64,
}

#[derive(Debug)]
pub(super) struct Catalogue {
    /// As the API takes them.
    pub(super) rows: Vec<Value>,
    pub(super) things: Vec<Thing>,
    /// Each word, and the places of the things that have it somewhere.
    words: BTreeMap<String, Vec<usize>>,
    spellings: Vec<Spelling>,
    /// Kind and name of each thing, as [`same`] reads it.
    names: HashSet<(Kind, String)>,
}

/// The form in which two names are one for whoever judges: letters and digits, in lower case, with their accents.
pub(super) fn same(name: &str) -> String {
    let canonical = name::canonical(name);
    let letters: String = canonical.chars().filter(|character| character.is_alphanumeric()).collect();
    if letters.is_empty() { canonical } else { letters }
}

/// The words of a text, without accents and punctuation.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = text::fold(text).replace('\'', "");
    let words = folded.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Catalogue {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().map(row).collect::<Vec<_>>();
        let mut catalogue = Self {
            rows,
            things: Vec::new(),
            words: BTreeMap::new(),
            spellings: Vec::new(),
            names: HashSet::new(),
        };
        let mut known = HashSet::new();
        for thing in catalogue.rows.iter().flat_map(things).collect::<Vec<_>>() {
            if known.insert((thing.kind, same(&thing.name), same(&thing.artist))) {
                catalogue.add(thing);
            }
        }
        catalogue.spellings = catalogue.words.keys().map(|word| Spelling::new(word)).collect();
        catalogue
    }

    fn add(&mut self, thing: Thing) {
        let place = self.things.len();
        let album = thing.album.as_deref().unwrap_or_default();
        let mut found = BTreeSet::new();
        for chunk in [&thing.name, &thing.artist, album].into_iter().flat_map(str::split_whitespace) {
            let pieces = words(chunk);
            found.insert(pieces.concat());
            found.extend(pieces);
        }
        for word in found {
            self.words.entry(word).or_default().push(place);
        }
        self.names.insert((thing.kind, same(&thing.name)));
        self.things.push(thing);
    }

    /// All things of a kind with their places, in an order that depends on the seed and in which neighbours come from
    /// far apart.
    pub(super) fn spread(&self, kind: Kind, seed: usize) -> impl Iterator<Item = (usize, &Thing)> {
        let of_kind: Vec<usize> =
            (0..self.things.len()).filter(|place| self.things[*place].kind == kind).collect();
        let count = of_kind.len();
        (0..count).map(move |step| {
            let place = of_kind[(step * STRIDE + seed * 271) % count];
            (place, &self.things[place])
        })
    }

    /// Whether something of the kind has this name.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.names.contains(&(kind, same(name)))
    }

    /// Whether a name somewhere holds this word.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// The words that begin like this.
    pub(super) fn starting(&self, start: &str) -> Vec<&str> {
        let from = self.words.range(start.to_owned()..).map(|(word, _)| word.as_str());
        from.take_while(|word| word.starts_with(start)).collect()
    }

    /// The words that are at most so many typing errors away.
    pub(super) fn near(&self, word: &str, errors: usize) -> Vec<&str> {
        let typed = Spelling::new(word);
        let near = self.spellings.iter().filter(|spelling| spelling.is_near(&typed, errors));
        near.map(|spelling| spelling.word.as_str()).collect()
    }

    /// The words that begin with something that is at most so many typing errors away.
    pub(super) fn starting_nearly(&self, start: &str, errors: usize) -> Vec<&str> {
        let typed: Vec<char> = start.chars().collect();
        let lengths = typed.len() - errors..=typed.len() + errors;
        let begins = |spelling: &&Spelling| {
            let mut lengths = lengths.clone().filter(|length| *length <= spelling.letters.len());
            lengths.any(|length| letters::errors(&typed, &spelling.letters[..length]) <= errors)
        };
        self.spellings.iter().filter(begins).map(|spelling| spelling.word.as_str()).collect()
    }

    /// The things of the kind that hold, for each list, one of its words.
    fn fitting(&self, kind: Kind, lists: &[Vec<&str>]) -> Vec<&Thing> {
        let mut fitting: Option<HashSet<usize>> = None;
        for list in lists {
            let places = list.iter().filter_map(|word| self.words.get(*word)).flatten().copied();
            let places = places.filter(|place| self.things[*place].kind == kind);
            fitting = Some(match fitting {
                Some(before) => places.filter(|place| before.contains(place)).collect(),
                None => places.collect(),
            });
        }
        fitting.into_iter().flatten().map(|place| &self.things[place]).collect()
    }

    /// As [`Self::fitting`] for a query whose words are complete, but for what may follow the last.
    fn fitting_as_typed(&self, kind: Kind, query: &str) -> Vec<&Thing> {
        let typed = words(query);
        let Some((last, before)) = typed.split_last() else { return Vec::new() };
        let mut lists: Vec<Vec<&str>> = before.iter().map(|word| vec![word.as_str()]).collect();
        lists.push(self.starting(last));
        self.fitting(kind, &lists)
    }

    /// Whether something fits, and so little that all of it has room on the first page.
    pub(super) fn is_clear(&self, kind: Kind, lists: &[Vec<&str>]) -> bool {
        (1..=MOST_EQUALS).contains(&self.fitting(kind, lists).len())
    }

    /// As [`Self::is_clear`] for a query as it stands in the search field.
    pub(super) fn is_clear_as_typed(&self, kind: Kind, query: &str) -> bool {
        (1..=MOST_EQUALS).contains(&self.fitting_as_typed(kind, query).len())
    }

    /// Whether the words of the query are in no other name than this thing's.
    pub(super) fn is_meant_alone(&self, thing: &Thing, query: &str) -> bool {
        let fitting = self.fitting_as_typed(thing.kind, query);
        let name = same(&thing.name);
        !fitting.is_empty() && fitting.iter().all(|fitting| same(&fitting.name) == name)
    }
}

impl Spelling {
    fn new(word: &str) -> Self {
        let letters: Vec<char> = word.chars().collect();
        let signature = letters.iter().fold(0, |bits, letter| bits | (1 << (u32::from(*letter) % 64)));
        Self { word: word.to_owned(), letters, signature }
    }

    fn is_near(&self, other: &Self, errors: usize) -> bool {
        self.letters.len().abs_diff(other.letters.len()) <= errors
            && (self.signature ^ other.signature).count_ones() as usize <= 2 * errors
            && letters::errors(&self.letters, &other.letters) <= errors
    }
}

/// A line as a track of the API.
fn row(line: &str) -> Value {
    let mut row: Value = serde_json::from_str(line).unwrap();
    let fields = row.as_object_mut().unwrap();
    fields.retain(|name, value| !FOREIGN.contains(&name.as_str()) && !value.is_null());
    row
}

/// The track of a row, its artist and its album.
fn things(row: &Value) -> Vec<Thing> {
    let text = |field: &str| row[field].as_str().map(str::to_owned);
    let artist = text("artist").unwrap();
    let album = text("album");
    let title = text("title").unwrap();
    let track = Thing {
        kind: Kind::Track,
        words: words(&title),
        name: title,
        artist: artist.clone(),
        album: album.clone(),
        year: row["year"].as_u64().and_then(|year| u16::try_from(year).ok()),
        genres: row["genres"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|genre| genre.as_str().unwrap().to_owned())
            .collect(),
    };
    let of_album = album.map(|name| Thing {
        kind: Kind::Album,
        words: words(&name),
        name,
        artist: text("album_artist").unwrap_or_else(|| artist.clone()),
        album: None,
        ..track.clone()
    });
    let of_artist =
        Thing { kind: Kind::Artist, words: words(&artist), name: artist, album: None, ..track.clone() };
    [Some(track), Some(of_artist), of_album].into_iter().flatten().collect()
}
