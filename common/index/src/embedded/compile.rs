//! A parsed query as a Tantivy query.
//!
//! Scores are constants and not word statistics: each term gets the score of the closest way in which it matches, from
//! the best field in which it does. So results do not depend on how the index is cut into segments, and closeness
//! always outranks the field.

use std::ops::Bound;

use mixtape_domain::text::{self, Chunk, Piece};
use tantivy::Term as TantivyTerm;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery,
    Query as TantivyQuery, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::schema::{Fields, exact, whole};
use crate::document::Kind;
use crate::query::{Closeness, Field as FilterField, Filter, Query, Term};

/// Letters from which a word may hold one typing error.
const ONE_TYPO_FROM: usize = 4;
/// Letters from which a word may hold two typing errors.
const TWO_TYPOS_FROM: usize = 8;
/// Words that are longer must match without typing errors; the automata would grow with them.
const TYPOS_UP_TO: usize = 40;

// The score of a term by how closely it matches. The field adds up to 3, a longer name takes away less than 1.
const ACCENTED: f32 = 42.0;
const EXACT: f32 = 38.0;
const PREFIX: f32 = 24.0;
const ONE_TYPO: f32 = 12.0;
const ONE_TYPO_PREFIX: f32 = 8.0;
const TWO_TYPOS: f32 = 4.0;
const TWO_TYPOS_PREFIX: f32 = 0.0;

// What a name as a whole adds, whatever the number of terms.
const WHOLE_NAME: f32 = 60.0;
const WHOLE_CREDIT: f32 = 20.0;
const WHOLE_EXACT: f32 = 6.0;

type BoxedQuery = Box<dyn TantivyQuery>;
/// A field and what a match in it adds.
type Weighted = (Field, f32);

/// How a word of so many letters may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tolerance {
    pub(super) typos: u8,
    pub(super) is_prefix: bool,
}

impl Tolerance {
    pub(super) fn of(word: &str, closeness: Closeness) -> Self {
        let letters = word.chars().count();
        let is_number = word.chars().all(char::is_numeric);
        let typos = match closeness {
            Closeness::Exact => 0,
            _ if is_number || letters > TYPOS_UP_TO => 0,
            _ if letters >= TWO_TYPOS_FROM => 2,
            _ if letters >= ONE_TYPO_FROM => 1,
            _ => 0,
        };
        Self { typos, is_prefix: closeness == Closeness::TyposAndPrefix }
    }
}

/// The query, with scores by which [`super::collect`] ranks.
pub(super) fn compile(fields: &Fields, query: &Query) -> BoxedQuery {
    let mut conditions = vec![words(fields, query)];
    for filter in &query.filters {
        conditions.extend(self::filter(fields, filter).into_iter().map(unscored));
    }
    Box::new(BooleanQuery::intersection(conditions))
}

/// All terms in any fields, or the name as a whole, which also finds AC/DC by `ac dc` and Daft Punk by `daftpunk`.
fn words(fields: &Fields, query: &Query) -> BoxedQuery {
    if query.terms.is_empty() {
        return unscored(Box::new(AllQuery));
    }
    let everywhere = [(fields.title, 3.0), (fields.artist, 2.0), (fields.album, 1.0)];
    let all = query.terms.iter().map(|term| self::term(term, &everywhere)).collect();
    let collapsed = whole(&query.whole);
    Box::new(BooleanQuery::union(vec![
        Box::new(BooleanQuery::intersection(all)),
        constant(equal(fields.whole, &collapsed), WHOLE_NAME),
        constant(equal(fields.credit, &collapsed), WHOLE_CREDIT),
        constant(equal(fields.exact, &exact(&query.whole)), WHOLE_EXACT),
    ]))
}

fn filter(fields: &Fields, filter: &Filter) -> Vec<BoxedQuery> {
    let (field, terms) = match filter {
        Filter::Years { from, to } => {
            let bound = |year: u16| Bound::Included(TantivyTerm::from_field_u64(fields.year, year.into()));
            return vec![Box::new(RangeQuery::new(bound(*from), bound(*to)))];
        }
        Filter::Words { field, terms } => (*field, terms),
    };
    let in_field = match field {
        FilterField::Artist => fields.artist,
        FilterField::Album => fields.album,
        FilterField::Track => fields.title,
        FilterField::Genre => fields.genre,
    };
    let mut conditions: Vec<BoxedQuery> =
        terms.iter().map(|term| self::term(term, &[(in_field, 0.0)])).collect();
    if field == FilterField::Track {
        let kind = TantivyTerm::from_field_u64(fields.kind, Kind::Track.number());
        conditions.push(Box::new(TermQuery::new(kind, IndexRecordOption::Basic)));
    }
    conditions
}

