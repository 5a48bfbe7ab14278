//! How search reads a text: when two spellings are the same word, and which pieces of a name can be looked for.
//!
//! Both sides go through here, names when they are indexed and queries when they are asked, so that what is folded on
//! one side is folded on the other.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::name;

/// What may follow the apostrophe of an English contraction: the part before it is no word of its own (don't, they'll).
const CONTRACTIONS: [&str; 6] = ["t", "re", "ll", "ve", "d", "m"];

/// The accent-preserving form: as [`name::canonical`], with every kind of apostrophe straightened and without
/// invisible characters.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return name::canonical(&text.replace('`', "'"));
    }
    let visible = text.chars().filter(|character| !is_invisible(*character));
    // The acute accent would become a space and a combining mark.
    let letters = visible.map(|character| if character == '\u{B4}' { '\'' } else { character });
    let straightened = letters.nfkc().map(|character| match character {
        '`' | '\u{2BB}' | '\u{2BC}' => '\'',
        other => other,
    });
    name::canonical(&straightened.collect::<String>())
}

/// The form in which accents do not matter either: Björk is bjork, Łódź is lodz, Straße is strasse.
///
/// Only the diacritics of alphabets go. What looks like one but makes another letter stays: the voicing mark of kana,
/// the vowels of Thai and Devanagari.
pub fn fold(text: &str) -> String {
    let plain = plain(text);
    if plain.is_ascii() {
        return plain;
    }
    let mut folded = String::with_capacity(plain.len());
    for character in plain.nfkd().filter(|character| !is_diacritic(*character)) {
        match spelled_out(character) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(character),
        }
    }
    // A diacritic that stood alone leaves a space behind.
    let composed: String = folded.nfc().collect();
    name::collapse_spaces(&composed)
}

/// A whole name as one word: folded, `&` as "and", without spaces and punctuation, so that AC/DC, AC DC and acdc are
/// one. A name of nothing but symbols keeps them.
pub fn collapse(text: &str) -> String {
    let folded = fold(text);
    let mut collapsed = String::with_capacity(folded.len());
    for character in folded.chars() {
        match character {
            '&' => collapsed.push_str("and"),
            letter if is_letter(letter) => collapsed.push(letter),
            _ => {}
        }
    }
    let has_name = folded.chars().any(is_letter);
    if has_name { collapsed } else { folded.split_whitespace().collect() }
}

/// What stands between two spaces, taken apart. Made from a text that went through [`plain`] or [`fold`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The pieces in order; never empty.
    pub pieces: Vec<Piece>,
    /// All pieces as one word, where they can be read as one: `acdc` beside `ac` and `dc`.
    pub joined: Option<String>,
}

/// The smallest thing that can be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Letters and digits of a script that separates words.
    Word(String),
    /// A run of Chinese, Japanese or Korean characters, in which any substring can be looked for.
    Cjk(String),
    /// A chunk without any letter: `!!!`.
    Symbol(String),
}

impl Chunk {
    /// Whether there is a letter or digit in it; `&` and `!!!` have none.
    pub fn is_name(&self) -> bool {
        !matches!(self.pieces.as_slice(), [Piece::Symbol(_)])
    }
}

/// Takes a text apart that went through [`plain`] or [`fold`].
pub fn chunks(text: &str) -> Vec<Chunk> {
    text.split_whitespace().map(chunk).collect()
}

fn chunk(text: &str) -> Chunk {
    let text = &without_inner_dots(text);
    let pieces = pieces(text);
    if pieces.is_empty() {
        return Chunk { pieces: vec![Piece::Symbol(text.to_owned())], joined: None };
    }
    let letters: String = text.chars().filter(|character| is_letter(*character)).collect();
    let is_spelled_by_pieces = pieces.len() == 1 || pieces.iter().any(|piece| matches!(piece, Piece::Cjk(_)));
    let joined = (!is_spelled_by_pieces && !letters.is_empty()).then_some(letters);
    Chunk { pieces, joined }
}

