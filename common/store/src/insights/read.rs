//! Reading counts.

use futures::future::try_join_all;
use mixtape_domain::AccountId;
use mixtape_domain::insights::{Change, Day, Decoder, Length, Period, Quarter, Rows};

use super::ledger::{Ledger, Version};
use super::{Insights, QUARTER, Scope, quarter_sk, quarters_pk};
use crate::StoreError;
use crate::table::{Item, Range};

/// The quarters of a day, and more.
const QUARTERS: usize = 100;

impl Insights {
    /// The version of counts: one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn version(&self, scope: Scope) -> Result<Version, StoreError> {
        let heads = self.heads(&Ledger::of(scope)).await?;
        Ok(Version(heads.iter().map(|head| head.last).collect()))
    }

    /// The rows of these periods, in their order, and the version that they are of: one Query for each ledger, one for
    /// each day of an account, and one GET for each other period and ledger that was folded.
    ///
    /// # Errors
    /// The table or the bucket is away.
    pub async fn read(&self, scope: Scope, periods: &[Period]) -> Result<(Version, Vec<Rows>), StoreError> {
        let ledgers = Ledger::of(scope);
        let read = try_join_all(ledgers.iter().map(|ledger| self.read_ledger(*ledger, periods))).await?;
        let mut sums = vec![Rows::default(); periods.len()];
        let mut version = Vec::with_capacity(read.len());
        for (last, rows) in read {
            version.push(last);
            for (sum, rows) in sums.iter_mut().zip(rows) {
                *sum = if sum.is_empty() { rows } else { sum.plus(&rows) };
            }
        }
        Ok((Version(version), sums))
    }

    async fn read_ledger(&self, ledger: Ledger, periods: &[Period]) -> Result<(u64, Vec<Rows>), StoreError> {
        // The entries first: what is folded after this is in the summaries that are read next.
        let (head, entries) = self.entries(ledger, 0).await?;
        let rows = periods.iter().map(|period| {
            let (head, entries) = (&head, &entries);
            async move {
                if let (Ledger::Account(account), Length::Day) = (ledger, period.length()) {
                    return self.rows_of_day(account, period.first()).await;
                }
                let summary = self.summary(ledger, *period, head).await?;
                let mut fresh = Change::default();
                let later = entries.iter().filter(|entry| entry.number > summary.through);
                later.for_each(|entry| fresh.add(&entry.change));
                Ok(summary.rows.plus(&fresh.within(*period)))
            }
        });
        // Summaries and quarters can be later than the head: whoever keeps the rows under its version asks once too
        // often.
        Ok((head.last, try_join_all(rows).await?))
    }

    /// The rows of a day, from its quarters: one Query.
    async fn rows_of_day(&self, account: AccountId, day: Day) -> Result<Rows, StoreError> {
        let (first, last) = (quarter_sk(Quarter::first_of(day)), quarter_sk(Quarter::last_of(day)));
        let range = Range::table(quarters_pk(account), QUARTER).between(&first, &last);
        let quarters = self.table.query(&range, QUARTERS, true).await?.items;
        let rows = quarters.iter().map(rows_of_item).collect::<Result<Vec<Rows>, _>>()?;
        let day_rows = rows.iter().flat_map(Rows::iter).copied().collect();
        Ok(Rows::of_days([(day, &day_rows)], Length::Day))
    }
}

/// The rows in the item of a quarter.
pub(super) fn rows_of_item(item: &Item) -> Result<Rows, StoreError> {
    let bytes = item.get("rows").and_then(|rows| rows.as_b().ok());
    let bytes = bytes.ok_or_else(|| StoreError::Corrupt("a quarter has no rows".into()))?;
    Ok(Decoder::new(bytes.as_ref()).rows()?)
}
