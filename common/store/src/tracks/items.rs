//! The items of the table `tracks` and their keys.
//!
//! | item | pk | sk | indexes |
//! | --- | --- | --- | --- |
//! | track | `TRACK#` id | the same | `title`, `newest`, `sample` under `TRACKS`; `owner` under `OWNER#` id |
//! | artist | `ARTIST#` id | `#` | `title`, `sample` under `ARTISTS` |
//! | an artist's album | `ARTIST#` id | `ALBUM#` name `#` album id | |
//! | an artist's track | `ARTIST#` id | `TRACK#` age `#` track id | `title` under `ARTIST#` id |
//! | album | `ALBUM#` id | `#` | `title`, `newest`, `sample` under `ALBUMS` |
//! | an album's track | `ALBUM#` id | `TRACK#` disc `#` number `#` track id | `title`, `newest` under `ALBUM#` id |
//!
//! Every sort key ends in an id, so that it is unique in its partition and says what it stands for. "Age" is the time
//! before the year 2286 in milliseconds: ascending order is newest first.

use std::collections::BTreeMap;

use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, AlbumId, ArtistId, Timestamp, TrackId, name, sample};

use crate::table::{self, Item, string};
use crate::{StoreError, table::number};

pub(super) const TRACKS: &str = "TRACKS";
pub(super) const ARTISTS: &str = "ARTISTS";
pub(super) const ALBUMS: &str = "ALBUMS";
/// The sort key of an artist's or album's own item: before everything else in its partition.
pub(super) const SUMMARY: &str = "#";
pub(super) const ARTIST: &str = "ARTIST#";
pub(super) const ALBUM: &str = "ALBUM#";
pub(super) const TRACK: &str = "TRACK#";

pub(super) fn track_pk(id: TrackId) -> String {
    format!("{TRACK}{id}")
}

pub(super) fn artist_pk(id: &ArtistId) -> String {
    format!("{ARTIST}{id}")
}

pub(super) fn album_pk(id: &AlbumId) -> String {
    format!("{ALBUM}{id}")
}

pub(super) fn owner_pk(id: AccountId) -> String {
    format!("OWNER#{id}")
}

pub(crate) fn track_key(id: TrackId) -> Item {
    table::key(track_pk(id), track_pk(id))
}

pub(super) fn artist_key(id: &ArtistId) -> Item {
    table::key(artist_pk(id), SUMMARY)
}

pub(super) fn album_key(id: &AlbumId) -> Item {
    table::key(album_pk(id), SUMMARY)
}

/// The id at the end of a sort key.
pub(super) fn id_of(sort_key: &str) -> &str {
    sort_key.rsplit_once('#').map_or(sort_key, |(_, id)| id)
}

pub(super) fn by_title(title: &str, id: &str) -> String {
    format!("{}#{id}", name::sort_key(title))
}

pub(super) fn by_age(created_at: Timestamp, id: &str) -> String {
    format!("{}#{id}", table::age(created_at))
}

pub(super) fn by_sample(id: &str) -> String {
    format!("{}#{id}", sample::place(id))
}

/// The track's own item.
pub(super) fn track_item(track: &Track, version: u64) -> Result<Item, StoreError> {
    let id = track.id.to_string();
    let mut item = table::to_item(track)?;
    item.extend(track_key(track.id));
    item.insert("version".into(), number(version));
    place(&mut item, "title", TRACKS, by_title(&track.title, &id));
    place(&mut item, "newest", TRACKS, by_age(track.created_at, &id));
    place(&mut item, "sample", TRACKS, by_sample(&id));
    place(&mut item, "owner", &owner_pk(track.owner_id), track_pk(track.id));
    Ok(item)
}

/// Puts an item into an index.
fn place(item: &mut Item, index: &str, pk: &str, sk: String) {
    item.insert(format!("{index}_pk"), string(pk));
    item.insert(format!("{index}_sk"), string(sk));
}

