//! A domain's configuration: fields, suggesters and analysis schemes, as they are defined and as they are indexed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::value::{Kind, Value};

/// Most fields, suggesters and schemes of a domain.
pub(crate) const MAX_FIELDS: usize = 200;
pub(crate) const MAX_SUGGESTERS: usize = 10;
pub(crate) const MAX_SCHEMES: usize = 100;

/// A field that documents may hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) is_array: bool,
    /// The options that were given; what is left out is on.
    pub(crate) search: Option<bool>,
    pub(crate) facet: Option<bool>,
    pub(crate) returned: Option<bool>,
    pub(crate) sort: Option<bool>,
    pub(crate) highlight: Option<bool>,
    /// What documents without a value hold.
    pub(crate) default: Option<String>,
    /// Other fields whose values it holds too.
    pub(crate) sources: Vec<String>,
    /// Of text fields; none is [`crate::analysis::DEFAULT_SCHEME`].
    pub(crate) scheme: Option<String>,
}

impl Field {
    pub(crate) fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    pub(crate) fn can_search(&self) -> bool {
        self.is_text() || self.search.unwrap_or(true)
    }

    pub(crate) fn can_facet(&self) -> bool {
        !self.is_text() && self.facet.unwrap_or(true)
    }

    pub(crate) fn can_return(&self) -> bool {
        self.returned.unwrap_or(true)
    }

    pub(crate) fn can_sort(&self) -> bool {
        !self.is_array && self.kind != Kind::Latlon && self.sort.unwrap_or(true)
    }

    pub(crate) fn can_highlight(&self) -> bool {
        self.is_text() && self.highlight.unwrap_or(true)
    }

    /// The type as the configuration API writes it, `text-array` for example.
    pub(crate) fn type_name(&self) -> String {
        let array = if self.is_array { "-array" } else { "" };
        format!("{}{array}", self.kind.as_str())
    }
}

/// What suggestions are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suggester {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) fuzzy: Option<Fuzzy>,
    /// A numeric field; suggestions with higher values come first.
    pub(crate) sort_field: Option<String>,
}

/// How many typing errors suggestions forgive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fuzzy {
    None,
    Low,
    High,
}

impl Fuzzy {
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("none", Self::None), ("low", Self::Low), ("high", Self::High)];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::High => "high",
        }
    }

    /// Most characters in which a suggestion may differ.
    pub(crate) fn distance(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::High => 2,
        }
    }
}

/// How the text of fields becomes terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnalysisScheme {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) stop_words: Option<Vec<String>>,
    pub(crate) stemming: Option<String>,
}

impl AnalysisScheme {
    /// English text loses its accents with its endings.
    pub(crate) fn folds_accents(&self) -> bool {
        self.language == "en" && self.stemming.as_deref() != Some("none")
    }
}

/// Something that is defined, and since when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Defined<T> {
    pub(crate) options: T,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) version: u64,
    /// It goes with the next indexing.
    pub(crate) is_deleted: bool,
    /// A document does not fit it, as the last indexing found.
    pub(crate) has_failed: bool,
}

/// Everything by which documents are indexed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) suggesters: BTreeMap<String, Suggester>,
    pub(crate) schemes: BTreeMap<String, AnalysisScheme>,
}

/// The text of a document's fields, as uploaded.
pub(crate) type Source = BTreeMap<String, Vec<String>>;

impl Config {
    /// The values of all fields of a document, copied and defaulted ones too.
    pub(crate) fn values<'a>(&'a self, source: &'a Source) -> impl Iterator<Item = (&'a Field, Vec<Value>)> {
        self.fields.values().filter_map(move |field| {
            let own = source.get(&field.name).into_iter();
            let copied = field.sources.iter().filter_map(|name| source.get(name));
            let mut texts: Vec<&str> = own.chain(copied).flatten().map(String::as_str).collect();
            if texts.is_empty() {
                texts.extend(field.default.as_deref());
            }
            if !field.is_array {
                texts.truncate(1);
            }
            let values: Vec<Value> = texts.into_iter().filter_map(|text| field.kind.parse(text)).collect();
            (!values.is_empty()).then_some((field, values))
        })
    }

    /// The first field in which a document does not fit.
    pub(crate) fn misfit(&self, source: &Source) -> Option<&Field> {
        self.fields.values().find(|field| {
            let own = source.get(&field.name);
            own.is_some_and(|texts| {
                (!field.is_array && texts.len() > 1)
                    || texts.iter().any(|text| field.kind.parse(text).is_none())
            })
        })
    }

    /// The fields that are searched when a request names none.
    pub(crate) fn text_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().filter(|field| field.is_text())
    }
}
