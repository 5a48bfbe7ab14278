//! Highlights: the text of a field with the words that were looked for marked in it.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::{Request, SearchError};
use crate::analysis::Analyzer;
use crate::generation::Generation;
use crate::model::{Field, Source};
use crate::query::{Leaf, Node};

/// Most occurrences that are marked.
const MAX_PHRASES: u64 = 1000;

/// How a field is highlighted.
#[derive(Debug)]
pub(crate) struct Highlight {
    field: String,
    is_html: bool,
    max_phrases: usize,
    pre_tag: String,
    post_tag: String,
}

impl Highlight {
    /// Reads the options of a highlight.
    pub(super) fn parse(field: &Field, options: &Json) -> Result<Self, SearchError> {
        let name = &field.name;
        let wrong = |what: &str| SearchError::invalid(format!("Invalid value for highlight.{name}: {what}"));
        if !field.can_highlight() {
            return Err(wrong("the field is not highlight enabled"));
        }
        let options = options.as_object().ok_or_else(|| wrong("the options must be a JSON object"))?;
        let known = ["format", "max_phrases", "pre_tag", "post_tag"];
        if let Some(unknown) = options.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(wrong(&format!("unknown option {unknown:?}")));
        }
        let is_html = match options.get("format").map(Json::as_str) {
            None | Some(Some("html")) => true,
            Some(Some("text")) => false,
            _ => return Err(wrong("format must be 'text' or 'html'")),
        };
        let max_phrases = match options.get("max_phrases") {
            None => 1,
            Some(number) => number
                .as_u64()
                .filter(|number| (1..=MAX_PHRASES).contains(number))
                .ok_or_else(|| wrong(&format!("max_phrases must be 1 to {MAX_PHRASES}")))?,
        };
        let tag = |name: &str, html: &str| match options.get(name) {
            None => Ok(if is_html { html.to_owned() } else { "*".to_owned() }),
            Some(Json::String(tag)) => Ok(tag.clone()),
            Some(_) => Err(wrong(&format!("{name} must be a string"))),
        };
        Ok(Self {
            field: name.clone(),
            is_html,
            max_phrases: usize::try_from(max_phrases).unwrap_or(usize::MAX),
            pre_tag: tag("pre_tag", "<em>")?,
            post_tag: tag("post_tag", "</em>")?,
        })
    }

    fn mark(&self, text: &str, analyzer: &Analyzer, words: &Words) -> String {
        let mut marked = String::new();
        let mut end = 0;
        let found = analyzer.terms(text).into_iter().filter(|token| words.contain(&token.text));
        for token in found.take(self.max_phrases) {
            marked += &self.escape(&text[end..token.offset_from]);
            marked += &self.pre_tag;
            marked += &self.escape(&text[token.offset_from..token.offset_to]);
            marked += &self.post_tag;
            end = token.offset_to;
        }
        marked + &self.escape(&text[end..])
    }

    fn escape(&self, text: &str) -> String {
        if self.is_html { quick_xml::escape::escape(text).into_owned() } else { text.to_owned() }
    }
}

/// The highlights of one result.
pub(super) fn highlights(generation: &Generation, request: &Request, source: &Source) -> Map<String, Json> {
    let mut written = Map::new();
    for highlight in &request.highlights {
        let Some(field) = generation.config.fields.get(&highlight.field) else { continue };
        let Some(analyzer) = generation.layout.analyzer(field) else { continue };
        let Some(texts) = source.get(&field.name) else { continue };
        let mut words = Words::default();
        words.collect(&request.query, field, analyzer);
        let text = highlight.mark(&texts.join(" "), analyzer, &words);
        written.insert(field.name.clone(), json!(text));
    }
    written
}

/// What is marked in a field.
#[derive(Default)]
struct Words {
    exact: BTreeSet<String>,
    prefixes: Vec<String>,
}

impl Words {
    fn contain(&self, word: &str) -> bool {
        self.exact.contains(word) || self.prefixes.iter().any(|prefix| word.starts_with(prefix))
    }

    fn collect(&mut self, node: &Node, field: &Field, analyzer: &Analyzer) {
        match node {
            Node::All | Node::Not(_) => {}
            Node::And(nodes) | Node::Or(nodes) => {
                for node in nodes {
                    self.collect(node, field, analyzer);
                }
            }
            Node::Boost(inner, _) => self.collect(inner, field, analyzer),
            Node::Leaf(Some(name), _) if *name != field.name => {}
            Node::Leaf(_, Leaf::Term(text) | Leaf::Phrase(text, _) | Leaf::Fuzzy(text, _)) => {
                self.exact.extend(analyzer.terms(text).into_iter().map(|token| token.text));
            }
            Node::Leaf(_, Leaf::Prefix(text)) => self.prefixes.push(analyzer.whole(text)),
            Node::Leaf(_, Leaf::Range(..)) => {}
        }
    }
}