/// Without the dots between the foreign words of a Japanese name, which are left out as often as they are written:
/// ドント・ストップ.
fn without_inner_dots(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_cjk_at =
        |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|found| is_cjk(*found));
    let is_kept = |(at, character): &(usize, &char)| {
        **character != '\u{30FB}' || !is_cjk_at(at.checked_sub(1)) || !is_cjk_at(Some(at + 1))
    };
    characters.iter().enumerate().filter(is_kept).map(|(_, character)| *character).collect()
}

/// The words and runs of one chunk; none when it holds neither letters nor digits nor an ampersand between them.
fn pieces(chunk: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let is_separator = |character: char| !is_letter(character) && character != '\'' && character != '&';
    for segment in chunk.split(is_separator) {
        for (place, word) in segment.split('&').enumerate() {
            if place > 0 && segment.chars().any(is_letter) {
                pieces.push(Piece::Word("and".to_owned()));
            }
            push_words(word, &mut pieces);
        }
    }
    pieces
}

/// Splits at apostrophes only where both sides can be words: l'amour, rock'n'roll, John's; but not don't.
fn push_words(text: &str, pieces: &mut Vec<Piece>) {
    let parts: Vec<&str> = text.split('\'').filter(|part| !part.is_empty()).collect();
    let is_contraction = parts.last().is_some_and(|last| CONTRACTIONS.contains(last));
    let has_words = parts.iter().any(|part| part.chars().count() >= 3);
    if parts.len() > 1 && (is_contraction || !has_words) {
        return push_runs(&parts.concat(), pieces);
    }
    for part in parts {
        push_runs(part, pieces);
    }
}

/// Splits where the script changes between CJK and others.
fn push_runs(text: &str, pieces: &mut Vec<Piece>) {
    let mut run = String::new();
    let mut is_run_cjk = false;
    for character in text.chars() {
        let is_cjk = is_cjk(character) || (is_run_cjk && is_combining_mark(character));
        if is_cjk != is_run_cjk && !run.is_empty() {
            pieces.push(piece(std::mem::take(&mut run), is_run_cjk));
        }
        is_run_cjk = is_cjk;
        run.push(character);
    }
    if !run.is_empty() {
        pieces.push(piece(run, is_run_cjk));
    }
}

fn piece(run: String, is_cjk: bool) -> Piece {
    if is_cjk { Piece::Cjk(run) } else { Piece::Word(run) }
}

/// Every pair of neighbours in a run, in order; none for a run of one character.
pub fn bigrams(run: &str) -> Vec<String> {
    let characters: Vec<char> = run.chars().collect();
    characters.windows(2).map(|pair| pair.iter().collect()).collect()
}

fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

fn is_diacritic(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}'
        // Hebrew points and Arabic vowel signs, which are left out as often as they are written.
        | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{65F}' | '\u{670}')
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Letters that Unicode does not decompose, as they are written where a keyboard lacks them.
fn spelled_out(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ŧ' => "t",
        'ƒ' => "f",
        'ə' => "e",
        'ς' => "σ",
        // The increment sign, which titles use for a delta.
        '∆' => "δ",
        _ => return None,
    })
}

