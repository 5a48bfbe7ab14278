//! What can be found: the few facts about tracks, artists and albums that search looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use mixtape_domain::{AlbumId, ArtistId, ParseIdError, TrackId};
use serde::{Deserialize, Serialize};

use crate::ranking::Places;
use crate::words::{bare, whole, words};

/// The three kinds of things that are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Track,
    Artist,
    Album,
}

impl Kind {
    /// All kinds, in the order in which results name them.
    pub const ALL: [Self; 3] = [Self::Track, Self::Artist, Self::Album];

    /// The kind as requests and answers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Artist => "artist",
            Self::Album => "album",
        }
    }

    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Track => 0,
            Self::Artist => 1,
            Self::Album => 2,
        }
    }
}

/// Which thing a document is about. Written as kind and id: `track:01KA…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Track(TrackId),
    Artist(ArtistId),
    Album(AlbumId),
}

impl Key {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Track(_) => Kind::Track,
            Self::Artist(_) => Kind::Artist,
            Self::Album(_) => Kind::Album,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().as_str();
        match self {
            Self::Track(id) => write!(f, "{kind}:{id}"),
            Self::Artist(id) => write!(f, "{kind}:{id}"),
            Self::Album(id) => write!(f, "{kind}:{id}"),
        }
    }
}

impl FromStr for Key {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match text.split_once(':') {
            Some(("track", id)) => Ok(Self::Track(id.parse()?)),
            Some(("artist", id)) => Ok(Self::Artist(id.parse()?)),
            Some(("album", id)) => Ok(Self::Album(id.parse()?)),
            _ => Err(ParseIdError),
        }
    }
}

/// One thing that can be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    Track(TrackDocument),
    Artist(ArtistDocument),
    Album(AlbumDocument),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackDocument {
    pub id: TrackId,
    pub title: String,
    /// The credit as printed, then the single artists' names; repetitions do no harm.
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub year: Option<u16>,
    pub genres: Vec<String>,
    /// Decides between results that match equally well; higher is better.
    pub popularity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtistDocument {
    pub id: ArtistId,
    pub name: String,
    /// As in [`TrackDocument`].
    pub popularity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlbumDocument {
    pub id: AlbumId,
    pub title: String,
    pub artist: String,
    pub year: Option<u16>,
    /// As in [`TrackDocument`].
    pub popularity: u32,
}

impl Document {
    /// What the document is about.
    pub fn key(&self) -> Key {
        match self {
            Self::Track(track) => Key::Track(track.id),
            Self::Artist(artist) => Key::Artist(artist.id.clone()),
            Self::Album(album) => Key::Album(album.id.clone()),
        }
    }

    /// The title or name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Track(track) => &track.title,
            Self::Artist(artist) => &artist.name,
            Self::Album(album) => &album.title,
        }
    }

    /// The artists of a track or an album, the credit as printed first. An artist has none but its name.
    pub(crate) fn credits(&self) -> &[String] {
        match self {
            Self::Track(track) => &track.artists,
            Self::Artist(_) => &[],
            Self::Album(album) => std::slice::from_ref(&album.artist),
        }
    }

    pub(crate) fn genres(&self) -> &[String] {
        match self {
            Self::Track(track) => &track.genres,
            Self::Artist(_) | Self::Album(_) => &[],
        }
    }

    pub(crate) fn year(&self) -> Option<u16> {
        match self {
            Self::Track(track) => track.year,
            Self::Artist(_) => None,
            Self::Album(album) => album.year,
        }
    }

    pub(crate) fn popularity(&self) -> u32 {
        match self {
            Self::Track(track) => track.popularity,
            Self::Artist(artist) => artist.popularity,
            Self::Album(album) => album.popularity,
        }
    }

    /// The words by which it is found, with where they stand. Genres are not among them.
    pub(crate) fn words(&self) -> BTreeMap<String, Places> {
        let own = match self {
            Self::Track(_) => Places::TITLE,
            // So that `artist:` and `album:` find the artist and the album too.
            Self::Artist(_) => Places::TITLE.with(Places::ARTIST),
            Self::Album(_) => Places::TITLE.with(Places::ALBUM),
        };
        let mut found = BTreeMap::new();
        let mut add = |texts: BTreeSet<String>, places: Places| {
            for word in texts {
                found
                    .entry(word)
                    .and_modify(|before: &mut Places| *before = before.with(places))
                    .or_insert(places);
            }
        };
        add(words([self.name()]), own);
        add(words(self.credits()), Places::ARTIST);
        if let Self::Track(TrackDocument { album, .. }) = self {
            add(words(album), Places::ALBUM);
        }
        found
    }

    /// Each artist's name as it is compared with a whole query.
    pub(crate) fn whole_credits(&self) -> BTreeSet<String> {
        self.credits().iter().map(|credit| whole(bare(credit))).filter(|credit| !credit.is_empty()).collect()
    }
}

/// What happens to one document. Both can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The document is as given, whether or not there was one before.
    Put(Document),
    /// There is no such document.
    Delete(Key),
}

impl Change {
    /// Which document changes.
    pub fn key(&self) -> Key {
        match self {
            Self::Put(document) => document.key(),
            Self::Delete(key) => key.clone(),
        }
    }
}
