//! Listens: who heard what and when.

mod input;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::insights::{Count, Key, Kind, Quarter, Row, Rows, number_key};
use crate::track::Track;
use crate::{AlbumId, ArtistId, GenreId, ListenId, SongId, Timestamp, TrackId};

pub use input::{Heard, NewListen, NewNowPlaying, Sent, Song};

/// Listens of one request, at most.
pub const MAX_LISTENS: usize = 1000;
/// Nothing is heard for longer than a day at once.
const MAX_PLAYED_MS: u64 = 24 * 60 * 60 * 1000;
/// Of the listens of one account in one quarter of an hour, so many count: one every second.
pub const MAX_COUNTED_A_QUARTER: usize = 900;
/// ... if they are of so many different tracks, artists, albums and genres: each is a row of 22 bytes, and a change of
/// all of them has to fit into the 400 KB of an item.
pub const MAX_THINGS_A_QUARTER: usize = 3_500;

/// A listen in a history. It remembers what was heard as it was called then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    pub id: ListenId,
    /// The track of the catalogue, which may be gone since; none for what the catalogue has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_id: Option<TrackId>,
    pub title: String,
    /// The credit as it is printed.
    pub artist: String,
    /// Everyone who is credited, first the most important.
    pub artists: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// What things that were heard are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The title of a track; the name of anything else.
    pub name: String,
    /// Whose track or album it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
}

impl Listen {
    /// A listen to a track of the catalogue.
    pub fn of_track(sent: &Sent, track: &Track) -> Self {
        Self {
            id: ListenId::of(sent.listened_at, track.id.to_bytes()),
            track_id: Some(track.id),
            title: track.title.clone(),
            artist: track.artist.clone(),
            artists: names(track),
            album: track.album.clone(),
            album_artist: track.album_artist.clone(),
            genres: track.genres.clone(),
            duration_ms: track.duration_ms,
            played_ms: sent.played_ms,
            client: sent.client.clone(),
        }
    }

    /// A listen to what the catalogue has not.
    pub fn of_song(sent: &Sent, song: &Song) -> Self {
        Self {
            id: ListenId::of(sent.listened_at, song.id().to_bytes()),
            track_id: None,
            title: song.title.clone(),
            artist: song.artist.clone(),
            artists: vec![song.artist.clone()],
            album: song.album.clone(),
            album_artist: song.album.as_ref().map(|_| song.artist.clone()),
            genres: Vec::new(),
            duration_ms: song.duration_ms,
            played_ms: sent.played_ms,
            client: sent.client.clone(),
        }
    }

    /// The same listen, now that the catalogue has a track of that name. Its id stays, and what was sent: it counts for
    /// the artists, the album and the genres of the track.
    pub fn joined(self, track: &Track) -> Self {
        let (album, album_artist) = match &track.album {
            Some(_) => (track.album.clone(), track.album_artist.clone()),
            None => (self.album, self.album_artist),
        };
        Self {
            track_id: Some(track.id),
            artists: names(track),
            album,
            album_artist,
            genres: track.genres.clone(),
            duration_ms: self.duration_ms.or(track.duration_ms),
            ..self
        }
    }

    /// The ids under which the same listen to this track may have been kept before: by its id, and by its names, when
    /// the catalogue had it not.
    pub fn ids_of_track(listened_at: Timestamp, track: &Track) -> Vec<ListenId> {
        let keys = songs_of(track).into_iter().map(|song| song.to_bytes());
        let ids = [track.id.to_bytes()].into_iter().chain(keys).map(|key| ListenId::of(listened_at, key));
        ids.collect()
    }

    /// The second at which it began.
    pub fn listened_at(&self) -> Timestamp {
        self.id.listened_at()
    }

    /// The title by the artist who is credited first.
    pub fn song(&self) -> SongId {
        SongId::of(&ArtistId::of(self.artists.first().map_or("", String::as_str)), &self.title)
    }

    /// What it counts as a listen to.
    pub fn track_key(&self) -> Key {
        self.track_id.map_or_else(|| self.song().to_bytes(), TrackId::to_bytes)
    }

    /// For how long it was heard, in milliseconds: what the client said, otherwise the whole duration, at most a day.
    pub fn listening_ms(&self) -> u64 {
        self.played_ms.or(self.duration_ms).unwrap_or_default().min(MAX_PLAYED_MS)
    }

    fn album_id(&self) -> Option<AlbumId> {
        let album = self.album.as_deref()?;
        Some(AlbumId::of(self.album_artist.as_deref().unwrap_or(&self.artist), album))
    }

