//! Collects the best matches of each kind, how many there are, and the values of facets.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use tantivy::{DocAddress, DocId, SegmentOrdinal};

use super::segment::{Match, Segment};
use crate::document::Kind;
use crate::error::IndexError;
use crate::plan::Plan;
use crate::{Facet, FacetCount, MAX_FACET_VALUES};

/// Points and popularity in one number that sorts by the points first.
pub(super) type Rank = u64;

pub(super) fn rank(points: f32, popularity: u64) -> Rank {
    // The bits of floats that are not negative sort like the floats.
    (u64::from(points.max(0.0).to_bits()) << 32) | popularity.min(u32::MAX.into())
}

/// The matches of one kind.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) kind: Kind,
    pub(super) total: usize,
    top: usize,
    /// The best, the worst of them on top.
    heap: BinaryHeap<Reverse<Candidate>>,
}

/// Of equal ranks the one of the smaller id comes first, wherever it lies: a new generation does not change the order.
type Candidate = (Rank, Reverse<u64>, DocAddress);

impl Best {
    fn new(kind: Kind, top: usize) -> Self {
        Self { kind, total: 0, top, heap: BinaryHeap::new() }
    }

    /// Whether something of this rank can be among the best.
    fn may_hold(&self, rank: Rank) -> bool {
        let is_full = self.heap.len() >= self.top;
        !is_full || self.heap.peek().is_some_and(|Reverse((worst, ..))| rank >= *worst)
    }

    fn push(&mut self, candidate: Candidate) {
        if self.heap.len() < self.top {
            self.heap.push(Reverse(candidate));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate > worst.0
        {
            *worst = Reverse(candidate);
        }
    }

    /// The addresses, best first.
    pub(super) fn into_sorted(self) -> Vec<DocAddress> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse((_, _, address))| address).collect()
    }
}

/// What all segments together hold.
#[derive(Debug)]
pub(super) struct Collected {
    /// One for each kind, by its number, whether or not it was asked for.
    pub(super) best: Vec<Best>,
    counts: BTreeMap<Facet, HashMap<String, usize>>,
}

impl Collected {
    /// Nothing yet, for the best `top` of these kinds.
    pub(super) fn new(kinds: &[Kind], top: usize, facets: &[Facet]) -> Self {
        let top_of = |kind: Kind| if kinds.contains(&kind) { top } else { 0 };
        Self {
            best: Kind::ALL.map(|kind| Best::new(kind, top_of(kind))).into(),
            counts: facets.iter().map(|facet| (*facet, HashMap::new())).collect(),
        }
    }

    pub(super) fn total(&self) -> usize {
        self.best.iter().map(|best| best.total).sum()
    }

    /// Adds what a plan finds in one segment. Answers how many documents at most meet each of its slots.
    pub(super) fn add(
        &mut self,
        ordinal: SegmentOrdinal,
        segment: &Segment,
        plan: &Plan,
    ) -> Result<Vec<u64>, IndexError> {
        let has_facets = !self.counts.is_empty();
        let mut tracks = Vec::new();
        let most = segment.matches(plan, |Match { doc, points, kind }| {
            let Some(best) = self.best.get_mut(usize::from(kind)) else { return };
            best.total += 1;
            // What is only looked up for those that may be among the best is not looked up for most.
            if best.may_hold(rank(points, u64::MAX)) {
                let rank = rank(points, segment.popularity(doc));
                let id = Reverse(segment.ids.low(doc));
                best.push((rank, id, DocAddress::new(ordinal, doc)));
            }
            if has_facets && best.kind == Kind::Track {
                tracks.push(doc);
            }
        })?;
        for (facet, counts) in &mut self.counts {
            for (value, count) in count(*facet, segment, &tracks)? {
                *counts.entry(value).or_default() += count;
            }
        }
        Ok(most)
    }

    /// The values of each facet, those of most tracks first.
    pub(super) fn facets(&mut self) -> BTreeMap<Facet, Vec<FacetCount>> {
        let sorted = |counts: HashMap<String, usize>| {
            let mut counts: Vec<FacetCount> =
                counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect();
            counts
                .sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.value.cmp(&other.value)));
            counts.truncate(MAX_FACET_VALUES);
            counts
        };
        std::mem::take(&mut self.counts).into_iter().map(|(facet, counts)| (facet, sorted(counts))).collect()
    }
}

/// How many of these documents have each value.
fn count(facet: Facet, segment: &Segment, docs: &[DocId]) -> Result<Vec<(String, usize)>, IndexError> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for doc in docs {
        let mut add = |value| *counts.entry(value).or_default() += 1;
        match facet {
            Facet::Genre => segment.genres(*doc).for_each(&mut add),
            Facet::Year => segment.year(*doc).into_iter().for_each(&mut add),
        }
    }
    let named = counts.into_iter().map(|(value, count)| {
        let name = match facet {
            Facet::Genre => segment.genre_name(value)?,
            Facet::Year => value.to_string(),
        };
        Ok((name, count))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_outrank_popularity() {
        assert!(rank(44.1, 0) > rank(44.0, 1_000_000));
        assert!(rank(44.0, 2) > rank(44.0, 1));
        assert!(rank(0.0, u64::MAX) > rank(-1.0, 0));
    }

    #[test]
    fn the_best_stay() {
        let mut best = Best::new(Kind::Track, 2);
        for (doc, rank) in [(0, 5), (1, 9), (2, 7), (3, 9), (4, 1)] {
            best.push((rank, Reverse(u64::from(9 - doc)), DocAddress::new(0, doc)));
        }
        let docs: Vec<DocId> = best.into_sorted().into_iter().map(|address| address.doc_id).collect();
        assert_eq!(docs, [3, 1]);
    }
}
