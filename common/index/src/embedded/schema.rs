//! The fields of the index, and how a document becomes terms. A change here is a new [`super::manifest::FORMAT`].

use std::collections::BTreeSet;

use mixtape_domain::text::{self, Piece};
use sha2::{Digest, Sha256};
use tantivy::TantivyDocument;
use tantivy::schema::{FAST, Field, INDEXED, STORED, STRING, Schema};

use crate::document::Document;
use crate::query::accented;

/// Longer words are cut; nobody types them.
const MAX_WORD_CHARS: usize = 80;
/// Longer names are looked for by their beginning.
pub(super) const MAX_WHOLE_CHARS: usize = 120;

/// Names of the fast fields that the collector reads.
pub(super) const KIND: &str = "kind";
pub(super) const LENGTH: &str = "length";
pub(super) const POPULARITY: &str = "popularity";
pub(super) const DIGEST: &str = "digest";

/// The fields. Words are single terms without positions: all words of a query must match, in any order, so phrases are
/// never looked for.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    /// Kind and id; the one field by which a document is replaced.
    pub(super) key: Field,
    pub(super) kind: Field,
    /// The name as written, for suggestions.
    pub(super) label: Field,
    /// Words of a track's title, an artist's name, an album's title.
    pub(super) title: Field,
    /// Words of the artists.
    pub(super) artist: Field,
    /// Words of the album.
    pub(super) album: Field,
    pub(super) genre: Field,
    /// The name as one word, with and without a leading "the".
    pub(super) whole: Field,
    /// The name with its accents and punctuation.
    pub(super) exact: Field,
    /// Each artist's name as one word, of tracks and albums.
    pub(super) credit: Field,
    pub(super) year: Field,
    /// How many words the name has: of two names that hold all words, the shorter one is meant.
    length: Field,
    popularity: Field,
    /// A hash of the document, by which an update that changes nothing is left out.
    digest: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        Self {
            key: builder.add_text_field("key", STRING | STORED),
            kind: builder.add_u64_field(KIND, INDEXED | FAST),
            label: builder.add_text_field("label", STORED),
            title: builder.add_text_field("title", words()),
            artist: builder.add_text_field("artist", words()),
            album: builder.add_text_field("album", words()),
            genre: builder.add_text_field("genre", words()),
            whole: builder.add_text_field("whole", words()),
            exact: builder.add_text_field("exact", words()),
            credit: builder.add_text_field("credit", words()),
            year: builder.add_u64_field("year", FAST),
            length: builder.add_u64_field(LENGTH, FAST),
            popularity: builder.add_u64_field(POPULARITY, FAST),
            digest: builder.add_u64_field(DIGEST, FAST),
            schema: builder.build(),
        }
    }

    /// A document as the index holds it.
    pub(super) fn document(&self, document: &Document) -> TantivyDocument {
        let mut fields = TantivyDocument::new();
        fields.add_text(self.key, document.key().to_string());
        fields.add_u64(self.kind, document.key().kind().number());
        fields.add_u64(self.digest, digest(document));
        match document {
            Document::Track(track) => {
                self.add_name(&mut fields, &track.title, track.popularity);
                self.add_artists(&mut fields, &track.artists);
                self.add_year(&mut fields, track.year);
                add_words(&mut fields, self.album, track.album.iter());
                add_words(&mut fields, self.genre, &track.genres);
            }
            Document::Artist(artist) => {
                self.add_name(&mut fields, &artist.name, artist.popularity);
                // So that `artist:` finds the artist too; as a credit it would count twice.
                add_words(&mut fields, self.artist, [&artist.name]);
            }
            Document::Album(album) => {
                self.add_name(&mut fields, &album.title, album.popularity);
                self.add_artists(&mut fields, std::slice::from_ref(&album.artist));
                self.add_year(&mut fields, album.year);
                add_words(&mut fields, self.album, [&album.title]);
            }
        }
        fields
    }

    fn add_name(&self, fields: &mut TantivyDocument, name: &str, popularity: u32) {
        fields.add_text(self.label, name);
        fields.add_u64(self.length, name.split_whitespace().count() as u64);
        fields.add_u64(self.popularity, popularity.into());
        add_words(fields, self.title, [name]);
        fields.add_text(self.exact, exact(name));
        for whole in wholes(name) {
            fields.add_text(self.whole, whole);
        }
    }

    fn add_artists(&self, fields: &mut TantivyDocument, artists: &[String]) {
        add_words(fields, self.artist, artists);
        let credits: BTreeSet<String> = artists.iter().flat_map(|artist| wholes(artist)).collect();
        for credit in credits {
            fields.add_text(self.credit, credit);
        }
    }

    fn add_year(&self, fields: &mut TantivyDocument, year: Option<u16>) {
        if let Some(year) = year {
            fields.add_u64(self.year, year.into());
        }
    }
}

/// Terms as they are: `STRING` without field norms, which only scoring by word frequency needs.
fn words() -> tantivy::schema::TextOptions {
    let indexing = tantivy::schema::TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(tantivy::schema::IndexRecordOption::Basic)
        .set_fieldnorms(false);
    tantivy::schema::TextOptions::default().set_indexing_options(indexing)
}

fn add_words(fields: &mut TantivyDocument, field: Field, texts: impl IntoIterator<Item = impl AsRef<str>>) {
    let mut words = BTreeSet::new();
    for text in texts {
        collect_words(text.as_ref(), &mut words);
    }
    for word in words {
        fields.add_text(field, word);
    }
}

/// Everything by which a word of this text can be looked for.
fn collect_words(text: &str, words: &mut BTreeSet<String>) {
    for written in text::plain(text).split_whitespace() {
        for chunk in text::chunks(&text::fold(written)) {
            words.extend(chunk.joined.map(|joined| cut(&joined, MAX_WORD_CHARS)));
            for piece in chunk.pieces {
                match piece {
                    Piece::Word(word) | Piece::Symbol(word) => {
                        // An ampersand is an "and" wherever it stands.
                        words.insert(if word == "&" { "and".to_owned() } else { cut(&word, MAX_WORD_CHARS) });
                    }
                    Piece::Cjk(run) => {
                        words.extend(text::bigrams(&run));
                        words.extend(run.chars().map(String::from));
                    }
                }
            }
        }
        words.extend(accented(written).map(|word| cut(&word, MAX_WORD_CHARS)));
    }
}

/// The forms of a name in which it is compared as a whole.
fn wholes(name: &str) -> Vec<String> {
    let whole = whole(name);
    let folded = text::fold(name);
    let bare = folded.strip_prefix("the ").map(self::whole).filter(|bare| !bare.is_empty());
    std::iter::once(whole).chain(bare).collect()
}

/// A name or a query as one word without accents.
pub(super) fn whole(text: &str) -> String {
    cut(&text::collapse(text), MAX_WHOLE_CHARS)
}

/// A name or a query with its accents and punctuation.
pub(super) fn exact(text: &str) -> String {
    cut(&text::plain(text), MAX_WHOLE_CHARS)
}

fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

/// Two documents of one digest are the same.
pub(super) fn digest(document: &Document) -> u64 {
    let json = serde_json::to_vec(document).expect("plain structs are JSON");
    let hash = Sha256::digest(json);
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
