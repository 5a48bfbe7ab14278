//! A query taken apart into what must be met: every slot, in any of its ways.

use std::collections::BTreeSet;

use mixtape_domain::text::{self, Chunk, Piece};

use crate::matching::{Tolerance, Word};
use crate::query::{Closeness, Field, Filter, Query, Term};
use crate::ranking::{Asked, EXACT, Places, Tally};
use crate::words::{symbol_word, weight};

/// Letters of the shortest part into which a word is split, and of the longest word that is.
const SPLIT_PART_FROM: usize = 2;
const SPLIT_UP_TO: usize = 24;

/// Whether typing errors are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Words as they are typed, the last one perhaps unfinished.
    Literal,
    /// Also words that are nearly so, words that were run together, and words that were torn apart.
    Tolerant,
}

/// What must be met: all filters, and all slots of one of the readings.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) asked: Asked,
    /// One for each term, then those that stand for two neighbours.
    pub(crate) slots: Vec<Slot>,
    /// The numbers of slots. The terms as typed come first; each other reading joins two neighbours or leaves out "the"
    /// and "by". Never empty, but there may be no slots.
    pub(crate) readings: Vec<Vec<usize>>,
    pub(crate) filters: Vec<Slot>,
    /// Each lies between these, both included.
    pub(crate) years: Vec<(u16, u16)>,
    /// A filter names the title of tracks.
    pub(crate) only_tracks: bool,
}

/// One term: it is met when any of the ways is.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) ways: Vec<Way>,
    /// Where it may be met.
    pub(crate) places: Places,
    /// How much of a name it covers.
    pub(crate) weight: u16,
}

#[derive(Debug)]
pub(crate) enum Way {
    /// This very word, with its accents.
    Accented(String),
    Word(Word),
    /// This very word, which is two in the query.
    Joined(String),
    /// Both words in one place, for any of these pairs; they are one word in the query.
    Split(Vec<(String, String)>),
    /// All of these pairs of neighbours, which are a run of CJK characters, in one place. That is nearly always the run
    /// itself.
    Run {
        run: String,
        pairs: Vec<String>,
    },
    /// All of these in any places; together they count as one.
    All(Vec<Way>),
}

impl Plan {
    pub(crate) fn new(query: &Query, stage: Stage) -> Self {
        Self::with_stages(query, stage, |_| stage)
    }

    /// A plan in which typing errors are looked for only in the terms of these numbers.
    pub(crate) fn tolerant_in(query: &Query, terms: &[usize]) -> Self {
        let stage_of = |term: usize| if terms.contains(&term) { Stage::Tolerant } else { Stage::Literal };
        Self::with_stages(query, Stage::Literal, stage_of)
    }

    fn with_stages(query: &Query, stage: Stage, stage_of: impl Fn(usize) -> Stage) -> Self {
        let terms = query.terms.iter().enumerate();
        let mut slots: Vec<Slot> =
            terms.map(|(number, term)| slot(term, stage_of(number), Places::ALL)).collect();
        let as_typed: Vec<usize> = (0..slots.len()).collect();
        let mut readings = vec![as_typed.clone()];
        if stage == Stage::Tolerant {
            for (place, pair) in query.terms.windows(2).enumerate() {
                let Some(joined) = joined(&pair[0], &pair[1]) else { continue };
                slots.push(joined);
                let around = as_typed.iter().copied().filter(|at| *at != place && *at != place + 1);
                readings.push(around.chain([slots.len() - 1]).collect());
            }
            // The Bangles are called Bangles, and "yesterday by the beatles" means neither "by" nor "the".
            let needed: Vec<usize> =
                as_typed.iter().copied().filter(|term| !query.terms[*term].is_optional()).collect();
            if !needed.is_empty() && needed.len() < as_typed.len() {
                readings.push(needed);
            }
        }
        let mut plan = Self {
            asked: Asked::of(query),
            slots,
            readings,
            filters: Vec::new(),
            years: Vec::new(),
            only_tracks: false,
        };
        for filter in &query.filters {
            plan.add_filter(filter, stage);
        }
        plan
    }

    /// What something counts that has the whole query as its name, or its artist's: as if it met every term.
    pub(crate) fn as_whole(&self, place: Places) -> Tally {
        let terms = self.slots.iter().filter(|slot| !slot.is_joined());
        terms.fold(Tally::ZERO, |tally, slot| tally.with(EXACT + place.points(), place, slot.weight))
    }

