//! What clients send of what they play, and the checks of it.

use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;

use super::MAX_PLAYED_MS;
use crate::track::{MAX_DURATION_MS, MAX_NAME};
use crate::{ArtistId, Invalid, SongId, Timestamp, TrackId, Validator};

/// Longest name of a client, in characters.
const MAX_CLIENT: usize = 100;
/// The longest that a client's clock may be ahead.
const CLOCK_SKEW: Duration = Duration::from_secs(10 * 60);

/// What a client sends: a track of the catalogue by its id, or anything else by `title` and `artist`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Östermalm", "artist": "The Persuader", "listened_at": "2026-11-21T09:30:00.000Z", "played_ms": 285_000,
    "client": "my player 1.0"
}))]
pub struct NewListen {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub track_id: Option<TrackId>,
    #[serde(default)]
    pub title: Option<String>,
    /// The credit as it is printed, or who is credited first.
    #[serde(default)]
    pub artist: Option<String>,
    #[serde(default)]
    pub album: Option<String>,
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// When it began, to the second; not in the future.
    #[schema(value_type = String, format = DateTime)]
    pub listened_at: Timestamp,
    /// For how long it was heard; the whole duration when absent.
    #[serde(default)]
    pub played_ms: Option<u64>,
    /// What played it.
    #[serde(default)]
    pub client: Option<String>,
}

/// What a client sends of what it plays at the moment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Östermalm", "artist": "The Persuader", "duration_ms": 285_000 }))]
pub struct NewNowPlaying {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub track_id: Option<TrackId>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub artist: Option<String>,
    #[serde(default)]
    pub album: Option<String>,
    #[serde(default)]
    pub duration_ms: Option<u64>,
    #[serde(default)]
    pub client: Option<String>,
}

/// What was heard, as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Track(TrackId),
    Song(Song),
}

/// What was heard, by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Song {
    pub title: String,
    pub artist: String,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
}

/// What a client has sent, once it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub heard: Heard,
    pub listened_at: Timestamp,
    pub played_ms: Option<u64>,
    pub client: Option<String>,
}

impl Song {
    /// The id of the title by this artist.
    pub fn id(&self) -> SongId {
        SongId::of(&ArtistId::of(&self.artist), &self.title)
    }
}

impl NewListen {
    /// Checks what was sent at `now`.
    ///
    /// # Errors
    /// The fields that do not hold what they must.
    pub fn check(self, now: Timestamp) -> Result<Sent, Vec<Invalid>> {
        let mut validator = Validator::default();
        let is_past = self.listened_at <= now.plus(CLOCK_SKEW);
        validator.check(is_past, "listened_at", "must not be in the future");
        validator.check(self.listened_at >= Timestamp::EPOCH, "listened_at", "must not be before 1970");
        let sent = Sent {
            listened_at: self.listened_at,
            played_ms: self.played_ms.map(|ms| validator.range("played_ms", ms, 0, MAX_PLAYED_MS)),
            client: self.client.as_ref().map(|text| validator.line("client", text, MAX_CLIENT)),
            heard: self.heard(&mut validator),
        };
        validator.finish(sent)
    }

    fn heard(self, validator: &mut Validator) -> Heard {
        if let Some(id) = self.track_id {
            let sent = [
                ("title", self.title.is_some()),
                ("artist", self.artist.is_some()),
                ("album", self.album.is_some()),
                ("duration_ms", self.duration_ms.is_some()),
            ];
            for (field, is_sent) in sent {
                validator.check(!is_sent, field, "must not be sent with track_id");
            }
            return Heard::Track(id);
        }
        let mut line = |field: &str, text: Option<String>| match text {
            Some(text) => validator.line(field, &text, MAX_NAME),
            None => {
                validator.check(false, field, "is required without track_id");
                String::new()
            }
        };
        let (title, artist) = (line("title", self.title), line("artist", self.artist));
        let album = self.album.map(|text| validator.line("album", &text, MAX_NAME));
        let duration_ms = self.duration_ms.map(|ms| validator.range("duration_ms", ms, 0, MAX_DURATION_MS));
        Heard::Song(Song { title, artist, album, duration_ms })
    }
}

impl NewNowPlaying {
    /// Checks what was sent at `now`, when it begins.
    ///
    /// # Errors
    /// The fields that do not hold what they must.
    pub fn check(self, now: Timestamp) -> Result<Sent, Vec<Invalid>> {
        let Self { track_id, title, artist, album, duration_ms, client } = self;
        let listen = NewListen {
            track_id,
            title,
            artist,
            album,
            duration_ms,
            listened_at: now,
            played_ms: None,
            client,
        };
        listen.check(now)
    }
}
