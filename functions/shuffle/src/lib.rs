//! Reshuffles the home page. The scheduler calls it with the scheduled time, which is also the seed: a retry makes the
//! same choice, and a complete shuffle is kept only once for each scheduled time.

use std::collections::BTreeSet;
use std::time::Duration;

use mixtape_domain::home::{Section, SectionKind, Shuffle};
use mixtape_domain::insights::{Day, Length, Period, TREND_DAYS, trending};
use mixtape_domain::{Timestamp, TrackId};
use mixtape_events::EventError;
use mixtape_settings::{HomeCounts, Settings};
use mixtape_store::insights::Scope;
use mixtape_store::tracks::Kind;
use mixtape_store::{Store, StoreError};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Tracks that are looked up at once: what is heard can be gone, or nothing that the catalogue has.
const LOOKED_UP: usize = 100;
/// "New" is one of so many.
const NEWEST: usize = 100;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct State {
    store: Store,
    counts: HomeCounts,
    every: Duration,
}

impl State {
    /// Connects to the stores that the settings name.
    pub async fn connect(settings: Settings) -> Self {
        Self::new(Store::connect(&settings).await, &settings)
    }

    /// The state on stores that are connected already.
    pub fn new(store: Store, settings: &Settings) -> Self {
        Self { store, counts: settings.home, every: settings.shuffle_every }
    }
}

#[derive(Debug, Deserialize)]
struct Tick {
    scheduled_time: Timestamp,
}

#[derive(Debug, Serialize)]
struct Outcome {
    scheduled_time: Timestamp,
    next_at: Timestamp,
    /// Whether every section is as long as it should be.
    complete: bool,
    /// Whether this call kept a shuffle; false when there was a complete one already.
    kept: bool,
}

/// Makes the shuffle of `{"scheduled_time": RFC 3339}`.
///
/// # Errors
/// The event has no scheduled time, or the stores are away.
pub async fn handle(state: &State, event: Value) -> Result<Value, EventError> {
    let tick: Tick =
        serde_json::from_value(event).map_err(|error| EventError::Malformed(error.to_string()))?;
    let outcome = state.shuffle(tick.scheduled_time).await.map_err(EventError::retryable)?;
    tracing::info!(
        scheduled_time = %outcome.scheduled_time, complete = outcome.complete, kept = outcome.kept, "shuffled"
    );
    serde_json::to_value(outcome).map_err(|error| EventError::Malformed(error.to_string()))
}

impl State {
    async fn shuffle(&self, scheduled_time: Timestamp) -> Result<Outcome, StoreError> {
        let next_at = scheduled_time.plus(self.every);
        if let Some(kept) = self.store.home.get(scheduled_time).await?.filter(|shuffle| shuffle.is_complete) {
            return Ok(Outcome { scheduled_time, next_at: kept.next_at, complete: true, kept: false });
        }
        let sections = self.choose(scheduled_time).await?;
        let is_complete =
            sections.iter().zip(self.lengths()).all(|(section, length)| section.ids.len() == length);
        let shuffle = Shuffle { generated_at: scheduled_time, next_at, is_complete, sections };
        let kept = self.store.home.put(&shuffle).await?;
        Ok(Outcome { scheduled_time, next_at, complete: is_complete, kept })
    }

    /// How long each section should be, in the order of [`State::choose`].
    fn lengths(&self) -> [usize; 5] {
        let HomeCounts { featured_artists, trending_tracks, new_tracks, discover_tracks, albums } =
            self.counts;
        [featured_artists, trending_tracks, new_tracks, discover_tracks, albums]
    }

    async fn choose(&self, scheduled_time: Timestamp) -> Result<Vec<Section>, StoreError> {
        let tracks = &self.store.tracks;
        let mut random = StdRng::seed_from_u64(scheduled_time.millis().unsigned_abs());
        let none = BTreeSet::new();
        let artists = tracks.sample(Kind::Artist, self.counts.featured_artists, &none, &mut random).await?;
        let mut used = BTreeSet::new();
        let mut trending = self.trending(scheduled_time).await?;
        used.extend(trending.iter().cloned());
        let missing = self.counts.trending_tracks - trending.len();
        let chosen = tracks.sample(Kind::Track, missing, &used, &mut random).await?;
        used.extend(chosen.iter().cloned());
        trending.extend(chosen);
        let mut newest: Vec<String> = tracks
            .newest_ids(NEWEST)
            .await?
            .iter()
            .map(ToString::to_string)
            .filter(|id| !used.contains(id))
            .collect();
        newest.shuffle(&mut random);
        newest.truncate(self.counts.new_tracks);
        used.extend(newest.iter().cloned());
        let discover = tracks.sample(Kind::Track, self.counts.discover_tracks, &used, &mut random).await?;
        let albums = tracks.sample(Kind::Album, self.counts.albums, &none, &mut random).await?;
        Ok(vec![
            section("featured_artists", "Featured artists", SectionKind::Artist, artists),
            section("trending", "Trending", SectionKind::Track, trending),
            section("new", "New tracks", SectionKind::Track, newest),
            section("discover", "Discover", SectionKind::Track, discover),
            section("albums", "Albums", SectionKind::Album, albums),
        ])
    }
}

impl State {
    /// The tracks that are heard most lately, of those that are still there.
    async fn trending(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let today = Day::of(now);
        let days = (0..TREND_DAYS).map(|age| today.plus(-age));
        let periods: Vec<Period> = days.map(|day| Period::of(Length::Day, day)).collect();
        let (_, rows) = self.store.insights.read(Scope::Everybody, &periods).await?;
        let days = periods.iter().zip(&rows).map(|(period, rows)| (period.first(), rows));
        let mut ids = trending(days, today).into_iter().map(TrackId::from_bytes);
        let mut found = Vec::new();
        while found.len() < self.counts.trending_tracks {
            let some: Vec<TrackId> = ids.by_ref().take(LOOKED_UP).collect();
            if some.is_empty() {
                break;
            }
            let there = self.store.tracks.get_many(&some).await?;
            found.extend(some.into_iter().filter(|id| there.contains_key(id)));
        }
        found.truncate(self.counts.trending_tracks);
        Ok(found.iter().map(ToString::to_string).collect())
    }
}

fn section(id: &str, title: &str, kind: SectionKind, ids: Vec<String>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), kind, ids }
}