fn is_cjk(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{11FF}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FA}' | '\u{30FC}'..='\u{318F}'
        | '\u{31A0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_width_and_quotes_fold_away() {
        for (text, folded) in [
            ("Björk", "bjork"),
            ("Bjo\u{308}rk", "bjork"),
            ("Sigur Rós", "sigur ros"),
            ("ŁÓDŹ", "lodz"),
            ("Mötley Crüe", "motley crue"),
            ("Sløtface", "slotface"),
            ("Straße", "strasse"),
            ("Ænima", "aenima"),
            ("Œuvre", "oeuvre"),
            ("İstanbul", "istanbul"),
            ("Ёлка", "елка"),
            ("Μίκης", "μικησ"),
            ("Ｄａｆｔ　Ｐｕｎｋ", "daft punk"),
            ("Don\u{2019}t", "don't"),
            ("Don\u{B4}t", "don't"),
            ("\u{201C}Heroes\u{201D}", "\"heroes\""),
            ("∆", "δ"),
            ("ガール", "ガール"),
            ("ｶﾞｰﾙ", "ガール"),
            ("강남", "강남"),
            ("ที่", "ที่"),
            ("co\u{AD}op", "coop"),
            ("❤\u{FE0F}", "❤"),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    #[test]
    fn a_whole_name_collapses_to_one_word() {
        for (text, collapsed) in [
            ("AC/DC", "acdc"),
            ("AC DC", "acdc"),
            ("M.I.A.", "mia"),
            ("P!nk", "pnk"),
            ("Don\u{2019}t", "dont"),
            ("Simon & Garfunkel", "simonandgarfunkel"),
            ("!!!", "!!!"),
            ("( )", "()"),
            ("&", "&"),
            ("東京 事変", "東京事変"),
            ("", ""),
        ] {
            assert_eq!(collapse(text), collapsed, "{text:?}");
        }
    }

    #[test]
    fn a_chunk_is_taken_apart_where_its_parts_are_words() {
        let word = |text: &str| Piece::Word(text.to_owned());
        let cjk = |text: &str| Piece::Cjk(text.to_owned());
        for (text, pieces, joined) in [
            ("punk", vec![word("punk")], None),
            ("(punk)", vec![word("punk")], None),
            ("ac/dc", vec![word("ac"), word("dc")], Some("acdc")),
            ("m.i.a.", vec![word("m"), word("i"), word("a")], Some("mia")),
            ("p!nk", vec![word("p"), word("nk")], Some("pnk")),
            ("don't", vec![word("dont")], None),
            ("'n'", vec![word("n")], None),
            ("l'amour", vec![word("l"), word("amour")], Some("lamour")),
            ("john's", vec![word("john"), word("s")], Some("johns")),
            ("rock'n'roll", vec![word("rock"), word("n"), word("roll")], Some("rocknroll")),
            ("r&b", vec![word("r"), word("and"), word("b")], Some("rb")),
            ("東京", vec![cjk("東京")], None),
            ("東京tokyo2", vec![cjk("東京"), word("tokyo2")], None),
            ("ラーメン・ライス", vec![cjk("ラーメンライス")], None),
            ("!!!", vec![Piece::Symbol("!!!".to_owned())], None),
            ("&", vec![Piece::Symbol("&".to_owned())], None),
            ("'", vec![Piece::Symbol("'".to_owned())], None),
        ] {
            let expected = Chunk { pieces, joined: joined.map(str::to_owned) };
            assert_eq!(chunks(text), [expected], "{text:?}");
        }
    }

    #[test]
    fn a_run_is_looked_for_by_its_pairs() {
        assert_eq!(bigrams("東京事変"), ["東京", "京事", "事変"]);
        assert_eq!(bigrams("東"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn plain_letters_are_folded_as_all_others_are(text in "[ -~\\t]{0,40}") {
            // A letter that folds away beside it makes the whole text take the long way.
            let long_way = fold(&format!("{text} \u{e9}"));
            let folded = fold(&text);
            prop_assert_eq!(long_way, if folded.is_empty() { "e".to_owned() } else { format!("{folded} e") });
        }

        #[test]
        fn any_text_can_be_taken_apart(text in "\\PC{0,60}") {
            let folded = fold(&text);
            prop_assert_eq!(collapse(&folded), collapse(&text));
            for chunk in chunks(&folded).into_iter().chain(chunks(&plain(&text))) {
                prop_assert!(!chunk.pieces.is_empty());
            }
            prop_assert_eq!(collapse(&text).is_empty(), folded.is_empty());
        }
    }
}
