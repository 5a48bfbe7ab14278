//! What holds for every picture, read from the finished document.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::*;

const EMPTY: Picture<'_> = Picture {
    username: "marisol_k",
    year: 2026,
    listens: 0,
    listening_ms: 0,
    tracks: 0,
    artists: 0,
    albums: 0,
    top_artists: Vec::new(),
    top_tracks: Vec::new(),
    top_genres: Vec::new(),
    months: [0; 12],
    busiest_day: None,
    discovered_artists: 0,
    longest_streak_days: 0,
};

/// A year as full as one can be, in which everything has the same name.
fn year_of(name: &str) -> Picture<'_> {
    Picture {
        username: name,
        listens: 1_234_567,
        listening_ms: 8_784 * 3_600_000,
        tracks: 123_456,
        artists: 12_345,
        albums: 9_999,
        top_artists: vec![(name, 999_999); 5],
        top_tracks: vec![(name, name, 999_999); 5],
        top_genres: vec![name; 5],
        months: [123_456, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 123_456],
        busiest_day: Some(("30 September".to_owned(), 12_345)),
        discovered_artists: 12_345,
        longest_streak_days: 366,
        ..EMPTY
    }
}

/// Names of 300 characters that want out of their line, out of their element or out of the size of the picture.
fn hostile_names() -> impl Iterator<Item = String> {
    let units = [
        "宇多田ヒカル",
        "فيروز 12 ",
        "שלום 42 ",
        "👩🏽\u{200D}🎤🎸",
        "<b>&amp;\"']]>",
        "W",
        "l",
        "<l\u{E0100}\u{E0100}\u{E0100}\u{E0100}\u{E0100}",
        "\u{202E}\u{0}x\u{FFFE}",
        "﷽",
        "\u{301}",
        "\u{0}",
        "Llanfairpwllgwyngyll",
    ];
    units.into_iter().map(|unit| unit.chars().cycle().take(300).collect())
}

/// The size of the font where none is said.
const UNSTYLED: i64 = 16;

/// A line of text as it stands in the picture: what it says, and the space that it takes by estimate.
#[derive(Debug)]
struct Line {
    text: String,
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
}

impl Line {
    fn overlaps(&self, other: &Self) -> bool {
        let are_beside = self.right <= other.left || other.right <= self.left;
        let are_stacked = self.bottom <= other.top || other.bottom <= self.top;
        !are_beside && !are_stacked
    }
}

/// What was read of a document: its elements, and its text line by line.
#[derive(Default)]
struct Document {
    elements: Vec<String>,
    lines: Vec<Line>,
    /// Left, top and right edge of the `svg` elements that are open.
    areas: Vec<(i64, i64, i64)>,
    anchor: String,
    size: i64,
    /// Everything that is no line of the picture: title and description.
    spoken: String,
}

impl Document {
    fn read(svg: &str) -> Self {
        let mut document = Self::default();
        let mut reader = Reader::from_str(svg);
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(tag) => document.open(&tag),
                Event::Empty(tag) => document.elements.push(name_of(&tag)),
                Event::End(tag) if tag.name().as_ref() == b"svg" => drop(document.areas.pop()),
                Event::End(tag) if tag.name().as_ref() == b"tspan" => document.size = UNSTYLED,
                Event::Text(text) => document.write(&text.decode().unwrap()),
                Event::GeneralRef(reference) => {
                    let entity = format!("&{};", reference.decode().unwrap());
                    document.write(&quick_xml::escape::unescape(&entity).unwrap());
                }
                Event::End(_) | Event::Decl(_) => {}
                other => panic!("a picture has no {other:?}"),
            }
        }
        document
    }

    fn open(&mut self, tag: &BytesStart<'_>) {
        let name = name_of(tag);
        let (left, top, _) = self.areas.last().copied().unwrap_or_default();
        match name.as_str() {
            "svg" => {
                let x = left + number(tag, "x");
                self.areas.push((x, top + number(tag, "y"), x + number(tag, "width")));
            }
            "text" => {
                let (x, y) = (left + number(tag, "x"), top + number(tag, "y"));
                self.anchor = attribute(tag, "text-anchor").unwrap_or_default();
                self.lines.push(Line { text: String::new(), left: x, right: x, top: y, bottom: y });
            }
            "tspan" => self.size = number(tag, "font-size"),
            _ => {}
        }
        self.elements.push(name);
    }

    /// Adds to the line that is open. What leaves the area of a name is not drawn and takes no space.
    fn write(&mut self, text: &str) {
        let (Some(line), Some((_, _, edge))) = (self.lines.last_mut(), self.areas.last()) else {
            self.spoken.push_str(text);
            return;
        };
        if text == "\n" {
            return;
        }
        let width = i64::from(words::width_of(text)) * self.size / 1000;
        match self.anchor.as_str() {
            "end" => line.left -= width,
            "middle" => (line.left, line.right) = (line.left - width / 2, line.right + width / 2),
            _ => line.right = (line.right + width).min(*edge),
        }
        let baseline = line.bottom - if line.text.is_empty() { 0 } else { self.size / 5 };
        line.top = line.top.min(baseline - self.size * 3 / 4);
        line.bottom = baseline + self.size / 5;
        line.text.push_str(text);
    }

    fn says(&self, text: &str) -> bool {
        let isolates = ['\u{2068}', '\u{2069}'];
        self.lines.iter().any(|line| line.text.replace(isolates, "") == text)
    }
}

fn name_of(tag: &BytesStart<'_>) -> String {
    String::from_utf8(tag.name().as_ref().to_vec()).unwrap()
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).unwrap()?;
    Some(String::from_utf8(attribute.value.into_owned()).unwrap())
}

