//! How well something matches a query, in points. Every backend counts the same, so both answer in one order.
//!
//! Points are constants and not word statistics, so they do not depend on what else the index holds or on how it is
//! cut into segments. Each term of a query counts by the closest way in which it is met and the best field in which it
//! is; what the name is as a whole is added.

use crate::document::Document;
use crate::query::Query;
use crate::words::{bare, exact, length, whole};

// A term, by how closely it is met.
pub(crate) const ACCENTED: f32 = 42.0;
pub(crate) const EXACT: f32 = 38.0;
/// Two words of the query are one word of the name, or the other way round.
pub(crate) const JOINED: f32 = 30.0;
pub(crate) const PREFIX: f32 = 24.0;
pub(crate) const ONE_TYPO: f32 = 12.0;
pub(crate) const ONE_TYPO_PREFIX: f32 = 8.0;
pub(crate) const TWO_TYPOS: f32 = 4.0;
pub(crate) const TWO_TYPOS_PREFIX: f32 = 0.0;

// The name as a whole, however many terms there are.
const WHOLE_NAME: f32 = 60.0;
const WHOLE_CREDIT: f32 = 20.0;
const WHOLE_EXACT: f32 = 6.0;
/// The query holds every word of the title.
const TITLE_COVERED: f32 = 6.0;
/// The query holds every word of the artist.
const ARTIST_COVERED: f32 = 4.0;
/// What a word more in the title costs.
const LENGTH_PENALTY: f32 = 0.1;
/// Titles of more words are all equally long.
const MAX_PENALIZED_LENGTH: usize = 9;
/// Longer names count as of this length.
pub(crate) const MAX_LENGTH: usize = 15;

/// The fields in which words are found, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places(pub(crate) u8);

impl Places {
    pub(crate) const NOWHERE: Self = Self(0);
    /// Part of the format of the embedded index, which writes a word as often as this number: albums have the longest
    /// names.
    pub(crate) const ALBUM: Self = Self(1);
    /// A track's title, an artist's name, an album's title.
    pub(crate) const TITLE: Self = Self(2);
    pub(crate) const ARTIST: Self = Self(4);
    /// Everything that words outside filters are looked for in.
    pub(crate) const ALL: Self = Self(7);
    pub(crate) const GENRE: Self = Self(8);

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of them that are among `allowed`.
    pub(crate) fn within(self, allowed: Self) -> Self {
        Self(self.0 & allowed.0)
    }

    pub(crate) fn holds(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These, unless there are none.
    pub(crate) fn if_any(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }

    /// What the best of them adds.
    pub(crate) fn points(self) -> f32 {
        match self.0 {
            places if places & Self::TITLE.0 != 0 => 3.0,
            places if places & Self::ARTIST.0 != 0 => 2.0,
            places if places & Self::ALBUM.0 != 0 => 1.0,
            _ => 0.0,
        }
    }
}

/// What is known of a name as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Of the title, in words.
    pub(crate) length: usize,
    /// Of the artist; 0 where there is none beside the name.
    pub(crate) artist_length: usize,
    pub(crate) hashes: Hashes,
}

/// Hashes by which a name is compared as a whole: 24 bits without accents, 8 bits with them. Two names of one hash only
/// share points for being what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hashes(pub(crate) u32);

impl Hashes {
    pub(crate) fn of(name: &str) -> Self {
        let bare = bare(name);
        Self((hash(&whole(bare)) & 0xFF_FFFF) << 8 | hash(&exact(name)) & 0xFF)
    }

    /// The same name, but for accents, punctuation and a leading "the".
    pub(crate) fn whole(self) -> u32 {
        self.0 >> 8
    }
}

/// A hash that stays the same from build to build, as the index holds it.
fn hash(text: &str) -> u32 {
    // FNV-1a with 64 bits, folded; http://www.isthe.com/chongo/tech/comp/fnv/
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    u32::try_from((hash >> 32) ^ (hash & 0xFFFF_FFFF)).unwrap_or_default()
}

