//! The fields of the index, and how a document becomes terms and columns. A change here is a new
//! [`super::manifest::FORMAT`].
//!
//! | field | holds | read by |
//! | --- | --- | --- |
//! | `words` | words of title, artists and album; how often one occurs is the set of places ([`Places`]) | search |
//! | `genre` | words of the genres | the filter |
//! | `credit` | whole names of the artists, as one word | search |
//! | `start` | the first letters of the name as one word | suggestions, whole names |
//! | `edge` | the first one and two letters | suggestions |
//! | `bucket` | 16 bits of the id | updates |
//! | columns | facts ([`Facts`]), id, year, genres as written, popularity, digest | everything |
//! | `label` | the name as written, stored | suggestions |

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{IndexSettings, TantivyDocument};

use super::id::Place;
use super::tokens;
use crate::document::Document;
use crate::ranking::{Hashes, Shape};
use crate::words::{bare, cut, whole, words};

/// Bytes of names that are compressed together: more take less space and longer to read one of.
const STORED_BLOCK: usize = 32 * 1024;
/// Letters of a name that are indexed for names as a whole.
pub(super) const START_CHARS: usize = 10;
/// Up to so many letters, beginnings are terms of their own: there are too many names of one to put them together.
pub(super) const EDGE_CHARS: usize = 2;

// Names of the columns.
pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const YEAR: &str = "year";
pub(super) const GENRES: &str = "genres";
pub(super) const FACTS: &str = "facts";
pub(super) const POPULARITY: &str = "popularity";
pub(super) const DIGEST: &str = "digest";

/// The fields by which documents are found. None has positions: all words of a query must match, in any order.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) words: Field,
    pub(super) genre: Field,
    pub(super) credit: Field,
    pub(super) start: Field,
    pub(super) edge: Field,
    pub(super) bucket: Field,
    pub(super) label: Field,
    columns: Columns,
}

#[derive(Debug, Clone)]
struct Columns {
    id_high: Field,
    id_low: Field,
    year: Field,
    genres: Field,
    facts: Field,
    popularity: Field,
    digest: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        Self {
            words: builder.add_text_field("words", indexed(tokens::NAME, IndexRecordOption::WithFreqs)),
            genre: builder.add_text_field("genre", terms()),
            credit: builder.add_text_field("credit", terms()),
            start: builder.add_text_field("start", terms()),
            edge: builder.add_text_field("edge", terms()),
            bucket: builder.add_u64_field("bucket", NumericOptions::default().set_indexed()),
            label: builder.add_text_field("label", STORED),
            columns: Columns {
                id_high: builder.add_u64_field(ID_HIGH, FAST),
                id_low: builder.add_u64_field(ID_LOW, FAST),
                year: builder.add_u64_field(YEAR, FAST),
                genres: builder.add_text_field(GENRES, TextOptions::default().set_fast("raw")),
                facts: builder.add_u64_field(FACTS, FAST),
                popularity: builder.add_u64_field(POPULARITY, FAST),
                digest: builder.add_u64_field(DIGEST, FAST),
            },
            schema: builder.build(),
        }
    }

    /// How files are written.
    pub(super) fn settings() -> IndexSettings {
        IndexSettings {
            docstore_compression: Compressor::Zstd(ZstdCompressor::default()),
            docstore_blocksize: STORED_BLOCK,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        }
    }

    /// A document as the index holds it.
    pub(super) fn document(&self, document: &Document) -> TantivyDocument {
        let mut fields = TantivyDocument::new();
        let place = Place::of(&document.key());
        fields.add_u64(self.bucket, place.bucket());
        fields.add_text(self.label, document.name());
        fields.add_text(self.words, tokens::written(document));
        for genre in words(document.genres()) {
            fields.add_text(self.genre, genre);
        }
        for credit in document.whole_credits() {
            fields.add_text(self.credit, credit);
        }
        for start in starts(document.name()) {
            for chars in 1..=EDGE_CHARS {
                fields.add_text(self.edge, cut(&start, chars));
            }
            fields.add_text(self.start, start);
        }
        self.columns.fill(&mut fields, document, place);
        fields
    }
}

impl Columns {
    fn fill(&self, fields: &mut TantivyDocument, document: &Document, place: Place) {
        fields.add_u64(self.id_high, place.high());
        fields.add_u64(self.id_low, place.low());
        if let Some(year) = document.year() {
            fields.add_u64(self.year, year.into());
        }
        for genre in document.genres().iter().collect::<BTreeSet<_>>() {
            fields.add_text(self.genres, genre);
        }
        fields.add_u64(self.facts, Facts::of(document).0);
        fields.add_u64(self.popularity, document.popularity().into());
        fields.add_u64(self.digest, digest(document));
    }
}

/// The kind of a document and the shape of its name in one number, since opening a column costs more than a few bits: 2
/// bits of kind, twice 4 bits of length, 32 bits of hashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts(pub(super) u64);

impl Facts {
    fn of(document: &Document) -> Self {
        let Shape { length, artist_length, hashes } = Shape::of(document);
        let lengths = (artist_length << 4 | length) as u64;
        Self((u64::from(hashes.0) << 8 | lengths) << 2 | document.key().kind().number())
    }

    pub(super) fn kind(self) -> u64 {
        self.0 & 0b11
    }

    pub(super) fn shape(self) -> Shape {
        let nibble = |at: u64| usize::try_from(self.0 >> at & 0xF).unwrap_or_default();
        let hashes = Hashes(u32::try_from(self.0 >> 10 & 0xFFFF_FFFF).unwrap_or_default());
        Shape { length: nibble(2), artist_length: nibble(6), hashes }
    }
}

/// Terms as they are.
fn terms() -> TextOptions {
    indexed("raw", IndexRecordOption::Basic)
}

/// Without field norms, which only scoring by word frequency needs.
fn indexed(tokenizer: &str, option: IndexRecordOption) -> TextOptions {
    let indexing =
        TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}

/// The first letters of a name as one word, with and without a leading "the".
fn starts(name: &str) -> BTreeSet<String> {
    let forms = [whole(name), whole(bare(name))];
    forms.iter().map(|form| cut(form, START_CHARS)).filter(|start| !start.is_empty()).collect()
}

/// A name or a query as [`starts`] has it.
pub(super) fn start(text: &str) -> String {
    cut(&whole(text), START_CHARS)
}

/// Documents of different digests differ. An edit that happens to keep the 32 bits, one in 4 billion, is not seen.
pub(super) fn digest(document: &Document) -> u64 {
    let json = serde_json::to_vec(document).expect("plain structs are JSON");
    let hash = Sha256::digest(json);
    hash.iter().take(4).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
