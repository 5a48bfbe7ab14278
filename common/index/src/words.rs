//! The words by which names can be looked for, and the forms in which they are compared as a whole.
//!
//! Every backend indexes these, and a query is folded the same way, so that both meet.

use std::collections::BTreeSet;

use mixtape_domain::text::{self, Chunk, Piece};

/// Longer words are cut; nobody types them.
const MAX_WORD_CHARS: usize = 80;
/// Longer names are compared by their beginning.
const MAX_WHOLE_CHARS: usize = 120;

/// Everything by which a word of these texts can be looked for.
pub(crate) fn words(texts: impl IntoIterator<Item = impl AsRef<str>>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for text in texts {
        collect(text.as_ref(), &mut words);
    }
    words
}

fn collect(name: &str, words: &mut BTreeSet<String>) {
    for written in text::plain(name).split_whitespace() {
        for chunk in text::chunks(&text::fold(written)) {
            words.extend(chunk.joined.map(|joined| cut(&joined, MAX_WORD_CHARS)));
            for piece in chunk.pieces {
                match piece {
                    Piece::Word(word) => {
                        words.insert(cut(&word, MAX_WORD_CHARS));
                    }
                    Piece::Symbol(symbol) => {
                        words.insert(cut(symbol_word(&symbol), MAX_WORD_CHARS));
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

/// An ampersand is an "and" wherever it stands.
pub(crate) fn symbol_word(symbol: &str) -> &str {
    if symbol == "&" { "and" } else { symbol }
}

/// A chunk as one word with its accents, unless it has none or cannot be read as one word.
pub(crate) fn accented(written: &str) -> Option<String> {
    if written.is_ascii() {
        return None;
    }
    let folded = text::fold(written);
    if folded == written {
        return None;
    }
    let chunk = text::chunks(written).into_iter().next()?;
    let word = match chunk.pieces.as_slice() {
        [Piece::Word(word)] => Some(word.clone()),
        _ => chunk.joined,
    };
    word.filter(|word| *word != text::collapse(written))
}

/// How much of a name a chunk is: its words, and the characters of its runs.
pub(crate) fn weight(chunk: &Chunk) -> usize {
    let of_piece = |piece: &Piece| match piece {
        Piece::Word(_) | Piece::Symbol(_) => 1,
        Piece::Cjk(run) => run.chars().count(),
    };
    chunk.pieces.iter().map(of_piece).sum()
}

/// How long a name is, counted as [`weight`]. Symbols between words do not count.
pub(crate) fn length(name: &str) -> usize {
    let chunks = text::chunks(&text::fold(name));
    let has_name = chunks.iter().any(Chunk::is_name);
    chunks.iter().filter(|chunk| chunk.is_name() || !has_name).map(weight).sum()
}

/// A name without a leading "the".
pub(crate) fn bare(name: &str) -> &str {
    match name.trim_start().split_at_checked(4) {
        Some((article, rest)) if article.eq_ignore_ascii_case("the ") && !rest.trim().is_empty() => rest,
        _ => name,
    }
}

/// A name or a query as one word without accents.
pub(crate) fn whole(text: &str) -> String {
    cut(&text::collapse(text), MAX_WHOLE_CHARS)
}

/// A name or a query with its accents and punctuation.
pub(crate) fn exact(text: &str) -> String {
    cut(&text::plain(text), MAX_WHOLE_CHARS)
}

pub(crate) fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_words_in_every_spelling() {
        let found_by = |name: &str| words([name]).into_iter().collect::<Vec<_>>().join(" ");
        for (name, expected) in [
            ("Army of Me", "army me of"),
            ("Björk", "bjork björk"),
            ("AC/DC", "ac acdc dc"),
            ("Simon & Garfunkel", "and garfunkel simon"),
            ("!!!", "!!!"),
            ("東京事変", "事 事変 京 京事 変 東 東京"),
            ("Don\u{2019}t", "dont"),
        ] {
            assert_eq!(found_by(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_as_long_as_the_words_that_cover_it() {
        for (name, expected) in [
            ("Love", 1),
            ("Army of Me", 3),
            ("Synth-Etic-Love", 3),
            ("Rock & Roll", 2),
            ("!!!", 1),
            ("群青日和", 4),
            ("", 0),
        ] {
            assert_eq!(length(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_leading_article_can_be_left_out() {
        for (name, expected) in
            [("The Beatles", "Beatles"), ("the the", "the"), ("The ", "The "), ("Theo", "Theo")]
        {
            assert_eq!(bare(name), expected);
        }
    }
}
