//! JSPF: XSPF's fields as JSON.

use serde::{Deserialize, Serialize};

use super::{Detail, Entry, FormatError, Listing, Located, clean};

#[derive(Debug, Serialize, Deserialize)]
struct File {
    playlist: Playlist,
}

#[derive(Debug, Serialize, Deserialize)]
struct Playlist {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    annotation: Option<String>,
    #[serde(default)]
    track: Vec<Track>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Track {
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    identifier: Texts,
    #[serde(default, skip_serializing)]
    location: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
}

/// A list of texts; some programs write a single one without the brackets.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Texts {
    Many(Vec<String>),
    One(String),
    Null,
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Texts {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::Many(texts) => texts,
            Self::One(text) => std::slice::from_ref(text),
            Self::Null => &[],
        }
    }

    fn into_vec(self) -> Vec<String> {
        match self {
            Self::Many(texts) => texts,
            Self::One(text) => vec![text],
            Self::Null => Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

pub(super) fn write(listing: &Listing, detail: Detail) -> String {
    let track = |entry: &Entry| {
        let entry = entry.at(detail);
        Track {
            identifier: Texts::Many(entry.urn().into_iter().collect()),
            location: Texts::default(),
            title: entry.title.as_deref().and_then(clean),
            creator: entry.artist.as_deref().and_then(clean),
            album: entry.album.as_deref().and_then(clean),
            duration: entry.duration_ms,
        }
    };
    let playlist = Playlist {
        title: listing.title.clone(),
        annotation: listing.description.clone(),
        track: listing.entries.iter().map(track).collect(),
    };
    // Strings and numbers always have a JSON form.
    serde_json::to_string(&File { playlist }).unwrap_or_default()
}

pub(super) fn read(text: &str, max_entries: usize) -> Result<Located, FormatError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| FormatError::malformed(format!("the file is not JSPF: {error}")))?;
    let mut located = Located::default();
    located.listing.title = file.playlist.title.as_deref().and_then(clean);
    located.listing.description = file.playlist.annotation.as_deref().and_then(clean);
    for track in file.playlist.track {
        let mut entry = Entry {
            track_id: None,
            title: track.title.as_deref().and_then(clean),
            artist: track.creator.as_deref().and_then(clean),
            album: track.album.as_deref().and_then(clean),
            duration_ms: track.duration,
        };
        for text in track.identifier.as_slice().iter().chain(track.location.as_slice()) {
            entry.note_urn(text);
        }
        located.push(entry, track.location.into_vec(), max_entries)?;
    }
    Ok(located)
}
