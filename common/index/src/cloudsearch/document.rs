//! Documents as operations of a batch.
//!
//! The words are folded here, not by the domain. The document itself goes along as JSON, with which results are ranked
//! and suggested exactly as they were written, emoji included.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::fields::{
    ALBUM, ARTIST, BEGINNINGS, GENRE, GENRE_WORDS, KIND, NAME, POPULARITY, SOURCE, STARTS, TITLE, WHOLE, YEAR,
};
use super::token::{allowed, beginnings, is_allowed, token, whole_token};
use crate::document::{Change, Document, Key};
use crate::error::IndexError;
use crate::ranking::Places;
use crate::words::{bare, cut, whole, words};

/// Letters of a beginning that tell names apart; longer ones are compared with what was found.
pub(super) const START_CHARS: usize = 16;

/// One document's part of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) id: String,
    /// The JSON, as it is sent.
    pub(super) json: String,
}

impl Operation {
    pub(super) fn of(change: &Change) -> Self {
        match change {
            Change::Put(document) => Self::put(document.key().to_string(), document),
            Change::Delete(key) => Self::delete(key.to_string()),
        }
    }

    pub(super) fn put(id: String, document: &Document) -> Self {
        let json = json!({ "type": "add", "id": id, "fields": fields(document) }).to_string();
        Self { id, json }
    }

    pub(super) fn delete(id: String) -> Self {
        let json = json!({ "type": "delete", "id": id }).to_string();
        Self { id, json }
    }
}

/// What is indexed of a document; what it has not is left out.
fn fields(document: &Document) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        let is_empty =
            value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            fields.insert(name.to_owned(), value);
        }
    };
    put(KIND, document.key().kind().as_str().into());
    let words_by_place = document.words();
    let words_in = |place: Places| {
        let found = words_by_place.iter().filter(|(_, places)| places.holds(place));
        joined(found.map(|(word, _)| token(word)))
    };
    let credits = document.whole_credits();
    put(TITLE, words_in(Places::TITLE).into());
    put(
        ARTIST,
        joined([words_in(Places::ARTIST)].into_iter().chain(credits.iter().map(|one| whole_token(one))))
            .into(),
    );
    put(ALBUM, words_in(Places::ALBUM).into());
    put(BEGINNINGS, joined(all_beginnings(words_by_place.keys())).into());
    let genre_words = words(document.genres());
    let in_genres = genre_words.iter().map(|word| token(word));
    // Not among the others: words outside filters are not looked for in genres.
    put(GENRE_WORDS, joined(in_genres.chain(all_beginnings(genre_words.iter()))).into());
    let genres: BTreeSet<String> = document.genres().iter().map(|genre| allowed(genre)).collect();
    put(GENRE, genres.into_iter().filter(|genre| !genre.is_empty()).collect::<Vec<_>>().into());
    if let Some(year) = document.year() {
        put(YEAR, year.into());
    }
    put(POPULARITY, document.popularity().into());
    put(STARTS, joined(starts(document.name()).iter().map(|start| token(start))).into());
    let whole = whole(bare(document.name()));
    put(WHOLE, if whole.is_empty() { String::new() } else { whole_token(&whole) }.into());
    put(NAME, allowed(document.name()).into());
    put(SOURCE, escaped(&serde_json::to_string(document).unwrap_or_default()).into());
    Value::Object(fields)
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn all_beginnings<'a>(words: impl Iterator<Item = &'a String>) -> impl Iterator<Item = String> {
    words.flat_map(|word| beginnings(word)).collect::<BTreeSet<String>>().into_iter()
}

/// Every beginning of a name up to [`START_CHARS`] letters, with and without a leading "the".
fn starts(name: &str) -> BTreeSet<String> {
    let forms = [whole(name), whole(bare(name))];
    let starts = forms.iter().flat_map(|form| {
        let ends = form.char_indices().map(|(at, letter)| at + letter.len_utf8()).take(START_CHARS);
        ends.map(|end| form[..end].to_owned())
    });
    starts.collect()
}

/// A query as [`starts`] has it.
pub(super) fn start(text: &str) -> String {
    cut(&whole(text), START_CHARS)
}

