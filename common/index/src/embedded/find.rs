//! Questions to one generation of the index. Everything here blocks.

use tantivy::Searcher;

use super::collect::Collected;
use super::schema::Fields;
use super::segment::Segment;
use crate::document::Key;
use crate::error::IndexError;
use crate::plan::{Plan, Stage};
use crate::{ENOUGH, Found, Request};

/// A generation with everything open.
pub(super) struct Snapshot {
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Segment>,
    pub(super) fields: Fields,
}

impl Snapshot {
    pub(super) fn open(searcher: Searcher) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let open = |reader| Segment::open(reader, &fields);
        let segments = searcher.segment_readers().iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { searcher, segments, fields })
    }

    /// The results of a query.
    ///
    /// Typing errors are looked for only when there is not enough without them, and first only in words that few names
    /// hold: one that many hold is hardly a typing error, and looking for it would cost the most.
    pub(super) fn search(&self, request: &Request) -> Result<Found, IndexError> {
        let query = &request.query;
        let (mut collected, most) = self.collect(request, &Plan::new(query, Stage::Literal))?;
        if collected.total() < ENOUGH {
            let rare: Vec<usize> = (0..most.len()).filter(|term| most[*term] < ENOUGH as u64).collect();
            if !rare.is_empty() && rare.len() < most.len() {
                collected = self.collect(request, &Plan::tolerant_in(query, &rare))?.0;
            }
            if collected.total() == 0 || rare.len() == most.len() {
                collected = self.collect(request, &Plan::new(query, Stage::Tolerant))?.0;
            }
        }
        let mut found = Found { facets: collected.facets(), ..Found::default() };
        for best in collected.best {
            if !request.kinds.contains(&best.kind) {
                continue;
            }
            let (kind, total) = (best.kind, best.total);
            let page = best.into_sorted().into_iter().skip(request.offset);
            let keys = page
                .map(|address| self.segments[address.segment_ord as usize].ids.place(address.doc_id).key());
            found.add(kind, total, keys.collect::<Result<_, _>>()?);
        }
        Ok(found)
    }

    /// What a plan finds, and how many documents at most meet each of its slots.
    fn collect(&self, request: &Request, plan: &Plan) -> Result<(Collected, Vec<u64>), IndexError> {
        let top = request.offset.saturating_add(request.limit);
        let mut collected = Collected::new(&request.kinds, top, &request.facets);
        let mut most = vec![0; plan.slots.len()];
        for (ordinal, segment) in (0..).zip(&self.segments) {
            let (matches, of_segment) = segment.matches(plan)?;
            collected.add(ordinal, segment, &matches)?;
            most.iter_mut().zip(of_segment).for_each(|(most, more)| *most += more);
        }
        Ok((collected, most))
    }

    /// About `limit` keys, of whole buckets, from this bucket on, and the bucket after them.
    pub(super) fn keys(&self, from: u64, limit: usize) -> Result<(Vec<Key>, Option<u64>), IndexError> {
        let mut keys = Vec::new();
        let mut next = self.bucket_from(from)?;
        while let Some(bucket) = next
            && keys.len() < limit
        {
            for segment in &self.segments {
                for (_, place) in segment.ids.of_bucket(bucket)? {
                    keys.push(place.key()?);
                }
            }
            next = self.bucket_from(bucket + 1)?;
        }
        Ok((keys, next))
    }

    fn bucket_from(&self, bucket: u64) -> Result<Option<u64>, IndexError> {
        let firsts = self.segments.iter().map(|segment| segment.ids.bucket_from(bucket));
        Ok(firsts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().min())
    }
}
