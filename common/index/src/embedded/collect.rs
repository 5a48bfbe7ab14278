//! Collects the best results and the number of all results of each kind in one pass over the matches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::schema;
use crate::document::Kind;

/// Names of more words are all equally long.
const MAX_LENGTH: u64 = 9;
/// What a word more costs. All of them together cost less than the difference between two fields.
const LENGTH_PENALTY: f32 = 0.1;

/// For each of some kinds: the best `top` matches and the number of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct BestByKind<'a> {
    pub(super) kinds: &'a [Kind],
    pub(super) top: usize,
}

/// Score and popularity in one number that sorts by the score first.
type Rank = u64;

fn rank(score: Score, length: u64, popularity: u64) -> Rank {
    let length = u16::try_from(length.min(MAX_LENGTH)).unwrap_or(0);
    let adjusted = score + 1.0 - LENGTH_PENALTY * f32::from(length);
    // The bits of floats that are not negative sort like the floats.
    (u64::from(adjusted.max(0.0).to_bits()) << 32) | popularity.min(u32::MAX.into())
}

/// The matches of one kind.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) kind: Kind,
    pub(super) total: usize,
    top: usize,
    /// The best, the worst of them on top.
    heap: BinaryHeap<Reverse<(Rank, Reverse<DocAddress>)>>,
}

impl Best {
    fn new(kind: Kind, top: usize) -> Self {
        Self { kind, total: 0, top, heap: BinaryHeap::new() }
    }

    fn push(&mut self, candidate: (Rank, Reverse<DocAddress>)) {
        if self.heap.len() < self.top {
            self.heap.push(Reverse(candidate));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate > worst.0
        {
            *worst = Reverse(candidate);
        }
    }

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        for Reverse(candidate) in other.heap {
            self.push(candidate);
        }
    }

    /// The ranks and addresses, best first.
    pub(super) fn into_sorted(self) -> Vec<(Rank, DocAddress)> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse((rank, Reverse(doc)))| (rank, doc)).collect()
    }
}

pub(super) struct SegmentBest {
    segment: SegmentOrdinal,
    kind: Arc<dyn ColumnValues<u64>>,
    length: Arc<dyn ColumnValues<u64>>,
    popularity: Arc<dyn ColumnValues<u64>>,
    best: Vec<Best>,
}

impl Collector for BestByKind<'_> {
    type Fruit = Vec<Best>;
    type Child = SegmentBest;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentBest> {
        let column =
            |name| Ok::<_, tantivy::TantivyError>(reader.fast_fields().u64(name)?.first_or_default_col(0));
        Ok(SegmentBest {
            segment,
            kind: column(schema::KIND)?,
            length: column(schema::LENGTH)?,
            popularity: column(schema::POPULARITY)?,
            best: self.kinds.iter().map(|kind| Best::new(*kind, self.top)).collect(),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<Best>>) -> tantivy::Result<Vec<Best>> {
        let mut all: Vec<Best> = self.kinds.iter().map(|kind| Best::new(*kind, self.top)).collect();
        for segment in segments {
            for (best, of_segment) in all.iter_mut().zip(segment) {
                best.merge(of_segment);
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentBest {
    type Fruit = Vec<Best>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let kind = self.kind.get_val(doc);
        let Some(best) = self.best.iter_mut().find(|best| best.kind.number() == kind) else { return };
        best.total += 1;
        let rank = rank(score, self.length.get_val(doc), self.popularity.get_val(doc));
        best.push((rank, Reverse(DocAddress::new(self.segment, doc))));
    }

    fn harvest(self) -> Vec<Best> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_outranks_length_and_length_outranks_popularity() {
        assert!(rank(44.0, 9, 0) > rank(43.0, 1, 1_000_000));
        assert!(rank(44.0, 2, 0) > rank(44.0, 3, 1_000_000));
        assert!(rank(44.0, 2, 2) > rank(44.0, 2, 1));
        assert!(rank(0.0, u64::MAX, u64::MAX) > rank(0.0, u64::MAX, 0));
    }

    #[test]
    fn the_best_stay() {
        let mut best = Best::new(Kind::Track, 2);
        for (doc, rank) in [(0, 5), (1, 9), (2, 7), (3, 9), (4, 1)] {
            best.push((rank, Reverse(DocAddress::new(0, doc))));
        }
        let docs: Vec<DocId> = best.into_sorted().into_iter().map(|(_, doc)| doc.doc_id).collect();
        assert_eq!(docs, [1, 3]);
    }
}
