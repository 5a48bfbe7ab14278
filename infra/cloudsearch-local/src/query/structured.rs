//! The structured query language: `(and title:'star' (not year:[2000,}) (prefix field=actors boost=2 'har'))`.

use std::ops::Bound;

use super::{Leaf, MAX_CLAUSES, MAX_DEPTH, MAX_DISTANCE, Node, QueryError};

pub(super) fn parse(text: &str) -> Result<Node, QueryError> {
    let mut parser = Parser { rest: text, clauses: 0 };
    let node = parser.expression(0)?;
    parser.skip();
    if !parser.rest.is_empty() {
        return Err(parser.unexpected());
    }
    Ok(node)
}

/// `[1990,1999]`, `{,2000]`, `['2013-01-01T00:00:00Z',}`; nothing may follow.
pub(super) fn range(text: &str) -> Option<(Bound<String>, Bound<String>)> {
    let mut parser = Parser { rest: text, clauses: 0 };
    let range = parser.range().ok()?;
    parser.skip();
    parser.rest.is_empty().then_some(range)
}

struct Parser<'a> {
    rest: &'a str,
    clauses: usize,
}

/// What may stand between an operator and what it works on.
#[derive(Default)]
struct Settings {
    field: Option<String>,
    boost: Option<f32>,
    distance: Option<u32>,
}

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip();
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn unexpected(&self) -> QueryError {
        match self.rest.chars().next() {
            None => QueryError::syntax("unexpected end"),
            Some(character) => QueryError::syntax(format!("unexpected {character:?}")),
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip();
        let is_of_words = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = self.rest.find(|character| !is_of_words(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn expression(&mut self, depth: usize) -> Result<Node, QueryError> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(QueryError::syntax(format!("more than {MAX_CLAUSES} clauses")));
        }
        if depth > MAX_DEPTH {
            return Err(QueryError::syntax(format!("more than {MAX_DEPTH} nested expressions")));
        }
        self.skip();
        match self.rest.chars().next() {
            Some('(') => self.operator(depth),
            Some('\'') => Ok(Node::Leaf(None, Leaf::Term(self.string()?))),
            _ => match self.word() {
                "matchall" => Ok(Node::All),
                "" => Err(self.unexpected()),
                field if self.eat(':') => {
                    let leaf = self.value_or_range()?;
                    Ok(Node::Leaf(Some(field.to_owned()), leaf))
                }
                _ => Err(self.unexpected()),
            },
        }
    }

    /// `(operator settings…  …)`
    fn operator(&mut self, depth: usize) -> Result<Node, QueryError> {
        self.eat('(');
        let name = self.word();
        let settings = self.settings(name)?;
        let node = match name {
            "and" | "or" => {
                let mut nodes = Vec::new();
                while !matches!(self.peek(), None | Some(')')) {
                    nodes.push(in_field(self.expression(depth + 1)?, settings.field.as_deref()));
                }
                if nodes.is_empty() {
                    return Err(self.unexpected());
                }
                if name == "and" { Node::And(nodes) } else { Node::Or(nodes) }
            }
            "not" => Node::Not(Box::new(in_field(self.expression(depth + 1)?, settings.field.as_deref()))),
            "term" => Node::Leaf(settings.field, self.value_or_range()?),
            "phrase" => Node::Leaf(settings.field, Leaf::Phrase(self.string()?, 0)),
            "near" => {
                let distance = settings.distance.unwrap_or(0);
                Node::Leaf(settings.field, Leaf::Phrase(self.string()?, distance))
            }
            "prefix" => Node::Leaf(settings.field, Leaf::Prefix(self.string()?)),
            "range" if settings.field.is_none() => return Err(QueryError::syntax("range needs field=")),
            "range" => {
                let (from, to) = self.range()?;
                Node::Leaf(settings.field, Leaf::Range(from, to))
            }
            "matchall" => Node::All,
            name => return Err(QueryError::syntax(format!("unknown operator '{name}'"))),
        };
        if !self.eat(')') {
            return Err(self.unexpected());
        }
        Ok(match settings.boost {
            Some(boost) => Node::Boost(Box::new(node), boost),
            None => node,
        })
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.rest.chars().next()
    }

    fn settings(&mut self, operator: &str) -> Result<Settings, QueryError> {
        let mut settings = Settings::default();
        loop {
            let before = self.rest;
            let name = self.word();
            if name.is_empty() || !self.eat('=') {
                self.rest = before;
                return Ok(settings);
            }
            match name {
                "field" => {
                    let quoted = self.peek() == Some('\'');
                    let field = if quoted { self.string()? } else { self.word().to_owned() };
                    settings.field = Some(field);
                }
                "boost" => {
                    let boost = self.number().parse::<f32>().ok();
                    let boost = boost.filter(|boost| boost.is_finite() && *boost > 0.0);
                    settings.boost =
                        Some(boost.ok_or_else(|| QueryError::syntax("boost must be a positive number"))?);
                }
                "distance" if operator == "near" => {
                    let distance = self.number().parse::<u32>().ok().filter(|distance| *distance > 0);
                    let distance =
                        distance.ok_or_else(|| QueryError::syntax("distance must be a positive integer"))?;
                    settings.distance = Some(distance.min(MAX_DISTANCE));
                }
                name => return Err(QueryError::syntax(format!("unknown option '{name}'"))),
            }
        }
    }

    /// The characters of which numbers and unquoted bounds are made.
    fn number(&mut self) -> &'a str {
        self.skip();
        let is_of_numbers = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
        let end = self.rest.find(|character| !is_of_numbers(character)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number
    }

    fn value_or_range(&mut self) -> Result<Leaf, QueryError> {
        match self.peek() {
            Some('[' | '{') => self.range().map(|(from, to)| Leaf::Range(from, to)),
            _ => self.value().map(Leaf::Term),
        }
    }

    /// A string in quotes, or a number.
    fn value(&mut self) -> Result<String, QueryError> {
        if self.peek() == Some('\'') {
            return self.string();
        }
        match self.number() {
            "" => Err(self.unexpected()),
            number if number.parse::<f64>().is_ok() => Ok(number.to_owned()),
            word => Err(QueryError::syntax(format!("'{word}' must be in single quotes"))),
        }
    }

    fn string(&mut self) -> Result<String, QueryError> {
        if !self.eat('\'') {
            return Err(self.unexpected());
        }
        let mut text = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next() {
                None => return Err(QueryError::syntax("a string does not end")),
                Some('\'') => break,
                Some('\\') => text.extend(characters.next()),
                Some(character) => text.push(character),
            }
        }
        self.rest = characters.as_str();
        Ok(text)
    }

    fn range(&mut self) -> Result<(Bound<String>, Bound<String>), QueryError> {
        let includes_from = self.eat('[');
        if !includes_from && !self.eat('{') {
            return Err(self.unexpected());
        }
        let from = if self.peek() == Some(',') { None } else { Some(self.value()?) };
        if !self.eat(',') {
            return Err(self.unexpected());
        }
        let to = if matches!(self.peek(), Some(']' | '}')) { None } else { Some(self.value()?) };
        let includes_to = self.eat(']');
        if !includes_to && !self.eat('}') {
            return Err(self.unexpected());
        }
        if (includes_from && from.is_none()) || (includes_to && to.is_none()) {
            return Err(QueryError::syntax("an omitted bound needs a curly brace"));
        }
        if from.is_none() && to.is_none() {
            return Err(QueryError::syntax("a range needs a bound"));
        }
        Ok((bound(from, includes_from), bound(to, includes_to)))
    }
}

fn bound(value: Option<String>, is_included: bool) -> Bound<String> {
    match value {
        None => Bound::Unbounded,
        Some(value) if is_included => Bound::Included(value),
        Some(value) => Bound::Excluded(value),
    }
}

/// Applies the field of an outer operator to a string in it, as in `(not field=genres 'Sci-Fi')`.
fn in_field(node: Node, field: Option<&str>) -> Node {
    match (node, field) {
        (Node::Leaf(None, leaf), Some(field)) => Node::Leaf(Some(field.to_owned()), leaf),
        (node, _) => node,
    }
}
