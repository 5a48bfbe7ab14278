//! What a request looks for: the two query languages, read into one tree, and the tree as a Tantivy query.

mod compile;
mod options;
mod simple;
mod structured;

#[cfg(test)]
mod tests;

pub(crate) use compile::compile;
pub(crate) use options::{DefaultOperator, Options};

use std::ops::Bound;

/// Most terms, phrases and ranges of a query.
const MAX_CLAUSES: usize = 1024;
/// Deepest nesting of a query.
const MAX_DEPTH: usize = 64;
/// Most words between those of a phrase; more is the same.
const MAX_DISTANCE: u32 = 10_000;

/// What is wrong with a query, in words for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct QueryError(pub(crate) String);

impl QueryError {
    fn syntax(what: impl std::fmt::Display) -> Self {
        Self(format!("Syntax error in query: {what}."))
    }
}

/// What must be true of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// The inner condition's score counts so many times.
    Boost(Box<Node>, f32),
    /// A condition on one field, or on each of those that are searched by default.
    Leaf(Option<String>, Leaf),
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    Term(String),
    /// The words follow each other, with at most so many moves.
    Phrase(String, u32),
    Prefix(String),
    /// The term with at most so many typing errors.
    Fuzzy(String, u8),
    Range(Bound<String>, Bound<String>),
}

/// The language of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parser {
    Simple,
    Structured,
}

/// Reads a query.
///
/// # Errors
/// It cannot be read, or is too large.
pub(crate) fn parse(parser: Parser, text: &str, options: &Options) -> Result<Node, QueryError> {
    match parser {
        Parser::Simple => simple::parse(text, options),
        Parser::Structured => structured::parse(text),
    }
}

/// A range as it is written in queries and facets, `[1990,1999]` or `{,2000]`, with the text of its bounds.
pub(crate) fn parse_range(text: &str) -> Option<(Bound<String>, Bound<String>)> {
    structured::range(text.trim())
}
