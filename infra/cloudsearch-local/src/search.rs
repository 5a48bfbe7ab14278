//! A search request: its parameters, what it finds, and what is answered.

mod cursor;
pub(crate) mod facets;
mod highlight;
pub(crate) mod order;
mod request;

use serde_json::{Map, Value as Json, json};
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query};

use crate::error::Error;
use crate::generation::Generation;
use crate::model::Source;
use crate::query::{QueryError, compile};

pub(crate) use request::{Request, size};

/// Most bytes of the documents of an answer.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    /// The request is wrong, in words for whoever made it.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Failed(#[from] Error),
}

impl SearchError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}

impl From<QueryError> for SearchError {
    fn from(error: QueryError) -> Self {
        Self::Invalid(error.0)
    }
}

impl From<tantivy::TantivyError> for SearchError {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Failed(error.into())
    }
}

/// How scalars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For the SDKs: every field is an array of strings.
    Sdk,
    /// For people: a field is an array if its type is one.
    Json,
}

/// Answers a search request, without its status.
pub(crate) fn search(
    generation: &Generation,
    request: &Request,
    format: Format,
) -> Result<Json, SearchError> {
    let config = &generation.config;
    let compiled = |node, options| compile(node, options, config, &generation.layout);
    let mut query = compiled(&request.query, &request.options)?;
    if let Some(filter) = &request.filter {
        let filter = ConstScoreQuery::new(compiled(filter, &request.options)?, 0.0);
        let clauses: Vec<(Occur, Box<dyn Query>)> =
            vec![(Occur::Must, query), (Occur::Must, Box::new(filter))];
        query = Box::new(BooleanQuery::new(clauses));
    }
    let searcher = generation.searcher();
    let top = order::Top {
        order: request.order.clone(),
        after: request.after.clone(),
        limit: request.start + request.size,
    };
    let counter = facets::Counter(request.facets.clone());
    let (page, counts) = searcher.search(&query, &(top, counter))?;
    let mut hits = Vec::new();
    let mut bytes = 0;
    for hit in page.hits.iter().skip(request.start) {
        let (id, source) = generation.load(&searcher, hit.address)?;
        bytes += source.values().flatten().map(String::len).sum::<usize>();
        if bytes > MAX_ANSWER_BYTES {
            return Err(SearchError::invalid("The answer is too large; ask for fewer results with size"));
        }
        hits.push(write_hit(generation, request, format, hit.score, &id, &source));
    }
    let mut answer = json!({"hits": {"found": page.found, "start": request.start, "hit": hits}});
    if request.uses_cursor {
        let last = page.hits.last().map(|hit| &hit.place).or(request.after.as_ref());
        answer["hits"]["cursor"] = json!(cursor::write(last, request.fingerprint)?);
    }
    if !request.facets.is_empty() {
        let written =
            request.facets.iter().zip(&counts).map(|(facet, counts)| (facet.field(), facet.answer(counts)));
        answer["facets"] = written.map(|(name, facet)| (name.to_owned(), facet)).collect();
    }
    Ok(answer)
}

fn write_hit(
    generation: &Generation,
    request: &Request,
    format: Format,
    score: f32,
    id: &str,
    source: &Source,
) -> Json {
    let mut fields = Map::new();
    for (field, values) in generation.config.values(source) {
        if !request.returned.contains(&field.name) {
            continue;
        }
        let mut texts: Vec<String> = values.iter().map(crate::value::Value::write).collect();
        let is_scalar = format == Format::Json && !field.is_array;
        let written = match texts.pop() {
            Some(text) if is_scalar => json!(text),
            last => {
                texts.extend(last);
                json!(texts)
            }
        };
        fields.insert(field.name.clone(), written);
    }
    if request.returns_score {
        let score = format!("{score:?}");
        let written = if format == Format::Sdk { json!([score]) } else { json!(score) };
        fields.insert("_score".to_owned(), written);
    }
    let mut written = Map::new();
    written.insert("id".to_owned(), json!(id));
    if !fields.is_empty() {
        written.insert("fields".to_owned(), Json::Object(fields));
    }
    if !request.highlights.is_empty() {
        let texts = highlight::highlights(generation, request, source);
        written.insert("highlights".to_owned(), Json::Object(texts));
    }
    Json::Object(written)
}
