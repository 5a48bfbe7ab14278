//! The documents of some ids, as a query by which Tantivy deletes them.

use std::sync::Arc;

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{BitSet, DocId, Score, SegmentReader, TantivyError};

use super::id::{Ids, Place};
use super::schema::Fields;

/// All documents that are filed at these places.
#[derive(Debug, Clone)]
pub(super) struct Filed(Arc<Vec<Place>>);

impl Filed {
    pub(super) fn at(places: Vec<Place>) -> Self {
        Self(Arc::new(places))
    }
}

impl Query for Filed {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Filed {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let internal = |error: crate::IndexError| TantivyError::InternalError(error.to_string());
        let ids = Ids::open(reader, &Fields::new()).map_err(internal)?;
        let mut docs = BitSet::with_max_value(reader.max_doc());
        for place in self.0.iter() {
            if let Some(doc) = ids.document(*place).map_err(internal)? {
                docs.insert(doc);
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("has one of the ids", 1.0))
    }
}
