//! What somebody likes to hear: a ranking of all tracks that a few artists and genres lead, and that changes slowly.
//!
//! Pure: tracks are numbers here, chance comes in as an argument.

use std::collections::{BTreeMap, HashMap};

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// How steeply listens fall with the rank of a track: the classic exponent of [Zipf's
/// law](https://en.wikipedia.org/wiki/Zipf%27s_law). Play counts of single libraries are a little flatter over their
/// whole time ([0.66](https://suchow.io/zipf-it)), and so is what becomes of these draws, because rankings drift,
/// albums are played whole, and nothing is repeated at once.
pub(super) const EXPONENT: f64 = 1.0;

/// How much people agree: the spread of what an artist, or a track, is to everybody. It makes charts of all accounts
/// differ from chance.
const COMMON_ARTIST: f64 = 1.0;
const COMMON_TRACK: f64 = 0.5;
/// How much they differ: the spread of what an artist, or a genre, is to one person. Larger than the common part, and
/// artists before genres, so that every account has favourites of its own.
const OWN_ARTIST: f64 = 2.0;
const OWN_GENRE: f64 = 1.0;

/// The part of tracks that somebody sees anew each month: favourites last for some months.
const TRACKS_SEEN_ANEW: f64 = 0.2;
/// The part of artists.
const ARTISTS_SEEN_ANEW: f64 = 0.05;

/// Albums of which fewer tracks are known are not played as albums.
const SMALLEST_ALBUM: usize = 3;

/// A track of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) artist: String,
    pub(super) artist_id: String,
    pub(super) album_id: Option<String>,
    /// Disc and number.
    pub(super) place: (u64, u64),
    pub(super) genres: Vec<String>,
    pub(super) duration_ms: Option<u64>,
}

/// The tracks, and who and what belongs together.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// In the order of their ids, so that chance falls on the same ones whatever order they were read in.
    pub(super) tracks: Vec<Track>,
    artist_of: Vec<usize>,
    artists: usize,
    genres_of: Vec<Vec<usize>>,
    genres: usize,
    album_of: Vec<Option<usize>>,
    /// The tracks of each album in their order.
    albums: Vec<Vec<usize>>,
}

impl Catalogue {
    pub(super) fn new(mut tracks: Vec<Track>) -> Self {
        tracks.sort_by(|a, b| a.id.cmp(&b.id));
        tracks.dedup_by(|a, b| a.id == b.id);
        let (mut artists, mut genres) = (Numbers::default(), Numbers::default());
        let artist_of = tracks.iter().map(|track| artists.of(&track.artist_id)).collect();
        let genres_of =
            tracks.iter().map(|track| track.genres.iter().map(|genre| genres.of(genre)).collect()).collect();
        let mut by_album: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, track) in tracks.iter().enumerate() {
            if let Some(album) = &track.album_id {
                by_album.entry(album).or_default().push(number);
            }
        }
        let mut albums: Vec<Vec<usize>> =
            by_album.into_values().filter(|album| album.len() >= SMALLEST_ALBUM).collect();
        let mut album_of = vec![None; tracks.len()];
        for (number, album) in albums.iter_mut().enumerate() {
            album.sort_by_key(|&track| (tracks[track].place, track));
            for &track in album.iter() {
                album_of[track] = Some(number);
            }
        }
        let (artists, genres) = (artists.0.len(), genres.0.len());
        Self { tracks, artist_of, artists, genres_of, genres, album_of, albums }
    }

    /// The album that a track is on, in its order.
    pub(super) fn album(&self, track: usize) -> Option<&[usize]> {
        self.album_of[track].map(|album| self.albums[album].as_slice())
    }
}

/// Names as numbers from 0, in the order in which they are met.
#[derive(Default)]
struct Numbers<'a>(HashMap<&'a str, usize>);

impl<'a> Numbers<'a> {
    fn of(&mut self, name: &'a str) -> usize {
        let next = self.0.len();
        *self.0.entry(name).or_insert(next)
    }
}

/// What each track is to everybody.
pub(super) fn common_appeal(catalogue: &Catalogue, chance: &mut StdRng) -> Vec<f64> {
    let artists = normals(catalogue.artists, COMMON_ARTIST, chance);
    catalogue.artist_of.iter().map(|&artist| artists[artist] + COMMON_TRACK * normal(chance)).collect()
}

/// What somebody likes, best first.
pub(super) struct Taste<'a> {
    catalogue: &'a Catalogue,
    common: &'a [f64],
    artists: Vec<f64>,
    genres: Vec<f64>,
    /// What single tracks are to this person for no reason.
    moods: Vec<f64>,
    ranking: Vec<usize>,
}

impl<'a> Taste<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, common: &'a [f64], chance: &mut StdRng) -> Self {
        let artists = normals(catalogue.artists, OWN_ARTIST, chance);
        let genres = normals(catalogue.genres, OWN_GENRE, chance);
        let moods = (0..catalogue.tracks.len()).map(|_| gumbel(chance)).collect();
        let ranking = (0..catalogue.tracks.len()).collect();
        let mut taste = Self { catalogue, common, artists, genres, moods, ranking };
        taste.rank();
        taste
    }

    /// A month goes by.
    pub(super) fn drift(&mut self, chance: &mut StdRng) {
        for artist in &mut self.artists {
            if chance.random_bool(ARTISTS_SEEN_ANEW) {
                *artist = OWN_ARTIST * normal(chance);
            }
        }
        for mood in &mut self.moods {
            if chance.random_bool(TRACKS_SEEN_ANEW) {
                *mood = gumbel(chance);
            }
        }
        self.rank();
    }

    /// The track of a rank; 0 is the first.
    pub(super) fn track(&self, rank: usize) -> usize {
        self.ranking[rank]
    }

    /// Sorting by liking plus a Gumbel variable draws the tracks one after the other with weights of `exp(liking)`
    /// (the Plackett-Luce model): favourites lead, but not in the order of artists.
    fn rank(&mut self) {
        let scores: Vec<f64> =
            (0..self.moods.len()).map(|track| self.liking(track) + self.moods[track]).collect();
        self.ranking.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    }

    #[expect(clippy::cast_precision_loss, reason = "a track has few genres")]
    fn liking(&self, track: usize) -> f64 {
        let genres = &self.catalogue.genres_of[track];
        let of_genres: f64 = genres.iter().map(|&genre| self.genres[genre]).sum();
        let of_genres = of_genres / genres.len().max(1) as f64;
        self.common[track] + self.artists[self.catalogue.artist_of[track]] + of_genres
    }
}