    /// Everything that it counts for, each once, without what it is called.
    fn counted(&self) -> Vec<(Kind, Key)> {
        let mut things = vec![(Kind::Track, self.track_key())];
        let artists: Vec<Key> = self.artists.iter().map(|name| ArtistId::of(name).to_bytes()).collect();
        things.extend(artists.first().map(|key| (Kind::PrimaryArtist, *key)));
        things.extend(artists.iter().map(|key| (Kind::Artist, *key)));
        things.extend(self.album_id().map(|id| (Kind::Album, id.to_bytes())));
        things.extend(self.genres.iter().map(|name| (Kind::Genre, GenreId::of(name).to_bytes())));
        things.sort_unstable();
        // Two spellings of one genre are one.
        things.dedup();
        things
    }

    /// The rows that this one listen adds.
    pub fn rows(&self) -> Vec<Row> {
        let count =
            Count { listens: 1, listening_ms: i64::try_from(self.listening_ms()).unwrap_or_default() };
        let seconds = self.listened_at().seconds();
        let hour = u32::try_from(seconds.div_euclid(3600).rem_euclid(24)).unwrap_or_default();
        let mut rows = vec![Row::total(count), Row { kind: Kind::Hour, key: number_key(hour), count }];
        rows.extend(self.counted().into_iter().map(|(kind, key)| Row { kind, key, count }));
        rows
    }

    /// What the things that it counts for are called. Who is credited first is called as an artist.
    pub fn labels(&self) -> Vec<((Kind, Key), Label)> {
        let name = |name: &str| Label { name: name.to_owned(), artist: None };
        let by = |name: &str, artist: &str| Label { name: name.to_owned(), artist: Some(artist.to_owned()) };
        let mut labels = vec![((Kind::Track, self.track_key()), by(&self.title, &self.artist))];
        let artists = self.artists.iter();
        labels.extend(artists.map(|text| ((Kind::Artist, ArtistId::of(text).to_bytes()), name(text))));
        if let (Some(id), Some(album)) = (self.album_id(), &self.album) {
            let artist = self.album_artist.as_deref().unwrap_or(&self.artist);
            labels.push(((Kind::Album, id.to_bytes()), by(album, artist)));
        }
        let genres = self.genres.iter();
        labels.extend(genres.map(|text| ((Kind::Genre, GenreId::of(text).to_bytes()), name(text))));
        labels
    }
}

/// The rows of a quarter of an hour with these listens, oldest first. Only the first [`MAX_COUNTED_A_QUARTER`] count,
/// and only as long as they are of at most [`MAX_THINGS_A_QUARTER`] different things: so much fits into an item.
pub fn rows_of_quarter<'a>(listens: impl IntoIterator<Item = &'a Listen>) -> Rows {
    let mut counts: BTreeMap<(Kind, Key), Count> = BTreeMap::new();
    for listen in listens.into_iter().take(MAX_COUNTED_A_QUARTER) {
        let rows = listen.rows();
        let new = rows.iter().filter(|row| !counts.contains_key(&(row.kind, row.key))).count();
        if counts.len() + new > MAX_THINGS_A_QUARTER {
            break;
        }
        for row in rows {
            *counts.entry((row.kind, row.key)).or_default() += row.count;
        }
    }
    counts.into_iter().map(|((kind, key), count)| Row { kind, key, count }).collect()
}

/// The quarter of an hour in which a listen is counted.
pub fn quarter_of(id: ListenId) -> Quarter {
    Quarter::of(id.listened_at())
}

/// The songs that a listen to a track may be sent as: its title by who is credited first, and by the credit as printed.
pub fn songs_of(track: &Track) -> Vec<SongId> {
    let mut songs = vec![SongId::of(&track.artist_id, &track.title)];
    let printed = SongId::of(&ArtistId::of(&track.artist), &track.title);
    songs.extend((printed != songs[0]).then_some(printed));
    songs
}

