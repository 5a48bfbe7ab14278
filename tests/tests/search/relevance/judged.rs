//! What is asked, and which answers are right.

use std::fmt;

use mixtape_index::Kind;
use serde_json::{Value, json};

use super::catalogue::{Thing, same};

/// The ways in which people type names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// As written in the catalogue.
    Exact,
    /// The last word is not finished.
    Prefix,
    /// Some words of the name, or of the name and the artist.
    Partial,
    /// A letter too many, too few or wrong in a word of four letters or more.
    OneTypo,
    /// A letter too few in a word of four, which leaves three.
    ShortTypo,
    /// Two typing errors in a word of eight letters or more.
    TwoTypos,
    /// One in each of two words.
    TypoEach,
    /// One in the last word, which is not finished.
    PrefixTypo,
    /// Two neighbouring letters in the wrong order.
    Swapped,
    /// Accents left out, mistaken or added.
    Accents,
    Case,
    /// The words in another order.
    Order,
    /// Title and artist, artist and album.
    Combined,
    /// Left out, another kind, `&` for "and".
    Punctuation,
    /// Two words written as one, one as two.
    Joined,
    /// Scripts other than the Latin one.
    NonLatin,
    /// Names of one or two letters, or of symbols.
    Short,
    /// `artist:`, `album:`, `year:`, `genre:`.
    Filters,
    /// What many names hold or begin with: the best known, with the most tracks, is meant.
    Popular,
    /// Several of these at once.
    Sloppy,
}

impl Class {
    pub(super) const ALL: [Self; 20] = [
        Self::Exact,
        Self::Prefix,
        Self::Partial,
        Self::OneTypo,
        Self::ShortTypo,
        Self::TwoTypos,
        Self::TypoEach,
        Self::PrefixTypo,
        Self::Swapped,
        Self::Accents,
        Self::Case,
        Self::Order,
        Self::Combined,
        Self::Punctuation,
        Self::Joined,
        Self::NonLatin,
        Self::Short,
        Self::Filters,
        Self::Popular,
        Self::Sloppy,
    ];

    /// The class as files and tables write it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Partial => "partial",
            Self::OneTypo => "one_typo",
            Self::ShortTypo => "short_typo",
            Self::TwoTypos => "two_typos",
            Self::TypoEach => "typo_each",
            Self::PrefixTypo => "prefix_typo",
            Self::Swapped => "swapped",
            Self::Accents => "accents",
            Self::Case => "case",
            Self::Order => "order",
            Self::Combined => "combined",
            Self::Punctuation => "punctuation",
            Self::Joined => "joined",
            Self::NonLatin => "non_latin",
            Self::Short => "short",
            Self::Filters => "filters",
            Self::Popular => "popular",
            Self::Sloppy => "sloppy",
        }
    }
}

/// Which answers are right. What is absent does not matter; names are as [`same`] reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) kind: Kind,
    name: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    years: Option<(u16, u16)>,
    /// What the name, the artist or the album holds, letter by letter.
    part: Option<String>,
}

impl Wanted {
    /// Everything of the kind.
    pub(super) fn any(kind: Kind) -> Self {
        Self { kind, name: None, artist: None, album: None, years: None, part: None }
    }

    /// Everything with the name of this thing: nothing in the query tells which of them is meant.
    pub(super) fn name_of(thing: &Thing) -> Self {
        Self::any(thing.kind).named(&thing.name)
    }

    /// This thing and its repetitions.
    pub(super) fn all_of(thing: &Thing) -> Self {
        match thing.kind {
            Kind::Artist => Self::name_of(thing),
            Kind::Track | Kind::Album => Self::name_of(thing).by(&thing.artist),
        }
    }

    pub(super) fn named(self, name: &str) -> Self {
        Self { name: Some(same(name)), ..self }
    }

    pub(super) fn by(self, artist: &str) -> Self {
        Self { artist: Some(same(artist)), ..self }
    }

    pub(super) fn on(self, album: &str) -> Self {
        Self { album: Some(same(album)), ..self }
    }

    /// From this year to that, both included.
    pub(super) fn within(self, from: u16, to: u16) -> Self {
        Self { years: Some((from, to)), ..self }
    }