    fn add_filter(&mut self, filter: &Filter, stage: Stage) {
        match filter {
            Filter::Years { from, to } => self.years.push((*from, *to)),
            Filter::Words { field, terms } => {
                let places = match field {
                    Field::Artist => Places::ARTIST,
                    Field::Album => Places::ALBUM,
                    Field::Track => Places::TITLE,
                    Field::Genre => Places::GENRE,
                };
                self.only_tracks |= matches!(field, Field::Track | Field::Genre);
                self.filters.extend(terms.iter().map(|term| slot(term, stage, places)));
            }
        }
    }
}

impl Slot {
    /// Whether it stands for two neighbours of the query.
    pub(crate) fn is_joined(&self) -> bool {
        matches!(self.ways.as_slice(), [Way::Joined(_)])
    }
}

impl Way {
    /// The words as they were typed, without accents.
    pub(crate) fn typed(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Word(word) => Box::new(std::iter::once(word.text.as_str())),
            Self::Run { run, .. } => Box::new(std::iter::once(run.as_str())),
            Self::All(ways) => Box::new(ways.iter().flat_map(Self::typed)),
            Self::Accented(_) | Self::Joined(_) | Self::Split(_) => Box::new(std::iter::empty()),
        }
    }

    /// The words that only together meet the term.
    pub(crate) fn pieces(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Split(pairs) => {
                Box::new(pairs.iter().flat_map(|(one, other)| [one.as_str(), other.as_str()]))
            }
            Self::All(ways) => Box::new(ways.iter().flat_map(Self::typed)),
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn slot(term: &Term, stage: Stage, places: Places) -> Slot {
    let mut ways: Vec<Way> = term.accented.iter().cloned().map(Way::Accented).collect();
    let word = |text: &str, closeness| {
        let tolerance = Tolerance::of(text, closeness);
        Way::Word(Word::new(
            text,
            if stage == Stage::Literal { tolerance.without_typos() } else { tolerance },
        ))
    };
    ways.extend(term.chunk.joined.as_deref().map(|joined| word(joined, term.closeness)));
    let last = term.chunk.pieces.len().saturating_sub(1);
    let pieces = term.chunk.pieces.iter().enumerate().map(|(place, piece)| match piece {
        Piece::Word(text) if place < last => word(text, term.closeness.finished()),
        Piece::Word(text) => word(text, term.closeness),
        Piece::Symbol(symbol) => word(symbol_word(symbol), Closeness::Exact),
        Piece::Cjk(run) => Way::Run { run: run.clone(), pairs: pairs(run) },
    });
    let mut pieces: Vec<Way> = pieces.collect();
    // Of a piece that is repeated, one is enough.
    let mut seen = BTreeSet::new();
    pieces.retain(|piece| seen.insert(format!("{piece:?}")));
    match pieces.pop() {
        Some(only) if pieces.is_empty() => ways.push(only),
        Some(last) => {
            pieces.push(last);
            ways.push(Way::All(pieces));
        }
        None => {}
    }
    if stage == Stage::Tolerant && term.closeness != Closeness::Exact {
        ways.extend(split(&term.chunk));
    }
    Slot { ways, places, weight: u16::try_from(weight(&term.chunk)).unwrap_or(u16::MAX) }
}

/// The pairs of neighbours of a run; of a single character, itself.
fn pairs(run: &str) -> Vec<String> {
    let pairs = text::bigrams(run);
    if pairs.is_empty() { vec![run.to_owned()] } else { pairs }
}

/// The ways to tear a word into two.
fn split(chunk: &Chunk) -> Option<Way> {
    let [Piece::Word(word)] = chunk.pieces.as_slice() else { return None };
    let letters = word.chars().count();
    if letters > SPLIT_UP_TO {
        return None;
    }
    let places = word.char_indices().map(|(place, _)| place).skip(SPLIT_PART_FROM);
    let parts = places.take((letters + 1).saturating_sub(2 * SPLIT_PART_FROM));
    let pairs: Vec<_> = parts.map(|place| (word[..place].to_owned(), word[place..].to_owned())).collect();
    (!pairs.is_empty()).then_some(Way::Split(pairs))
}

/// Two neighbours as one word.
fn joined(one: &Term, next: &Term) -> Option<Slot> {
    let words = [one, next].map(|term| match (term.chunk.pieces.as_slice(), term.closeness) {
        (_, Closeness::Exact) => None,
        ([Piece::Word(word)], _) => Some(word.as_str()),
        _ => None,
    });
    let [Some(one), Some(next)] = words else { return None };
    Some(Slot { ways: vec![Way::Joined(format!("{one}{next}"))], places: Places::ALL, weight: 1 })
}
