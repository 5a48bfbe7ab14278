//! Conditions as Tantivy queries over one index.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, EmptyQuery, FuzzyTermQuery, InvertedIndexRangeQuery, Occur,
    PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field as Column, IndexRecordOption};
use tantivy::tokenizer::Token;

use super::{DefaultOperator, Leaf, Node, Options, QueryError};
use crate::layout::{Columns, Layout};
use crate::model::{Config, Field};
use crate::value::{Kind, Value};

/// Most conditions on single fields: a condition on no field in particular is one on each field.
const MAX_CONDITIONS: usize = 8192;
/// Longest term that may have typing errors, in characters; its automaton grows with it.
const MAX_FUZZY_CHARS: usize = 64;
/// Most terms with typing errors.
const MAX_FUZZY: usize = 512;
/// The field by which documents are found by their id.
const ID: &str = "_id";

type Compiled = Result<Option<Box<dyn Query>>, QueryError>;

/// The query that finds the documents of which the condition is true.
///
/// # Errors
/// It names a field that does not exist or cannot be searched, or a value that the field cannot hold.
pub(crate) fn compile(
    node: &Node,
    options: &Options,
    config: &Config,
    layout: &Layout,
) -> Result<Box<dyn Query>, QueryError> {
    let mut compiler = Compiler { options, config, layout, conditions: 0, fuzzy: 0 };
    for (name, _) in &options.fields {
        compiler.field(name)?;
    }
    Ok(compiler.node(node)?.unwrap_or_else(|| Box::new(EmptyQuery)))
}

struct Compiler<'a> {
    options: &'a Options,
    config: &'a Config,
    layout: &'a Layout,
    conditions: usize,
    fuzzy: usize,
}

/// What a condition can be put to.
#[derive(Clone, Copy)]
enum Target<'a> {
    Id,
    Field(&'a Field, Columns),
}

impl<'a> Compiler<'a> {
    /// `None` is a condition without words, which is left out.
    fn node(&mut self, node: &Node) -> Compiled {
        match node {
            Node::All => Ok(Some(Box::new(AllQuery))),
            Node::And(nodes) => self.both(nodes),
            Node::Or(nodes) => {
                let mut clauses = Vec::new();
                for node in nodes {
                    clauses.extend(self.node(node)?.map(|query| (Occur::Should, query)));
                }
                Ok(any_of(clauses))
            }
            Node::Not(_) => self.both(std::slice::from_ref(node)),
            Node::Boost(inner, boost) => {
                let boosted = self.node(inner)?.map(|query| boosted(query, *boost));
                Ok(boosted)
            }
            Node::Leaf(Some(name), leaf) => {
                let target = self.field(name)?;
                self.condition(target, leaf, true)
            }
            Node::Leaf(None, leaf) => self.default_fields(leaf),
        }
    }

    fn both(&mut self, nodes: &[Node]) -> Compiled {
        let mut clauses = Vec::new();
        for node in nodes {
            let (occur, node) = match node {
                Node::Not(inner) => (Occur::MustNot, inner.as_ref()),
                node => (Occur::Must, node),
            };
            clauses.extend(self.node(node)?.map(|query| (occur, query)));
        }
        if clauses.is_empty() {
            return Ok(None);
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Ok(Some(Box::new(BooleanQuery::new(clauses))))
    }

    fn default_fields(&mut self, leaf: &Leaf) -> Compiled {
        let targets: Vec<(Target<'a>, f32)> = if self.options.fields.is_empty() {
            let config = self.config;
            let names = config.text_fields().map(|field| self.field(&field.name).map(|target| (target, 1.0)));
            names.collect::<Result<_, _>>()?
        } else {
            let options = self.options;
            let named =
                options.fields.iter().map(|(name, weight)| self.field(name).map(|target| (target, *weight)));
            named.collect::<Result<_, _>>()?
        };
        let mut clauses = Vec::new();
        for (target, weight) in targets {
            let query = self.condition(target, leaf, false)?;
            clauses.extend(query.map(|query| (Occur::Should, boosted(query, weight))));
        }
        Ok(any_of(clauses))
    }

    fn field(&self, name: &str) -> Result<Target<'a>, QueryError> {
        if name == ID {
            return Ok(Target::Id);
        }
        let (config, layout) = (self.config, self.layout);
        match (config.fields.get(name), layout.columns.get(name)) {
            (Some(field), Some(columns)) if field.can_search() => Ok(Target::Field(field, *columns)),
            (Some(_), Some(_)) => Err(QueryError::syntax(format!("field ({name}) is not search enabled"))),
            _ => Err(QueryError::syntax(format!("field ({name}) does not exist"))),
        }
    }

