//! Suggestions: documents in which a field starts with what is typed.

use std::ops::RangeInclusive;

use serde_json::{Value as Json, json};
use tantivy::Term;
use tantivy::query::{EmptyQuery, FuzzyTermQuery, Query};

use crate::generation::Generation;
use crate::layout::fast_name;
use crate::model::Fuzzy;
use crate::search::SearchError;
use crate::search::order::{By, Criterion, Part, Top};
use crate::value::Kind;

/// Longest text for which suggestions are looked up, in characters; the automaton grows with it.
const MAX_CHARS: usize = 256;
/// How long a text must be in which typing errors are forgiven: a shorter one would be like everything.
const FUZZY_CHARS: RangeInclusive<usize> = 3..=64;
/// Greatest score of a suggestion.
const MAX_SCORE: i64 = (1 << 31) - 1;

/// Answers a suggest request, without its status.
pub(crate) fn suggest(
    generation: &Generation,
    suggester: &str,
    typed: &str,
    size: usize,
) -> Result<Json, SearchError> {
    let config = &generation.config;
    let unknown = || {
        let shown: String = suggester.chars().take(64).collect();
        SearchError::invalid(format!("Suggester '{shown}' does not exist"))
    };
    let suggester = config.suggesters.get(suggester).ok_or_else(unknown)?;
    let field = config.fields.get(&suggester.source).ok_or_else(unknown)?;
    let column = *generation.layout.suggesters.get(&suggester.name).ok_or_else(unknown)?;
    let spaced = generation.layout.spaced(field, typed);
    let length = spaced.chars().count();
    let query: Box<dyn Query> = if length == 0 || length > MAX_CHARS {
        Box::new(EmptyQuery)
    } else {
        let errors = suggester.fuzzy.filter(|_| FUZZY_CHARS.contains(&length)).map_or(0, Fuzzy::distance);
        Box::new(FuzzyTermQuery::new_prefix(Term::from_field_text(column, &spaced), errors, true))
    };
    let sort_field = suggester.sort_field.as_ref().and_then(|name| config.fields.get(name));
    let sort_column = sort_field.and_then(fast_name);
    let mut order: Vec<Criterion> =
        sort_column.into_iter().map(|column| Criterion::new(By::Number(column), true)).collect();
    order.push(Criterion::new(By::Text(format!("suggest/{}", suggester.name)), false));
    order.push(Criterion::id(false));
    let searcher = generation.searcher();
    let page = searcher.search(&query, &Top { order, after: None, limit: size })?;
    let mut suggestions = Vec::new();
    for hit in page.hits {
        let (id, source) = generation.load(&searcher, hit.address)?;
        let values = config.values(&source).find(|(other, _)| other.name == field.name);
        let text = values.and_then(|(_, values)| values.first().map(|value| value.write()));
        let score = sort_field.map_or(0, |field| score(field.kind, hit.place.first()));
        suggestions.push(json!({"suggestion": text, "score": score, "id": id}));
    }
    Ok(json!({"suggest": {"query": typed, "found": page.found, "suggestions": suggestions}}))
}

/// A field's value as the score of a suggestion: rounded, from 0 to 2³¹ - 1.
fn score(kind: Kind, part: Option<&Part>) -> i64 {
    let Some(Part::Number(number)) = part else { return 0 };
    let score = match kind {
        // The cast saturates.
        Kind::Double => tantivy::u64_to_f64(*number).round() as i64,
        _ => tantivy::u64_to_i64(*number),
    };
    score.clamp(0, MAX_SCORE)
}