fn term(term: &Term, fields: &[Weighted]) -> BoxedQuery {
    let mut ways = chunk(&term.chunk, term.closeness, fields);
    if let Some(accented) = &term.accented {
        ways.extend(
            fields.iter().map(|(field, weight)| constant(equal(*field, accented), ACCENTED + weight)),
        );
    }
    Box::new(DisjunctionMaxQuery::new(ways))
}

/// The ways in which a chunk matches: as one word, or in its pieces.
fn chunk(chunk: &Chunk, closeness: Closeness, fields: &[Weighted]) -> Vec<BoxedQuery> {
    let mut ways = chunk.joined.as_deref().map(|joined| word(joined, closeness, fields)).unwrap_or_default();
    let last = chunk.pieces.len().saturating_sub(1);
    let pieces: Vec<BoxedQuery> = chunk
        .pieces
        .iter()
        .enumerate()
        .map(|(place, piece)| {
            let closeness = match closeness {
                Closeness::TyposAndPrefix if place < last => Closeness::Typos,
                other => other,
            };
            let ways = match piece {
                Piece::Word(text) => word(text, closeness, fields),
                Piece::Cjk(run) => self::run(run, fields),
                Piece::Symbol(symbol) => word(symbol_word(symbol), Closeness::Exact, fields),
            };
            Box::new(DisjunctionMaxQuery::new(ways)) as BoxedQuery
        })
        .collect();
    // However many pieces there are, together they count as one term.
    let share = 1.0 / f32::from(u16::try_from(pieces.len().max(1)).unwrap_or(u16::MAX));
    ways.push(Box::new(BoostQuery::new(Box::new(BooleanQuery::intersection(pieces)), share)));
    ways
}

fn symbol_word(symbol: &str) -> &str {
    if symbol == "&" { "and" } else { symbol }
}

fn word(text: &str, closeness: Closeness, fields: &[Weighted]) -> Vec<BoxedQuery> {
    let Tolerance { typos, is_prefix } = Tolerance::of(text, closeness);
    let mut ways = Vec::new();
    for (field, weight) in fields {
        let term = TantivyTerm::from_field_text(*field, text);
        let mut way = |query: BoxedQuery, score: f32| ways.push(constant(query, score + weight));
        way(equal(*field, text), EXACT);
        if is_prefix {
            way(Box::new(FuzzyTermQuery::new_prefix(term.clone(), 0, true)), PREFIX);
        }
        if typos >= 1 {
            way(Box::new(FuzzyTermQuery::new(term.clone(), 1, true)), ONE_TYPO);
        }
        if typos >= 1 && is_prefix {
            way(Box::new(FuzzyTermQuery::new_prefix(term.clone(), 1, true)), ONE_TYPO_PREFIX);
        }
        if typos >= 2 && is_prefix {
            way(Box::new(FuzzyTermQuery::new_prefix(term, 2, true)), TWO_TYPOS_PREFIX);
        } else if typos >= 2 {
            way(Box::new(FuzzyTermQuery::new(term, 2, true)), TWO_TYPOS);
        }
    }
    ways
}

/// All pairs of neighbours in one field, which is nearly always the substring itself.
fn run(run: &str, fields: &[Weighted]) -> Vec<BoxedQuery> {
    let bigrams = text::bigrams(run);
    let way = |(field, weight): &Weighted| {
        let pairs: Vec<BoxedQuery> = match bigrams.as_slice() {
            [] => vec![equal(*field, run)],
            pairs => pairs.iter().map(|pair| equal(*field, pair)).collect(),
        };
        constant(Box::new(BooleanQuery::intersection(pairs)), EXACT + weight)
    };
    fields.iter().map(way).collect()
}

pub(super) fn equal(field: Field, text: &str) -> BoxedQuery {
    Box::new(TermQuery::new(TantivyTerm::from_field_text(field, text), IndexRecordOption::Basic))
}

pub(super) fn constant(query: BoxedQuery, score: f32) -> BoxedQuery {
    Box::new(ConstScoreQuery::new(query, score))
}

fn unscored(query: BoxedQuery) -> BoxedQuery {
    constant(query, 0.0)
}
