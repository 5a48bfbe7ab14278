//! A playlist as a file.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use mixtape_domain::PlaylistId;
use mixtape_domain::playlist::formats::{Entry, Format, Listing};
use mixtape_domain::track::Track;
use mixtape_http::{App, CatalogueReader, Identity, Path, Problem, Query};
use serde::Deserialize;
use utoipa::IntoParams;

/// Lambda answers at most 6 MB, and a file may travel as base64, which makes four bytes of three.
const MAX_FILE_BYTES: usize = 4_000_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `m3u8`, `xspf` or `jspf`.
    #[param(inline)]
    format: Format,
}

/// Export a playlist as a file
///
/// Tracks that are gone are left out. A file that would be larger than 4 MB names less of each track: first no album
/// and duration, then the id alone.
#[utoipa::path(
    get, path = "/v1/playlists/{id}/export", tag = "playlists", security((), ("bearer" = [])),
    params(("id" = String, Path), Wanted),
    responses((
        status = 200, description = "The file",
        content(
            (String = "application/vnd.apple.mpegurl"),
            (String = "application/xspf+xml"),
            (String = "application/jspf+json"),
        ),
    ))
)]
pub(crate) async fn export(
    State(app): State<App>,
    CatalogueReader(identity): CatalogueReader,
    Path(id): Path<PlaylistId>,
    Query(Wanted { format }): Query<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    let viewer = identity.as_ref().map(Identity::viewer);
    let content = app.store.playlists.content(id, viewer).await?;
    let listing = Listing {
        title: Some(content.playlist.name),
        description: content.playlist.description,
        entries: content.tracks.into_iter().map(entry).collect(),
    };
    let disposition = format!("attachment; filename=\"playlist-{id}.{}\"", format.extension());
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, format.write(&listing, MAX_FILE_BYTES)))
}

fn entry(track: Track) -> Entry {
    Entry {
        track_id: Some(track.id),
        title: Some(track.title),
        artist: Some(track.artist),
        album: track.album,
        duration_ms: track.duration_ms,
    }
}