    /// A condition on one field. What the field cannot hold is an error if the field was named for it, and otherwise
    /// not found there.
    fn condition(&mut self, target: Target<'_>, leaf: &Leaf, is_named: bool) -> Compiled {
        self.spend(1)?;
        let (field, columns) = match target {
            Target::Id => return self.exact_text(self.layout.id, leaf, ID),
            Target::Field(field, columns) => (field, columns),
        };
        let found = match (field.kind, columns) {
            (Kind::Text, Columns::Text(column, _)) => self.text(field, column, leaf),
            (Kind::Literal, Columns::One(column)) => self.exact_text(column, leaf, &field.name),
            (Kind::Latlon, Columns::Latlon { latitude, longitude }) => {
                place(field, latitude, longitude, leaf)
            }
            (_, Columns::One(column)) => number(field, column, leaf),
            _ => Ok(None),
        };
        match found {
            // Whoever names no field does not know what the fields hold.
            Err(_) if !is_named && self.conditions <= MAX_CONDITIONS && self.fuzzy <= MAX_FUZZY => Ok(None),
            found => found,
        }
    }

    fn spend(&mut self, conditions: usize) -> Result<(), QueryError> {
        self.conditions += conditions;
        if self.conditions > MAX_CONDITIONS {
            return Err(QueryError::syntax("too many clauses"));
        }
        Ok(())
    }

    fn text(&mut self, field: &Field, column: Column, leaf: &Leaf) -> Compiled {
        let layout = self.layout;
        let Some(analyzer) = layout.analyzer(field) else { return Ok(None) };
        Ok(match leaf {
            Leaf::Term(text) => {
                let occur = match self.options.default_operator {
                    DefaultOperator::And => Occur::Must,
                    DefaultOperator::Or => Occur::Should,
                };
                let terms = analyzer.terms(text);
                self.spend(terms.len())?;
                any_of(terms.iter().map(|token| (occur, scored(column, &token.text))).collect())
            }
            Leaf::Phrase(text, slop) => {
                let tokens = analyzer.terms(text);
                self.spend(tokens.len())?;
                phrase(column, &tokens, *slop)
            }
            Leaf::Prefix(text) => prefix(column, &analyzer.whole(text))?,
            Leaf::Fuzzy(text, errors) => self.fuzzy(column, &analyzer.whole(text), *errors)?,
            Leaf::Range(..) => return Err(no_range(&field.name)),
        })
    }

    /// A condition on a field whose values are found as a whole.
    fn exact_text(&mut self, column: Column, leaf: &Leaf, name: &str) -> Compiled {
        Ok(match leaf {
            Leaf::Term(text) | Leaf::Phrase(text, _) => Some(term(Term::from_field_text(column, text))),
            Leaf::Prefix(text) => prefix(column, text)?,
            Leaf::Fuzzy(text, errors) => self.fuzzy(column, text, *errors)?,
            Leaf::Range(..) => return Err(no_range(name)),
        })
    }

    fn fuzzy(&mut self, column: Column, text: &str, errors: u8) -> Compiled {
        self.fuzzy += 1;
        if self.fuzzy > MAX_FUZZY {
            return Err(QueryError::syntax("too many fuzzy terms"));
        }
        let exact = Term::from_field_text(column, text);
        if text.chars().count() > MAX_FUZZY_CHARS {
            return Ok(Some(term(exact)));
        }
        Ok(Some(Box::new(FuzzyTermQuery::new(exact, errors, true))))
    }
}

fn no_range(name: &str) -> QueryError {
    QueryError::syntax(format!("field ({name}) is no numeric, date or latlon field, so it has no ranges"))
}

fn boosted(query: Box<dyn Query>, weight: f32) -> Box<dyn Query> {
    if weight == 1.0 { query } else { Box::new(BoostQuery::new(query, weight)) }
}

/// One query of all of them; `None` if there are none.
fn any_of(mut clauses: Vec<(Occur, Box<dyn Query>)>) -> Option<Box<dyn Query>> {
    match clauses.len() {
        0 => None,
        1 => clauses.pop().map(|(_, query)| query),
        _ => Some(Box::new(BooleanQuery::new(clauses))),
    }
}

