//! The tracks of a catalogue, and the documents that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use mixtape_domain::{AlbumId, ArtistId, TrackId};
use mixtape_index::{AlbumDocument, ArtistDocument, Document, TrackDocument};
use serde::Deserialize;

/// One line of a catalogue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    pub(super) source_id: String,
    pub(super) title: String,
    pub(super) artist: String,
    pub(super) album: Option<String>,
    album_artist: Option<String>,
    year: Option<u16>,
    #[serde(default)]
    genres: Vec<String>,
}

pub(super) fn read(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        rows.push(serde_json::from_str(&line?)?);
    }
    Ok(rows)
}

impl Row {
    pub(super) fn id(&self) -> TrackId {
        TrackId::from_parts(&[&self.source_id])
    }

    pub(super) fn document(&self) -> Document {
        Document::Track(TrackDocument {
            id: self.id(),
            title: self.title.clone(),
            artists: vec![self.artist.clone()],
            album: self.album.clone(),
            year: self.year,
            genres: self.genres.clone(),
            popularity: 0,
        })
    }
}

/// The tracks, and their artists and albums.
pub(super) fn documents(rows: &[Row]) -> Vec<Document> {
    let artists: BTreeSet<&str> = rows.iter().map(|row| row.artist.as_str()).collect();
    let mut albums = BTreeMap::new();
    for row in rows {
        let Some(album) = &row.album else { continue };
        let artist = row.album_artist.as_ref().unwrap_or(&row.artist);
        albums.entry((artist, album)).or_insert(row.year);
    }
    let artists = artists.into_iter().map(|name| {
        Document::Artist(ArtistDocument { id: ArtistId::of(name), name: name.to_owned(), popularity: 1 })
    });
    let albums = albums.into_iter().map(|((artist, title), year)| {
        let (id, title, artist) = (AlbumId::of(artist, title), title.clone(), artist.clone());
        Document::Album(AlbumDocument { id, title, artist, year, popularity: 1 })
    });
    rows.iter().map(Row::document).chain(artists).chain(albums).collect()
}