/// The items that make a track one of an artist's or an album's, by their keys.
pub(super) fn memberships(track: &Track) -> BTreeMap<(String, String), Item> {
    let id = track.id.to_string();
    let mut members = BTreeMap::new();
    for artist in &track.artists {
        let pk = artist_pk(&artist.id);
        let sk = format!("{TRACK}{}", by_age(track.created_at, &id));
        let mut item = table::key(&pk, &sk);
        place(&mut item, "title", &pk, by_title(&track.title, &id));
        members.insert((pk, sk), item);
    }
    if let Some(album_id) = &track.album_id {
        let pk = album_pk(album_id);
        let (disc, place_on_disc) = (track.disc_number.unwrap_or(1), track.track_number.unwrap_or(9999));
        let sk = format!("{TRACK}{disc:04}#{place_on_disc:04}#{id}");
        let mut item = table::key(&pk, &sk);
        place(&mut item, "title", &pk, by_title(&track.title, &id));
        place(&mut item, "newest", &pk, by_age(track.created_at, &id));
        members.insert((pk, sk), item);
    }
    members
}

/// An item that counts tracks: an artist, an album, or an album of an artist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    Artist(ArtistId),
    Album(AlbumId),
    /// An album of an artist; the text is the album's sorted name.
    Link(ArtistId, String, AlbumId),
}

impl Counted {
    pub(super) fn key(&self) -> Item {
        match self {
            Self::Artist(id) => artist_key(id),
            Self::Album(id) => album_key(id),
            Self::Link(artist, name, album) => {
                table::key(artist_pk(artist), format!("{ALBUM}{name}#{album}"))
            }
        }
    }
}

/// What a track adds to an item that counts it.
#[derive(Debug, Clone, Default)]
pub(super) struct Share {
    pub(super) tracks: i64,
    pub(super) duration_ms: i64,
    /// Attributes that the item has from the first track that made it, by name.
    pub(super) first: Item,
    /// Attributes that follow the latest track that sets them, by name.
    pub(super) latest: Item,
}

/// Everything that counts this track, and what it adds there.
pub(super) fn shares(track: &Track) -> BTreeMap<Counted, Share> {
    let mut shares = BTreeMap::new();
    let created_at = string(track.created_at.to_string());
    let mut share = |counted: Counted, duration_ms: i64, first: Item| {
        shares.insert(counted, Share { tracks: 1, duration_ms, first, latest: Item::new() });
    };
    for artist in &track.artists {
        let id = artist.id.as_str();
        let mut first = Item::from([
            ("id".to_owned(), string(id)),
            ("name".to_owned(), string(&artist.name)),
            ("created_at".to_owned(), created_at.clone()),
        ]);
        place(&mut first, "title", ARTISTS, by_title(&artist.name, id));
        place(&mut first, "sample", ARTISTS, by_sample(id));
        share(Counted::Artist(artist.id.clone()), 0, first);
        if let (Some(album_id), Some(album)) = (&track.album_id, &track.album) {
            share(Counted::Link(artist.id.clone(), name::sort_key(album), album_id.clone()), 0, Item::new());
        }
    }
    if let (Some(album_id), Some(album), Some(album_artist)) =
        (&track.album_id, &track.album, &track.album_artist)
    {
        let id = album_id.as_str();
        let mut first = Item::from([
            ("id".to_owned(), string(id)),
            ("name".to_owned(), string(album)),
            ("album_artist".to_owned(), string(album_artist)),
            ("created_at".to_owned(), created_at),
        ]);
        if let Some(year) = track.year {
            first.insert("year".to_owned(), number(year));
        }
        place(&mut first, "title", ALBUMS, by_title(album, id));
        place(&mut first, "newest", ALBUMS, by_age(track.created_at, id));
        place(&mut first, "sample", ALBUMS, by_sample(id));
        let duration_ms = i64::try_from(track.duration_ms.unwrap_or(0)).unwrap_or(i64::MAX);
        share(Counted::Album(album_id.clone()), duration_ms, first);
    }
    shares
}
