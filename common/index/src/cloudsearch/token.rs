//! Words in a form that CloudSearch keeps in one piece. It splits texts at the word boundaries of Unicode Standard
//! Annex 29 and drops what is no word, so that 東京, ที่ or !!! would come apart or vanish; and it refuses every
//! character outside the basic plane.

use crate::words::cut;

/// Begins a word that is written in digits. A letter to Unicode, so the word stays in one piece, and one that nobody
/// types: the beginning of a typed word is never the beginning of such a word.
const CODED: char = '\u{1C0}';
/// Begins a name as a whole, which no single word must match.
const WHOLE: char = '\u{1C1}';
/// Begins the beginning of a word.
const BEGINNING: char = '\u{1C2}';
/// Letters of beginnings.
const BEGINNING_CHARS: std::ops::RangeInclusive<usize> = 3..=16;
/// Characters of a word that is written in digits, four digits each. CloudSearch cuts words of more than 255.
const MAX_CODED_CHARS: usize = 60;

/// A word as it is looked for: itself, or its UTF-16 in hexadecimal digits. The beginning of a word has the beginning
/// of its token.
pub(super) fn token(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { coded(CODED, word) }
}

/// A whole name or query, without spaces, as it is looked for.
pub(super) fn whole_token(whole: &str) -> String {
    if is_plain(whole) { format!("{WHOLE}{whole}") } else { coded(WHOLE, whole) }
}

/// Everything with which a word starts and that an unfinished word may be meant to be.
pub(super) fn beginnings(word: &str) -> Vec<String> {
    if !is_plain(word) {
        return Vec::new();
    }
    let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8()).enumerate();
    let ends = ends.filter(|(place, _)| BEGINNING_CHARS.contains(&(place + 1)));
    ends.map(|(_, end)| format!("{BEGINNING}{}", &word[..end])).collect()
}

/// An unfinished word as it is looked for among [`beginnings`] with typing errors, unless it is too long for that.
pub(super) fn beginning_token(word: &str, typos: u8) -> Option<String> {
    let is_short = word.chars().count() + usize::from(typos) <= *BEGINNING_CHARS.end();
    (is_short && is_plain(word)).then(|| format!("{BEGINNING}{word}"))
}

/// Whether typing errors can be looked for in the word: it is written as it is.
pub(super) fn is_plain(word: &str) -> bool {
    word.chars().all(is_plain_letter)
}

/// Letters and digits of alphabets, of which any sequence is one word.
fn is_plain_letter(letter: char) -> bool {
    matches!(letter, '0'..='9' | 'a'..='z')
        || letter.is_alphanumeric()
            // Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic.
            && matches!(letter, '\u{C0}'..='\u{1BF}' | '\u{1C4}'..='\u{24F}' | '\u{370}'..='\u{6FF}')
}

fn coded(mark: char, word: &str) -> String {
    let word = cut(word, MAX_CODED_CHARS);
    let digits: String = word.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
    format!("{mark}{digits}")
}

/// Whether CloudSearch takes the character: one of XML's, in the basic plane.
pub(super) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
}

/// A text without what CloudSearch refuses.
pub(super) fn allowed(text: &str) -> String {
    text.chars().filter(|character| is_allowed(*character)).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_in_one_piece() {
        for (word, expected) in [
            ("acdc", "acdc"),
            ("björk", "björk"),
            ("дорога", "дорога"),
            ("!!!", "\u{1C0}002100210021"),
            ("東京", "\u{1C0}67714eac"),
            ("🎵", "\u{1C0}d83cdfb5"),
        ] {
            assert_eq!(token(word), expected);
        }
        assert_eq!(whole_token("acdc"), "\u{1C1}acdc");
        assert_eq!(whole_token("東京"), "\u{1C1}67714eac");
        assert!(token(&"東".repeat(80)).len() <= 255);
    }

    #[test]
    fn the_beginning_of_a_word_has_the_beginning_of_its_token() {
        assert!(token("ที่นี่").starts_with(&token("ที่")));
    }

    #[test]
    fn a_word_has_the_beginnings_that_are_looked_for() {
        assert_eq!(beginnings("björk"), ["\u{1C2}bjö", "\u{1C2}björ", "\u{1C2}björk"]);
        assert_eq!(beginning_token("bjrö", 1).as_deref(), Some("\u{1C2}bjrö"));
        assert_eq!(beginning_token(&"a".repeat(15), 2), None);
        assert!(beginnings("ac").is_empty() && beginnings("東京事変").is_empty());
    }

    #[test]
    fn what_would_be_refused_goes() {
        assert_eq!(allowed("a\u{0}b 🎵"), "ab");
        assert_eq!(allowed("🎵"), "");
        assert_eq!(allowed("Björk"), "Björk");
    }
}
