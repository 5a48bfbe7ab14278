//! What an index of the catalogue beside this table needs: what a stream record is about, and a walk over everything.

use mixtape_domain::{AlbumId, ArtistId, TrackId};

use super::{Kind, Tracks, Wanted, ids_of, items};
use crate::StoreError;
use crate::table::Range;

impl Wanted {
    /// Adds the track, artist or album whose own item has this key. Other items add nothing.
    pub fn add_item(&mut self, pk: &str, sk: &str) {
        if let Some(id) = pk.strip_prefix(items::TRACK)
            && pk == sk
        {
            self.tracks.extend(id.parse::<TrackId>());
        }
        if sk == items::SUMMARY {
            self.artists.extend(pk.strip_prefix(items::ARTIST).and_then(|id| id.parse::<ArtistId>().ok()));
            self.albums.extend(pk.strip_prefix(items::ALBUM).and_then(|id| id.parse::<AlbumId>().ok()));
        }
    }

    /// How many ids these are.
    pub fn len(&self) -> usize {
        self.tracks.len() + self.artists.len() + self.albums.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Tracks {
    /// A page of the ids of all tracks, artists or albums, and where the next one starts, in an order in which nothing
    /// ever moves: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn ids(
        &self,
        kind: Kind,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Wanted, Option<String>), StoreError> {
        let range = Range::index("sample", kind.partition(), "").after(after);
        let slice = self.table.query(&range, limit, true).await?;
        let sort_key = range.sort_key_name();
        let mut wanted = Wanted::default();
        match kind {
            Kind::Track => wanted.tracks.extend(ids_of::<TrackId>(&slice, sort_key)),
            Kind::Artist => wanted.artists.extend(ids_of::<ArtistId>(&slice, sort_key)),
            Kind::Album => wanted.albums.extend(ids_of::<AlbumId>(&slice, sort_key)),
        }
        Ok((wanted, slice.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_items_of_tracks_artists_and_albums_are_looked_at() {
        let track = "01M7YQ1VDR8W6V0P4T9C2XQ7M5";
        let name = ArtistId::of("Daft Punk");
        let mut wanted = Wanted::default();
        for (pk, sk) in [
            (format!("TRACK#{track}"), format!("TRACK#{track}")),
            (format!("TRACK#{track}"), "OTHER".to_owned()),
            (format!("ARTIST#{name}"), "#".to_owned()),
            (format!("ARTIST#{name}"), format!("TRACK#1#{track}")),
            (format!("ALBUM#{name}"), "#".to_owned()),
            (format!("ALBUM#{name}"), format!("TRACK#1#1#{track}")),
            ("TRACK#x".to_owned(), "TRACK#x".to_owned()),
            (String::new(), "#".to_owned()),
        ] {
            wanted.add_item(&pk, &sk);
        }
        assert_eq!((wanted.tracks.len(), wanted.artists.len(), wanted.albums.len()), (1, 1, 1));
    }
}
