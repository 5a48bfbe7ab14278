//! The reading side: suggestions.
//!
//! They are a search for the beginnings of names, and not the domain's suggester: that one knows a document only after
//! it has been built again, takes "beat" for the beginning of no Beatles, and answers what it was given, without emoji.

use std::cmp::Reverse;
use std::collections::HashSet;

use futures::future::try_join_all;
use mixtape_domain::text;
use serde_json::json;

use super::document::start;
use super::domain::send;
use super::fields::{KIND, POPULARITY, SOURCE, STARTS, WHOLE};
use super::search::{Reader, documents, size};
use super::token::{is_plain, token, whole_token};
use crate::document::{Document, Kind};
use crate::error::IndexError;
use crate::matching::{Tolerance, Word};
use crate::query::{Closeness, MAX_QUERY_CHARS};
use crate::ranking::{Hashes, PREFIX, Shape};
use crate::words::{bare, cut, whole};
use crate::{MAX_SUGGESTIONS, Suggestion};

/// Names of each kind that are looked at.
const CANDIDATES: usize = 50;
/// What a name that is typed to its end is worth more.
const IS_WHOLE: f32 = 1.0;
/// What a word more than another name costs.
const LENGTH_PENALTY: f32 = 0.05;

impl Reader {
    /// Names that start with the text, at most [`MAX_SUGGESTIONS`], each once. Typing errors are looked for only when
    /// there is not enough without them.
    ///
    /// # Errors
    /// The domain is away, or refuses the query.
    pub async fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, IndexError> {
        let typed = cut(text, MAX_QUERY_CHARS);
        let typed_whole = whole(&typed);
        if typed_whole.is_empty() {
            return Ok(Vec::new());
        }
        let word = Word::new(&typed_whole, Tolerance::of(&typed_whole, Closeness::TyposAndPrefix));
        let start = start(&typed);
        let mut suggestions = best(self.starting_with(&token(&start), &typed).await?, &word, &typed);
        if suggestions.len() < MAX_SUGGESTIONS && word.tolerance.typos > 0 && is_plain(&start) {
            let nearly = format!("{} | {start}~{}", token(&start), word.tolerance.typos);
            suggestions = best(self.starting_with(&nearly, &typed).await?, &word, &typed);
        }
        Ok(suggestions)
    }

    /// The likeliest documents of each kind whose names have one of these beginnings.
    async fn starting_with(&self, beginnings: &str, typed: &str) -> Result<Vec<Document>, IndexError> {
        let whole = whole(bare(typed));
        let query = if whole.is_empty() {
            beginnings.to_owned()
        } else {
            format!("{beginnings} | {}", whole_token(&whole))
        };
        let options = json!({ "fields": [format!("{STARTS}^1"), format!("{WHOLE}^20")] }).to_string();
        let search = async |kind: Kind| {
            let search = self.domain.search().query(&query).query_options(&options).size(size(CANDIDATES));
            let search = search.filter_query(format!("(term field={KIND} '{}')", kind.as_str()));
            let search = search.sort(format!("_score desc,{POPULARITY} desc,_id asc")).r#return(SOURCE);
            documents(send(search).await?.hits.and_then(|hits| hits.hit).unwrap_or_default())
        };
        Ok(try_join_all(Kind::ALL.map(search)).await?.concat())
    }
}

/// The likeliest names, each once.
fn best(documents: Vec<Document>, word: &Word, typed: &str) -> Vec<Suggestion> {
    let asked = Hashes::of(typed);
    let points = |document: &Document| {
        let name = document.name();
        let forms = [whole(name), whole(bare(name))];
        let points = forms.iter().filter_map(|form| word.points(form.as_bytes())).reduce(f32::max)?;
        let shape = Shape::of(document);
        let end = if shape.hashes.whole() == asked.whole() { IS_WHOLE } else { 0.0 };
        // A name that ends here counts like one that goes on.
        Some(
            points.min(PREFIX) + end
                - LENGTH_PENALTY * f32::from(u8::try_from(shape.length).unwrap_or(u8::MAX)),
        )
    };
    let mut ranked: Vec<(f32, Document)> =
        documents.into_iter().filter_map(|document| Some((points(&document)?, document))).collect();
    ranked.sort_by(|(one, first), (other, second)| {
        let order = |document: &Document| {
            (Reverse(document.popularity()), order(document.key().kind()), document.key())
        };
        other.total_cmp(one).then_with(|| order(first).cmp(&order(second)))
    });
    let mut names = HashSet::new();
    let named = ranked.into_iter().filter(|(_, document)| names.insert(text::collapse(document.name())));
    let suggestion =
        |document: Document| Suggestion { text: document.name().to_owned(), key: document.key() };
    named.take(MAX_SUGGESTIONS).map(|(_, document)| suggestion(document)).collect()
}

/// Of names that match equally well, artists and then albums are more likely to be meant.
fn order(kind: Kind) -> u8 {
    match kind {
        Kind::Artist => 0,
        Kind::Album => 1,
        Kind::Track => 2,
    }
}
