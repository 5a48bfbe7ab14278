//! Counts of attempts within fixed windows of time, kept where all instances of a function see them.

use std::time::Duration;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use mixtape_domain::Timestamp;

use super::{Accounts, unexpected};
use crate::StoreError;
use crate::table::{self, CommitError, Item, number};

/// How many attempts somebody has within a window. Windows start at multiples of their length, so up to twice the
/// limit fits around the border of two windows.
#[derive(Debug, Clone)]
pub struct Counter {
    /// What is counted, for example `login`.
    pub what: &'static str,
    /// Whose attempts they are.
    pub whose: String,
    pub limit: u32,
    pub window: Duration,
}

impl Counter {
    pub(super) fn key(&self, now: Timestamp) -> Item {
        let pk = format!("ATTEMPTS#{}#{}", self.what, self.whose);
        table::key(pk, now.slot(self.window).to_string())
    }

    fn window_end(&self, now: Timestamp) -> Timestamp {
        now.slot(self.window).plus(self.window)
    }
}

/// A limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Seconds until the window ends.
    pub retry_after: u64,
}

impl Accounts {
    /// Counts one attempt in each of the counters, or in none when one of them is full: one call.
    ///
    /// # Errors
    /// The table is away or the counters are fought over.
    pub async fn count(
        &self,
        counters: &[Counter],
        now: Timestamp,
    ) -> Result<Result<(), TooMany>, StoreError> {
        let actions = counters.iter().map(|counter| self.increment(counter, now)).collect();
        match self.commit(actions).await {
            Ok(()) => Ok(Ok(())),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(places)) => {
                let full = places.iter().filter_map(|place| counters.get(*place));
                let latest = full.map(|counter| counter.window_end(now)).max();
                let free_at = latest.ok_or_else(|| unexpected(&places))?;
                let millis = u64::try_from(free_at.millis() - now.millis()).unwrap_or(0);
                Ok(Err(TooMany { retry_after: millis.div_ceil(1000).max(1) }))
            }
        }
    }

    fn increment(&self, counter: &Counter, now: Timestamp) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(counter.key(now)))
            .update_expression("SET expires = :expires ADD attempts :one")
            .condition_expression("attribute_not_exists(attempts) OR attempts < :limit")
            .expression_attribute_values(":expires", number(counter.window_end(now).seconds()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(counter.limit));
        table::update(update.build().expect("table, key and expression are set"))
    }
}
