//! Tracks, and the artists and albums that they belong to.

mod input;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::media::{Audio, Cover};
use crate::{AccountId, AlbumId, ArtistId, Timestamp, TrackId};

pub use input::{
    MAX_ARTISTS, MAX_DURATION_MS, MAX_GENRE, MAX_GENRES, MAX_NAME, MAX_NUMBER, NewTrack, TrackPatch, YEARS,
};

/// A track of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Track {
    #[schema(value_type = String, example = "01JD6Y3Q5R8WZ0V4C2B7M9N1XK")]
    pub id: TrackId,
    #[schema(example = "Östermalm")]
    pub title: String,
    /// The credit as it is printed.
    #[schema(example = "The Persuader")]
    pub artist: String,
    /// The first of `artists`.
    #[schema(value_type = String)]
    pub artist_id: ArtistId,
    /// Everyone who is credited.
    pub artists: Vec<ArtistRef>,
    #[schema(required = true, example = "Stockholm")]
    pub album: Option<String>,
    #[schema(required = true, value_type = Option<String>)]
    pub album_id: Option<AlbumId>,
    #[schema(required = true, example = "The Persuader")]
    pub album_artist: Option<String>,
    #[schema(required = true)]
    pub track_number: Option<u32>,
    #[schema(required = true)]
    pub disc_number: Option<u32>,
    #[schema(required = true, example = 1999)]
    pub year: Option<u16>,
    pub genres: Vec<String>,
    #[schema(required = true, example = 285_000)]
    pub duration_ms: Option<u64>,
    #[schema(required = true)]
    pub cover: Option<Cover>,
    /// Null until a file was uploaded for it.
    #[schema(required = true)]
    pub audio: Option<Audio>,
    #[schema(value_type = String)]
    pub owner_id: AccountId,
    /// The owner's own id for it.
    #[schema(required = true, example = "discogs:1:1")]
    pub source_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// An artist as a track names one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtistRef {
    #[schema(value_type = String)]
    pub id: ArtistId,
    #[schema(example = "The Persuader")]
    pub name: String,
}

/// An artist: somebody who is credited on at least one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artist {
    #[schema(value_type = String)]
    pub id: ArtistId,
    #[schema(example = "The Persuader")]
    pub name: String,
    /// Tracks on which the artist is credited.
    pub track_count: u64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An album: a title by an album artist that at least one track names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Album {
    #[schema(value_type = String)]
    pub id: AlbumId,
    #[schema(example = "Stockholm")]
    pub name: String,
    #[schema(example = "The Persuader")]
    pub album_artist: String,
    #[schema(required = true, example = 1999)]
    pub year: Option<u16>,
    pub track_count: u64,
    /// The known durations of its tracks, in milliseconds.
    pub duration_ms: u64,
    #[schema(required = true)]
    pub cover: Option<Cover>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}