impl Shape {
    pub(crate) fn of(document: &Document) -> Self {
        let capped = |name: &str| length(name).min(MAX_LENGTH);
        Self {
            length: capped(document.name()),
            artist_length: document.credits().first().map_or(0, |artist| capped(artist)),
            hashes: Hashes::of(document.name()),
        }
    }
}

/// What all terms of a query count together, so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    pub(crate) points: f32,
    /// How much of the title and of the artist was met, counted as lengths are.
    in_title: u16,
    in_artist: u16,
}

impl Tally {
    pub(crate) const ZERO: Self = Self { points: 0.0, in_title: 0, in_artist: 0 };

    /// One more term of this weight that is met in these places, for these points, those of its place included.
    pub(crate) fn with(self, points: f32, places: Places, weight: u16) -> Self {
        let met =
            |place, before: u16| if places.holds(place) { before.saturating_add(weight) } else { before };
        Self {
            points: self.points + points,
            in_title: met(Places::TITLE, self.in_title),
            in_artist: met(Places::ARTIST, self.in_artist),
        }
    }
}

/// What of a query is compared with names as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    hashes: Hashes,
    /// The whole without accents and a leading "the"; empty when there are only filters.
    pub(crate) whole: String,
}

impl Asked {
    pub(crate) fn of(query: &Query) -> Self {
        Self { hashes: Hashes::of(&query.whole), whole: whole(bare(&query.whole)) }
    }

    /// Whether something of these hashes has the whole query as its name.
    pub(crate) fn is_name(&self, hashes: Hashes) -> bool {
        !self.whole.is_empty() && self.hashes.whole() == hashes.whole()
    }

    /// The points of something, not below 0.
    pub(crate) fn total(&self, tally: Tally, shape: Shape, is_credited: bool) -> f32 {
        let mut points = tally.points + 1.0;
        let covers = |met: u16, length: usize| length > 0 && usize::from(met) >= length;
        if covers(tally.in_title, shape.length) {
            points += TITLE_COVERED;
        }
        if covers(tally.in_artist, shape.artist_length) {
            points += ARTIST_COVERED;
        }
        if self.is_name(shape.hashes) {
            points += WHOLE_NAME;
            if self.hashes == shape.hashes {
                points += WHOLE_EXACT;
            }
        }
        if is_credited {
            points += WHOLE_CREDIT;
        }
        let words = u16::try_from(shape.length.min(MAX_PENALIZED_LENGTH)).unwrap_or_default();
        points - LENGTH_PENALTY * f32::from(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_article_accents_and_punctuation() {
        let same = |one: &str, other: &str| Hashes::of(one).whole() == Hashes::of(other).whole();
        assert!(same("The Beatles", "beatles"));
        assert!(same("AC/DC", "acdc"));
        assert!(same("Björk", "bjork"));
        assert_ne!(Hashes::of("Björk"), Hashes::of("bjork"));
        assert!(!same("The The", "Beatles"));
        // Part of the format of the index.
        assert_eq!(Hashes::of("Army of Me"), Hashes(HASH_OF_ARMY));
    }

    const HASH_OF_ARMY: u32 = 971_534_097;

    #[test]
    fn a_name_that_is_covered_counts_more_than_one_that_goes_on() {
        let asked = Asked::of(&Query::parse("hello adele").unwrap());
        let tally = Tally::ZERO.with(EXACT + Places::TITLE.points(), Places::TITLE, 1).with(
            EXACT + Places::ARTIST.points(),
            Places::ARTIST,
            1,
        );
        let shape = |title: &str, artist: &str| Shape {
            length: length(title),
            artist_length: length(artist),
            hashes: Hashes::of(title),
        };
        let total = |title, artist| asked.total(tally, shape(title, artist), false);
        assert!(total("Hello", "Adele") > total("Hello", "Adele Roberts"));
        assert!(total("Hello", "Adele Roberts") > total("Hello Hello", "Adele Roberts"));
        assert!(total("Hello", "Adele Roberts") > total("Hello You", "Adele"));
        assert!(total("Hello One Two", "Adele One") > total("Hello One Two Three", "Adele One"));
    }
}
