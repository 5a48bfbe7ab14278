//! What the things in a top list are: from the catalogue, or as they were called when they were heard.

use std::collections::HashMap;

use mixtape_domain::insights::{Key, Kind};
use mixtape_domain::listen::Label;
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_domain::{AlbumId, ArtistId, TrackId};
use mixtape_http::Problem;
use mixtape_store::Store;
use mixtape_store::tracks::{Found, Wanted};
use serde::Serialize;
use utoipa::ToSchema;

/// What was heard.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Heard {
    Track(Box<HeardTrack>),
    Album(HeardAlbum),
    Artist(HeardArtist),
    Genre(HeardGenre),
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardTrack {
    #[schema(example = "Östermalm")]
    pub(crate) title: String,
    /// The credit as it is printed.
    #[schema(example = "The Persuader")]
    pub(crate) artist: String,
    /// Null for what the catalogue has not, or no longer has.
    #[schema(required = true)]
    track: Option<Track>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardArtist {
    #[schema(value_type = String)]
    id: ArtistId,
    #[schema(example = "The Persuader")]
    pub(crate) name: String,
    /// Null for one that the catalogue has not, or no longer has.
    #[schema(required = true)]
    artist: Option<Artist>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardAlbum {
    #[schema(value_type = String)]
    id: AlbumId,
    #[schema(example = "Stockholm")]
    name: String,
    #[schema(example = "The Persuader")]
    album_artist: String,
    /// Null for one that the catalogue has not, or no longer has.
    #[schema(required = true)]
    album: Option<Album>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardGenre {
    #[schema(example = "Electronic")]
    pub(crate) name: String,
}

/// Finds out what things are: one BatchGetItem of the catalogue, and one for those that it has not.
pub(crate) async fn names(store: &Store, kind: Kind, keys: &[Key]) -> Result<Vec<Heard>, Problem> {
    let mut found = store.tracks.lookup(&wanted(kind, keys)).await?;
    let missing: Vec<Key> = keys.iter().filter(|key| !has(&found, kind, key)).copied().collect();
    let mut labels = store.insights.labels(kind, &missing).await?;
    Ok(keys.iter().map(|key| heard(kind, key, &mut found, &mut labels)).collect())
}

fn wanted(kind: Kind, keys: &[Key]) -> Wanted {
    let keys = keys.iter().copied();
    let mut wanted = Wanted::default();
    match kind {
        Kind::Track => wanted.tracks = keys.map(TrackId::from_bytes).collect(),
        Kind::Album => wanted.albums = keys.map(AlbumId::from_bytes).collect(),
        Kind::Artist | Kind::PrimaryArtist => wanted.artists = keys.map(ArtistId::from_bytes).collect(),
        _ => {}
    }
    wanted
}

fn has(found: &Found, kind: Kind, key: &Key) -> bool {
    match kind {
        Kind::Track => found.tracks.contains_key(&TrackId::from_bytes(*key)),
        Kind::Album => found.albums.contains_key(&AlbumId::from_bytes(*key)),
        Kind::Artist | Kind::PrimaryArtist => found.artists.contains_key(&ArtistId::from_bytes(*key)),
        _ => false,
    }
}

fn heard(kind: Kind, key: &Key, found: &mut Found, labels: &mut HashMap<Key, Label>) -> Heard {
    let label = labels.remove(key).unwrap_or_else(|| Label { name: String::new(), artist: None });
    let by = label.artist.unwrap_or_default();
    match kind {
        Kind::Track => Heard::Track(Box::new(match found.tracks.remove(&TrackId::from_bytes(*key)) {
            Some(track) => {
                HeardTrack { title: track.title.clone(), artist: track.artist.clone(), track: Some(track) }
            }
            None => HeardTrack { title: label.name, artist: by, track: None },
        })),
        Kind::Album => {
            let id = AlbumId::from_bytes(*key);
            Heard::Album(match found.albums.remove(&id) {
                Some(album) => HeardAlbum {
                    id,
                    name: album.name.clone(),
                    album_artist: album.album_artist.clone(),
                    album: Some(album),
                },
                None => HeardAlbum { id, name: label.name, album_artist: by, album: None },
            })
        }
        Kind::Artist | Kind::PrimaryArtist => {
            let id = ArtistId::from_bytes(*key);
            Heard::Artist(match found.artists.remove(&id) {
                Some(artist) => HeardArtist { id, name: artist.name.clone(), artist: Some(artist) },
                None => HeardArtist { id, name: label.name, artist: None },
            })
        }
        _ => Heard::Genre(HeardGenre { name: label.name }),
    }
}