/// Draws ranks by Zipf's law.
#[derive(Debug)]
pub(super) struct Zipf {
    /// The weights of all ranks up to each one.
    cumulative: Vec<f64>,
}

impl Zipf {
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer ranks than a double can count")]
    pub(super) fn new(ranks: usize, exponent: f64) -> Self {
        let weights = (1..=ranks).map(|rank| (rank as f64).powf(-exponent));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { cumulative: sums.collect() }
    }

    /// A rank from 0.
    pub(super) fn draw(&self, chance: &mut impl Rng) -> usize {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let point = chance.random::<f64>() * total;
        self.cumulative.partition_point(|sum| *sum <= point).min(self.cumulative.len().saturating_sub(1))
    }
}

fn normals(count: usize, spread: f64, chance: &mut StdRng) -> Vec<f64> {
    (0..count).map(|_| spread * normal(chance)).collect()
}

/// A standard normal variable, by Box and Muller's transformation.
pub(super) fn normal(chance: &mut impl Rng) -> f64 {
    let radius = (-2.0 * above_zero(chance).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.random::<f64>()).cos()
}

/// A standard Gumbel variable.
fn gumbel(chance: &mut impl Rng) -> f64 {
    -exponential(chance).ln()
}

/// An exponential variable with mean 1.
pub(super) fn exponential(chance: &mut impl Rng) -> f64 {
    // Never 0, of which there is no logarithm either.
    (-above_zero(chance).ln()).max(f64::MIN_POSITIVE)
}

/// From 0 to 1, without 0, of which there is no logarithm.
fn above_zero(chance: &mut impl Rng) -> f64 {
    1.0 - chance.random::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    use crate::demo::testing::{catalogue, slope};

    #[test]
    fn listens_fall_with_the_rank_as_the_law_says() {
        for exponent in [0.7, 1.0, 1.3] {
            let zipf = Zipf::new(5000, exponent);
            let mut chance = StdRng::seed_from_u64(7);
            let mut counts = vec![0_u32; 5000];
            for _ in 0..300_000 {
                counts[zipf.draw(&mut chance)] += 1;
            }
            let found = slope(&counts[..100]);
            assert!((found + exponent).abs() < 0.05, "{found} instead of -{exponent}");
        }
    }

    #[test]
    fn a_single_rank_is_always_drawn() {
        let mut chance = StdRng::seed_from_u64(7);
        assert!((0..100).all(|_| Zipf::new(1, EXPONENT).draw(&mut chance) == 0));
    }

    /// The tracks of the first hundred ranks.
    fn favourites(taste: &Taste<'_>) -> Vec<usize> {
        (0..100).map(|rank| taste.track(rank)).collect()
    }

    fn shared(a: &[usize], b: &[usize]) -> usize {
        a.iter().filter(|track| b.contains(track)).count()
    }

    #[test]
    fn a_few_artists_lead_and_favourites_drift() {
        let catalogue = catalogue(2000);
        let mut chance = StdRng::seed_from_u64(7);
        let common = common_appeal(&catalogue, &mut chance);
        let mut taste = Taste::new(&catalogue, &common, &mut chance);
        let start = favourites(&taste);
        let mut by_artist = vec![0; catalogue.artists];
        for &track in &start {
            by_artist[catalogue.artist_of[track]] += 1;
        }
        by_artist.sort_unstable();
        let of_five: usize = by_artist.iter().rev().take(5).sum();
        // Five of a hundred artists; without a bias they would have about 15.
        assert!(of_five > 35, "{by_artist:?}");
        taste.drift(&mut chance);
        let after_a_month = shared(&start, &favourites(&taste));
        assert!((60..95).contains(&after_a_month), "{after_a_month} favourites stay for a month");
        for _ in 0..23 {
            taste.drift(&mut chance);
        }
        let after_two_years = shared(&start, &favourites(&taste));
        assert!(after_two_years < after_a_month - 20, "{after_two_years} favourites stay for two years");
        let other = favourites(&Taste::new(&catalogue, &common, &mut chance));
        assert!(shared(&start, &other) < 60, "two people like {} of the same", shared(&start, &other));
    }

    #[test]
    fn an_album_is_in_its_order_and_small_ones_are_none() {
        let track = |id: &str, album: Option<&str>, place| Track {
            id: id.into(),
            album_id: album.map(str::to_owned),
            place,
            ..Track::default()
        };
        let catalogue = Catalogue::new(vec![
            track("d", Some("x"), (2, 1)),
            track("a", Some("x"), (1, 2)),
            track("b", Some("x"), (1, 1)),
            track("c", Some("y"), (1, 1)),
            track("e", None, (0, 0)),
            track("e", None, (0, 0)),
        ]);
        assert_eq!(catalogue.tracks.len(), 5);
        // b, a, d
        assert_eq!(catalogue.album(0), Some([1, 0, 3].as_slice()));
        assert_eq!((catalogue.album(2), catalogue.album(4)), (None, None));
    }
}
