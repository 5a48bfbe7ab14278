//! The parameters of a search request, checked against the domain's configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value as Json;

use super::SearchError;
use super::cursor;
use super::facets::{Facet, parse_options};
use super::highlight::Highlight;
use super::order::{By, Criterion, Place};
use crate::layout;
use crate::model::Config;
use crate::query::{self, Node, Options, Parser};
use crate::value::Kind;

/// Most results that can be reached without a cursor, and most results of a page.
const MAX_RESULTS: usize = 10_000;
/// Most criteria of an order.
const MAX_CRITERIA: usize = 10;
/// The parameters of every search.
const KNOWN: [&str; 16] = [
    "q",
    "q.parser",
    "q.options",
    "fq",
    "sort",
    "size",
    "start",
    "cursor",
    "return",
    "partial",
    "format",
    "pretty",
    "facet",
    "highlight",
    "expr",
    "stats",
];

/// A request that can be carried out.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) query: Node,
    pub(super) options: Options,
    pub(super) filter: Option<Node>,
    pub(super) order: Vec<Criterion>,
    pub(super) start: usize,
    pub(super) size: usize,
    pub(super) uses_cursor: bool,
    /// Where the page starts, if not at the beginning.
    pub(super) after: Option<Place>,
    /// Tells requests apart that a cursor does not fit.
    pub(super) fingerprint: u64,
    pub(super) facets: Vec<Facet>,
    pub(super) returned: BTreeSet<String>,
    pub(super) returns_score: bool,
    pub(super) highlights: Vec<Highlight>,
}

impl Request {
    /// Reads the parameters of a request.
    pub(crate) fn parse(parameters: &BTreeMap<String, String>, config: &Config) -> Result<Self, SearchError> {
        refuse_unknown(parameters)?;
        let get = |name: &str| parameters.get(name).map(String::as_str);
        let text = get("q").ok_or_else(|| SearchError::invalid("Missing required parameter: q"))?;
        let parser = parser(get("q.parser"))?;
        let options = get("q.options").map(Options::parse).transpose()?.unwrap_or_default();
        let query = query::parse(parser, text, &options)?;
        let filter = get("fq").filter(|text| !text.trim().is_empty());
        let filter = filter.map(|text| query::parse(Parser::Structured, text, &options)).transpose()?;
        let order = order(get("sort").unwrap_or("_score desc"), config)?;
        let size = size(get("size"), MAX_RESULTS)?;
        let start = number("start", get("start"))?.unwrap_or(0);
        let mut hasher = DefaultHasher::new();
        ["q", "q.parser", "q.options", "fq", "sort"].map(get).hash(&mut hasher);
        let fingerprint = hasher.finish();
        let cursor = get("cursor");
        let after = match cursor {
            Some(_) if get("start").is_some() => {
                return Err(SearchError::invalid("cursor and start are mutually exclusive"));
            }
            None | Some("initial") => None,
            Some(text) => cursor::read(text, fingerprint, order.len())?,
        };
        if start + size > MAX_RESULTS {
            let message = format!("start plus size must be at most {MAX_RESULTS}; use a cursor beyond");
            return Err(SearchError::invalid(message));
        }
        let (returned, returns_score) = returned(get("return"), config)?;
        Ok(Self {
            query,
            options,
            filter,
            order,
            start,
            size,
            uses_cursor: cursor.is_some(),
            after,
            fingerprint,
            facets: of_fields(parameters, "facet", config, Facet::parse)?,
            returned,
            returns_score,
            highlights: of_fields(parameters, "highlight", config, Highlight::parse)?,
        })
    }
}

fn refuse_unknown(parameters: &BTreeMap<String, String>) -> Result<(), SearchError> {
    for name in parameters.keys() {
        if name == "expr" || name.starts_with("expr.") {
            return Err(SearchError::invalid("Expressions are not supported"));
        }
        if name == "stats" || name.starts_with("stats.") {
            return Err(SearchError::invalid("Statistics are not supported"));
        }
        let is_of_field = name.starts_with("facet.") || name.starts_with("highlight.");
        if !is_of_field && !KNOWN.contains(&name.as_str()) {
            let shown: String = name.chars().take(64).collect();
            return Err(SearchError::invalid(format!("Parameter '{shown}' is not valid")));
        }
    }
    match parameters.get("partial").map(String::as_str) {
        None | Some("true" | "false") => Ok(()),
        Some(_) => Err(SearchError::invalid("Invalid value for partial: it must be true or false")),
    }
}