    pub(super) fn holding(self, part: &str) -> Self {
        Self { part: Some(part.to_owned()), ..self }
    }

    /// Whether this thing of the catalogue is right, as far as names tell.
    pub(super) fn is_thing(&self, thing: &Thing) -> bool {
        let equals =
            |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| *wanted == same(name));
        self.kind == thing.kind && equals(&self.name, &thing.name) && equals(&self.artist, &thing.artist)
    }

    /// Whether this item of an answer is right.
    pub(super) fn is(&self, item: &Value) -> bool {
        let (name, artist) = match self.kind {
            Kind::Track => ("title", "artist"),
            Kind::Album => ("name", "album_artist"),
            Kind::Artist => ("name", "name"),
        };
        let equals = |wanted: &Option<String>, field: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| item[field].as_str().is_some_and(|text| same(text) == *wanted))
        };
        let is_in = |(from, to): (u16, u16)| {
            item["year"].as_u64().is_some_and(|year| (u64::from(from)..=u64::from(to)).contains(&year))
        };
        let holds = |part: &String| {
            [name, artist, "album"]
                .iter()
                .any(|field| item[field].as_str().is_some_and(|text| text.contains(part)))
        };
        equals(&self.name, name)
            && equals(&self.artist, artist)
            && equals(&self.album, "album")
            && self.years.is_none_or(is_in)
            && self.part.as_ref().is_none_or(holds)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("", &self.name), ("by ", &self.artist), ("on ", &self.album), ("with ", &self.part)];
        let named: Vec<String> =
            parts.into_iter().filter_map(|(word, text)| Some(format!("{word}{}", text.as_ref()?))).collect();
        f.write_str(&named.join(" "))
    }
}

/// A query and what is right.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) class: Class,
    pub(super) query: String,
    pub(super) wanted: Wanted,
}

/// Reads queries that were written by hand: lines of class, query, kind, wanted title or name, wanted artist, between
/// tabs. Either of the last two may be empty. `#` starts a comment.
pub(super) fn parse(text: &str) -> Vec<Case> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| case(line).unwrap_or_else(|| panic!("not a judged query: {line:?}"))).collect()
}

fn case(line: &str) -> Option<Case> {
    let [class, query, kind, name, artist] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let class = Class::ALL.into_iter().find(|known| known.as_str() == class)?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let mut wanted = Wanted::any(kind);
    if !name.is_empty() {
        wanted = wanted.named(name);
    }
    if !artist.is_empty() {
        wanted = wanted.by(artist);
    }
    let is_judged = wanted != Wanted::any(kind);
    (is_judged && !query.is_empty()).then(|| Case { class, query: query.to_owned(), wanted })
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn a_line_is_a_judged_query() {
    let cases = parse("# class\tquery\n\njoined\tdaftpunk\tartist\tDaft Punk\t\n");
    assert_eq!((cases.len(), cases[0].class, cases[0].query.as_str()), (1, Class::Joined, "daftpunk"));
    assert_eq!(cases[0].wanted, Wanted::any(Kind::Artist).named("daft punk"));
    for broken in ["joined\tdaftpunk\tartist\t\t", "odd\ta\ttrack\tA\t", "exact\ta\tsong\tA\t", "exact\ta"] {
        assert!(case(broken).is_none(), "{broken}");
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn what_is_wanted_is_right_however_it_is_written() {
    let item =
        json!({ "title": "Let’s Dance", "artist": "David Bowie", "album": "Let's Dance", "year": 1983 });
    let wanted = Wanted::any(Kind::Track).named("Lets dance").by("DAVID BOWIE").on("Let’s Dance");
    assert!(wanted.is(&item));
    assert!(wanted.clone().within(1983, 1984).is(&item));
    assert!(!wanted.clone().within(1984, 1985).is(&item));
    assert!(wanted.clone().holding("Dan").is(&item));
    assert!(!wanted.clone().holding("dan").is(&item));
    assert!(!wanted.by("David Bówie").is(&item));
    let artist = json!({ "name": "David Bowie" });
    assert!(Wanted::any(Kind::Artist).named("david bowie").is(&artist));
}