fn term(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn scored(column: Column, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(column, text), IndexRecordOption::WithFreqs))
}

fn phrase(column: Column, tokens: &[Token], slop: u32) -> Option<Box<dyn Query>> {
    match tokens {
        [] => None,
        [token] => Some(scored(column, &token.text)),
        // The matcher of loose phrases takes time and memory that grow exponentially with the words, unless they are
        // two. So each two neighbours must be as near as all of them together may be.
        [_, _, _, ..] if slop > 0 => {
            let pairs = tokens.windows(2).map(|pair| (Occur::Must, placed(column, pair, slop)));
            any_of(pairs.collect())
        }
        tokens => Some(placed(column, tokens, slop)),
    }
}

fn placed(column: Column, tokens: &[Token], slop: u32) -> Box<dyn Query> {
    let terms = tokens.iter().map(|token| (token.position, Term::from_field_text(column, &token.text)));
    Box::new(PhraseQuery::new_with_offset_and_slop(terms.collect(), slop))
}

fn prefix(column: Column, text: &str) -> Compiled {
    if text.is_empty() {
        return Err(QueryError::syntax("a prefix needs at least one character"));
    }
    let from = Term::from_field_text(column, text);
    // Indexed text has no character of the astral planes, so nothing with the prefix lies behind this.
    let end = Term::from_field_text(column, &format!("{text}\u{10FFFF}"));
    Ok(Some(Box::new(InvertedIndexRangeQuery::new(Bound::Included(from), Bound::Excluded(end)))))
}

/// A value as the term of its column.
fn value_term(column: Column, value: &Value) -> Term {
    match value {
        Value::Int(number) | Value::Date(number) => Term::from_field_i64(column, *number),
        Value::Double(number) => Term::from_field_f64(column, *number),
        Value::Text(text) => Term::from_field_text(column, text),
        Value::Latlon(latitude, _) => Term::from_field_f64(column, *latitude),
    }
}

fn parse_value(field: &Field, text: &str) -> Result<Value, QueryError> {
    let value = field.kind.parse(text);
    value.ok_or_else(|| {
        let shown: String = text.chars().take(100).collect();
        QueryError::syntax(format!(
            "'{shown}' is no value of the {} field ({})",
            field.kind.as_str(),
            field.name
        ))
    })
}

fn number(field: &Field, column: Column, leaf: &Leaf) -> Compiled {
    let bound = |bound: &Bound<String>| -> Result<Bound<Term>, QueryError> {
        Ok(match bound {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(text) => Bound::Included(value_term(column, &parse_value(field, text)?)),
            Bound::Excluded(text) => Bound::Excluded(value_term(column, &parse_value(field, text)?)),
        })
    };
    match leaf {
        Leaf::Term(text) | Leaf::Phrase(text, _) => {
            Ok(Some(term(value_term(column, &parse_value(field, text)?))))
        }
        Leaf::Range(from, to) => Ok(Some(Box::new(RangeQuery::new(bound(from)?, bound(to)?)))),
        Leaf::Prefix(_) | Leaf::Fuzzy(..) => {
            Err(QueryError::syntax(format!("field ({}) is no text or literal field", field.name)))
        }
    }
}

/// A range of places lies between its north-western and its south-eastern corner.
fn place(field: &Field, latitude: Column, longitude: Column, leaf: &Leaf) -> Compiled {
    let corner = |text: &str| match parse_value(field, text)? {
        Value::Latlon(north, east) => Ok((north, east)),
        _ => Err(no_range(&field.name)),
    };
    let ((north, west), (south, east)) = match leaf {
        Leaf::Term(text) => (corner(text)?, corner(text)?),
        Leaf::Range(Bound::Included(from), Bound::Included(to)) => (corner(from)?, corner(to)?),
        _ => {
            let name = &field.name;
            let message = format!("field ({name}) takes a range of two places, in square brackets");
            return Err(QueryError::syntax(message));
        }
    };
    let between = |column: Column, from: f64, to: f64| -> (Occur, Box<dyn Query>) {
        let from = Bound::Included(Term::from_field_f64(column, from));
        let to = Bound::Included(Term::from_field_f64(column, to));
        (Occur::Must, Box::new(RangeQuery::new(from, to)))
    };
    let clauses = vec![between(latitude, south, north), between(longitude, west, east)];
    Ok(Some(Box::new(BooleanQuery::new(clauses))))
}