fn parser(name: Option<&str>) -> Result<Parser, SearchError> {
    match name {
        None | Some("simple") => Ok(Parser::Simple),
        Some("structured") => Ok(Parser::Structured),
        Some("lucene" | "dismax") => {
            Err(SearchError::invalid("The query parsers lucene and dismax are not supported"))
        }
        Some(_) => Err(SearchError::invalid(
            "Invalid value for q.parser: it must be simple, structured, lucene or dismax",
        )),
    }
}

fn number(name: &str, text: Option<&str>) -> Result<Option<usize>, SearchError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number <= MAX_RESULTS);
    let wrong = || SearchError::invalid(format!("Invalid value for {name}: it must be 0 to {MAX_RESULTS}"));
    number.map(Some).ok_or_else(wrong)
}

/// The number of results that are asked for.
pub(crate) fn size(text: Option<&str>, most: usize) -> Result<usize, SearchError> {
    match number("size", text)?.unwrap_or(10) {
        size if size <= most => Ok(size),
        _ => Err(SearchError::invalid(format!("Invalid value for size: it must be at most {most}"))),
    }
}

/// `year desc,title asc`; what is equal by all of it is sorted by id.
fn order(text: &str, config: &Config) -> Result<Vec<Criterion>, SearchError> {
    let mut order = Vec::new();
    for written in text.split(',') {
        let mut words = written.split_whitespace();
        let wrong = |what: &str| SearchError::invalid(format!("Invalid value for sort: {what}"));
        let name = words.next().ok_or_else(|| wrong("a field is missing"))?;
        let is_descending = match words.next() {
            Some("asc") => false,
            Some("desc") => true,
            _ => return Err(wrong(&format!("{name} needs a direction, asc or desc"))),
        };
        if words.next().is_some() {
            return Err(wrong("criteria must be separated by commas"));
        }
        let criterion = match name {
            "_score" => Criterion::new(By::Score, is_descending),
            "_id" => Criterion::id(is_descending),
            name => {
                let field = config.fields.get(name);
                let field = field.ok_or_else(|| wrong(&format!("the field {name} does not exist")))?;
                let column = layout::fast_name(field).filter(|_| field.can_sort());
                let column = column.ok_or_else(|| wrong(&format!("the field {name} is not sort enabled")))?;
                let is_text = matches!(field.kind, Kind::Text | Kind::Literal);
                let by = if is_text { By::Text(column) } else { By::Number(column) };
                Criterion::new(by, is_descending)
            }
        };
        order.push(criterion);
        if order.len() > MAX_CRITERIA {
            return Err(wrong(&format!("more than {MAX_CRITERIA} criteria")));
        }
    }
    order.push(Criterion::id(false));
    Ok(order)
}

/// The fields that are answered, and whether the score is.
fn returned(text: Option<&str>, config: &Config) -> Result<(BTreeSet<String>, bool), SearchError> {
    let mut returned = BTreeSet::new();
    let mut returns_score = false;
    let names = text.unwrap_or("_all_fields");
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "_all_fields" => {
                let fields = config.fields.values().filter(|field| field.can_return());
                returned.extend(fields.map(|field| field.name.clone()));
            }
            "_no_fields" => {}
            "_score" => returns_score = true,
            name if config.fields.get(name).is_some_and(|field| field.can_return()) => {
                returned.insert(name.to_owned());
            }
            name => {
                let message = format!(
                    "Invalid value for return: the field {name} does not exist or is not return enabled"
                );
                return Err(SearchError::invalid(message));
            }
        }
    }
    Ok((returned, returns_score))
}

/// What is asked for fields, as `facet.FIELD={…}` or as `facet={"FIELD": {…}}`.
fn of_fields<T>(
    parameters: &BTreeMap<String, String>,
    kind: &str,
    config: &Config,
    read: impl Fn(&crate::model::Field, &Json) -> Result<T, SearchError>,
) -> Result<Vec<T>, SearchError> {
    let mut wanted: Vec<(String, Json)> = Vec::new();
    for (name, text) in parameters {
        if name == kind {
            match parse_options(name, text)? {
                Json::Object(fields) => wanted.extend(fields),
                _ => {
                    return Err(SearchError::invalid(format!(
                        "Invalid value for {kind}: it must be a JSON object"
                    )));
                }
            }
        } else if let Some(field) = name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')) {
            wanted.push((field.to_owned(), parse_options(name, text)?));
        }
    }
    let read_one = |(name, options): (String, Json)| {
        let field = config.fields.get(&name);
        let field = field.ok_or_else(|| {
            SearchError::invalid(format!("Invalid value for {kind}: the field {name} does not exist"))
        })?;
        read(field, &options)
    };
    wanted.into_iter().map(read_one).collect()
}
