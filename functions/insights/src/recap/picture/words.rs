//! The words of the picture: names made safe and short enough, numbers and times as people read them.
//!
//! Knows no SVG beyond the characters that XML reserves. Widths are estimates, in thousandths of the size of the
//! font, since nobody knows which font the viewer has.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Characters without a width of their own that may follow each other: enough for what languages need, too few for a
/// tower of accents over the neighbours.
const MARKS: usize = 4;

/// Narrow, so that a number does not fall into two, and never broken.
const THIN_SPACE: char = '\u{202F}';

const ELLIPSIS: char = '…';

/// A name as it may be drawn: one line, without what XML 1.0 forbids and without characters that turn the direction of
/// the text around them.
pub(super) fn clean(name: &str) -> String {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut marks = 0;
    let drawn = spaced.chars().filter(|character| {
        let visible = !is_forbidden(*character);
        if visible {
            marks = if character.width() == Some(0) { marks + 1 } else { 0 };
        }
        visible && marks <= MARKS
    });
    drawn.collect()
}

/// Control characters, noncharacters (of which XML forbids two and discourages the rest), and the marks, embeddings,
/// overrides and isolates of the bidirectional algorithm.
fn is_forbidden(character: char) -> bool {
    let is_nonchar =
        u32::from(character) & 0xFFFE == 0xFFFE || ('\u{FDD0}'..='\u{FDEF}').contains(&character);
    let turns_direction = matches!(
        character,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_nonchar || turns_direction
}

/// The name between marks that isolate its direction: it reads its own way, and what stands beside it stays there.
///
/// Characters and not the properties `direction` and `unicode-bidi`: SVG 1.1 has no value that isolates, and not
/// everything that draws SVG knows those of CSS.
pub(super) fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// The name, or as much of it as is at most `width` wide together with an ellipsis; never a part of what people see as
/// one character.
pub(super) fn shorten(name: &str, width: u32) -> String {
    let room = width.saturating_sub(character_width(ELLIPSIS));
    let mut used = 0;
    let mut fitting = 0;
    for (start, grapheme) in name.grapheme_indices(true) {
        used += width_of(grapheme);
        if used > width {
            return format!("{}{ELLIPSIS}", name[..fitting].trim_end());
        }
        if used <= room {
            fitting = start + grapheme.len();
        }
    }
    name.to_owned()
}

/// How wide a text is in bold letters, in thousandths of the size of the font. Rather too wide than too narrow.
pub(super) fn width_of(text: &str) -> u32 {
    text.chars().map(character_width).sum()
}

/// Latin letters as in Noto Sans Bold, the widest of the fonts that are likely. What is drawn as one emoji counts as
/// all its parts, since a font that lacks it draws those.
fn character_width(character: char) -> u32 {
    match (character, character.width().unwrap_or(0)) {
        (_, 0) => 0,
        ('\u{1F000}'.., 2) => 1300,
        (_, 2) => 1050,
        // The widest ligature there is: a sentence.
        ('\u{FDFD}', _) => 12_000,
        (THIN_SPACE, _) => 250,
        ('i' | 'j' | 'l' | '|' | '!' | '.' | ',' | ':' | ';' | '\'' | '·' | ' ', _) => 310,
        ('I' | 'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' | '"' | '*', _) => 450,
        ('c' | 's' | 'z', _) => 550,
        ('m' | 'w' | 'M' | 'W' | '@' | '%' | ELLIPSIS, _) => 1000,
        ('0'..='9', _) => 580,
        (..'\u{590}', _) if character.is_uppercase() => 750,
        (..'\u{590}', _) => 620,
        (..'\u{2000}', _) => 800,
        // Symbols and letters of mathematics: one cell in a terminal, a square in a proportional font.
        _ => 1000,
    }
}

/// The text between tags.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Thousands apart: 12 345.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(THIN_SPACE);
        }
        grouped.push(digit);
    }
    grouped
}

/// "1 track", "2 345 tracks".
pub(super) fn counted(number: u64, singular: &str) -> String {
    format!("{} {}", grouped(number), noun(number, singular))
}

/// The noun that follows the number; all that the picture needs have a regular plural.
pub(super) fn noun(number: u64, singular: &str) -> String {
    if number == 1 { singular.to_owned() } else { format!("{singular}s") }
}

/// "213 hours", "95 minutes" below two hours; whole ones only, nobody is told more than they heard.
pub(super) fn spoken_time(milliseconds: u64) -> String {
    let minutes = milliseconds / 60_000;
    if minutes < 120 { counted(minutes, "minute") } else { counted(minutes / 60, "hour") }
}

