//! The simple query language: `star +wars -trek | "the phrase"~2 plan~1 pre* (…)`.
//!
//! Nothing that is typed is an error: an operator without anything to work on is passed over, and so is a parenthesis
//! or a quotation mark without its other half. Operators are applied from left to right, as in Lucene's
//! `SimpleQueryParser`.

use super::{DefaultOperator, Leaf, MAX_CLAUSES, MAX_DEPTH, MAX_DISTANCE, Node, Options, QueryError};

/// Most typing errors of a term.
const MAX_ERRORS: u8 = 2;

pub(super) fn parse(text: &str, options: &Options) -> Result<Node, QueryError> {
    let mut parser = Parser { rest: text, options, clauses: 0, wraps: 0 };
    let top = parser.group(0)?;
    Ok(top.unwrap_or(Node::Or(Vec::new())))
}

struct Parser<'a> {
    rest: &'a str,
    options: &'a Options,
    clauses: usize,
    /// How deep the conditions lie that follow each other with another operator each time, as in `a | b + c | d`.
    wraps: usize,
}

/// How a condition joins those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

/// The operators before a condition.
#[derive(Default)]
struct Pending {
    join: Option<Join>,
    negations: usize,
}

impl Pending {
    /// The first operator counts. A dash before an operator or a space negates nothing.
    fn join_by(&mut self, join: Option<Join>) {
        self.join = self.join.or(join);
        self.negations = 0;
    }
}

/// The conditions of a group so far.
#[derive(Default)]
struct Group {
    top: Option<Node>,
    last: Option<Join>,
}

impl Group {
    /// Adds a condition; answers whether those before it lie one level deeper now.
    fn add(&mut self, node: Node, join: Join) -> bool {
        let Some(top) = self.top.take() else {
            self.top = Some(node);
            return false;
        };
        let wraps = self.last.is_some_and(|last| last != join);
        self.top = Some(match (top, join) {
            (Node::And(mut nodes), Join::And) if self.last == Some(Join::And) => {
                nodes.push(node);
                Node::And(nodes)
            }
            (Node::Or(mut nodes), Join::Or) if self.last == Some(Join::Or) => {
                nodes.push(node);
                Node::Or(nodes)
            }
            (top, Join::And) => Node::And(vec![top, node]),
            (top, Join::Or) => Node::Or(vec![top, node]),
        });
        self.last = Some(join);
        wraps
    }
}

impl<'a> Parser<'a> {
    /// Reads until the parenthesis that closes the group, or the end.
    fn group(&mut self, depth: usize) -> Result<Option<Node>, QueryError> {
        if depth > MAX_DEPTH {
            return Err(QueryError::syntax(format!("more than {MAX_DEPTH} nested parentheses")));
        }
        let default = match self.options.default_operator {
            DefaultOperator::And => Join::And,
            DefaultOperator::Or => Join::Or,
        };
        let mut group = Group::default();
        let mut pending = Pending::default();
        while let Some(character) = self.rest.chars().next() {
            if self.operator(character, &mut pending) {
                continue;
            }
            let node = match character {
                ')' if self.options.has("precedence") => {
                    self.advance();
                    if depth > 0 {
                        return Ok(group.top);
                    }
                    continue;
                }
                '(' if self.options.has("precedence") => {
                    self.advance();
                    self.group(depth + 1)?
                }
                '"' if self.options.has("phrase") => self.phrase(),
                _ => self.term(),
            };
            let Pending { join, negations } = std::mem::take(&mut pending);
            let Some(node) = node else { continue };
            let node = if negations % 2 == 1 { Node::Not(Box::new(node)) } else { node };
            self.clauses += 1;
            self.wraps += usize::from(group.add(node, join.unwrap_or(default)));
            self.check()?;
        }
        Ok(group.top)
    }

