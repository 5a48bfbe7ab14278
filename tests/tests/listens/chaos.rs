//! A random history of several accounts, and its changes handed over as badly as they can come.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use mixtape_domain::insights::{Key, Kind};
use mixtape_domain::{AlbumId, ArtistId, GenreId, ListenId, SongId, Timestamp, TrackId};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::{Client, Fault, When, World};

use super::events::record;

pub(super) const ACCOUNTS: usize = 8;
/// Listens lie in so many days, around the turn of a year.
pub(super) const DAYS: i64 = 60;
pub(super) const FIRST: &str = "2025-12-01T00:00:00Z";

/// Something that can be heard.
#[derive(Debug, Clone)]
pub(super) struct Song {
    pub(super) track: Option<TrackId>,
    pub(super) title: String,
    artists: Vec<String>,
    album: Option<(String, String)>,
    genres: Vec<String>,
    duration_ms: i64,
}

impl Song {
    /// What a listen to it counts as a listen to.
    fn key(&self) -> Key {
        let song = SongId::of(&ArtistId::of(&self.artists[0]), &self.title);
        self.track.map_or_else(|| song.to_bytes(), TrackId::to_bytes)
    }

    /// What a listen to it counts for, with the name that the API shows.
    pub(super) fn things(&self) -> BTreeMap<(Kind, Key), String> {
        let mut things = BTreeMap::from([((Kind::Track, self.key()), self.title.clone())]);
        let artist = |name: &String| ArtistId::of(name).to_bytes();
        things.insert((Kind::PrimaryArtist, artist(&self.artists[0])), self.artists[0].clone());
        things.extend(self.artists.iter().map(|name| ((Kind::Artist, artist(name)), name.clone())));
        if let Some((album, by)) = &self.album {
            things.insert((Kind::Album, AlbumId::of(by, album).to_bytes()), album.clone());
        }
        things.extend(
            self.genres.iter().map(|name| ((Kind::Genre, GenreId::of(name).to_bytes()), name.clone())),
        );
        things
    }
}

/// Tracks of the catalogue, and songs that it has not.
async fn songs(client: &Client, random: &mut StdRng) -> Vec<Song> {
    let mut songs = Vec::new();
    for number in 0..200 {
        let mut artists: BTreeSet<String> = BTreeSet::new();
        for _ in 0..random.random_range(1..4) {
            artists.insert(format!("Artist {}", random.random_range(0..40)));
        }
        let artists: Vec<String> = artists.into_iter().collect();
        let album = random.random_bool(0.8).then(|| format!("Album {}", random.random_range(0..30)));
        let genres: BTreeSet<String> =
            (0..random.random_range(0..3)).map(|_| format!("Genre {}", random.random_range(0..12))).collect();
        songs.push(Song {
            track: None,
            title: format!("Track {number}"),
            album: album.map(|album| (album, artists[0].clone())),
            artists,
            genres: genres.into_iter().collect(),
            duration_ms: random.random_range(60..400) * 1000,
        });
    }
    let tracks: Vec<Value> = songs
        .iter()
        .map(|song| {
            let (album, by) = song.album.clone().unzip();
            json!({
                "title": song.title, "artist": song.artists.join(", "), "artists": song.artists, "album": album,
                "album_artist": by, "genres": song.genres, "duration_ms": song.duration_ms,
            })
        })
        .collect();
    for (place, tracks) in tracks.chunks(100).enumerate() {
        let made = client.post("/v1/tracks/batch", json!({ "tracks": tracks })).await.expect(200);
        for (song, result) in songs[place * 100..].iter_mut().zip(made["results"].as_array().unwrap()) {
            song.track = Some(result["id"].as_str().unwrap().parse().unwrap());
        }
    }
    for number in 0..40 {
        let by = format!("Artist {}", random.random_range(30..50));
        songs.push(Song {
            track: None,
            title: format!("Outside {number}"),
            album: random.random_bool(0.5).then(|| (format!("Album {number}"), by.clone())),
            artists: vec![by],
            genres: Vec::new(),
            duration_ms: random.random_range(60..400) * 1000,
        });
    }
    songs
}

/// A listen as the test remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) song: usize,
    pub(super) listening_ms: i64,
}

/// What everybody has heard, by account and listen.
pub(super) type History = Vec<BTreeMap<ListenId, Heard>>;

/// Plays a random history, and hands the changes over as badly as they can come.
pub(super) struct Chaos {
    pub(super) world: World,
    pub(super) random: StdRng,
    pub(super) clients: Vec<Client>,
    pub(super) songs: Vec<Song>,
    /// What a listen to each of the songs counts for.
    pub(super) things: Vec<Vec<(Kind, Key)>>,
    pub(super) history: History,
    /// Changes that nobody was told of, or that were not handled.
    pending: Vec<Value>,
    /// Some that were handled and come again.
    handled: Vec<Value>,
    pub(super) failures: usize,
}

