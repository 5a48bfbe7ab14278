//! The table `tracks`: tracks, artists and albums. [`items`] describes its items.

mod album_cover;
mod arrival;
pub(crate) mod items;
mod sampling;
mod walk;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use mixtape_domain::listen::{self, Song};
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_domain::{AccountId, AlbumId, ArtistId, TrackId, name};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use album_cover::{AlbumCover, AlbumCoverError};
pub use arrival::{Arrival, Arrived, Sound};
pub use sampling::Kind;
pub use write::{Change, Creation, EditError};

use crate::media::Media;
use crate::table::{self, Freshness, Item, Range, Slice, Table};
use crate::{Listed, StoreError};

/// The table `tracks`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Tracks {
    pub(crate) table: Table,
    /// Sound and covers change in the transactions of their tracks.
    media: Media,
}

/// A set of tracks that can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Among {
    All,
    Artist(ArtistId),
    Album(AlbumId),
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Latest first.
    Newest,
    /// By title or name, without case, accents and leading punctuation.
    Title,
}

/// Ids of things of the catalogue, to be read together.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub tracks: BTreeSet<TrackId>,
    pub artists: BTreeSet<ArtistId>,
    pub albums: BTreeSet<AlbumId>,
}

/// What there is of it.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub tracks: HashMap<TrackId, Track>,
    pub artists: HashMap<ArtistId, Artist>,
    pub albums: HashMap<AlbumId, Album>,
}

/// How far a search by exact title looks.
const MAX_SAME_TITLE: usize = 50;

/// The track whose own item lies under this partition key.
pub fn track_of_key(pk: &str) -> Option<TrackId> {
    pk.strip_prefix(items::TRACK)?.parse().ok()
}

impl Tracks {
    pub(crate) fn new(table: Table, media: Media) -> Self {
        Self { table, media }
    }