    fn check(&self) -> Result<(), QueryError> {
        if self.clauses > MAX_CLAUSES {
            return Err(QueryError::syntax(format!("more than {MAX_CLAUSES} clauses")));
        }
        if self.wraps > MAX_DEPTH {
            let what = format!("the operator changes more than {MAX_DEPTH} times; use parentheses");
            return Err(QueryError::syntax(what));
        }
        Ok(())
    }

    /// Reads an operator or a space, if one stands here.
    fn operator(&mut self, character: char, pending: &mut Pending) -> bool {
        match character {
            '-' => pending.negations += usize::from(self.options.has("not")),
            '+' => pending.join_by(self.options.has("and").then_some(Join::And)),
            '|' => pending.join_by(self.options.has("or").then_some(Join::Or)),
            ' ' | '\t' | '\n' | '\r' if self.options.has("whitespace") => pending.join_by(None),
            _ => return false,
        }
        self.advance();
        true
    }

    fn advance(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    /// Reads a phrase; the quotation mark alone if the phrase has no end.
    fn phrase(&mut self) -> Option<Node> {
        let mut characters = self.rest.chars();
        characters.next();
        let mut text = String::new();
        loop {
            match characters.next() {
                None => {
                    self.advance();
                    return None;
                }
                Some('"') => break,
                Some('\\') if self.options.has("escape") => text.extend(characters.next()),
                Some(character) => text.push(character),
            }
        }
        self.rest = characters.as_str();
        let slop = if self.options.has("near") { self.tilde().unwrap_or(0) } else { 0 };
        if text.trim().is_empty() { None } else { Some(Node::Leaf(None, Leaf::Phrase(text, slop))) }
    }

    /// `~N` and what it says, if it stands here. A greater number says no more than [`MAX_DISTANCE`].
    fn tilde(&mut self) -> Option<u32> {
        let after = self.rest.strip_prefix('~')?;
        let end = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        let (digits, rest) = after.split_at(end);
        self.rest = rest;
        if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE)) }
    }

    /// Reads a term with what is appended to it.
    fn term(&mut self) -> Option<Node> {
        let mut text = String::new();
        let mut is_prefix = false;
        let mut errors = None;
        while let Some(character) = self.rest.chars().next() {
            if self.ends_term(character) {
                break;
            }
            if character == '\\' && self.options.has("escape") {
                self.advance();
                text.extend(self.rest.chars().next());
                self.advance();
                is_prefix = false;
                continue;
            }
            if character == '~'
                && self.options.has("fuzzy")
                && !text.is_empty()
                && let Some((distance, rest)) = self.fuzziness()
            {
                errors = Some(distance);
                self.rest = rest;
                break;
            }
            is_prefix = character == '*' && self.options.has("prefix");
            text.push(character);
            self.advance();
        }
        let leaf = match errors {
            Some(errors) if errors > 0 => Leaf::Fuzzy(text, errors),
            None if is_prefix && text.len() > 1 => {
                text.pop();
                Leaf::Prefix(text)
            }
            _ => Leaf::Term(text),
        };
        Some(Node::Leaf(None, leaf))
    }

    /// The number of errors after a tilde that ends the term, and what comes then. Without a number they are as many
    /// as possible.
    fn fuzziness(&self) -> Option<(u8, &'a str)> {
        let after = self.rest.strip_prefix('~')?;
        let end = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        let (digits, rest) = after.split_at(end);
        if !rest.chars().next().is_none_or(|character| self.ends_term(character)) {
            return None;
        }
        let errors = if digits.is_empty() { MAX_ERRORS } else { digits.parse().unwrap_or(u8::MAX) };
        Some((errors.min(MAX_ERRORS), rest))
    }

    /// Whether a term ends before the character.
    fn ends_term(&self, character: char) -> bool {
        match character {
            '"' => self.options.has("phrase"),
            '|' => self.options.has("or"),
            '+' => self.options.has("and"),
            '(' | ')' => self.options.has("precedence"),
            ' ' | '\t' | '\n' | '\r' => self.options.has("whitespace"),
            _ => false,
        }
    }
}
