//! What of the catalogue the index holds.

use std::collections::HashMap;

use mixtape_domain::TrackId;
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_index::{AlbumDocument, ArtistDocument, Change, Document, Key, TrackDocument};
use mixtape_store::tracks::{Found, Wanted};

/// Puts what was found, deletes what was not. `plays` says how often tracks were heard.
pub(crate) fn changes(wanted: &Wanted, mut found: Found, plays: &HashMap<TrackId, u64>) -> Vec<Change> {
    let tracks = wanted.tracks.iter().map(|id| match found.tracks.remove(id) {
        Some(track) => Change::Put(track_document(track, plays.get(id).copied().unwrap_or_default())),
        None => Change::Delete(Key::Track(*id)),
    });
    let artists = wanted.artists.iter().map(|id| match found.artists.remove(id) {
        Some(artist) => Change::Put(artist_document(artist)),
        None => Change::Delete(Key::Artist(id.clone())),
    });
    let albums = wanted.albums.iter().map(|id| match found.albums.remove(id) {
        Some(album) => Change::Put(album_document(album)),
        None => Change::Delete(Key::Album(id.clone())),
    });
    tracks.chain(artists).chain(albums).collect()
}

fn track_document(track: Track, plays: u64) -> Document {
    let mut artists = vec![track.artist];
    artists.extend(track.artists.into_iter().map(|artist| artist.name));
    Document::Track(TrackDocument {
        id: track.id,
        title: track.title,
        artists,
        album: track.album,
        year: track.year,
        genres: track.genres,
        popularity: popularity(plays),
    })
}

fn artist_document(artist: Artist) -> Document {
    let popularity = popularity(artist.track_count);
    Document::Artist(ArtistDocument { id: artist.id, name: artist.name, popularity })
}

fn album_document(album: Album) -> Document {
    Document::Album(AlbumDocument {
        id: album.id,
        title: album.name,
        artist: album.album_artist,
        year: album.year,
        popularity: popularity(album.track_count),
    })
}

/// How much a count weighs against others: in steps of a factor of two, so that a track more seldom changes a document.
fn popularity(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}