    /// One track: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn get(&self, id: TrackId) -> Result<Option<Track>, StoreError> {
        self.table.get(items::track_key(id)).await
    }

    /// The tracks of these ids that exist: one BatchGetItem per 100.
    ///
    /// # Errors
    /// The table is away.
    pub async fn get_many(&self, ids: &[TrackId]) -> Result<HashMap<TrackId, Track>, StoreError> {
        let wanted = Wanted { tracks: ids.iter().copied().collect(), ..Wanted::default() };
        Ok(self.lookup(&wanted).await?.tracks)
    }

    /// The artists of these ids that exist: one BatchGetItem per 100.
    ///
    /// # Errors
    /// The table is away.
    pub async fn artists(&self, ids: &[ArtistId]) -> Result<HashMap<ArtistId, Artist>, StoreError> {
        let wanted = Wanted { artists: ids.iter().cloned().collect(), ..Wanted::default() };
        Ok(self.lookup(&wanted).await?.artists)
    }

    /// The albums of these ids that exist: one BatchGetItem per 100.
    ///
    /// # Errors
    /// The table is away.
    pub async fn albums(&self, ids: &[AlbumId]) -> Result<HashMap<AlbumId, Album>, StoreError> {
        let wanted = Wanted { albums: ids.iter().cloned().collect(), ..Wanted::default() };
        Ok(self.lookup(&wanted).await?.albums)
    }

    /// Tracks, artists and albums in one go: one BatchGetItem per 100 ids.
    ///
    /// # Errors
    /// The table is away.
    pub async fn lookup(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.lookup_as(wanted, Freshness::Strong).await
    }

    /// As [`Tracks::lookup`] for half the units, where a change of the last second may be missing: what was found by an
    /// index or picked hours ago is behind anyhow.
    ///
    /// # Errors
    /// The table is away.
    pub async fn glance(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.lookup_as(wanted, Freshness::Eventual).await
    }

    async fn lookup_as(&self, wanted: &Wanted, freshness: Freshness) -> Result<Found, StoreError> {
        let tracks = wanted.tracks.iter().map(|id| items::track_key(*id));
        let artists = wanted.artists.iter().map(items::artist_key);
        let albums = wanted.albums.iter().map(items::album_key);
        let keys = tracks.chain(artists).chain(albums).map(|key| (&self.table, key)).collect();
        let mut found = Found::default();
        for (_, item) in table::batch_get_as(self.table.client(), keys, freshness).await? {
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).map_or("", |pk| pk.as_str());
            if pk.starts_with(items::TRACK) {
                let track: Track = table::from_item(item)?;
                found.tracks.insert(track.id, track);
            } else if pk.starts_with(items::ALBUM) {
                let album: Album = table::from_item(item)?;
                found.albums.insert(album.id.clone(), album);
            } else {
                let artist: Artist = table::from_item(item)?;
                found.artists.insert(artist.id.clone(), artist);
            }
        }
        Ok(found)
    }

    async fn read<T: DeserializeOwned>(&self, keys: Vec<Item>) -> Result<Vec<T>, StoreError> {
        let keys = keys.into_iter().map(|key| (&self.table, key)).collect();
        let found = table::batch_get(self.table.client(), keys).await?;
        found.into_iter().map(|(_, item)| table::from_item(item)).collect()
    }

    /// A page of tracks: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list(
        &self,
        among: &Among,
        order: Order,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Track>, StoreError> {
        let range = match (among, order) {
            (Among::All, Order::Newest) => Range::index("newest", items::TRACKS, ""),
            (Among::All, Order::Title) => Range::index("title", items::TRACKS, ""),
            (Among::Artist(id), Order::Newest) => Range::table(items::artist_pk(id), items::TRACK),
            (Among::Artist(id), Order::Title) => Range::index("title", items::artist_pk(id), ""),
            (Among::Album(id), Order::Newest) => Range::index("newest", items::album_pk(id), ""),
            (Among::Album(id), Order::Title) => Range::index("title", items::album_pk(id), ""),
        };
        self.tracks_of(&range.after(after), limit).await
    }

    async fn tracks_of(&self, range: &Range, limit: usize) -> Result<Listed<Track>, StoreError> {
        let slice = self.table.query(range, limit, true).await?;
        let ids: Vec<TrackId> = ids_of(&slice, range.sort_key_name());
        let mut found = self.get_many(&ids).await?;
        Ok(Listed { items: ids.iter().filter_map(|id| found.remove(id)).collect(), next: slice.next })
    }

    /// The ids of the newest tracks: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn newest_ids(&self, limit: usize) -> Result<Vec<TrackId>, StoreError> {
        let range = Range::index("newest", items::TRACKS, "");
        let slice = self.table.query(&range, limit, true).await?;
        Ok(ids_of(&slice, range.sort_key_name()))
    }

    /// A page of all artists by name: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list_artists(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Artist>, StoreError> {
        let range = Range::index("title", items::ARTISTS, "").after(after);
        let slice = self.table.query(&range, limit, true).await?;
        let ids: Vec<ArtistId> = ids_of(&slice, range.sort_key_name());
        let mut found = self.artists(&ids).await?;
        Ok(Listed { items: ids.iter().filter_map(|id| found.remove(id)).collect(), next: slice.next })
    }

    /// A page of all albums: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list_albums(
        &self,
        order: Order,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Album>, StoreError> {
        let index = match order {
            Order::Newest => "newest",
            Order::Title => "title",
        };
        let range = Range::index(index, items::ALBUMS, "").after(after);
        let slice = self.table.query(&range, limit, true).await?;
        self.albums_of(slice, range.sort_key_name()).await
    }

    async fn albums_of(&self, slice: Slice, sort_key_name: &str) -> Result<Listed<Album>, StoreError> {
        let ids: Vec<AlbumId> = ids_of(&slice, sort_key_name);
        let mut found = self.albums(&ids).await?;
        Ok(Listed { items: ids.iter().filter_map(|id| found.remove(id)).collect(), next: slice.next })
    }

    /// An artist with a page of the albums that have a track of theirs, by name: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn artist_page(
        &self,
        id: &ArtistId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Option<(Artist, Listed<Album>)>, StoreError> {
        let pk = items::artist_pk(id);
        if after.is_some() {
            let range = Range::table(&pk, items::ALBUM).after(after);
            let slice = self.table.query(&range, limit, true).await?;
            let (artist, albums) = tokio::join!(
                self.table.get::<Artist>(items::artist_key(id)),
                self.albums_of(slice, range.sort_key_name())
            );
            return Ok(artist?.zip(Some(albums?)));
        }
        // The artist's own item sorts before its albums, so the first page is one Query.
        let to = format!("{}\u{10FFFF}", items::ALBUM);
        let range = Range::table(&pk, "").between(items::SUMMARY, &to);
        let mut slice = self.table.query(&range, limit + 1, true).await?;
        let Some(artist) = take_summary(&mut slice)? else { return Ok(None) };
        Ok(Some((artist, self.albums_of(slice, range.sort_key_name()).await?)))
    }

    /// An album with a page of its tracks in disc and track order: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn album_page(
        &self,
        id: &AlbumId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Option<(Album, Listed<Track>)>, StoreError> {
        let pk = items::album_pk(id);
        if after.is_some() {
            let range = Range::table(&pk, items::TRACK).after(after);
            let (album, tracks) =
                tokio::join!(self.table.get::<Album>(items::album_key(id)), self.tracks_of(&range, limit));
            return Ok(album?.zip(Some(tracks?)));
        }
        let to = format!("{}\u{10FFFF}", items::TRACK);
        let range = Range::table(&pk, "").between(items::SUMMARY, &to);
        let mut slice = self.table.query(&range, limit + 1, true).await?;
        let Some(album) = take_summary(&mut slice)? else { return Ok(None) };
        let ids: Vec<TrackId> = ids_of(&slice, range.sort_key_name());
        let mut found = self.get_many(&ids).await?;
        let items = ids.iter().filter_map(|id| found.remove(id)).collect();
        Ok(Some((album, Listed { items, next: slice.next })))
    }

    /// A page of what an account owns: one Query and one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list_owned(
        &self,
        owner: AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Track>, StoreError> {
        self.tracks_of(&Range::index("owner", items::owner_pk(owner), "").after(after), limit).await
    }

    /// A track that credits this artist and has this title, spelled in any way that is the same name: one Query and
    /// one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn find(&self, artist: &ArtistId, title: &str) -> Result<Option<Track>, StoreError> {
        let prefix = format!("{}#", name::sort_key(title));
        let range = Range::index("title", items::artist_pk(artist), &prefix);
        let wanted = name::canonical(title);
        let tracks = self.tracks_of(&range, MAX_SAME_TITLE).await?.items;
        Ok(tracks.into_iter().find(|track| name::canonical(&track.title) == wanted))
    }

    /// The track that a listen to this title by this artist is of: who is credited first or the credit as printed is
    /// the artist. Of several it is the one of this album, then the oldest. One Query and one BatchGetItem, or two
    /// where the artist has no track of that title.
    ///
    /// # Errors
    /// The table is away.
    pub async fn find_song(&self, song: &Song) -> Result<Option<Track>, StoreError> {
        let prefix = format!("{}#", name::sort_key(&song.title));
        let of_artist = Range::index("title", items::artist_pk(&ArtistId::of(&song.artist)), &prefix);
        let found = self.best_of(song, &of_artist).await?;
        if found.is_some() {
            return Ok(found);
        }
        self.best_of(song, &Range::index("title", items::TRACKS, &prefix)).await
    }

    async fn best_of(&self, song: &Song, range: &Range) -> Result<Option<Track>, StoreError> {
        let id = song.id();
        let album = song.album.as_deref().map(name::canonical);
        let is_other_album = |track: &Track| track.album.as_deref().map(name::canonical) != album;
        let tracks = self.tracks_of(range, MAX_SAME_TITLE).await?.items.into_iter();
        let fitting = tracks.filter(|track| listen::songs_of(track).contains(&id));
        Ok(fitting.min_by_key(|track| (is_other_album(track), track.created_at, track.id)))
    }
}

/// The ids that the sort keys of a slice end in.
fn ids_of<T: FromStr>(slice: &Slice, sort_key_name: &str) -> Vec<T> {
    let sort_keys = slice.items.iter().filter_map(|item| item.get(sort_key_name)?.as_s().ok());
    sort_keys.filter_map(|sort_key| items::id_of(sort_key).parse().ok()).collect()
}

/// Takes the first item of a partition, which describes the artist or album, off a slice.
fn take_summary<T: for<'de> Deserialize<'de>>(slice: &mut Slice) -> Result<Option<T>, StoreError> {
    let is_summary =
        |item: &Item| item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == items::SUMMARY);
    if !slice.items.first().is_some_and(is_summary) {
        return Ok(None);
    }
    table::from_item(slice.items.remove(0)).map(Some)
}
