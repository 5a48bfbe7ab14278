//! A listen as its account sees it.

use mixtape_domain::listen::Listen;
use mixtape_domain::track::Track;
use mixtape_domain::{ListenId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A listen, as it was called when it was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListenView {
    #[schema(value_type = String)]
    id: ListenId,
    #[schema(value_type = String, format = DateTime)]
    listened_at: Timestamp,
    #[schema(example = "Östermalm")]
    title: String,
    #[schema(example = "The Persuader")]
    artist: String,
    #[schema(required = true, example = "Stockholm")]
    album: Option<String>,
    #[schema(required = true, example = 285_000)]
    duration_ms: Option<u64>,
    /// For how long it was heard; null when the client did not say.
    #[schema(required = true)]
    played_ms: Option<u64>,
    #[schema(required = true)]
    client: Option<String>,
    /// Null for what the catalogue has not, or no longer has.
    #[schema(required = true)]
    track: Option<Track>,
}

impl ListenView {
    pub(crate) fn of(listen: Listen, track: Option<Track>) -> Self {
        Self {
            id: listen.id,
            listened_at: listen.listened_at(),
            title: listen.title,
            artist: listen.artist,
            album: listen.album,
            duration_ms: listen.duration_ms,
            played_ms: listen.played_ms,
            client: listen.client,
            track,
        }
    }
}