fn number(tag: &BytesStart<'_>, name: &str) -> i64 {
    attribute(tag, name).map_or(0, |value| value.parse().unwrap())
}

#[test]
fn names_and_numbers_are_in_the_picture() {
    let picture = Picture {
        listens: 4812,
        listening_ms: 213 * 3_600_000,
        top_artists: vec![("Simon & <Garfunkel>", 1412)],
        top_tracks: vec![("\"Heroes\"", "David Bowie", 61)],
        top_genres: vec!["R&B", "soul"],
        months: [0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        busiest_day: Some(("14 March".to_owned(), 1)),
        longest_streak_days: 1,
        ..EMPTY
    };
    let document = Document::read(&picture.svg());
    let expected = [
        "marisol_k",
        "2026",
        "213 hours of music",
        "4\u{202F}812",
        "Simon & <Garfunkel>",
        "1\u{202F}412",
        "\"Heroes\"",
        "David Bowie",
        "R&B · soul",
        "7",
        "14 March",
        "busiest day: 1 listen",
        "1 day",
    ];
    for text in expected {
        assert!(document.says(text), "{text} is not in {:#?}", document.lines);
    }
    assert!(document.spoken.contains("Simon & <Garfunkel>"), "{}", document.spoken);
    assert!(!document.says("new artists"));
}

#[test]
fn an_empty_year_says_so() {
    let document = Document::read(&EMPTY.svg());
    assert!(document.says("No listens in 2026"));
    assert!(document.spoken.contains("No listens in 2026"));
    assert!(!document.lines.iter().any(|line| line.text.contains("minutes")));
}

#[test]
fn listens_are_the_headline_where_no_length_is_known() {
    let document = Document::read(&Picture { listens: 1, listening_ms: 59_999, ..EMPTY }.svg());
    assert!(document.says("1 listen in 2026"));
    assert!(!document.spoken.contains("minutes"));
}

#[test]
fn only_shapes_and_text_are_drawn() {
    let known = ["svg", "title", "desc", "rect", "circle", "path", "text", "tspan"];
    for name in hostile_names() {
        let svg = year_of(&name).svg();
        let document = Document::read(&svg);
        for element in &document.elements {
            assert!(known.contains(&element.as_str()), "{element}");
        }
        assert!(!svg.contains("href") && !svg.contains("url("));
        assert!(svg.chars().all(|character| character == '\n' || !character.is_control()));
        assert!(!svg.contains(['\u{FFFE}', '\u{FFFF}', '\u{202E}']));
    }
}

/// No line leaves the safe area (but for what may stick out of a letter's origin), and no two overlap.
fn assert_in_place(svg: &str) {
    let lines = Document::read(svg).lines;
    for (index, line) in lines.iter().enumerate() {
        assert!(line.left >= 60 && line.right <= 1020 + 4, "{line:?}");
        assert!(line.top >= 120 && line.bottom <= 1800, "{line:?}");
        for other in &lines[index + 1..] {
            assert!(!line.overlaps(other), "{line:?} and {other:?}");
        }
    }
}

#[test]
fn text_keeps_to_the_safe_area_and_apart() {
    assert_in_place(&EMPTY.svg());
    for name in hostile_names() {
        assert_in_place(&year_of(&name).svg());
    }
}

#[test]
fn numbers_beyond_reason_find_their_place() {
    let most = u64::MAX;
    for month in 0..12 {
        let mut months = [most - 1; 12];
        months[month] = most;
        let picture = Picture {
            year: i16::MIN,
            listens: most,
            listening_ms: most,
            tracks: most,
            artists: most,
            albums: most,
            top_artists: vec![("Abba", most), ("Toto", 0)],
            top_tracks: vec![("Waterloo", "Abba", most)],
            months,
            busiest_day: Some(("30 September".to_owned(), most)),
            discovered_artists: most,
            longest_streak_days: most,
            ..EMPTY
        };
        assert_in_place(&picture.svg());
    }
}

#[test]
fn a_picture_stays_small() {
    for name in hostile_names() {
        let size = year_of(&name).svg().len();
        assert!(size < 30 * 1024, "{size} bytes for {name}");
    }
}

#[test]
fn the_same_year_gives_the_same_text() {
    assert_eq!(year_of("Nina Simone").svg(), year_of("Nina Simone").svg());
}

#[test]
fn a_bar_is_as_long_as_its_share() {
    let cases = [(0, 0, 0), (0, 9, 0), (1, 1_000_000, 1), (1, 2, 50), (9, 9, 100), (u64::MAX, u64::MAX, 100)];
    for (value, most, expected) in cases {
        assert_eq!(scaled(value, most, 100), expected, "{value} of {most}");
    }
}

/// The contrast ratio of WCAG 2.1.
fn contrast(one: &str, other: &str) -> f64 {
    let [one, other] = [one, other].map(luminance);
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of WCAG 2.1.
fn luminance(colour: &str) -> f64 {
    let channel = |start: usize| {
        let value = f64::from(u8::from_str_radix(&colour[start..start + 2], 16).unwrap()) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_colour_of_text_can_be_read() {
    let on_night = [PAPER, SAND, ORANGE, MUSTARD, TEAL, insert::FAINT].map(|fill| (fill, NIGHT));
    let on_paper = [(INK, PAPER), (cassette::PENCIL, PAPER), (INK, ORANGE)];
    for (fill, ground) in on_night.into_iter().chain(on_paper) {
        let ratio = contrast(fill, ground);
        assert!(ratio >= 4.5, "{fill} on {ground}: {ratio}");
    }
}
