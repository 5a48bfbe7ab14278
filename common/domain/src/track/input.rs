//! What clients send to make and change tracks, and the checks of it.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{ArtistRef, Track};
use crate::media::{Audio, Cover};
use crate::patch::Patch;
use crate::{AccountId, AlbumId, ArtistId, Invalid, Timestamp, TrackId, Validator};

/// Longest title or name, in characters.
pub const MAX_NAME: usize = 300;
const MAX_SOURCE_ID: usize = 200;
/// Artists of one track, at most: so that the patch that replaces all of them fits one transaction of 100 actions.
pub const MAX_ARTISTS: usize = 15;
/// Genres of one track, at most.
pub const MAX_GENRES: usize = 20;
/// Longest name of a genre, in characters.
pub const MAX_GENRE: usize = 60;
/// Largest number of a track or disc.
pub const MAX_NUMBER: u32 = 9999;
/// The longest that a track can be.
pub const MAX_DURATION_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// The years that a track can be of, both included.
pub const YEARS: (u16, u16) = (1000, 2999);

/// What a client sends to make a track.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "source_id": "discogs:1:1", "title": "Östermalm", "artist": "The Persuader", "album": "Stockholm",
    "album_artist": "The Persuader", "track_number": 1, "year": 1999, "genres": ["Electronic"], "duration_ms": 285_000
}))]
pub struct NewTrack {
    pub title: String,
    /// The credit as it is printed.
    pub artist: String,
    /// Everyone who is credited, first the most important; `artist` alone when absent.
    #[serde(default)]
    pub artists: Option<Vec<String>>,
    #[serde(default)]
    pub album: Option<String>,
    /// `artist` when absent and there is an album.
    #[serde(default)]
    pub album_artist: Option<String>,
    #[serde(default)]
    pub track_number: Option<u32>,
    #[serde(default)]
    pub disc_number: Option<u32>,
    #[serde(default)]
    pub year: Option<u16>,
    #[serde(default)]
    pub genres: Option<Vec<String>>,
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// Your own id for it, up to 200 characters: sending it again answers the track that it made.
    #[serde(default)]
    pub source_id: Option<String>,
}

/// A merge patch of a track. `source_id` and the owner stay what they are.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Östermalm (Live)", "year": null }))]
pub struct TrackPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub artist: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub artists: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub album: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub album_artist: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    pub track_number: Patch<u32>,
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    pub disc_number: Patch<u32>,
    #[serde(default)]
    #[schema(value_type = Option<u16>)]
    pub year: Patch<u16>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub genres: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub duration_ms: Patch<u64>,
}

impl NewTrack {
    /// The track that this makes for `owner` at `now`. With a `source_id` its id is always the same.
    ///
    /// # Errors
    /// The fields that do not hold what they must.
    pub fn build(self, owner: AccountId, now: Timestamp) -> Result<Track, Vec<Invalid>> {
        let mut validator = Validator::default();
        let source_id = self.source_id.map(|text| validator.line("source_id", &text, MAX_SOURCE_ID));
        let id = match &source_id {
            Some(source_id) => TrackId::from_parts(&["track", &owner.to_string(), source_id]),
            None => TrackId::new(now),
        };
        let facts = Facts {
            title: self.title,
            artist: self.artist,
            artists: self.artists,
            album: self.album,
            album_artist: self.album_artist,
            track_number: self.track_number,
            disc_number: self.disc_number,
            year: self.year,
            genres: self.genres.unwrap_or_default(),
            duration_ms: self.duration_ms,
        };
        let stamp = Stamp { id, owner_id: owner, source_id, created_at: now, updated_at: now };
        facts.build(validator, stamp, None, None)
    }
}