impl Chaos {
    pub(super) async fn new(seed: u64) -> Self {
        let world = World::unattended().await;
        let mut random = StdRng::seed_from_u64(seed);
        let names: Vec<String> = (0..ACCOUNTS).map(|number| format!("listener{number}")).collect();
        // With keys, because sessions would end before the largest run does.
        let clients = join_all(names.iter().map(async |name| {
            let client = world.sign_up(name).await;
            let key = client.post("/v1/me/keys", json!({ "name": "player" })).await.expect(201);
            client.with_token(key["key"].as_str().unwrap())
        }))
        .await;
        let songs = songs(&clients[0], &mut random).await;
        let history = vec![BTreeMap::new(); ACCOUNTS];
        let things = songs.iter().map(|song| song.things().into_keys().collect()).collect();
        Self {
            world,
            random,
            clients,
            songs,
            things,
            history,
            pending: Vec::new(),
            handled: Vec::new(),
            failures: 0,
        }
    }

    pub(super) fn changed(&mut self, account: usize, id: ListenId, song: usize) {
        let (client, song) = (&self.clients[account], &self.songs[song]);
        let record = record(client.id(), id, &song.title, &song.artists[0]);
        self.pending.push(record);
    }

    /// An account sends up to a thousand listens, some of which it has sent before.
    pub(super) async fn send(&mut self, count: usize) {
        let account = self.random.random_range(0..ACCOUNTS);
        let first: Timestamp = FIRST.parse().unwrap();
        let mut sent = Vec::new();
        let mut bodies = Vec::new();
        for _ in 0..count {
            // The square makes some songs popular.
            let share: f64 = self.random.random();
            let song = (share * share * self.songs.len() as f64) as usize;
            let at = first.millis() / 1000 + self.random.random_range(0..DAYS * 86_400);
            let at = Timestamp::from_millis(at * 1000).unwrap();
            let played: Option<i64> =
                self.random.random_bool(0.3).then(|| self.random.random_range(0..300_000));
            let what = &self.songs[song];
            let mut body = match what.track {
                Some(id) if self.random.random_bool(0.7) => json!({ "track_id": id }),
                Some(_) => json!({ "title": what.title, "artist": what.artists[0] }),
                None => json!({
                    "title": what.title, "artist": what.artists[0], "album": what.album.as_ref().map(|(name, _)| name),
                    "duration_ms": what.duration_ms,
                }),
            };
            body["listened_at"] = json!(at);
            body["played_ms"] = json!(played);
            bodies.push(body);
            sent.push((ListenId::of(at, what.key()), song, played.unwrap_or(what.duration_ms)));
        }
        for _ in 0..self.random.random_range(1..3) {
            self.clients[account].post("/v1/listens", json!({ "listens": bodies })).await.expect(200);
        }
        for (id, song, listening_ms) in sent {
            // What was there stays as it was.
            self.history[account].entry(id).or_insert(Heard { song, listening_ms });
            self.changed(account, id, song);
        }
    }

    pub(super) async fn delete(&mut self, count: usize) {
        for _ in 0..count {
            let account = self.random.random_range(0..ACCOUNTS);
            let ids: Vec<ListenId> = self.history[account].keys().copied().collect();
            let Some(id) = ids.choose(&mut self.random).copied() else { continue };
            self.clients[account].delete(&format!("/v1/listens/{id}")).await.expect(204);
            let heard = self.history[account].remove(&id).unwrap();
            self.changed(account, id, heard.song);
        }
    }

    /// Hands over what is pending: reordered, in batches of any size, some twice, several at once, with failures.
    pub(super) async fn deliver(&mut self) {
        let again = self.random.random_range(0..100).min(self.handled.len());
        self.handled.shuffle(&mut self.random);
        self.pending.extend(self.handled.drain(..again));
        self.pending.shuffle(&mut self.random);
        while !self.pending.is_empty() {
            for _ in 0..self.random.random_range(0..6) {
                let when = if self.random.random_bool(0.5) { When::Before } else { When::After };
                self.world.dynamodb().fail_later(
                    self.random.random_range(0..40),
                    "",
                    "",
                    Fault::Refused,
                    when,
                    1,
                );
            }
            let mut batches = Vec::new();
            for _ in 0..self.random.random_range(1..4) {
                let size = self.random.random_range(1..400).min(self.pending.len());
                batches.push(self.pending.drain(..size).collect::<Vec<Value>>());
            }
            let invoke = |batch: &Vec<Value>| self.world.stack().invoke("tally", json!({ "Records": batch }));
            let answers = join_all(batches.iter().map(invoke)).await;
            self.world.dynamodb().heal();
            for (batch, answer) in batches.into_iter().zip(answers) {
                let is_handled =
                    answer.is_ok_and(|answer| answer["batchItemFailures"].as_array().unwrap().is_empty());
                self.failures += usize::from(!is_handled);
                let place = if is_handled { &mut self.handled } else { &mut self.pending };
                place.extend(batch);
            }
        }
    }
}
