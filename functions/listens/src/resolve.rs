//! Finds what was heard in the catalogue.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::listen::{Heard, Listen, Sent};
use mixtape_domain::track::Track;
use mixtape_domain::{ArtistId, SongId, TrackId};
use mixtape_store::{Store, StoreError};

/// Songs that are looked for at once.
const AT_ONCE: usize = 16;

/// What the catalogue has of what was heard.
pub(crate) struct Resolved {
    tracks: HashMap<TrackId, Track>,
    songs: HashMap<SongId, Track>,
}

impl Resolved {
    /// Looks for everything that these name: one BatchGetItem per 100 tracks named by id, and a Query and a BatchGetItem
    /// for each title by an artist.
    ///
    /// # Errors
    /// The table of tracks is away.
    pub(crate) async fn find(
        store: &Store,
        sent: impl IntoIterator<Item = &Sent>,
    ) -> Result<Self, StoreError> {
        let mut ids = HashSet::new();
        let mut wanted: HashMap<SongId, (ArtistId, String)> = HashMap::new();
        for one in sent {
            match &one.heard {
                Heard::Track(id) => {
                    ids.insert(*id);
                }
                Heard::Song(song) => {
                    let artist = ArtistId::of(&song.artist);
                    wanted.insert(SongId::of(&artist, &song.title), (artist, song.title.clone()));
                }
            }
        }
        let ids: Vec<TrackId> = ids.into_iter().collect();
        let tracks = store.tracks.get_many(&ids).await?;
        let find = |(song, (artist, title)): (SongId, (ArtistId, String))| async move {
            let track = store.tracks.find(&artist, &title).await?;
            Ok::<_, StoreError>(track.map(|track| (song, track)))
        };
        let found: Vec<Option<(SongId, Track)>> =
            stream::iter(wanted.into_iter().map(find)).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self { tracks, songs: found.into_iter().flatten().collect() })
    }

    /// The listen, or `None` when it names a track that does not exist.
    pub(crate) fn listen(&self, sent: &Sent) -> Option<Listen> {
        match &sent.heard {
            Heard::Track(id) => self.tracks.get(id).map(|track| Listen::of_track(sent, track)),
            Heard::Song(song) => {
                let listen = Listen::of_song(sent, song);
                Some(match self.songs.get(&listen.song()) {
                    Some(track) => listen.joined(track),
                    None => listen,
                })
            }
        }
    }
}
