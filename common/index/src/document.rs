//! What can be found: the few facts about tracks, artists and albums that search looks at.

use std::fmt;
use std::str::FromStr;

use mixtape_domain::{AlbumId, ArtistId, ParseIdError, TrackId};
use serde::{Deserialize, Serialize};

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
    /// The credit as printed and the single artists' names, in any order; repetitions do no harm.
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
