//! Folding: older entries of a ledger go into the summaries, so that there are always few to add up.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::insights::{Change, Length, Period};

use super::Insights;
use super::ledger::{Entry, Head, Ledger};
use super::summary::Summary;
use crate::StoreError;

/// Entries are folded once there are so many, ...
const MAX_ENTRIES: u64 = 64;
/// ... or so many bytes of them.
const MAX_BYTES: i64 = 64 * 1024;
/// Summaries that are written at once.
const AT_ONCE: usize = 8;
/// How often a summary is read again when somebody else was faster.
const ATTEMPTS: usize = 5;

impl Head {
    /// Whether there is enough to fold.
    pub(super) fn is_long(&self) -> bool {
        self.last - self.folded >= MAX_ENTRIES || self.bytes >= MAX_BYTES
    }
}

impl Insights {
    /// Folds the entries of a ledger into its summaries and deletes them. Breaking off between any two steps, and
    /// several at once, do no harm: every summary says which entries it has, and entries go only when all of them have
    /// them.
    pub(super) async fn fold(&self, ledger: Ledger) -> Result<(), StoreError> {
        let (head, mut entries) = self.entries(ledger, 0).await?;
        let until = match ledger {
            Ledger::Account(_) => head.last,
            // What is not counted yet is still needed.
            Ledger::Everybody(_) => head.counted,
        };
        entries.retain(|entry| entry.number <= until);
        let Some(until) = entries.last().map(|entry| entry.number) else { return Ok(()) };
        if until <= head.folded {
            // Somebody has folded all of them and has not deleted them yet, or broke off before that.
            return self.delete_folded(ledger, &entries, until).await;
        }
        let mut all = Change::default();
        entries.iter().for_each(|entry| all.add(&entry.change));
        let first = entries.first().map_or(0, |entry| entry.number);
        let folds = touched(ledger, &entries).into_iter().map(|period| {
            let (entries, all) = (&entries, &all);
            async move {
                let add = |summary: &Summary| {
                    let missing = if summary.through < first {
                        all.within(period)
                    } else {
                        let mut missing = Change::default();
                        let later = entries.iter().filter(|entry| entry.number > summary.through);
                        later.for_each(|entry| missing.add(&entry.change));
                        missing.within(period)
                    };
                    Summary { through: until, rows: summary.rows.plus(&missing) }
                };
                self.fold_into(ledger, period, until, add).await
            }
        });
        stream::iter(folds).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let bytes = entries.iter().filter(|entry| entry.number > head.folded).map(|entry| entry.bytes).sum();
        if !self.note_folded(ledger, &head, until, bytes).await? {
            // Somebody else has folded some of them, and deletes those. The rest is folded again, to no effect.
            return Ok(());
        }
        self.delete_folded(ledger, &entries, until).await
    }

    /// Deletes the items all of whose entries are folded. What lies in the head leaves it when it is written next.
    async fn delete_folded(&self, ledger: Ledger, entries: &[Entry], until: u64) -> Result<(), StoreError> {
        let items: BTreeSet<u64> = entries.iter().filter_map(|entry| entry.item).collect();
        let keys = items.range(..=until).map(|item| ledger.entry_key(*item)).collect();
        self.table.batch_delete(keys).await
    }

    async fn fold_into(
        &self,
        ledger: Ledger,
        period: Period,
        until: u64,
        add: impl Fn(&Summary) -> Summary,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let (summary, etag) = self.summary_object(ledger, period).await?;
            if summary.through >= until {
                return Ok(());
            }
            if self.replace_summary(ledger, period, &add(&summary), etag.as_deref()).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended("a summary kept changing".into()))
    }
}

/// The periods that the entries concern, of the lengths for which a ledger has summaries. An account's days are read
/// from its quarters.
fn touched(ledger: Ledger, entries: &[Entry]) -> BTreeSet<Period> {
    let lengths = match ledger {
        Ledger::Account(_) => &Length::ALL[1..],
        Ledger::Everybody(_) => &Length::ALL[..],
    };
    let days: BTreeSet<_> = entries.iter().flat_map(|entry| entry.change.days()).collect();
    let periods = days.iter().flat_map(|day| lengths.iter().map(|length| Period::of(*length, *day)));
    periods.collect()
}
