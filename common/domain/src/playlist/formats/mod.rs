//! Playlists as files: M3U8, [XSPF](https://www.xspf.org/spec) and [JSPF](https://www.xspf.org/jspf).
//!
//! Files come from strangers: readers follow no reference, expand no entity, and stop at a number of entries.

mod jspf;
mod m3u8;
mod xspf;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::TrackId;

/// A form of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    M3u8,
    Xspf,
    Jspf,
}

/// A playlist as a file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    pub title: Option<String>,
    pub description: Option<String>,
    pub entries: Vec<Entry>,
}

/// A playlist with where its file says that the tracks are, for a reader that has those files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Located {
    pub listing: Listing,
    /// Of each entry, as they are written: paths, relative to the file or not, and addresses. Most have one, some none.
    pub locations: Vec<Vec<String>>,
}

/// A track as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    pub track_id: Option<TrackId>,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
}

/// A file cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is not of its form; the message is for whoever sent it.
    #[error("{0}")]
    Malformed(String),
    #[error("the file holds more than {0} entries")]
    TooManyEntries(usize),
}

impl FormatError {
    fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed(message.into())
    }
}

/// How much of each track is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Full,
    TitleAndArtist,
    Id,
}

impl Format {
    /// The media type of the file.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::M3u8 => "application/vnd.apple.mpegurl",
            Self::Xspf => "application/xspf+xml",
            Self::Jspf => "application/jspf+json",
        }
    }

    /// The form of a media type, parameters ignored.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/vnd.apple.mpegurl"
            | "application/x-mpegurl"
            | "application/mpegurl"
            | "audio/mpegurl"
            | "audio/x-mpegurl" => Some(Self::M3u8),
            "application/xspf+xml" => Some(Self::Xspf),
            "application/jspf+json" => Some(Self::Jspf),
            _ => None,
        }
    }

    /// The end of the file's name, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::M3u8 => "m3u8",
            Self::Xspf => "xspf",
            Self::Jspf => "jspf",
        }
    }

    /// The file. One that would be larger than `max_bytes` names less of each track: first no album and duration, then
    /// the id alone.
    pub fn write(self, listing: &Listing, max_bytes: usize) -> String {
        let write = |detail| match self {
            Self::M3u8 => m3u8::write(listing, detail),
            Self::Xspf => xspf::write(listing, detail),
            Self::Jspf => jspf::write(listing, detail),
        };
        for detail in [Detail::Full, Detail::TitleAndArtist] {
            let file = write(detail);
            if file.len() <= max_bytes {
                return file;
            }
        }
        write(Detail::Id)
    }

    /// Reads a file of at most `max_entries` entries.
    ///
    /// # Errors
    /// The file is not of this form, or holds more.
    pub fn read(self, file: &[u8], max_entries: usize) -> Result<Listing, FormatError> {
        Ok(self.read_located(file, max_entries)?.listing)
    }

    /// Reads a file of at most `max_entries` entries, and where it says that they are.
    ///
    /// # Errors
    /// The file is not of this form, or holds more.
    pub fn read_located(self, file: &[u8], max_entries: usize) -> Result<Located, FormatError> {
        let text = std::str::from_utf8(file).map_err(|_| FormatError::malformed("the file is not UTF-8"))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        match self {
            Self::M3u8 => m3u8::read(text, max_entries),
            Self::Xspf => xspf::read(text, max_entries),
            Self::Jspf => jspf::read(text, max_entries),
        }
    }
}

const TRACK_URN: &str = "mixtape:track:";

impl Entry {
    fn urn(&self) -> Option<String> {
        self.track_id.map(|id| format!("{TRACK_URN}{id}"))
    }

    /// Takes the id out of a location or identifier that is one of ours.
    fn note_urn(&mut self, text: &str) {
        if let Some(id) = text.trim().strip_prefix(TRACK_URN).and_then(|id| id.parse().ok()) {
            self.track_id.get_or_insert(id);
        }
    }

    fn at(&self, detail: Detail) -> Self {
        match detail {
            Detail::Full => self.clone(),
            Detail::TitleAndArtist => Self { album: None, duration_ms: None, ..self.clone() },
            Detail::Id => Self { track_id: self.track_id, ..Self::default() },
        }
    }
}

/// A text as a file may hold it: without control characters, which XML and lines cannot carry, and not empty.
fn clean(text: &str) -> Option<String> {
    let is_forbidden =
        |character: char| character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}');
    let text: String = text.chars().map(|c| if is_forbidden(c) { ' ' } else { c }).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Located {
    fn push(&mut self, entry: Entry, locations: Vec<String>, max_entries: usize) -> Result<(), FormatError> {
        if self.listing.entries.len() == max_entries {
            return Err(FormatError::TooManyEntries(max_entries));
        }
        self.listing.entries.push(entry);
        self.locations.push(locations);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
