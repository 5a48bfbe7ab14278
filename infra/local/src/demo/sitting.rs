//! Tracks that follow each other, and how several such sittings share a span of time.

/// Seconds between two sittings, at least.
const BREAK: i64 = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listen {
    /// A track of the catalogue.
    pub(super) track: usize,
    /// When it began, in seconds since 1970.
    pub(super) at: i64,
    pub(super) played_ms: u64,
}

impl Listen {
    /// When the next one can begin: not in the same second.
    pub(super) fn end(&self) -> i64 {
        self.at + i64::try_from(self.played_ms.div_ceil(1000).max(1)).unwrap_or(i64::MAX)
    }
}

/// Listens that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sitting {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) listens: Vec<Listen>,
}

impl Sitting {
    fn shift(&mut self, seconds: i64) {
        self.start += seconds;
        self.end += seconds;
        for listen in &mut self.listens {
            listen.at += seconds;
        }
    }
}

/// Moves sittings, which are in the order of their beginnings, so that each ends a while before the next one begins,
/// and all lie within the given time. What it cannot hold lies after it.
pub(super) fn make_room(sittings: &mut [Sitting], since: i64, until: i64) {
    let mut latest = until;
    // Rather into the day than into the night.
    for sitting in sittings.iter_mut().rev() {
        sitting.shift((latest - sitting.end).min(0));
        latest = sitting.start - BREAK;
    }
    let mut earliest = since;
    for sitting in sittings {
        sitting.shift((earliest - sitting.start).max(0));
        earliest = sitting.end + BREAK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where sittings of these beginnings and ends come to lie, in a day of 10,000 seconds.
    fn moved(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let sitting = |&(start, end): &(i64, i64)| {
            let listens = vec![Listen { track: 0, at: start, played_ms: 1000 }];
            Sitting { start, end, listens }
        };
        let mut sittings: Vec<Sitting> = spans.iter().map(sitting).collect();
        make_room(&mut sittings, 0, 10_000);
        assert!(sittings.iter().all(|sitting| sitting.listens[0].at == sitting.start));
        sittings.iter().map(|sitting| (sitting.start, sitting.end)).collect()
    }

    #[test]
    fn sittings_keep_apart_and_within_their_time() {
        assert_eq!(moved(&[]), []);
        assert_eq!(moved(&[(100, 200), (500, 600)]), [(100, 200), (500, 600)]);
        assert_eq!(moved(&[(1000, 2000), (1500, 2500)]), [(200, 1200), (1500, 2500)]);
        assert_eq!(moved(&[(-50, 950), (9800, 10_800)]), [(0, 1000), (9000, 10_000)]);
        assert_eq!(moved(&[(100, 1100), (200, 1200)]), [(0, 1000), (1300, 2300)]);
        assert_eq!(moved(&[(0, 6000), (1, 6001)]), [(0, 6000), (6300, 12_300)]);
    }
}
