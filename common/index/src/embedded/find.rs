//! Questions to one generation of the index. Everything here blocks.

use std::collections::{BTreeSet, HashSet};

use mixtape_domain::text;
use tantivy::query::{BooleanQuery, DisjunctionMaxQuery, FuzzyTermQuery, Query as TantivyQuery};
use tantivy::schema::{Field, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use super::collect::BestByKind;
use super::compile::{Tolerance, compile, constant, equal};
use super::schema::{Fields, whole};
use crate::document::{Key, Kind};
use crate::error::IndexError;
use crate::query::{Closeness, MAX_QUERY_CHARS};
use crate::{Found, Request, Suggestion};

/// Suggestions that one request gets.
const MAX_SUGGESTIONS: usize = 10;
/// Names that are looked at for them: many tracks have the same title.
const SUGGESTION_CANDIDATES: usize = 200;

// The score of a name by how it starts.
const STARTS: f32 = 6.0;
const IS_WHOLE: f32 = 1.0;
const STARTS_WITH_ONE_TYPO: f32 = 4.0;
const STARTS_WITH_TWO_TYPOS: f32 = 2.0;

/// The results of a query.
pub(super) fn search(searcher: &Searcher, fields: &Fields, request: &Request) -> Result<Found, IndexError> {
    let query = compile(fields, &request.query);
    let top = request.offset.saturating_add(request.limit);
    let matches = BestByKind { kinds: &request.kinds, top };
    let mut found = Found::default();
    for best in searcher.search(&query, &matches)? {
        let (kind, total) = (best.kind, best.total);
        let page: Vec<Key> = best
            .into_sorted()
            .into_iter()
            .skip(request.offset)
            .map(|(_, address)| key(searcher, fields, address))
            .collect::<Result<_, _>>()?;
        found.add(kind, total, page);
    }
    Ok(found)
}

/// Names that start with the text, at most [`MAX_SUGGESTIONS`], each once.
pub(super) fn suggest(
    searcher: &Searcher,
    fields: &Fields,
    text: &str,
) -> Result<Vec<Suggestion>, IndexError> {
    let typed: String = text.chars().take(MAX_QUERY_CHARS).collect();
    let start = whole(&typed);
    if start.is_empty() {
        return Ok(Vec::new());
    }
    let matches = BestByKind { kinds: &Kind::ALL, top: SUGGESTION_CANDIDATES };
    let mut candidates = Vec::new();
    for best in searcher.search(&starting_with(fields, &start), &matches)? {
        let kind = best.kind;
        candidates.extend(best.into_sorted().into_iter().map(|(rank, address)| (rank, kind, address)));
    }
    // Of names that match equally well, artists and then albums are more likely to be meant.
    let meant = |kind: Kind| match kind {
        Kind::Artist => 0,
        Kind::Album => 1,
        Kind::Track => 2,
    };
    candidates.sort_by_key(|(rank, kind, address)| (std::cmp::Reverse(*rank), meant(*kind), *address));
    let mut texts = HashSet::new();
    let mut suggestions = Vec::new();
    for (_, _, address) in candidates {
        let document: TantivyDocument = searcher.doc(address)?;
        let text = stored(&document, fields.label)?;
        if texts.insert(text::collapse(&text)) {
            suggestions.push(Suggestion { text, key: parse_key(&stored(&document, fields.key)?)? });
        }
        if suggestions.len() == MAX_SUGGESTIONS {
            break;
        }
    }
    Ok(suggestions)
}

fn starting_with(fields: &Fields, start: &str) -> Box<dyn TantivyQuery> {
    let prefix = |typos| {
        let term = Term::from_field_text(fields.whole, start);
        Box::new(FuzzyTermQuery::new_prefix(term, typos, true)) as Box<dyn TantivyQuery>
    };
    let mut ways = vec![constant(prefix(0), STARTS)];
    let typos = Tolerance::of(start, Closeness::TyposAndPrefix).typos;
    if typos >= 1 {
        ways.push(constant(prefix(1), STARTS_WITH_ONE_TYPO));
    }
    if typos >= 2 {
        ways.push(constant(prefix(2), STARTS_WITH_TWO_TYPOS));
    }
    let whole = constant(equal(fields.whole, start), IS_WHOLE);
    Box::new(BooleanQuery::union(vec![Box::new(DisjunctionMaxQuery::new(ways)), whole]))
}

/// Up to `limit` keys that come after `after`, in order, whether or not a document has been deleted since the last
/// merge: whoever walks through all keys checks each of them anyway.
pub(super) fn keys(
    searcher: &Searcher,
    fields: &Fields,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<Key>, IndexError> {
    // Sorted as the segments sort them, by text.
    let mut keys = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let inverted_index = segment.inverted_index(fields.key)?;
        let range = inverted_index.terms().range();
        let range = match after {
            Some(key) => range.gt(key.to_string().as_bytes()),
            None => range,
        };
        let mut stream = range.into_stream()?;
        let mut taken = 0;
        while taken < limit && stream.advance() {
            keys.insert(String::from_utf8_lossy(stream.key()).into_owned());
            taken += 1;
        }
    }
    keys.iter().take(limit).map(|key| parse_key(key)).collect()
}

fn key(searcher: &Searcher, fields: &Fields, address: DocAddress) -> Result<Key, IndexError> {
    let document: TantivyDocument = searcher.doc(address)?;
    parse_key(&stored(&document, fields.key)?)
}

fn stored(document: &TantivyDocument, field: Field) -> Result<String, IndexError> {
    let text = document.get_first(field).and_then(|value| value.as_str().map(str::to_owned));
    text.ok_or_else(|| IndexError::Broken("a document without its stored fields".to_owned()))
}

fn parse_key(text: &str) -> Result<Key, IndexError> {
    text.parse().map_err(|_| IndexError::Broken(format!("a document with the key {text:?}")))
}