fn names(track: &Track) -> Vec<String> {
    track.artists.iter().map(|artist| artist.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::AccountId;
    use crate::track::NewTrack;

    fn now() -> Timestamp {
        "2026-11-21T09:30:00.000Z".parse().unwrap()
    }

    fn sent(value: serde_json::Value) -> Result<Sent, Vec<String>> {
        let new: NewListen = serde_json::from_value(value).unwrap();
        new.check(now()).map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    fn track() -> Track {
        let new = NewTrack {
            title: "Under Pressure".into(),
            artist: "Queen & David Bowie".into(),
            artists: Some(vec!["Queen".into(), "David Bowie".into()]),
            album: Some("Hot Space".into()),
            album_artist: Some("Queen".into()),
            genres: Some(vec!["Rock".into(), "rock".into(), "Pop".into()]),
            duration_ms: Some(248_000),
            ..NewTrack::default()
        };
        new.build(AccountId::new(now()), now()).unwrap()
    }

    #[test]
    fn a_listen_names_a_track_or_a_title_and_an_artist() {
        let at = "2026-11-21T09:00:00Z";
        let id = track().id;
        assert!(sent(json!({ "listened_at": at, "track_id": id })).is_ok());
        assert!(sent(json!({ "listened_at": at, "title": "T", "artist": "A" })).is_ok());
        for (body, fields) in [
            (json!({ "listened_at": at }), vec!["title", "artist"]),
            (json!({ "listened_at": at, "title": "T" }), vec!["artist"]),
            (json!({ "listened_at": at, "track_id": id, "title": "T" }), vec!["title"]),
            (json!({ "listened_at": at, "title": " ", "artist": "a\nb" }), vec!["title", "artist"]),
            (json!({ "listened_at": "2026-11-21T09:41:00Z", "track_id": id }), vec!["listened_at"]),
            (json!({ "listened_at": "1969-12-31T23:59:59Z", "track_id": id }), vec!["listened_at"]),
            (json!({ "listened_at": at, "track_id": id, "played_ms": 86_400_001 }), vec!["played_ms"]),
            (json!({ "listened_at": at, "track_id": id, "client": "" }), vec!["client"]),
        ] {
            let fields: Vec<String> = fields.into_iter().map(str::to_owned).collect();
            assert_eq!(sent(body.clone()), Err(fields), "{body}");
        }
    }

    #[test]
    fn a_listen_is_known_by_every_name_that_it_may_have_been_sent_under() {
        let by_id =
            sent(json!({ "listened_at": "2026-11-21T09:00:00.700Z", "track_id": track().id })).unwrap();
        let track = track();
        let known = Listen::ids_of_track(by_id.listened_at, &track);
        assert!(known.contains(&Listen::of_track(&by_id, &track).id));
        for (artist, is_known) in [("QUEEN", true), ("queen & david bowie", true), ("David Bowie", false)] {
            let song = Song {
                title: "under  pressure".into(),
                artist: artist.into(),
                album: None,
                duration_ms: None,
            };
            assert_eq!(known.contains(&Listen::of_song(&by_id, &song).id), is_known, "{artist}");
        }
        assert_eq!(known[0].listened_at().to_string(), "2026-11-21T09:00:00.000Z");
    }

    #[test]
    fn a_quarter_of_an_hour_counts_no_more_than_fits() {
        let at = "2026-11-21T09:00:00Z";
        let listens: Vec<Listen> = (0..900)
            .map(|number| {
                let sent =
                    sent(json!({ "listened_at": at, "title": format!("{number}"), "artist": "a" })).unwrap();
                let Heard::Song(song) = &sent.heard else { panic!("it is sent by names") };
                let artists = (0..15).map(|artist| format!("{number} {artist}")).collect();
                let genres = (0..20).map(|genre| format!("{number} {genre}")).collect();
                Listen { artists, genres, ..Listen::of_song(&sent, song) }
            })
            .collect();
        let rows = rows_of_quarter(&listens);
        assert!(rows.len() <= MAX_THINGS_A_QUARTER && rows.len() > MAX_THINGS_A_QUARTER - 40);
        // Each of the first listens counts, and nothing of the others.
        assert_eq!(rows.total().listens as usize, rows.distinct(Kind::Track));
        assert_eq!(rows.distinct(Kind::Artist), rows.distinct(Kind::Track) * 15);
    }

    #[test]
    fn a_listen_counts_once_for_everything_that_it_is_of() {
        let by_id = sent(json!({ "listened_at": "2026-11-21T09:00:00Z", "track_id": track().id })).unwrap();
        let rows = rows_of_quarter([&Listen::of_track(&by_id, &track())]);
        for (kind, distinct) in [
            (Kind::Total, 1),
            (Kind::Hour, 1),
            (Kind::Track, 1),
            (Kind::Artist, 2),
            (Kind::PrimaryArtist, 1),
            (Kind::Album, 1),
            (Kind::Genre, 2),
        ] {
            assert_eq!(rows.distinct(kind), distinct, "{kind:?}");
            assert!(rows.of(kind).iter().all(|row| row.count == Count { listens: 1, listening_ms: 248_000 }));
        }
        let played = Sent { played_ms: Some(1000), ..by_id };
        assert_eq!(rows_of_quarter([&Listen::of_track(&played, &track())]).total().listening_ms, 1000);
    }

    #[test]
    fn a_listen_that_joins_a_track_counts_for_it_under_its_old_id() {
        let by_name = sent(
            json!({ "listened_at": "2026-11-21T09:00:00Z", "title": "Under pressure", "artist": "Queen" }),
        )
        .unwrap();
        let Heard::Song(song) = &by_name.heard else { panic!("it is sent by names") };
        let listen = Listen::of_song(&by_name, song);
        assert!(songs_of(&track()).contains(&listen.song()));
        let track = track();
        let joined = listen.clone().joined(&track);
        assert_eq!((joined.id, joined.track_key()), (listen.id, track.id.to_bytes()));
        assert_eq!((&joined.title, &joined.artist), (&listen.title, &listen.artist));
        assert_eq!(rows_of_quarter([&joined]).distinct(Kind::Artist), 2);
    }
}
