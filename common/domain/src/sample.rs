//! Uniform picks from a set that is too large to read, by rejection.
//!
//! Every member has a place: 64 bits of a hash of its id, so places are spread evenly whatever the ids are. The space
//! of places is cut into equal cells of about [`MEAN`] members. One draw chooses a cell and one of [`CAPACITY`] slots,
//! both uniformly; the cell's members fill its first slots, and a draw of an empty slot is rejected. A member is thus
//! drawn with probability 1 / (cells × CAPACITY), the same for all, as long as no cell holds more than CAPACITY. (The
//! method is the acceptance-rejection sampling of Olken and Rotem, "Random sampling from database files", 1990.)

use rand::{Rng, RngExt};
use sha2::{Digest, Sha256};

/// How many members a cell holds on average.
const MEAN: f64 = 8.0;
/// Slots of a cell. More than this many members at a mean of 8 happen once in 10^10 cells.
pub const CAPACITY: usize = 32;
/// A set that is not larger is read whole.
pub const READ_WHOLE: usize = 128;

/// Where a member lies, as 16 hexadecimal digits.
pub fn place(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The cut of the space into 2^bits cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    bits: u32,
}

/// One attempt to draw a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// First place of the cell.
    pub from: String,
    /// Last place of the cell.
    pub to: String,
    /// The slot that wins, 0 to CAPACITY − 1.
    pub slot: usize,
}

impl Cells {
    /// The cut for a set in which the first `seen` members reach up to `last`, a place as [`place`] writes it.
    pub fn estimate(seen: usize, last: &str) -> Self {
        let last = u64::from_str_radix(last.get(..16).unwrap_or("ffffffffffffffff"), 16).unwrap_or(u64::MAX);
        let share = (last as f64 / u64::MAX as f64).max(f64::MIN_POSITIVE);
        let members = seen as f64 / share;
        Self { bits: (members / MEAN).log2().round().clamp(0.0, 48.0) as u32 }
    }

    /// The next finer cut, for when a cell turned out too full.
    #[must_use]
    pub fn finer(self) -> Self {
        Self { bits: (self.bits + 1).min(48) }
    }

    /// One attempt.
    pub fn draw(self, random: &mut impl Rng) -> Draw {
        let cell = if self.bits == 0 { 0 } else { random.random::<u64>() >> (64 - self.bits) };
        let width = 64 - self.bits;
        let from = if width == 64 { 0 } else { cell << width };
        let to = if width == 64 { u64::MAX } else { from | ((1 << width) - 1) };
        Draw {
            from: format!("{from:016x}"),
            to: format!("{to:016x}"),
            slot: random.random_range(0..CAPACITY),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// The chi-square statistic of counts against equal shares, as standard deviations above its mean.
    fn excess(counts: &[u64]) -> f64 {
        let total: u64 = counts.iter().sum();
        let expected = total as f64 / counts.len() as f64;
        let statistic: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
        let freedom = counts.len() as f64 - 1.0;
        (statistic - freedom) / (2.0 * freedom).sqrt()
    }

    fn draw_many(members: usize, accepted: usize) -> Vec<u64> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for member in 0..members {
            places.insert(place(&format!("member {member}")), member);
        }
        let last = places.keys().nth(READ_WHOLE - 1).unwrap();
        let cells = Cells::estimate(READ_WHOLE, last);
        let mut random = StdRng::seed_from_u64(11);
        let mut counts = vec![0; members];
        let mut left = accepted;
        while left > 0 {
            let draw = cells.draw(&mut random);
            let cell: Vec<&usize> = places.range(draw.from..=draw.to).map(|(_, member)| member).collect();
            assert!(cell.len() <= CAPACITY);
            if let Some(member) = cell.get(draw.slot) {
                counts[**member] += 1;
                left -= 1;
            }
        }
        counts
    }

    #[test]
    fn every_member_is_drawn_equally_often() {
        for members in [200, 1_000, 5_000] {
            let counts = draw_many(members, members * 40);
            assert!(excess(&counts).abs() < 5.0, "{members} members: {}", excess(&counts));
        }
    }

    #[test]
    fn the_test_of_uniformity_would_find_the_bias_of_a_draw_without_rejection() {
        // The nearest member above a random place: its chance is the gap below it.
        let places: Vec<u64> = (0..1_000u64)
            .map(|member| u64::from_str_radix(&place(&format!("member {member}")), 16).unwrap())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut random = StdRng::seed_from_u64(11);
        let mut counts = vec![0; places.len()];
        for _ in 0..40_000 {
            let found = places.partition_point(|place| *place < random.random::<u64>());
            counts[found % places.len()] += 1;
        }
        assert!(excess(&counts) > 100.0);
    }

    #[test]
    fn cells_cover_the_space_without_overlap() {
        let mut random = StdRng::seed_from_u64(3);
        for bits in [0, 1, 7, 48] {
            let draw = Cells { bits }.draw(&mut random);
            assert!(draw.from <= draw.to);
            let width =
                u64::from_str_radix(&draw.to, 16).unwrap() - u64::from_str_radix(&draw.from, 16).unwrap();
            assert_eq!(u128::from(width) + 1, 1u128 << (64 - bits));
        }
    }
}
