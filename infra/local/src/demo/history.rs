//! Who heard what and when: sittings of a [`Rhythm`], filled with tracks of a [`Taste`].
//!
//! Pure and decided by its seed: the same catalogue, seed and days give the same history, so that sending it again adds
//! nothing. Nothing of one account overlaps, and everything has ended before `until`.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::rhythm::{DAY, Rhythm};
use super::sitting::{Listen, Sitting, make_room};
use super::taste::{Catalogue, EXPONENT, Taste, Zipf, common_appeal, normal};

/// How long a track is that does not say.
const USUAL_MS: u64 = 210_000;
/// Nobody listens longer to one track at a time; a mix can last for hours.
const LONGEST_MS: u64 = 3_600_000;
/// Nobody listens longer a day in the long run. More is not made, whatever was asked for.
const LONGEST_DAY_MS: u64 = 12 * 3_600_000;
/// How much accounts differ in how much they listen.
const DILIGENCE: f64 = 0.5;
/// The part of sittings that is an album in its order.
const ALBUMS: f64 = 0.2;
/// Tracks that are not heard again at once.
const RECENT: usize = 30;
/// How often another track is drawn instead of a recent one: a catalogue can be small.
const REDRAWS: usize = 10;
/// The part of listens that are broken off, from one person to another. Half of all plays are
/// ([Lamere 2014](https://musicmachinery.com/2014/05/02/the-skip/)), but most of those in the first seconds, before a
/// player takes them for a listen.
const SKIPS: std::ops::RangeInclusive<f64> = 0.06..=0.18;
/// The part of a track that is heard before it is broken off.
const HEARD: std::ops::RangeInclusive<f64> = 0.15..=0.7;
/// Seconds between two tracks, at most.
const GAP: i64 = 3;
const MONTH: i64 = 30 * DAY;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) accounts: u32,
    pub(super) days: u32,
    pub(super) listens: u32,
    pub(super) seed: u64,
}

/// The listens of each account, oldest first, on the days before `until`, which is the beginning of a day in seconds
/// since 1970. There are fewer than asked for when the days cannot hold them.
pub(super) fn histories(catalogue: &Catalogue, wanted: Wanted, until: i64) -> Vec<Vec<Listen>> {
    if catalogue.tracks.is_empty() {
        return vec![Vec::new(); wanted.accounts as usize];
    }
    let mut chance = chance_of(wanted.seed, 0);
    let common = common_appeal(catalogue, &mut chance);
    let diligence: Vec<f64> = (0..wanted.accounts).map(|_| (DILIGENCE * normal(&mut chance)).exp()).collect();
    let lengths = catalogue.tracks.iter().map(|track| length(track.duration_ms));
    let mean_ms = lengths.sum::<u64>() / catalogue.tracks.len() as u64;
    let most = u64::from(wanted.days) * LONGEST_DAY_MS / mean_ms.max(1);
    let counts = split(wanted.listens as usize, &diligence, usize::try_from(most).unwrap_or(usize::MAX));
    let zipf = Zipf::new(catalogue.tracks.len(), EXPONENT);
    let accounts = counts.into_iter().zip(1..);
    accounts
        .map(|(count, account)| {
            let mut chance = chance_of(wanted.seed, account);
            let taste = Taste::new(catalogue, &common, &mut chance);
            let skips = chance.random_range(SKIPS);
            let listener = Listener { catalogue, zipf: &zipf, taste, skips, recent: VecDeque::new(), chance };
            listener.history(count, wanted.days, until)
        })
        .collect()
}

/// Chance of its own for each account, so that how one listens does not depend on the others.
fn chance_of(seed: u64, account: u64) -> StdRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&account.to_le_bytes());
    StdRng::from_seed(bytes)
}

/// Splits a number in proportion to the weights, into parts of at most `most` each.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers are positive and far from the ends"
)]
fn split(total: usize, weights: &[f64], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // The heaviest first: what is too much for them is left to the others.
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    let mut parts = vec![0; weights.len()];
    let (mut left, mut weight_left) = (total, weights.iter().sum::<f64>());
    for (index, place) in order.iter().enumerate() {
        let is_last = index + 1 == order.len();
        let part = (left as f64 * weights[*place] / weight_left).round() as usize;
        parts[*place] = if is_last { left } else { part.min(left) }.min(most);
        left -= parts[*place];
        weight_left -= weights[*place];
    }
    parts
}

/// How long somebody listens who hears a track to its end, in milliseconds.
fn length(duration_ms: Option<u64>) -> u64 {
    duration_ms.filter(|&duration| duration > 0).unwrap_or(USUAL_MS).min(LONGEST_MS)
}

struct Listener<'a> {
    catalogue: &'a Catalogue,
    zipf: &'a Zipf,
    taste: Taste<'a>,
    skips: f64,
    recent: VecDeque<usize>,
    chance: StdRng,
}