/// JSON in which what CloudSearch refuses is written by its number.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_allowed(character) {
            escaped.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

/// The document that an answer holds.
///
/// # Errors
/// It is not one that this version writes.
pub(super) fn read_source(source: &str) -> Result<Document, IndexError> {
    serde_json::from_str(source)
        .map_err(|error| IndexError::Broken(format!("a document cannot be read: {error}")))
}

/// The key that a document's id is; none if somebody else has put the document into the domain.
pub(super) fn read_id(id: &str) -> Option<Key> {
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{ArtistDocument, TrackDocument};

    fn track(title: &str, artist: &str) -> Document {
        Document::Track(TrackDocument {
            id: "01KAHXB0000000000000000000".parse().unwrap(),
            title: title.to_owned(),
            artists: vec![artist.to_owned()],
            album: Some("Post".to_owned()),
            year: Some(1995),
            genres: vec!["Hip Hop".to_owned(), "🎵".to_owned()],
            popularity: 3,
        })
    }

    fn parsed(document: &Document) -> Value {
        serde_json::from_str(&Operation::of(&Change::Put(document.clone())).json).unwrap()
    }

    #[test]
    fn a_document_holds_folded_words_and_itself() {
        let document = track("Army of Me", "Björk");
        let operation = parsed(&document);
        assert_eq!(
            (&operation["type"], &operation["id"]),
            (&json!("add"), &json!("track:01KAHXB0000000000000000000"))
        );
        let fields = &operation["fields"];
        for (field, expected) in [
            ("kind", json!("track")),
            ("title_words", json!("army me of")),
            ("artist_words", json!("bjork björk \u{1C1}bjork")),
            ("album_words", json!("post")),
            ("genre_words", json!("hip hop \u{1C0}d83cdfb5 \u{1C2}hip \u{1C2}hop")),
            (
                "beginnings",
                json!(
                    "\u{1C2}arm \u{1C2}army \u{1C2}bjo \u{1C2}bjor \u{1C2}bjork \u{1C2}bjö \u{1C2}björ \u{1C2}björk \u{1C2}pos \u{1C2}post"
                ),
            ),
            ("genre", json!(["Hip Hop"])),
            ("year", json!(1995)),
            ("popularity", json!(3)),
            ("starts", json!("a ar arm army armyo armyof armyofm armyofme")),
            ("whole_name", json!("\u{1C1}armyofme")),
            ("name", json!("Army of Me")),
        ] {
            assert_eq!(fields[field], expected, "{field}");
        }
        assert_eq!(read_source(fields["source"].as_str().unwrap()).unwrap(), document);
    }

    #[test]
    fn a_name_of_nothing_but_emoji_is_found_and_kept() {
        let id = mixtape_domain::ArtistId::of("🎵");
        let document = Document::Artist(ArtistDocument { id, name: "🎵".to_owned(), popularity: 0 });
        let fields = parsed(&document)["fields"].clone();
        assert_eq!(fields["title_words"], "\u{1C0}d83cdfb5");
        assert_eq!(fields["name"], Value::Null);
        assert_eq!(read_source(fields["source"].as_str().unwrap()).unwrap(), document);
    }

    #[test]
    fn a_name_starts_with_and_without_its_article() {
        let starts = starts("The Beatles");
        for start in ["b", "beatles", "thebeatles"] {
            assert!(starts.contains(start), "{start}");
        }
        assert!(!starts.contains("eatles"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_document_that_is_refused(title in "(\\PC|[\u{0}-\u{1F}]|\u{FFFF}|🎵){0,40}") {
            let document = track(&title, &title);
            let operation = Operation::of(&Change::Put(document.clone()));
            let value: Value = serde_json::from_str(&operation.json).unwrap();
            for (name, field) in value["fields"].as_object().unwrap() {
                prop_assert!(!field.is_null());
                let texts = field.as_array().cloned().unwrap_or_else(|| vec![field.clone()]);
                for text in texts.iter().filter_map(Value::as_str) {
                    prop_assert!(text.chars().all(is_allowed), "{name}");
                }
            }
            prop_assert_eq!(read_source(value["fields"]["source"].as_str().unwrap()).unwrap(), document);
        }
    }
}
