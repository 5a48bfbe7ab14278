//! The sound of a track.

use std::time::Duration;

use axum::Json as JsonBody;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mixtape_domain::media::{Analysis, Audio};
use mixtape_domain::track::Track;
use mixtape_domain::{Timestamp, TrackId};
use mixtape_http::{App, CatalogueReader, Code, Path, Problem, Query};
use mixtape_settings::Catalogue;
use mixtape_store::media::{analysis_key, audio_key};
use mixtape_store::{ReadAs, StoreError, Validity};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::disposition::content_disposition;
use crate::range::{Asked, ask};

/// How long an address of the sound works.
const ADDRESS_LIFE: Duration = Duration::from_secs(60 * 60);
/// The most that `proxy=1` answers at once, in bytes: as base64 it fits Lambda's 6 MB.
const MAX_PROXIED: u64 = 4 * 1024 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// `1` for a file to save instead of one to play.
    #[serde(default)]
    #[param(value_type = Option<u8>)]
    download: Switch,
    /// `1` for the bytes themselves: the range that is asked for, of which at most 4 MiB are answered.
    #[serde(default)]
    #[param(value_type = Option<u8>)]
    proxy: Switch,
    /// `0` for the address as JSON instead of a redirect to it: for players that cannot send an identity.
    #[serde(default)]
    #[param(value_type = Option<u8>)]
    redirect: Switch,
}

/// `0` or `1`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Switch {
    #[default]
    #[serde(skip)]
    Unset,
    #[serde(rename = "0")]
    Off,
    #[serde(rename = "1")]
    On,
}

/// Where the sound is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamAddress {
    url: String,
    #[schema(example = "audio/mpeg")]
    content_type: String,
    size_bytes: u64,
    /// Null for an address that does not expire.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Play a track
///
/// A redirect to where the sound is; ranges can be asked for there. HEAD works, too.
#[utoipa::path(
    get, path = "/v1/tracks/{id}/stream", tag = "tracks", security((), ("bearer" = [])),
    params(("id" = String, Path), StreamParams),
    responses(
        (status = 307, description = "Where the sound is", headers(("location" = String))),
        (
            status = 200, description = "With `redirect=0`: where the sound is; with `proxy=1`: the sound",
            content((StreamAddress = "application/json"), (Vec<u8> = "audio/*"))
        ),
        (status = 206, description = "With `proxy=1`: a range of the sound", body = Vec<u8>, content_type = "audio/*"),
        (status = 404, description = "`not_found`, or `no_audio`: nothing was uploaded for it"),
        (status = 416, description = "`range_not_satisfiable`"),
        (status = 422, description = "`invalid`; or `answer_too_large`: with `proxy=1`, more than 4 MiB without one `Range`"),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    _: CatalogueReader,
    Path(id): Path<TrackId>,
    Query(params): Query<StreamParams>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (track, audio) = with_audio(&app, id).await?;
    let is_head = method == Method::HEAD;
    let disposition = content_disposition(&track, &audio, params.download == Switch::On);
    if params.proxy == Switch::On {
        return proxy(&app, &audio, &disposition, &headers, is_head).await;
    }
    let (url, expires_at) = match &app.settings.media.cdn {
        // What a CDN has kept does not expire, so a private catalogue is not played through it.
        Some(cdn) if app.settings.catalogue == Catalogue::Public && params.download != Switch::On => {
            (format!("{cdn}/{}", audio_key(audio.id)), None)
        }
        _ => {
            let now = app.clock.now();
            let validity = Validity { from: now, life: ADDRESS_LIFE };
            let read_as = ReadAs {
                content_type: audio.content_type.clone(),
                content_disposition: disposition,
                is_head: is_head && params.redirect != Switch::Off,
            };
            let address = app.store.objects.presign_read(&audio_key(audio.id), &read_as, validity).await?;
            (address.url, Some(now.plus(ADDRESS_LIFE)))
        }
    };
    if params.redirect == Switch::Off {
        let Audio { content_type, size_bytes, .. } = audio;
        let address = StreamAddress { url, content_type, size_bytes, expires_at };
        let mut response = JsonBody(address).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return Ok(response);
    }
    let location = HeaderValue::from_str(&url).map_err(|error| Problem::internal(error.to_string()))?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response())
}

async fn with_audio(app: &App, id: TrackId) -> Result<(Track, Audio), Problem> {
    let track = app.store.tracks.get(id).await?.ok_or_else(Problem::not_found)?;
    let audio = track.audio.clone();
    let audio =
        audio.ok_or_else(|| Problem::new(Code::NO_AUDIO, "No file was uploaded for this track yet."))?;
    Ok((track, audio))
}

/// Answers the sound itself, within what the gateway passes on.
async fn proxy(
    app: &App,
    audio: &Audio,
    disposition: &str,
    headers: &HeaderMap,
    is_head: bool,
) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", audio.id);
    let size = audio.size_bytes;
    let (status, first, length) = match ask(headers, &etag, size) {
        Asked::Outside => {
            let problem = Problem::new(Code::RANGE_NOT_SATISFIABLE, format!("The sound has {size} bytes."));
            let mut response = problem.into_response();
            if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, range);
            }
            return Ok(response);
        }
        Asked::Range { first, last } => {
            (StatusCode::PARTIAL_CONTENT, first, (last - first + 1).min(MAX_PROXIED))
        }
        Asked::All if size <= MAX_PROXIED || is_head => (StatusCode::OK, 0, size),
        Asked::All => {
            let detail = format!(
                "Ask for ranges of at most {MAX_PROXIED} bytes, for example with `Range: bytes=0-`, or follow the \
                 redirect that is answered without `proxy`."
            );
            return Err(Problem::new(Code::ANSWER_TOO_LARGE, detail));
        }
    };
    let body = if is_head {
        Body::empty()
    } else {
        match app.store.objects.get_range(&audio_key(audio.id), None, first, length).await {
            Ok(bytes) => Body::from(bytes),
            // The track was deleted, or got another sound, since it was read.
            Err(StoreError::Corrupt(_)) => return Err(Problem::not_found()),
            Err(error) => return Err(error.into()),
        }
    };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, &audio.content_type)
        .header(header::CONTENT_DISPOSITION, disposition)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &etag)
        .header(header::CONTENT_LENGTH, length);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", first + length - 1);
        response = response.header(header::CONTENT_RANGE, range);
    }
    response.body(body).map_err(|error| Problem::internal(error.to_string()))
}

/// Read what a sound is like
///
/// A waveform to draw, how loud it is, lyrics, and the ids that the file carries.
#[utoipa::path(
    get, path = "/v1/tracks/{id}/analysis", tag = "tracks", security((), ("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "What was found out about the sound", body = Analysis),
        (status = 404, description = "`not_found`, or `no_audio`: nothing was uploaded for it"),
    )
)]
pub(crate) async fn analysis(
    State(app): State<App>,
    _: CatalogueReader,
    Path(id): Path<TrackId>,
) -> Result<JsonBody<Analysis>, Problem> {
    let (_, audio) = with_audio(&app, id).await?;
    let found = app.store.objects.get(&analysis_key(audio.id)).await?;
    // The track was deleted, or got another sound, since it was read.
    let found = found.ok_or_else(Problem::not_found)?;
    let analysis = serde_json::from_slice(&found.bytes)
        .map_err(|error| StoreError::Corrupt(format!("the analysis of {}: {error}", audio.id)))?;
    Ok(JsonBody(analysis))
}