/// "Jazz · Soul · Dub", each isolated: the first of the names, as many as are at most `width` wide together.
pub(super) fn listed(names: &[&str], width: u32) -> String {
    let separator = " · ";
    // So that an endless name leaves room for a second.
    let longest = width * 2 / 5;
    let mut line = String::new();
    let mut used = 0;
    for name in names.iter().map(|name| shorten(&clean(name), longest)).filter(|name| !name.is_empty()) {
        if !line.is_empty() {
            used += width_of(separator);
        }
        used += width_of(&name);
        if used > width {
            break;
        }
        if !line.is_empty() {
            line.push_str(separator);
        }
        line.push_str(&isolated(&name));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_and_turning_characters_go_and_the_rest_stays() {
        let cases = [
            ("A\u{0}B\u{1B}C\u{7F}D\u{85}E", "ABCD E"),
            ("tab\tand\r\nline\u{2028}end ", "tab and line end"),
            ("non\u{FFFE}char\u{1FFFF}\u{FDD0}s", "nonchars"),
            ("abc\u{202E}def\u{2066}g\u{200F}", "abcdefg"),
            ("Sigur Rós & Björk <3", "Sigur Rós & Björk <3"),
            ("👩\u{200D}🎤 한국어 नमस्ते", "👩\u{200D}🎤 한국어 नमस्ते"),
        ];
        for (name, expected) in cases {
            assert_eq!(clean(name), expected);
        }
    }

    #[test]
    fn a_tower_of_accents_is_cut_down() {
        let tower = format!("a{}b\u{301}", "\u{300}".repeat(200));
        assert_eq!(clean(&tower), format!("a{}b\u{301}", "\u{300}".repeat(MARKS)));
    }

    #[test]
    fn a_name_that_fits_stays_whole() {
        for name in ["", "a", "Abba", "東京事変", "e\u{301}"] {
            assert_eq!(shorten(name, width_of(name)), name);
        }
    }

    #[test]
    fn a_shortened_name_is_within_its_width() {
        for unit in ["a", "W", "i ", "宇", "ع", "ש", "🎸", "👩\u{200D}🎤", "e\u{301}", "ﷺ", "&"] {
            let name = unit.repeat(300);
            for width in [1000, 5000, 12_345] {
                let short = shorten(&name, width);
                assert!(short.ends_with(ELLIPSIS), "{short}");
                assert!(width_of(&short) <= width, "{short} in {width}");
            }
        }
    }

    #[test]
    fn wide_characters_count_about_double() {
        let latin = shorten(&"o".repeat(300), 12_000).chars().count();
        let wide = shorten(&"宇".repeat(300), 12_000).chars().count();
        assert!(wide * 3 < latin * 2, "{wide} and {latin}");
    }

    #[test]
    fn no_grapheme_is_cut() {
        let singer = "👩🏽\u{200D}🎤";
        for width in (1000..40_000).step_by(700) {
            let short = shorten(&singer.repeat(10), width);
            let kept = short.trim_end_matches(ELLIPSIS);
            assert_eq!(kept, singer.repeat(kept.len() / singer.len()));
        }
    }

    #[test]
    fn numbers_are_grouped() {
        let cases = [(0, "0"), (999, "999"), (1000, "1\u{202F}000"), (12_345, "12\u{202F}345")];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(grouped(u64::MAX).matches(THIN_SPACE).count(), 6);
    }

    #[test]
    fn times_are_in_words() {
        let minute = 60_000;
        let cases = [
            (minute - 1, "0 minutes"),
            (minute, "1 minute"),
            (120 * minute - 1, "119 minutes"),
            (120 * minute, "2 hours"),
            (213 * 60 * minute + 59 * minute, "213 hours"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(spoken_time(milliseconds), expected);
        }
    }

    #[test]
    fn a_list_leaves_out_what_does_not_fit() {
        let endless = "x".repeat(300);
        let names = ["Jazz", &endless, "Soul", "Dub", &endless, &endless];
        for width in (7000..60_000).step_by(500) {
            let line = listed(&names, width).replace(['\u{2068}', '\u{2069}'], "");
            assert!(line.starts_with("Jazz · x") || width < 12_000, "{line}");
            assert!(width_of(&line) <= width, "{line} in {width}");
        }
        let line = listed(&["Jazz", "Soul", "Dub", "Folk"], width_of("Jazz · Soul · Dub"));
        assert_eq!(line.replace(['\u{2068}', '\u{2069}'], ""), "Jazz · Soul · Dub");
        assert_eq!(listed(&["Jazz", "\u{0}", "Dub"], 50_000), "\u{2068}Jazz\u{2069} · \u{2068}Dub\u{2069}");
    }
}