impl Track {
    /// The track after a patch made at `now`.
    ///
    /// # Errors
    /// The fields that do not hold what they must, or are cleared and must not be.
    pub fn patched(&self, patch: TrackPatch, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let mut validator = Validator::default();
        validator.check(patch.title != Patch::Clear, "title", "cannot be cleared");
        validator.check(patch.artist != Patch::Clear, "artist", "cannot be cleared");
        // A new credit without a list of artists names them all.
        let artists = match patch.artists {
            Patch::Set(names) => Some(names),
            Patch::Clear => None,
            Patch::Keep if patch.artist.is_sent() => None,
            Patch::Keep => Some(self.artists.iter().map(|artist| artist.name.clone()).collect()),
        };
        let album = patch.album.apply(self.album.clone());
        let album_artist = match (&album, patch.album_artist) {
            // Without an album there is no album artist, unless one is sent: that is a mistake to point out.
            (None, Patch::Keep) => None,
            (_, album_artist) => album_artist.apply(self.album_artist.clone()),
        };
        let facts = Facts {
            title: patch.title.apply(Some(self.title.clone())).unwrap_or_default(),
            artist: patch.artist.apply(Some(self.artist.clone())).unwrap_or_default(),
            artists,
            album,
            album_artist,
            track_number: patch.track_number.apply(self.track_number),
            disc_number: patch.disc_number.apply(self.disc_number),
            year: patch.year.apply(self.year),
            genres: patch.genres.apply(Some(self.genres.clone())).unwrap_or_default(),
            duration_ms: patch.duration_ms.apply(self.duration_ms),
        };
        let stamp = Stamp {
            id: self.id,
            owner_id: self.owner_id,
            source_id: self.source_id.clone(),
            created_at: self.created_at,
            updated_at: now,
        };
        facts.build(validator, stamp, self.cover.clone(), self.audio.clone())
    }
}

