//! The Tantivy schema of a configuration, and documents in it.

use std::collections::BTreeMap;

use tantivy::schema::{
    FAST, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, TantivyDocument};

use crate::analysis::{Analyzer, DEFAULT_SCHEME};
use crate::model::{Config, Field, Source};
use crate::value::{Kind, Value};

/// Most bytes of a text by which documents are sorted, or suggested.
const MAX_SORT_BYTES: usize = 512;

/// Where a configuration's fields lie in the index.
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    /// The document's id; exact, and fast for sorting.
    pub(crate) id: tantivy::schema::Field,
    /// The document's [`Source`], as JSON.
    pub(crate) source: tantivy::schema::Field,
    pub(crate) columns: BTreeMap<String, Columns>,
    /// What suggestions are matched against, by suggester.
    pub(crate) suggesters: BTreeMap<String, tantivy::schema::Field>,
    analyzers: BTreeMap<String, Analyzer>,
}

/// The parts of the index that hold one field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Columns {
    One(tantivy::schema::Field),
    /// A text, and the text as a whole for sorting.
    Text(tantivy::schema::Field, Option<tantivy::schema::Field>),
    Latlon {
        latitude: tantivy::schema::Field,
        longitude: tantivy::schema::Field,
    },
}

/// The name of the fast field by which the documents are sorted or counted; `None` if there is none.
pub(crate) fn fast_name(field: &Field) -> Option<String> {
    match field.kind {
        Kind::Text if field.can_sort() => Some(format!("sort/{}", field.name)),
        Kind::Text | Kind::Latlon => None,
        _ => Some(format!("field/{}", field.name)),
    }
}

/// The name of the fast field of the documents' ids.
pub(crate) const ID: &str = "id";

impl Layout {
    pub(crate) fn of(config: &Config) -> Self {
        let mut schema = Schema::builder();
        let id = schema.add_text_field(ID, STRING | FAST | STORED);
        let source = schema.add_bytes_field("source", STORED);
        let mut columns = BTreeMap::new();
        let mut analyzers = BTreeMap::new();
        for field in config.fields.values() {
            let name = format!("field/{}", field.name);
            let place = match field.kind {
                Kind::Int | Kind::Date => Columns::One(schema.add_i64_field(&name, INDEXED | FAST)),
                Kind::Double => Columns::One(schema.add_f64_field(&name, INDEXED | FAST)),
                Kind::Literal => Columns::One(schema.add_text_field(&name, STRING | FAST)),
                Kind::Text => {
                    let scheme = scheme_name(field);
                    analyzers.entry(scheme.to_owned()).or_insert_with(|| analyzer(config, scheme));
                    let text = schema.add_text_field(&name, text_options(scheme));
                    Columns::Text(text, fast_name(field).map(|name| schema.add_text_field(&name, FAST)))
                }
                Kind::Latlon => Columns::Latlon {
                    latitude: schema.add_f64_field(&format!("latitude/{}", field.name), INDEXED | FAST),
                    longitude: schema.add_f64_field(&format!("longitude/{}", field.name), INDEXED | FAST),
                },
            };
            columns.insert(field.name.clone(), place);
        }
        let suggesters = config.suggesters.keys().map(|name| {
            let options = STRING | FAST;
            (name.clone(), schema.add_text_field(&format!("suggest/{name}"), options))
        });
        let suggesters = suggesters.collect();
        Self { schema: schema.build(), id, source, columns, suggesters, analyzers }
    }

    /// Makes the analyzers known to an index of this layout.
    pub(crate) fn register(&self, index: &Index) {
        for (name, analyzer) in &self.analyzers {
            index.tokenizers().register(name, analyzer.words.clone());
        }
    }

    /// How the text of a field becomes terms; `None` if the field holds no text.
    pub(crate) fn analyzer(&self, field: &Field) -> Option<&Analyzer> {
        if field.is_text() { self.analyzers.get(scheme_name(field)) } else { None }
    }

    /// What suggestions from a field, or for what is typed, are compared by.
    pub(crate) fn spaced(&self, field: &Field, text: &str) -> String {
        let text = cut(text);
        self.analyzer(field).map_or_else(|| text.to_lowercase(), |analyzer| analyzer.spaced(text))
    }

    /// A document as it is indexed.
    ///
    /// # Errors
    /// The source cannot be written as JSON.
    pub(crate) fn document(
        &self,
        config: &Config,
        id: &str,
        source: &Source,
    ) -> Result<TantivyDocument, serde_json::Error> {
        let mut document = TantivyDocument::new();
        document.add_text(self.id, id);
        document.add_bytes(self.source, &serde_json::to_vec(source)?);
        for (field, values) in config.values(source) {
            let Some(columns) = self.columns.get(&field.name) else { continue };
            for value in &values {
                columns.add(value, &mut document);
            }
            for suggester in config.suggesters.values().filter(|suggester| suggester.source == field.name) {
                if let (Some(column), Some(Value::Text(text))) =
                    (self.suggesters.get(&suggester.name), values.first())
                {
                    document.add_text(*column, self.spaced(field, text));
                }
            }
        }
        Ok(document)
    }
}

impl Columns {
    fn add(self, value: &Value, document: &mut TantivyDocument) {
        match (self, value) {
            (Self::One(column), Value::Int(number) | Value::Date(number)) => {
                document.add_i64(column, *number);
            }
            (Self::One(column), Value::Double(number)) => document.add_f64(column, *number),
            (Self::One(column), Value::Text(text)) => document.add_text(column, text),
            (Self::Text(column, sort), Value::Text(text)) => {
                document.add_text(column, text);
                if let Some(sort) = sort {
                    document.add_text(sort, cut(text));
                }
            }
            (Self::Latlon { latitude, longitude }, Value::Latlon(north, east)) => {
                document.add_f64(latitude, *north);
                document.add_f64(longitude, *east);
            }
            // A field's columns are made for its kind, and its values are read by it.
            _ => {}
        }
    }
}

fn scheme_name(field: &Field) -> &str {
    field.scheme.as_deref().unwrap_or(DEFAULT_SCHEME)
}

fn analyzer(config: &Config, scheme: &str) -> Analyzer {
    config.schemes.get(scheme).map_or_else(|| Analyzer::built_in(scheme), Analyzer::of)
}

fn text_options(scheme: &str) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(scheme)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_SORT_BYTES)]
}
