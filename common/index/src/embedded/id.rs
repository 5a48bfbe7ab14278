//! Where a document is filed: its kind and the 128 bits of its id.
//!
//! Ids are columns, and 16 of their bits are a term, by which the few documents that share them are found. An id as a
//! term of its own would take several times the space.

use std::sync::Arc;

use mixtape_domain::{AlbumId, ArtistId, TrackId};
use tantivy::columnar::{ColumnIndex, ColumnValues};
use tantivy::fastfield::AliveBitSet;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED};

use super::schema;
use crate::document::{Key, Kind};
use crate::error::IndexError;

/// The kind and id of a document. They sort by bucket first, as the index does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    kind: u64,
    id: u128,
}

impl Place {
    pub(super) fn of(key: &Key) -> Self {
        let bytes = match key {
            Key::Track(id) => id.to_bytes(),
            Key::Artist(id) => id.to_bytes(),
            Key::Album(id) => id.to_bytes(),
        };
        Self { kind: key.kind().number(), id: u128::from_be_bytes(bytes) }
    }

    pub(super) fn key(self) -> Result<Key, IndexError> {
        let bytes = self.id.to_be_bytes();
        match Kind::ALL.into_iter().find(|kind| kind.number() == self.kind) {
            Some(Kind::Track) => Ok(Key::Track(TrackId::from_bytes(bytes))),
            Some(Kind::Artist) => Ok(Key::Artist(ArtistId::from_bytes(bytes))),
            Some(Kind::Album) => Ok(Key::Album(AlbumId::from_bytes(bytes))),
            None => Err(IndexError::Broken(format!("a document of the kind {}", self.kind))),
        }
    }

    /// The last 16 bits, which are random in every kind of id.
    pub(super) fn bucket(self) -> u64 {
        self.low() & 0xFFFF
    }

    pub(super) fn high(self) -> u64 {
        u64::try_from(self.id >> 64).unwrap_or_default()
    }

    pub(super) fn low(self) -> u64 {
        u64::try_from(self.id & u128::from(u64::MAX)).unwrap_or_default()
    }
}

/// A column that every document has a value in. Without a look whether it has one, reading it costs half.
pub(super) fn full_column(
    reader: &SegmentReader,
    name: &str,
) -> Result<Arc<dyn ColumnValues<u64>>, IndexError> {
    let column = reader.fast_fields().u64(name)?;
    Ok(match column.index {
        ColumnIndex::Full => column.values,
        _ => column.first_or_default_col(0),
    })
}

/// The documents of one segment by their ids.
#[derive(Clone)]
pub(super) struct Ids {
    buckets: Arc<InvertedIndexReader>,
    facts: Arc<dyn ColumnValues<u64>>,
    high: Arc<dyn ColumnValues<u64>>,
    low: Arc<dyn ColumnValues<u64>>,
    alive: Option<AliveBitSet>,
}

impl Ids {
    pub(super) fn open(reader: &SegmentReader, fields: &schema::Fields) -> Result<Self, IndexError> {
        Ok(Self {
            buckets: reader.inverted_index(fields.bucket)?,
            facts: full_column(reader, schema::FACTS)?,
            high: full_column(reader, schema::ID_HIGH)?,
            low: full_column(reader, schema::ID_LOW)?,
            alive: reader.alive_bitset().cloned(),
        })
    }

    /// The document filed here, if there is one.
    pub(super) fn document(&self, place: Place) -> Result<Option<DocId>, IndexError> {
        let of_bucket = self.of_bucket(place.bucket())?;
        Ok(of_bucket.into_iter().find_map(|(doc, found)| (found == place).then_some(doc)))
    }

    /// What lies in a bucket and was not deleted.
    pub(super) fn of_bucket(&self, bucket: u64) -> Result<Vec<(DocId, Place)>, IndexError> {
        let Some(info) = self.buckets.terms().get(bucket.to_be_bytes())? else { return Ok(Vec::new()) };
        let mut postings = self.buckets.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
        let mut found = Vec::new();
        while postings.doc() != TERMINATED {
            let doc = postings.doc();
            if self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc)) {
                found.push((doc, self.place(doc)));
            }
            postings.advance();
        }
        Ok(found)
    }

    /// The first bucket from this one on that has held something.
    pub(super) fn bucket_from(&self, bucket: u64) -> Result<Option<u64>, IndexError> {
        let mut buckets = self.buckets.terms().range().ge(bucket.to_be_bytes()).into_stream()?;
        let first = buckets.advance().then(|| buckets.key().try_into().map(u64::from_be_bytes));
        first.transpose().map_err(|_| IndexError::Broken("a bucket that is no number".to_owned()))
    }

    /// The lower half of the id.
    pub(super) fn low(&self, doc: DocId) -> u64 {
        self.low.get_val(doc)
    }

    pub(super) fn place(&self, doc: DocId) -> Place {
        let id = u128::from(self.high.get_val(doc)) << 64 | u128::from(self.low.get_val(doc));
        Place { kind: schema::Facts(self.facts.get_val(doc)).kind(), id }
    }
}