/// What does not come from the client's description of the music.
struct Stamp {
    id: TrackId,
    owner_id: AccountId,
    source_id: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The description of the music, not yet checked.
struct Facts {
    title: String,
    artist: String,
    artists: Option<Vec<String>>,
    album: Option<String>,
    album_artist: Option<String>,
    track_number: Option<u32>,
    disc_number: Option<u32>,
    year: Option<u16>,
    genres: Vec<String>,
    duration_ms: Option<u64>,
}

impl Facts {
    fn build(
        self,
        mut validator: Validator,
        stamp: Stamp,
        cover: Option<Cover>,
        audio: Option<Audio>,
    ) -> Result<Track, Vec<Invalid>> {
        let title = validator.line("title", &self.title, MAX_NAME);
        let artist = validator.line("artist", &self.artist, MAX_NAME);
        let artists = credits(&mut validator, &artist, self.artists);
        let album = self.album.map(|text| validator.line("album", &text, MAX_NAME));
        validator.check(album.is_some() || self.album_artist.is_none(), "album_artist", "needs an album");
        let album_artist = match &album {
            Some(_) => {
                let name = self.album_artist.unwrap_or_else(|| artist.clone());
                Some(validator.line("album_artist", &name, MAX_NAME))
            }
            None => None,
        };
        let album_id =
            album.as_deref().zip(album_artist.as_deref()).map(|(album, by)| AlbumId::of(by, album));
        let genres = genres(&mut validator, self.genres);
        let mut number =
            |field, value: Option<u32>| value.map(|value| validator.range(field, value, 1, MAX_NUMBER));
        let (track_number, disc_number) =
            (number("track_number", self.track_number), number("disc_number", self.disc_number));
        let track = Track {
            id: stamp.id,
            title,
            artist,
            artist_id: artists.first().map_or_else(|| ArtistId::of(""), |first| first.id.clone()),
            artists,
            album,
            album_id,
            album_artist,
            track_number,
            disc_number,
            year: self.year.map(|year| validator.range("year", year, YEARS.0, YEARS.1)),
            genres,
            duration_ms: self.duration_ms.map(|ms| validator.range("duration_ms", ms, 0, MAX_DURATION_MS)),
            cover,
            audio,
            owner_id: stamp.owner_id,
            source_id: stamp.source_id,
            created_at: stamp.created_at,
            updated_at: stamp.updated_at,
        };
        validator.finish(track)
    }
}

/// Everyone who is credited, each once.
fn credits(validator: &mut Validator, artist: &str, names: Option<Vec<String>>) -> Vec<ArtistRef> {
    let names = names.unwrap_or_else(|| vec![artist.to_owned()]);
    validator.check(
        (1..=MAX_ARTISTS).contains(&names.len()),
        "artists",
        format!("must name 1 to {MAX_ARTISTS}"),
    );
    let mut seen = BTreeSet::new();
    let mut credits = Vec::new();
    for (place, name) in names.iter().take(MAX_ARTISTS).enumerate() {
        let name = validator.line(&format!("artists[{place}]"), name, MAX_NAME);
        let id = ArtistId::of(&name);
        if seen.insert(id.clone()) {
            credits.push(ArtistRef { id, name });
        }
    }
    credits
}

fn genres(validator: &mut Validator, genres: Vec<String>) -> Vec<String> {
    validator.check(genres.len() <= MAX_GENRES, "genres", format!("must be at most {MAX_GENRES}"));
    let mut clean: Vec<String> = Vec::new();
    for (place, genre) in genres.iter().take(MAX_GENRES).enumerate() {
        let genre = validator.line(&format!("genres[{place}]"), genre, MAX_GENRE);
        if !clean.contains(&genre) {
            clean.push(genre);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_253_400_120).unwrap()
    }

    fn owner() -> AccountId {
        AccountId::from_parts(&["test"])
    }

    fn new_track() -> NewTrack {
        NewTrack { title: " Östermalm ".into(), artist: "The Persuader".into(), ..NewTrack::default() }
    }

    fn fields(result: Result<Track, Vec<Invalid>>) -> Vec<String> {
        result.unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_track_needs_a_title_and_an_artist_and_gets_the_rest() {
        let track = new_track().build(owner(), now()).unwrap();
        assert_eq!(track.title, "Östermalm");
        assert_eq!(
            track.artists,
            [ArtistRef { id: ArtistId::of("The Persuader"), name: "The Persuader".into() }]
        );
        assert_eq!((track.album_id, track.album_artist), (None, None));
        let with_album =
            NewTrack { album: Some("Stockholm".into()), ..new_track() }.build(owner(), now()).unwrap();
        assert_eq!(with_album.album_artist.as_deref(), Some("The Persuader"));
        assert_eq!(with_album.album_id, Some(AlbumId::of("The Persuader", "Stockholm")));
    }

    #[test]
    fn the_same_source_id_of_one_owner_is_the_same_track() {
        let with_source = || NewTrack { source_id: Some("discogs:1:1".into()), ..new_track() };
        let id = with_source().build(owner(), now()).unwrap().id;
        assert_eq!(with_source().build(owner(), now()).unwrap().id, id);
        let other = AccountId::from_parts(&["other"]);
        assert_ne!(with_source().build(other, now()).unwrap().id, id);
        assert_ne!(
            new_track().build(owner(), now()).unwrap().id,
            new_track().build(owner(), now()).unwrap().id
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = NewTrack {
            title: " ".into(),
            artist: "a\u{0}b".into(),
            artists: Some(vec!["ok".into(), String::new()]),
            album_artist: Some("nobody".into()),
            track_number: Some(0),
            year: Some(99),
            genres: Some(vec!["x".repeat(61)]),
            duration_ms: Some(u64::MAX),
            source_id: Some("x".repeat(201)),
            ..NewTrack::default()
        };
        let expected = [
            "source_id",
            "title",
            "artist",
            "artists[1]",
            "album_artist",
            "genres[0]",
            "track_number",
            "year",
            "duration_ms",
        ];
        assert_eq!(fields(wrong.build(owner(), now())), expected);
    }

    #[test]
    fn a_patch_changes_what_it_sends_and_clears_what_is_null() {
        let first = NewTrack { album: Some("Stockholm".into()), year: Some(1999), ..new_track() };
        let track = first.build(owner(), now()).unwrap();
        let patch =
            TrackPatch { artist: Patch::Set("Jesper".into()), year: Patch::Clear, ..TrackPatch::default() };
        let patched = track.patched(patch, now()).unwrap();
        assert_eq!(patched.artists[0].name, "Jesper");
        assert_eq!((patched.year, patched.album.as_deref()), (None, Some("Stockholm")));
        assert_eq!(patched.album_id, track.album_id, "the album artist stays");
        let no_album =
            track.patched(TrackPatch { album: Patch::Clear, ..TrackPatch::default() }, now()).unwrap();
        assert_eq!((no_album.album_id, no_album.album_artist), (None, None));
        let no_title = TrackPatch { title: Patch::Clear, ..TrackPatch::default() };
        assert!(fields(track.patched(no_title, now())).contains(&"title".to_owned()));
    }
}
