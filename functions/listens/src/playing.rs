//! What is playing at the moment.

use std::time::Duration;

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::Timestamp;
use mixtape_domain::listen::NewNowPlaying;
use mixtape_domain::track::Track;
use mixtape_http::{App, Identity, Json, Problem};
use mixtape_store::listens;
use serde::Serialize;
use utoipa::ToSchema;

use crate::resolve::Resolved;

/// How long something plays whose duration nobody knows.
const UNKNOWN: Duration = Duration::from_secs(10 * 60);
/// The shortest and the longest time for which something is playing: a client that is gone does not say so.
const BOUNDS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(2 * 60 * 60));

/// What the caller is hearing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Playing {
    /// Null when nothing is playing.
    #[schema(required = true)]
    playing: Option<NowPlaying>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NowPlaying {
    #[schema(example = "Östermalm")]
    title: String,
    #[schema(example = "The Persuader")]
    artist: String,
    #[schema(required = true, example = "Stockholm")]
    album: Option<String>,
    #[schema(required = true, example = 285_000)]
    duration_ms: Option<u64>,
    #[schema(required = true)]
    client: Option<String>,
    /// Null for what the catalogue has not.
    #[schema(required = true)]
    track: Option<Track>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// From then on nothing is playing, unless it is said again.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl NowPlaying {
    fn of(playing: listens::NowPlaying, track: Option<Track>) -> Self {
        let listen = playing.listen;
        Self {
            started_at: listen.listened_at(),
            title: listen.title,
            artist: listen.artist,
            album: listen.album,
            duration_ms: listen.duration_ms,
            client: listen.client,
            track,
            expires_at: playing.expires_at,
        }
    }
}

/// Say what is playing
///
/// It is forgotten after its duration, or after ten minutes where that is not known. It is no listen.
#[utoipa::path(
    put, path = "/v1/me/now-playing", tag = "listens", security(("bearer" = [])), request_body = NewNowPlaying,
    responses((status = 200, description = "What is playing now", body = Playing))
)]
pub(crate) async fn put(
    State(app): State<App>,
    identity: Identity,
    Json(new): Json<NewNowPlaying>,
) -> Result<JsonBody<Playing>, Problem> {
    let now = app.clock.now();
    let sent = new.check(now)?;
    let resolved = Resolved::find(&app.store, [&sent]).await?;
    let known = resolved
        .listen(&sent)
        .ok_or_else(|| Problem::invalid_field("track_id", "is not a track; send title and artist instead"))?;
    let listen = known.listen;
    let duration = listen.duration_ms.map_or(UNKNOWN, Duration::from_millis).clamp(BOUNDS.0, BOUNDS.1);
    let playing = app.store.listens.play(identity.account_id, &listen, duration, now).await?;
    shown(&app, Some(playing)).await
}

/// What is playing
#[utoipa::path(
    get, path = "/v1/me/now-playing", tag = "listens", security(("bearer" = [])),
    responses((status = 200, description = "What is playing now, if anything", body = Playing))
)]
pub(crate) async fn get(State(app): State<App>, identity: Identity) -> Result<JsonBody<Playing>, Problem> {
    let playing = app.store.listens.playing(identity.account_id, app.clock.now()).await?;
    shown(&app, playing).await
}

async fn shown(app: &App, playing: Option<listens::NowPlaying>) -> Result<JsonBody<Playing>, Problem> {
    let Some(playing) = playing else { return Ok(JsonBody(Playing { playing: None })) };
    let track = match playing.listen.track_id {
        Some(id) => app.store.tracks.get(id).await?,
        None => None,
    };
    Ok(JsonBody(Playing { playing: Some(NowPlaying::of(playing, track)) }))
}
