//! When two names are the same, and how names sort.

use unicode_normalization::UnicodeNormalization;

/// The form in which two spellings of one name are equal: NFKC, lower case, curly quotes and dashes straightened,
/// white space collapsed. Accents stay: Bjork is not Björk.
pub fn canonical(name: &str) -> String {
    // Most names; nothing of the rest can happen to them.
    if name.is_ascii() {
        return collapse_spaces(&name.to_ascii_lowercase());
    }
    let folded = name.nfkc().flat_map(char::to_lowercase).map(|character| match character {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201F}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    });
    collapse_spaces(&folded.collect::<String>())
}

/// With one space where there are several, and none around.
pub(crate) fn collapse_spaces(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// The form by which lists sort: as [`canonical`], without accents and leading punctuation, at most 120 bytes.
pub fn sort_key(name: &str) -> String {
    let canonical = canonical(name);
    let bare: String = canonical
        .nfd()
        .filter(|character| !unicode_normalization::char::is_combining_mark(*character))
        .collect();
    let trimmed = bare.trim_start_matches(|character: char| !character.is_alphanumeric());
    let key = if trimmed.is_empty() { bare.as_str() } else { trimmed };
    key[..key.floor_char_boundary(120)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_without_case_accents_and_leading_punctuation() {
        for (name, key) in [
            ("Östermalm", "ostermalm"),
            ("\u{201C}Heroes\u{201D}", "heroes\""),
            ("  The   Persuader ", "the persuader"),
            ("!!!", "!!!"),
            ("", ""),
        ] {
            assert_eq!(sort_key(name), key, "{name:?}");
        }
        assert_eq!(sort_key(&"é".repeat(400)), "e".repeat(120));
        assert_eq!(sort_key(&"日".repeat(400)).chars().count(), 40);
    }
}
