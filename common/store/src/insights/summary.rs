//! Summaries: the rows of a ledger and a period up to an entry, as objects in the bucket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mixtape_domain::insights::{Decoder, Encoder, Period, Rows};

use super::Insights;
use super::ledger::{Head, Ledger};
use crate::{PutOutcome, StoreError};

/// The first byte of every summary, so that a later form can be told from this one.
const FORMAT: u64 = 1;
/// What is kept of everybody's summaries in a process, in rows; a row takes 48 bytes.
const MAX_CACHED_ROWS: usize = 1_500_000;

/// The rows of a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Summary {
    /// The last entry that is in it, of those that concern the period.
    pub(super) through: u64,
    pub(super) rows: Rows,
}

impl Summary {
    fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.number(FORMAT);
        encoder.number(self.through);
        encoder.rows(&self.rows);
        encoder.finish()
    }

    fn decode(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = Decoder::new(bytes);
        if decoder.number()? != FORMAT {
            return Err(StoreError::Corrupt(format!("{key} has a form that this version does not know")));
        }
        Ok(Self { through: decoder.number()?, rows: decoder.rows()? })
    }
}

fn key(ledger: Ledger, period: Period) -> String {
    format!("{}{period}", ledger.prefix())
}

/// Everybody's summaries as they were read last. A summary is good as long as its ledger was not folded again. When it
/// is full, it starts anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache(Arc<Mutex<Cached>>);

#[derive(Debug, Default)]
struct Cached {
    summaries: HashMap<String, (u64, Arc<Summary>)>,
    rows: usize,
}

impl Cache {
    fn get(&self, key: &str, folded: u64) -> Option<Arc<Summary>> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.summaries.get(key).filter(|(of, _)| *of == folded).map(|(_, summary)| Arc::clone(summary))
    }

    fn put(&self, key: String, folded: u64, summary: &Arc<Summary>) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.rows + summary.rows.len() > MAX_CACHED_ROWS {
            *cached = Cached::default();
        }
        cached.rows += summary.rows.len();
        if let Some((_, before)) = cached.summaries.insert(key, (folded, Arc::clone(summary))) {
            cached.rows -= before.rows.len();
        }
    }
}

impl Insights {
    /// A summary and the ETag of its object, which is none where nothing was folded yet: one GET.
    pub(super) async fn summary_object(
        &self,
        ledger: Ledger,
        period: Period,
    ) -> Result<(Summary, Option<String>), StoreError> {
        let key = key(ledger, period);
        match self.objects.get(&key).await? {
            Some(blob) => Ok((Summary::decode(&key, &blob.bytes)?, Some(blob.etag))),
            None => Ok((Summary::default(), None)),
        }
    }

    /// A summary as it is now. `head` was read before.
    pub(super) async fn summary(
        &self,
        ledger: Ledger,
        period: Period,
        head: &Head,
    ) -> Result<Arc<Summary>, StoreError> {
        if head.folded == 0 {
            return Ok(Arc::default());
        }
        let Ledger::Everybody(_) = ledger else {
            return Ok(Arc::new(self.summary_object(ledger, period).await?.0));
        };
        let key = key(ledger, period);
        if let Some(summary) = self.summaries.get(&key, head.folded) {
            return Ok(summary);
        }
        let summary = Arc::new(self.summary_object(ledger, period).await?.0);
        self.summaries.put(key, head.folded, &summary);
        Ok(summary)
    }

    /// Replaces a summary, unless somebody else has since it was read.
    pub(super) async fn replace_summary(
        &self,
        ledger: Ledger,
        period: Period,
        summary: &Summary,
        etag: Option<&str>,
    ) -> Result<bool, StoreError> {
        let outcome = self.objects.put_if(&key(ledger, period), summary.encode(), etag).await?;
        Ok(outcome != PutOutcome::Lost)
    }
}
