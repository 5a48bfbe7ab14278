//! What the things in a top list are: from the catalogue, or as they were called when they were heard.

use std::collections::HashMap;

use mixtape_domain::insights::{Key, Kind};
use mixtape_domain::listen::Label;
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_domain::{AlbumId, ArtistId, TrackId};
use mixtape_http::Problem;
use mixtape_store::Store;
use mixtape_store::insights::Scope;
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
    /// Null among everybody's, where only one account has heard it and the catalogue has it not.
    #[schema(required = true, example = "Östermalm")]
    pub(crate) title: Option<String>,
    /// The credit as it is printed; null as the title.
    #[schema(required = true, example = "The Persuader")]
    pub(crate) artist: Option<String>,
    /// Null for what the catalogue has not, or no longer has.
    #[schema(required = true)]
    track: Option<Track>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardArtist {
    #[schema(value_type = String)]
    id: ArtistId,
    /// Null among everybody's, where only one account has heard it and the catalogue has it not.
    #[schema(required = true, example = "The Persuader")]
    pub(crate) name: Option<String>,
    /// Null for one that the catalogue has not, or no longer has.
    #[schema(required = true)]
    artist: Option<Artist>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardAlbum {
    #[schema(value_type = String)]
    id: AlbumId,
    /// Null among everybody's, where only one account has heard it and the catalogue has it not.
    #[schema(required = true, example = "Stockholm")]
    name: Option<String>,
    /// Null as the name.
    #[schema(required = true, example = "The Persuader")]
    album_artist: Option<String>,
    /// Null for one that the catalogue has not, or no longer has.
    #[schema(required = true)]
    album: Option<Album>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardGenre {
    #[schema(example = "Electronic")]
    pub(crate) name: String,
}

/// What is in the catalogue everybody may know. What is not was perhaps typed by one person for nobody else: its name
/// is told to others only when so many accounts have heard it.
const SHARED_BY: i64 = 2;

/// Finds out what things are: one BatchGetItem of the catalogue, and for those that it has not one of their labels and,
/// where everybody asks, one of who has heard them.
pub(crate) async fn names(
    store: &Store,
    kind: Kind,
    keys: &[Key],
    scope: Scope,
) -> Result<Vec<Heard>, Problem> {
    let mut found = store.tracks.glance(&wanted(kind, keys)).await?;
    let mut missing: Vec<Key> = keys.iter().filter(|key| !has(&found, kind, key)).copied().collect();
    // A genre has no plays of its own, and comes from the catalogue.
    if scope == Scope::Everybody && kind != Kind::Genre {
        let plays = store.insights.plays_of(kind, &missing).await?;
        missing.retain(|key| plays.get(key).is_some_and(|plays| plays.listeners >= SHARED_BY));
    }
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
    let (name, by) = labels.remove(key).map(|label| (label.name, label.artist)).unzip();
    let by = by.flatten();
    match kind {
        Kind::Track => {
            let track = found.tracks.remove(&TrackId::from_bytes(*key));
            let (title, artist) = match &track {
                Some(track) => (Some(track.title.clone()), Some(track.artist.clone())),
                None => (name, by),
            };
            Heard::Track(Box::new(HeardTrack { title, artist, track }))
        }
        Kind::Album => {
            let id = AlbumId::from_bytes(*key);
            let album = found.albums.remove(&id);
            let (name, album_artist) = match &album {
                Some(album) => (Some(album.name.clone()), Some(album.album_artist.clone())),
                None => (name, by),
            };
            Heard::Album(HeardAlbum { id, name, album_artist, album })
        }
        Kind::Artist | Kind::PrimaryArtist => {
            let id = ArtistId::from_bytes(*key);
            let artist = found.artists.remove(&id);
            let name = artist.as_ref().map(|artist| artist.name.clone()).or(name);
            Heard::Artist(HeardArtist { id, name, artist })
        }
        _ => Heard::Genre(HeardGenre { name: name.unwrap_or_default() }),
    }
}
