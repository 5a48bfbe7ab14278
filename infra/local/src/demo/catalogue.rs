//! The catalogue as the API tells it.

use serde_json::Value;

use super::taste::Track;
use crate::client::{ApiError, Session};

/// Tracks that are read; a history needs no more.
const MOST: usize = 10_000;
/// Tracks of one page; the API's limit.
const PAGE: usize = 100;

/// The newest tracks.
pub(super) async fn read(session: &Session) -> Result<Vec<Track>, ApiError> {
    let mut tracks = Vec::new();
    let mut path = format!("/v1/tracks?limit={PAGE}");
    while tracks.len() < MOST {
        let page = session.get(&path).await?.good()?;
        tracks.extend(page["items"].as_array().into_iter().flatten().map(track));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/tracks?limit={PAGE}&cursor={cursor}");
    }
    Ok(tracks)
}

fn track(track: &Value) -> Track {
    let text = |name: &str| track[name].as_str().map(str::to_owned);
    let number = |name: &str| track[name].as_u64().unwrap_or_default();
    let genres = track["genres"].as_array().into_iter().flatten();
    Track {
        id: text("id").unwrap_or_default(),
        title: text("title").unwrap_or_default(),
        artist: text("artist").unwrap_or_default(),
        artist_id: text("artist_id").unwrap_or_default(),
        album_id: text("album_id"),
        place: (number("disc_number"), number("track_number")),
        genres: genres.filter_map(|genre| genre.as_str().map(str::to_owned)).collect(),
        duration_ms: track["duration_ms"].as_u64(),
    }
}
