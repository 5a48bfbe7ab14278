//! What a person types into the search field, parsed: words, filters, and how closely each must match.

use mixtape_domain::text::{self, Chunk};

use crate::words::accented;

/// Most characters of a query.
pub const MAX_QUERY_CHARS: usize = 200;
/// Most words of a query that are looked for; what comes after them only narrows a search that is narrow already.
const MAX_TERMS: usize = 24;

/// A query as typed: all words and all filters must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The words outside filters, to be found in title, artist or album.
    pub terms: Vec<Term>,
    pub filters: Vec<Filter>,
    /// The text outside filters, by which a name that equals it comes first.
    pub whole: String,
}

/// One condition that is written as `field:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All these words must be found in the field.
    Words { field: Field, terms: Vec<Term> },
    /// The year lies between these, both included.
    Years { from: u16, to: u16 },
}

/// A field that a filter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Artist,
    Album,
    /// The title of a track; finds tracks only.
    Track,
    Genre,
}

/// What stood between two spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Without accents.
    pub chunk: Chunk,
    /// As one word with its accents, if it has any: names with the same accents come first.
    pub accented: Option<String>,
    pub closeness: Closeness,
}

impl Term {
    /// Whether it can be left out: "the" is in some spellings of a name and not in others, and "by" stands before the
    /// artist.
    pub(crate) fn is_optional(&self) -> bool {
        let is_quoted = self.closeness == Closeness::Exact;
        matches!(self.chunk.pieces.as_slice(), [text::Piece::Word(word)] if !is_quoted && (word == "the" || word == "by"))
    }

    /// Whether it is a single sign that people put between words.
    fn is_connector(&self) -> bool {
        matches!(self.chunk.pieces.as_slice(), [text::Piece::Symbol(symbol)] if symbol.chars().count() == 1 && symbol.is_ascii())
    }
}

/// How closely a term must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closeness {
    /// Letter by letter: it stood in quotation marks.
    Exact,
    /// But for typing errors.
    Typos,
    /// But for typing errors, and there may be more: it is the last word, which may not be finished.
    TyposAndPrefix,
}

impl Closeness {
    /// The same for a word after which more was typed.
    pub(crate) fn finished(self) -> Self {
        if self == Self::TyposAndPrefix { Self::Typos } else { self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("must hold something to look for")]
    Empty,
    #[error("must be at most {MAX_QUERY_CHARS} characters long")]
    TooLong,
}

impl Query {
    /// Reads a query. What looks like a filter and is none (`year:soon`, `foo:bar`) is taken as words, because titles
    /// are written like that too.
    ///
    /// # Errors
    /// There is nothing to look for, or too much.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(QueryError::TooLong);
        }
        let plain = text::plain(text);
        let mut query = Self { terms: Vec::new(), filters: Vec::new(), whole: String::new() };
        let mut words = Vec::new();
        let mut rest = plain.as_str();
        while !rest.is_empty() {
            let (lexeme, after) = lexeme(rest);
            rest = after.trim_start();
            let closeness = match (lexeme.is_quoted, rest.is_empty()) {
                (true, _) => Closeness::Exact,
                (false, false) => Closeness::Typos,
                (false, true) => Closeness::TyposAndPrefix,
            };
            match filter(&lexeme, closeness) {
                Some(filter) => query.filters.push(filter),
                None => {
                    query.terms.extend(terms(lexeme.text(), closeness));
                    words.push(lexeme.text());
                }
            }
        }
        query.whole = words.join(" ");
        query.keep_what_counts();
        if query.terms.is_empty() && query.filters.is_empty() { Err(QueryError::Empty) } else { Ok(query) }
    }

    /// Drops what only connects words (it is in one spelling of a name and not in another), and what is too much.
    fn keep_what_counts(&mut self) {
        if self.terms.iter().any(|term| term.chunk.is_name()) {
            self.terms.retain(|term| term.chunk.is_name());
        } else if !self.filters.is_empty() {
            // Nothing but symbols: "!!!" is a name, a dash between two filters is none.
            self.terms.retain(|term| !term.is_connector());
        }
        self.terms.truncate(MAX_TERMS);
        self.filters.truncate(MAX_TERMS);
    }
}

/// A word or a quoted text, with the name and colon before it.
struct Lexeme<'a> {
    name: Option<&'a str>,
    value: &'a str,
    is_quoted: bool,
    /// All of it, as written.
    raw: &'a str,
}

impl<'a> Lexeme<'a> {
    /// What to look for when this is no filter.
    fn text(&self) -> &'a str {
        if self.name.is_none() { self.value } else { self.raw }
    }
}

/// The first lexeme of a text that starts with one, and what comes after it.
fn lexeme(text: &str) -> (Lexeme<'_>, &str) {
    let is_name = |name: &str| matches!(name, "artist" | "album" | "track" | "genre" | "year");
    let (name, value) = match text.split_once(':') {
        // There may be a space before the value.
        Some((name, value)) if is_name(name) && !value.trim_start().is_empty() => {
            (Some(name), value.trim_start())
        }
        _ => (None, text),
    };
    let quoted = value.strip_prefix('"').and_then(|inner| inner.split_once('"'));
    let (value, is_quoted, after) = match quoted {
        Some((inner, after)) if !inner.trim().is_empty() => (inner, true, after),
        _ => {
            let end = value.find(' ').unwrap_or(value.len());
            (&value[..end], false, &value[end..])
        }
    };
    (Lexeme { name, value, is_quoted, raw: &text[..text.len() - after.len()] }, after)
}

