//! A playlist from a file.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use futures::{StreamExt, TryStreamExt};
use mixtape_domain::playlist::formats::{Entry, Format, FormatError, Listing};
use mixtape_domain::playlist::{MAX_IMPORT, Playlist, PlaylistDraft, Visibility};
use mixtape_domain::{ArtistId, TrackId, name};
use mixtape_http::{App, Code, Created, Identity, Problem, Query, RawBody, WithRevision};
use mixtape_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::playlist::profile;

/// Tracks that are looked up by name at once.
const PARALLEL_LOOKUPS: usize = 16;
/// The name of a playlist whose file has none.
const DEFAULT_NAME: &str = "Imported playlist";
/// The longest name and description that are taken from a file, in characters.
const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `m3u8`, `xspf` or `jspf`; by `Content-Type` when absent.
    #[param(inline)]
    format: Option<Format>,
    /// The playlist's name; the file's title when absent.
    name: Option<String>,
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    playlist: Playlist,
    /// Entries of the file for which there is a track.
    matched: usize,
    /// The others.
    unmatched: Vec<Unmatched>,
}

/// An entry of a file for which there is no track.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "position": 3, "title": "Hyperballad", "artist": "Björk" }))]
pub(crate) struct Unmatched {
    /// Its place in the file, counted from 0.
    position: usize,
    #[schema(required = true)]
    title: Option<String>,
    #[schema(required = true)]
    artist: Option<String>,
}

/// Make a playlist from a file
///
/// An entry is matched by its Mixtape id (as `GET …/export` writes it), else by its artist and title: case, white space
/// and curly quotes do not matter, accents do. The playlist is private. A file holds at most 500 entries.
#[utoipa::path(
    post, path = "/v1/playlists/import", tag = "playlists", security(("bearer" = [])), params(Wanted),
    request_body(
        description = "The file",
        content(
            (String = "application/vnd.apple.mpegurl"),
            (String = "application/xspf+xml"),
            (String = "application/jspf+json"),
        ),
    ),
    responses((
        status = 201, description = "The playlist, and what did not match", body = Imported,
        headers(("etag" = String, description = "The revision"), ("location" = String)),
    ))
)]
pub(crate) async fn import(
    State(app): State<App>,
    identity: Identity,
    Query(Wanted { format, name }): Query<Wanted>,
    headers: HeaderMap,
    RawBody(file): RawBody,
) -> Result<WithRevision<Created<Imported>>, Problem> {
    let format = format.or_else(|| content_type_format(&headers)).ok_or_else(|| {
        let detail = "Say what the file is with `format` or `Content-Type`: M3U8, XSPF or JSPF.";
        Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, detail)
    })?;
    let listing = format.read(&file, MAX_IMPORT).map_err(not_read)?;
    let tracks = match_entries(&app, &listing.entries).await?;
    let unmatched = |(position, entry): (usize, &Entry)| Unmatched {
        position,
        title: entry.title.clone(),
        artist: entry.artist.clone(),
    };
    let missing = listing.entries.iter().enumerate().filter(|(place, _)| tracks[*place].is_none());
    let unmatched: Vec<Unmatched> = missing.map(unmatched).collect();
    let track_ids: Vec<TrackId> = tracks.into_iter().flatten().collect();
    let matched = track_ids.len();

    let (new, track_ids) = draft(name, listing, track_ids).check()?;
    let now = app.clock.now();
    let playlist = app.store.playlists.create(new, profile(&identity)?, &track_ids, now).await?;
    let location = format!("/v1/playlists/{}", playlist.id);
    Ok(WithRevision(playlist.revision, Created { location, body: Imported { playlist, matched, unmatched } }))
}

fn content_type_format(headers: &HeaderMap) -> Option<Format> {
    Format::of_content_type(headers.get(header::CONTENT_TYPE)?.to_str().ok()?)
}

fn not_read(error: FormatError) -> Problem {
    match error {
        FormatError::Malformed(message) => {
            let end = message.floor_char_boundary(200);
            Problem::malformed(format!("The file cannot be read: {}.", &message[..end]))
        }
        FormatError::TooManyEntries(max) => {
            Problem::invalid_field("body", format!("must hold at most {max} entries"))
        }
    }
}

/// A name that was sent must be good; what a file says is made to fit.
fn draft(name: Option<String>, listing: Listing, track_ids: Vec<TrackId>) -> PlaylistDraft {
    let cut = |text: String, max: usize| text.chars().take(max).collect::<String>();
    let title = listing.title.map(|title| cut(title, MAX_NAME));
    PlaylistDraft {
        name: name.or(title).unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        description: listing.description.map(|text| cut(text, MAX_DESCRIPTION)),
        visibility: Visibility::Private,
        track_ids,
    }
}

/// The track of each entry that exists.
async fn match_entries(app: &App, entries: &[Entry]) -> Result<Vec<Option<TrackId>>, StoreError> {
    let ids: Vec<TrackId> = entries.iter().filter_map(|entry| entry.track_id).collect();
    let by_id = if ids.is_empty() { HashMap::new() } else { app.store.tracks.get_many(&ids).await? };
    let known = |entry: &Entry| entry.track_id.filter(|id| by_id.contains_key(id));

    let unknown = entries.iter().filter(|entry| known(entry).is_none());
    let names: HashMap<(ArtistId, String), String> =
        unknown.filter_map(|entry| Some((name_key(entry)?, entry.title.clone()?))).collect();
    let lookups = names.into_iter().map(async |(key, title)| {
        let track = app.store.tracks.find(&key.0, &title).await?;
        Ok::<_, StoreError>((key, track.map(|track| track.id)))
    });
    let found: Vec<_> =
        futures::stream::iter(lookups).buffer_unordered(PARALLEL_LOOKUPS).try_collect().await?;
    let by_name: HashMap<(ArtistId, String), Option<TrackId>> = found.into_iter().collect();
    let named = |entry: &Entry| name_key(entry).and_then(|key| by_name.get(&key).copied().flatten());
    Ok(entries.iter().map(|entry| known(entry).or_else(|| named(entry))).collect())
}

/// What tells entries of one track by name.
fn name_key(entry: &Entry) -> Option<(ArtistId, String)> {
    Some((ArtistId::of(entry.artist.as_deref()?), name::canonical(entry.title.as_deref()?)))
}
