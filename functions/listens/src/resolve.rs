//! Finds what was heard in the catalogue.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::listen::{Heard, Listen, Sent, Song};
use mixtape_domain::track::Track;
use mixtape_domain::{ListenId, SongId, TrackId, name};
use mixtape_store::{Store, StoreError};

/// Songs that are looked for at once.
const AT_ONCE: usize = 16;

/// What the catalogue has of what was heard.
pub(crate) struct Resolved {
    tracks: HashMap<TrackId, Track>,
    songs: HashMap<Named, Track>,
}

/// A title by an artist, on an album.
type Named = (SongId, Option<String>);

/// A listen, and the ids under which it may be known.
pub(crate) struct Known {
    pub(crate) listen: Listen,
    pub(crate) ids: Vec<ListenId>,
}

fn named(song: &Song) -> Named {
    (song.id(), song.album.as_deref().map(name::canonical))
}

impl Resolved {
    /// Looks for everything that these name: one BatchGetItem per 100 tracks named by id; for each title by an artist a
    /// Query and a BatchGetItem, or two.
    ///
    /// # Errors
    /// The table of tracks is away.
    pub(crate) async fn find(
        store: &Store,
        sent: impl IntoIterator<Item = &Sent>,
    ) -> Result<Self, StoreError> {
        let mut ids = HashSet::new();
        let mut wanted = HashMap::new();
        for one in sent {
            match &one.heard {
                Heard::Track(id) => {
                    ids.insert(*id);
                }
                Heard::Song(song) => {
                    wanted.insert(named(song), song);
                }
            }
        }
        let ids: Vec<TrackId> = ids.into_iter().collect();
        let tracks = store.tracks.get_many(&ids).await?;
        let find = |(named, song): (Named, &Song)| {
            let song = song.clone();
            async move { Ok::<_, StoreError>(store.tracks.find_song(&song).await?.map(|track| (named, track))) }
        };
        let finds: Vec<_> = wanted.into_iter().map(find).collect();
        let found: Vec<Option<(Named, Track)>> =
            stream::iter(finds).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self { tracks, songs: found.into_iter().flatten().collect() })
    }

    /// The listen, or `None` when it names a track that does not exist.
    pub(crate) fn listen(&self, sent: &Sent) -> Option<Known> {
        match &sent.heard {
            Heard::Track(id) => {
                let track = self.tracks.get(id)?;
                let ids = Listen::ids_of_track(sent.listened_at, track);
                Some(Known { listen: Listen::of_track(sent, track), ids })
            }
            Heard::Song(song) => {
                let listen = Listen::of_song(sent, song);
                let Some(track) = self.songs.get(&named(song)) else {
                    return Some(Known { ids: vec![listen.id], listen });
                };
                let ids = Listen::ids_of_track(sent.listened_at, track);
                let id = ListenId::of(sent.listened_at, track.id.to_bytes());
                Some(Known { listen: Listen { id, ..listen.joined(track) }, ids })
            }
        }
    }
}