fn filter(lexeme: &Lexeme<'_>, closeness: Closeness) -> Option<Filter> {
    let field = match lexeme.name? {
        "artist" => Field::Artist,
        "album" => Field::Album,
        "track" => Field::Track,
        "genre" => Field::Genre,
        _ => return years(lexeme.value),
    };
    let mut terms: Vec<Term> = terms(lexeme.value, closeness);
    if terms.iter().any(|term| term.chunk.is_name()) {
        terms.retain(|term| term.chunk.is_name());
    }
    terms.truncate(MAX_TERMS);
    (!terms.is_empty()).then_some(Filter::Words { field, terms })
}

/// `1999`, `1990..1999`, `1990..` or `..1999`.
fn years(text: &str) -> Option<Filter> {
    let year = |text: &str| text.parse::<u16>().ok();
    let (from, to) = match text.split_once("..") {
        None => (year(text)?, year(text)?),
        Some(("", "")) => return None,
        Some(("", to)) => (0, year(to)?),
        Some((from, "")) => (year(from)?, u16::MAX),
        Some((from, to)) => (year(from)?, year(to)?),
    };
    Some(Filter::Years { from, to })
}

/// The terms of a text that went through [`text::plain`].
fn terms(plain: &str, closeness: Closeness) -> Vec<Term> {
    let mut terms = Vec::new();
    for written in plain.split_whitespace() {
        let accented = accented(written);
        let chunks = text::chunks(&text::fold(written));
        terms.extend(chunks.into_iter().map(|chunk| Term { chunk, accented: accented.clone(), closeness }));
    }
    // A prefix is only what is typed last.
    let last = terms.len().saturating_sub(1);
    for term in terms.iter_mut().take(last) {
        term.closeness = term.closeness.finished();
    }
    terms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a query in a form that is easy to compare: `word` exact, `word~` with typos, `word~*` also a prefix.
    fn written(text: &str) -> String {
        let Ok(query) = Query::parse(text) else { return "nothing".to_owned() };
        let term = |term: &Term| {
            let word = term.chunk.joined.clone().unwrap_or_else(|| match &term.chunk.pieces[0] {
                text::Piece::Word(word) | text::Piece::Cjk(word) | text::Piece::Symbol(word) => word.clone(),
            });
            let closeness = match term.closeness {
                Closeness::Exact => "",
                Closeness::Typos => "~",
                Closeness::TyposAndPrefix => "~*",
            };
            format!("{word}{closeness}")
        };
        let mut parts: Vec<String> = query.terms.iter().map(term).collect();
        for filter in &query.filters {
            parts.push(match filter {
                Filter::Years { from, to } => format!("years {from} to {to}"),
                Filter::Words { field, terms } => {
                    let words: Vec<String> = terms.iter().map(term).collect();
                    format!("{field:?}({})", words.join(" ")).to_lowercase()
                }
            });
        }
        parts.join(" ")
    }

    #[test]
    fn a_query_is_words_and_filters() {
        for (text, expected) in [
            ("daft punk", "daft~ punk~*"),
            ("  Daft   PUNK ", "daft~ punk~*"),
            ("AC/DC", "acdc~*"),
            ("artist:\"Daft Punk\" around", "around~* artist(daft punk)"),
            ("artist:\u{201C}Daft Punk\u{201D}", "artist(daft punk)"),
            ("artist:daft punk", "punk~* artist(daft~)"),
            ("ARTIST:daft", "artist(daft~*)"),
            ("artist: daft around", "around~* artist(daft~)"),
            ("artist: \"daft punk\"", "artist(daft punk)"),
            ("!!! year:2007", "!!!~ years 2007 to 2007"),
            ("artist:daft - year:2007", "artist(daft~) years 2007 to 2007"),
            ("\"army of me\" live", "army of me live~*"),
            ("year:1999", "years 1999 to 1999"),
            ("year:1990..1999 house", "house~* years 1990 to 1999"),
            ("year:1990..", "years 1990 to 65535"),
            ("year:..1999", "years 0 to 1999"),
            ("genre:\"hip hop\" year:2001", "genre(hip hop) years 2001 to 2001"),
            ("year:soon", "yearsoon~*"),
            ("year:..", "year~*"),
            ("artist:", "artist~*"),
            ("artist:\"", "artist(\"~*)"),
            ("foo:bar", "foobar~*"),
            ("rock & roll", "rock~ roll~*"),
            ("artist - title", "artist~ title~*"),
            ("&", "&~*"),
            ("!!!", "!!!~*"),
            ("7\" mix", "7~ mix~*"),
            ("\"unfinished", "unfinished~*"),
            ("\"\"", "\"\"~*"),
            ("", "nothing"),
            (" \u{200B} ", "nothing"),
        ] {
            assert_eq!(written(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_query_has_limits() {
        assert_eq!(Query::parse(&"a".repeat(201)), Err(QueryError::TooLong));
        assert_eq!(Query::parse(&"é".repeat(200)).map(|query| query.terms.len()), Ok(1));
        assert_eq!(Query::parse(&"ab ".repeat(60)).map(|query| query.terms.len()), Ok(MAX_TERMS));
    }

    proptest! {
        #[test]
        fn any_text_is_a_query_or_none(text in "(\\PC|artist:|year:|[\"&' ]){0,40}") {
            if let Ok(query) = Query::parse(&text) {
                prop_assert!(!query.terms.is_empty() || !query.filters.is_empty());
            }
        }
    }
}
