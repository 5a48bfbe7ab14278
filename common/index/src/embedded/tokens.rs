//! The words of a document with their places, as text on its way into the index.
//!
//! Tantivy takes tokens that were made before, but carries them as JSON, which costs more than all the rest. So the
//! words are written into one text, each after a digit for its places, and a tokenizer repeats them as often as the
//! digit says.

use tantivy::Index;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::document::Document;

/// The tokenizer's name in the schema.
pub(super) const NAME: &str = "words_with_places";

/// The words of a document: `2army 3björk`.
pub(super) fn written(document: &Document) -> String {
    let mut text = String::new();
    for (word, places) in document.words() {
        text.push(char::from(b'0' + places.0));
        text.push_str(&word);
        text.push(' ');
    }
    text
}

/// Makes an index able to take documents.
pub(super) fn register(index: &Index) {
    index.tokenizers().register(NAME, WordsWithPlaces);
}

#[derive(Debug, Clone)]
struct WordsWithPlaces;

/// What is left of a text.
struct Words<'a> {
    rest: std::str::SplitAsciiWhitespace<'a>,
    token: Token,
    /// How often the token comes again.
    again: u8,
}

impl Tokenizer for WordsWithPlaces {
    type TokenStream<'a> = Words<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words<'a> {
        // Positions are not indexed.
        let token = Token { position: 0, ..Token::default() };
        Words { rest: text.split_ascii_whitespace(), token, again: 0 }
    }
}

impl TokenStream for Words<'_> {
    fn advance(&mut self) -> bool {
        if let Some(again) = self.again.checked_sub(1) {
            self.again = again;
            return true;
        }
        let Some((places, word)) = self.rest.next().and_then(|word| word.split_at_checked(1)) else {
            return false;
        };
        self.again = places.bytes().next().unwrap_or(b'1').saturating_sub(b'1');
        self.token.text.clear();
        self.token.text.push_str(word);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_as_often_as_its_places_say() {
        let mut tokenizer = WordsWithPlaces;
        let mut words = tokenizer.token_stream("2army 1björk 3東京 ");
        let mut tokens = Vec::new();
        while words.advance() {
            tokens.push(words.token().text.clone());
        }
        assert_eq!(tokens, ["army", "army", "björk", "東京", "東京", "東京"]);
    }
}
