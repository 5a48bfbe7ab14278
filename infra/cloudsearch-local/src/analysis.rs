//! Text to terms: Unicode words, lowercased; accents and stop words as the analysis scheme says.
//!
//! There is no stemmer: schemes that ask for one get the words as they are.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RawTokenizer, StopWordFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::AnalysisScheme;

/// The scheme of text fields that name none.
pub(crate) const DEFAULT_SCHEME: &str = "_en_default_";

/// The stop words of the default scheme for English.
const ENGLISH_STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// What a scheme does to text.
#[derive(Clone)]
pub(crate) struct Analyzer {
    /// Splits into words and drops the stop words.
    pub(crate) words: TextAnalyzer,
    /// The same without stop words, for matching from the start of a field.
    every_word: TextAnalyzer,
    /// Keeps the text as one term.
    whole: TextAnalyzer,
}

impl Analyzer {
    /// The analyzer of one of the schemes `_xx_default_`.
    pub(crate) fn built_in(name: &str) -> Self {
        let is_english = name == DEFAULT_SCHEME;
        let stop_words = if is_english { ENGLISH_STOP_WORDS.to_vec() } else { Vec::new() };
        Self::new(is_english, stop_words.into_iter().map(str::to_owned).collect())
    }

    /// The analyzer of a scheme of the domain's own.
    pub(crate) fn of(scheme: &AnalysisScheme) -> Self {
        Self::new(scheme.folds_accents(), scheme.stop_words.clone().unwrap_or_default())
    }

    fn new(folds_accents: bool, stop_words: Vec<String>) -> Self {
        let stop_words = StopWordFilter::remove(stop_words);
        if folds_accents {
            Self {
                words: TextAnalyzer::builder(Words)
                    .filter(LowerCaser)
                    .filter(stop_words)
                    .filter(AsciiFoldingFilter)
                    .build(),
                every_word: TextAnalyzer::builder(Words)
                    .filter(LowerCaser)
                    .filter(AsciiFoldingFilter)
                    .build(),
                whole: TextAnalyzer::builder(RawTokenizer::default())
                    .filter(LowerCaser)
                    .filter(AsciiFoldingFilter)
                    .build(),
            }
        } else {
            Self {
                words: TextAnalyzer::builder(Words).filter(LowerCaser).filter(stop_words).build(),
                every_word: TextAnalyzer::builder(Words).filter(LowerCaser).build(),
                whole: TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser).build(),
            }
        }
    }

    /// The terms of a text with their positions.
    pub(crate) fn terms(&self, text: &str) -> Vec<Token> {
        all(&mut self.words.clone(), text)
    }

    /// A text that is not split: a prefix, or a word with typing errors.
    pub(crate) fn whole(&self, text: &str) -> String {
        all(&mut self.whole.clone(), text).into_iter().map(|token| token.text).collect()
    }

    /// All words of a text with one space between them.
    pub(crate) fn spaced(&self, text: &str) -> String {
        let words: Vec<String> =
            all(&mut self.every_word.clone(), text).into_iter().map(|token| token.text).collect();
        words.join(" ")
    }
}

fn all(analyzer: &mut TextAnalyzer, text: &str) -> Vec<Token> {
    let mut stream = analyzer.token_stream(text);
    let mut tokens = Vec::new();
    while stream.advance() {
        tokens.push(stream.token().clone());
    }
    tokens
}

/// Splits at the word boundaries of Unicode Standard Annex 29.
#[derive(Clone)]
struct Words;

struct WordStream<'a> {
    words: unicode_segmentation::UnicodeWordIndices<'a>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream { words: text.unicode_word_indices(), token: Token::default() }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((offset, word)) = self.words.next() else { return false };
        // The first position is usize::MAX + 1.
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = offset;
        self.token.offset_to = offset + word.len();
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

    fn terms(analyzer: &Analyzer, text: &str) -> String {
        let terms =
            analyzer.terms(text).into_iter().map(|token| format!("{}@{}", token.text, token.position));
        terms.collect::<Vec<String>>().join(" ")
    }

    #[test]
    fn the_default_scheme_drops_english_stop_words_and_accents() {
        let analyzer = Analyzer::built_in(DEFAULT_SCHEME);
        assert_eq!(terms(&analyzer, "The Army of Björk"), "army@1 bjork@3");
        assert_eq!(analyzer.whole("Björ"), "bjor");
        assert_eq!(analyzer.spaced("The  Army, of me"), "the army of me");
    }

    #[test]
    fn other_schemes_keep_every_word_and_its_accents() {
        let analyzer = Analyzer::built_in("_mul_default_");
        assert_eq!(terms(&analyzer, "The Army of Björk"), "the@0 army@1 of@2 björk@3");
        assert_eq!(terms(&analyzer, "AC/DC don't 3.14 !!!"), "ac@0 dc@1 don't@2 3.14@3");
        assert_eq!(terms(&analyzer, "東京"), "東@0 京@1");
    }
}