impl Listener<'_> {
    fn history(mut self, count: usize, days: u32, until: i64) -> Vec<Listen> {
        let since = until - i64::from(days) * DAY;
        let rhythm = Rhythm::new(since.div_euclid(DAY), days, &mut self.chance);
        let (mut sittings, mut months) = (Vec::new(), 0);
        for (start, tracks) in self.appointments(&rhythm, count) {
            while months < (start - since) / MONTH {
                self.taste.drift(&mut self.chance);
                months += 1;
            }
            sittings.push(self.sitting(start, tracks));
        }
        make_room(&mut sittings, since, until);
        let listens = sittings.into_iter().flat_map(|sitting| sitting.listens);
        listens.take_while(|listen| listen.end() <= until).collect()
    }

    /// When sittings begin and how many tracks they have, which are `count` together.
    fn appointments(&mut self, rhythm: &Rhythm, count: usize) -> Vec<(i64, usize)> {
        let mut sittings = Vec::new();
        let mut left = count;
        while left > 0 {
            let (start, tracks) = rhythm.sitting(&mut self.chance);
            let tracks = tracks.min(left);
            left -= tracks;
            sittings.push((start, tracks));
        }
        sittings.sort_unstable();
        sittings
    }

    fn sitting(&mut self, start: i64, tracks: usize) -> Sitting {
        let mut at = start;
        let mut listens = Vec::with_capacity(tracks);
        for track in self.choose(tracks) {
            let listen = Listen { track, at, played_ms: self.played(track) };
            at = listen.end() + self.chance.random_range(0..=GAP);
            listens.push(listen);
        }
        Sitting { start, end: at, listens }
    }

    /// The tracks of a sitting.
    fn choose(&mut self, count: usize) -> Vec<usize> {
        let first = self.draw();
        let mut tracks = vec![first];
        if self.chance.random_bool(ALBUMS)
            && let Some(album) = self.catalogue.album(first)
        {
            tracks = album.iter().take(count).copied().collect();
        }
        self.remember(&tracks);
        while tracks.len() < count {
            let track = self.draw();
            self.remember(&[track]);
            tracks.push(track);
        }
        tracks
    }

    /// A track by its rank, preferably not one that was just heard.
    fn draw(&mut self) -> usize {
        let mut track = self.taste.track(self.zipf.draw(&mut self.chance));
        for _ in 0..REDRAWS {
            if !self.recent.contains(&track) {
                break;
            }
            track = self.taste.track(self.zipf.draw(&mut self.chance));
        }
        track
    }

    fn remember(&mut self, tracks: &[usize]) {
        self.recent.extend(tracks);
        let too_many = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..too_many);
    }

    /// How long a track is heard, in milliseconds.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of an hour"
    )]
    fn played(&mut self, track: usize) -> u64 {
        let whole = length(self.catalogue.tracks[track].duration_ms);
        if !self.chance.random_bool(self.skips) {
            return whole;
        }
        (whole as f64 * self.chance.random_range(HEARD)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    use crate::demo::taste::Track;
    use crate::demo::testing::{catalogue, slope};

    /// 2026-11-21T00:00:00Z, a Saturday.
    const TODAY: i64 = 1_795_219_200;
    const YEAR: Wanted = Wanted { accounts: 5, days: 365, listens: 20_000, seed: 1 };

    fn total(histories: &[Vec<Listen>]) -> usize {
        histories.iter().map(Vec::len).sum()
    }

    #[test]
    fn the_seed_decides() {
        let catalogue = catalogue(500);
        let wanted = Wanted { listens: 3000, ..YEAR };
        let once = histories(&catalogue, wanted, TODAY);
        assert_eq!(once, histories(&catalogue, wanted, TODAY));
        let reversed = Catalogue::new(catalogue.tracks.iter().rev().cloned().collect());
        assert_eq!(once, histories(&reversed, wanted, TODAY));
        assert_ne!(once, histories(&catalogue, Wanted { seed: 2, ..wanted }, TODAY));
        assert_ne!(once[0], once[1]);
    }

    #[test]
    fn nothing_overlaps_or_lies_beyond_its_days_and_about_everything_asked_for_is_there() {
        let usual = catalogue(500);
        let unknown =
            Catalogue::new(usual.tracks.iter().cloned().map(|t| Track { duration_ms: None, ..t }).collect());
        let odd = [0, 1, 400, 30_000, u64::MAX];
        let odd = usual.tracks.iter().cloned().zip(odd.into_iter().cycle());
        let odd = Catalogue::new(odd.map(|(t, ms)| Track { duration_ms: Some(ms), ..t }).collect());
        let single = Catalogue::new(usual.tracks[..1].to_vec());
        for catalogue in [&usual, &unknown, &odd, &single] {
            for (accounts, days, listens) in
                [(5, 365, 20_000), (1, 1, 30), (3, 1, 100), (50, 3, 40), (2, 30, 3000), (1, 3650, 10)]
            {
                let wanted = Wanted { accounts, days, listens, seed: 1 };
                let made = histories(catalogue, wanted, TODAY);
                assert_eq!(made.len(), accounts as usize);
                let count = total(&made);
                let close = listens as usize * 95 / 100..=listens as usize;
                assert!(close.contains(&count), "{count} of {wanted:?}");
                for history in &made {
                    assert!(
                        history
                            .iter()
                            .all(|one| one.at >= TODAY - i64::from(days) * DAY && one.end() <= TODAY)
                    );
                    assert!(history.windows(2).all(|two| two[1].at >= two[0].end()), "{wanted:?}");
                }
            }
        }
    }

    #[test]
    fn no_more_is_made_than_somebody_can_hear() {
        let wanted = Wanted { accounts: 2, days: 10, listens: 1_000_000, seed: 1 };
        let made = histories(&catalogue(500), wanted, TODAY);
        for history in made {
            let hours = history.iter().map(|listen| listen.played_ms).sum::<u64>() / 3_600_000;
            assert!((80..=130).contains(&hours), "{hours} hours in ten days");
        }
        assert_eq!(total(&histories(&Catalogue::new(Vec::new()), YEAR, TODAY)), 0);
    }

    #[test]
    fn few_tracks_have_most_listens_but_none_has_all() {
        let catalogue = catalogue(2000);
        for history in histories(&catalogue, Wanted { listens: 50_000, ..YEAR }, TODAY) {
            let mut counts = vec![0_u32; catalogue.tracks.len()];
            for listen in &history {
                counts[listen.track] += 1;
            }
            counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
            let found = slope(&counts[..200]);
            assert!((-1.1..=-0.45).contains(&found), "the slope of a year is {found}");
            let most = f64::from(counts[0]) / history.len() as f64;
            assert!((0.005..0.08).contains(&most), "{most} of all listens are of one track");
        }
    }

    #[test]
    fn evenings_are_full_and_nights_are_quiet() {
        let made = histories(&catalogue(500), YEAR, TODAY);
        let mut hours = [0_usize; 24];
        for listen in made.iter().flatten() {
            hours[usize::try_from(listen.at.rem_euclid(DAY) / 3600).unwrap()] += 1;
        }
        let (evening, night): (usize, usize) = (hours[19..22].iter().sum(), hours[2..5].iter().sum());
        assert!(evening > 10 * night, "{hours:?}");
        assert!(hours[8] > hours[11] || hours[9] > hours[11], "{hours:?}");
    }

    #[test]
    fn there_are_sittings_silent_days_skips_and_albums() {
        let catalogue = catalogue(500);
        for history in histories(&catalogue, YEAR, TODAY) {
            let days: BTreeSet<i64> = history.iter().map(|listen| listen.at.div_euclid(DAY)).collect();
            assert!(days.len() < 340, "{} of 365 days", days.len());
            let follows = |two: &&[Listen]| two[1].at - two[0].end() <= GAP;
            let following: Vec<&[Listen]> = history.windows(2).filter(follows).collect();
            assert!(following.len() * 10 > history.len() * 8, "{} of {}", following.len(), history.len());
            assert!(following.iter().all(|two| two[0].track != two[1].track));
            let is_skip =
                |listen: &&Listen| listen.played_ms < length(catalogue.tracks[listen.track].duration_ms);
            let skips = history.iter().filter(is_skip).count() as f64 / history.len() as f64;
            assert!((0.03..0.25).contains(&skips), "{skips} are skips");
            let in_order = |two: &&&[Listen]| {
                catalogue
                    .album(two[0].track)
                    .is_some_and(|album| album.windows(2).any(|next| next == [two[0].track, two[1].track]))
            };
            let albums = following.iter().filter(in_order).count();
            assert!(albums * 20 > history.len(), "{albums} of {} are albums", history.len());
        }
    }

    #[test]
    fn accounts_listen_differently_much_and_favour_different_tracks() {
        let made = histories(&catalogue(2000), YEAR, TODAY);
        let counts: BTreeSet<usize> = made.iter().map(Vec::len).collect();
        assert!(
            counts.len() > 1 && counts.last() > counts.first().map(|few| few * 5 / 4).as_ref(),
            "{counts:?}"
        );
        let favourite = |history: &Vec<Listen>| {
            let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
            for listen in history {
                *counts.entry(listen.track).or_default() += 1;
            }
            counts.into_iter().max_by_key(|(_, count)| *count).map(|(track, _)| track)
        };
        let favourites: BTreeSet<_> = made.iter().map(favourite).collect();
        assert!(favourites.len() >= 3, "{favourites:?}");
    }

    #[test]
    fn a_number_is_split_by_weight_and_what_is_too_much_for_one_goes_to_the_others() {
        assert_eq!(split(10, &[1.0, 3.0, 1.0], 100), [2, 6, 2]);
        assert_eq!(split(10, &[1.0, 8.0, 1.0], 4), [3, 4, 3]);
        assert_eq!(split(100, &[1.0, 8.0], 4), [4, 4]);
        assert_eq!(split(1, &[1.0, 1.0], 4).iter().sum::<usize>(), 1);
    }
}
