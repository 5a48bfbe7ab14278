//! Counting: what is counted is made to be what was heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use mixtape_domain::AccountId;
use mixtape_domain::insights::{Change, Period, Quarter};

use super::difference::{Batch, Correction, Difference};
use super::ledger::{Entry, Head, Ledger, SHARES};
use super::{Insights, QUARTER, quarter_key, quarters_pk};
use crate::table::{self, CommitError, Item, MAX_TRANSACTION, Range, number};
use crate::{Listed, StoreError};

/// Actions of a transaction that an account takes beside those of its quarters, and everybody's counts.
const ACTIONS_OF_A_LEDGER: usize = 2;
/// How often a batch is started over when somebody else has counted some of it.
const ATTEMPTS: u32 = 10;
/// How often everybody's counts are tried in another ledger.
const SHARE_ATTEMPTS: usize = 12;
/// An item holds at most 400 KB; a change above this is written in parts.
const MAX_CHANGE_BYTES: usize = 180 * 1024;
/// A transaction holds at most 4 MB; quarters above this are written in parts.
const MAX_ROW_BYTES: usize = 2 * 1024 * 1024;

/// Quarters of an hour in which something may have changed.
pub type Touched = BTreeMap<AccountId, BTreeSet<Quarter>>;

/// What was found to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Quarters whose counts were not right.
    pub quarters: usize,
    /// Listens that were counted more (or less) than before.
    pub listens: i64,
}

/// Everybody's ledgers as they were seen last, and what this run has added to them.
#[derive(Default)]
struct Written {
    heads: Vec<Head>,
    entries: [Vec<Entry>; SHARES as usize],
}

impl Written {
    /// Notes a change that was added to a ledger with this head.
    fn note(&mut self, share: u8, head: &Head, change: Change) {
        let (next, _) = head.after(change.encode());
        let place = usize::from(share);
        let entry = Entry { number: next.last, change, bytes: next.bytes - head.bytes, item: None };
        self.entries[place].push(entry);
        self.heads[place] = next;
    }
}

/// Why a batch was not written.
enum Failure {
    /// An account's counts have changed since they were read.
    Changed,
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Insights {
    /// Makes the counts of these quarters those of the listens in them. Does nothing where they are right already, so
    /// it can be repeated and run by several at once; where it breaks off, doing it again does the rest.
    ///
    /// For one listen: one BatchGetItem, two Queries, one GET where the account has a summary, one transaction, and an
    /// update for each of the track, its artists and its album; and one BatchGetItem and one BatchWriteItem for what
    /// the account never heard before.
    ///
    /// # Errors
    /// The table or the bucket is away, or others kept counting the same.
    pub async fn reconcile(&self, touched: &Touched) -> Result<Counted, StoreError> {
        let mut counted = Counted::default();
        let mut written = Written::default();
        for batch in batches(touched) {
            let mut parts = vec![batch];
            while let Some(part) = parts.pop() {
                match self.reconcile_batch(&part, &mut written).await? {
                    Outcome::Done(more) => {
                        counted.quarters += more.quarters;
                        counted.listens += more.listens;
                    }
                    Outcome::TooLarge => {
                        let (first, rest) = part.split_at(part.len() / 2);
                        parts.extend([first.to_vec(), rest.to_vec()]);
                    }
                }
            }
        }
        self.finish(written).await?;
        Ok(counted)
    }

    /// Forgets everything that was counted of a removed account, whose listens are gone: everybody's counts first, then
    /// its own.
    ///
    /// # Errors
    /// The table or the bucket is away; running it again does the rest.
    pub async fn forget(&self, account: AccountId) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let quarters = self.counted_quarters(account, MAX_TRANSACTION, after.as_deref()).await?;
            let touched = Touched::from([(account, quarters.items.into_iter().collect())]);
            self.reconcile(&touched).await?;
            after = quarters.next;
            if after.is_none() {
                break;
            }
        }
        let ledger = Ledger::Account(account);
        let items = self.table.query(&Range::table(ledger.pk(), ""), 100_000, true).await?.items;
        let mut keys: Vec<Item> = items.iter().filter_map(table::primary_key).collect();
        // The head sorts last and goes last: a ledger that begins anew must not find entries of the old one.
        let head = keys.pop();
        self.table.batch_delete(keys).await?;
        self.table.batch_delete(head.into_iter().collect()).await?;
        self.objects.delete_all(&ledger.prefix()).await?;
        Ok(())
    }

    /// Quarters of an hour of which something is counted, in their order: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn counted_quarters(
        &self,
        account: AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Quarter>, StoreError> {
        let range = Range::table(quarters_pk(account), QUARTER).after(after);
        let slice = self.table.query(&range, limit, true).await?;
        let number = |item: &Item| item.get("sk")?.as_s().ok()?.strip_prefix(QUARTER)?.parse().ok();
        let quarters = slice.items.iter().filter_map(number).map(Quarter::from_number);
        Ok(Listed { items: quarters.collect(), next: slice.next })
    }

    async fn reconcile_batch(&self, batch: &Batch, written: &mut Written) -> Result<Outcome, StoreError> {
        for attempt in 1..=ATTEMPTS {
            let (heads, differences) = self.differences(batch).await?;
            written.heads = heads;
            if differences.is_empty() {
                return Ok(Outcome::Done(Counted::default()));
            }
            let everybodys = everybodys(&differences);
            let is_too_large =
                everybodys.encode().len() > MAX_CHANGE_BYTES || row_bytes(&differences) > MAX_ROW_BYTES;
            if is_too_large && batch.len() > 1 {
                return Ok(Outcome::TooLarge);
            }
            let labels = differences.iter().flat_map(|difference| difference.labels.clone()).collect();
            self.name(&labels).await?;
            match self.write(&differences, &everybodys, written.heads.clone()).await {
                Ok((share, head)) => {
                    written.note(share, &head, everybodys);
                    self.fold_long(&differences).await?;
                    return Ok(Outcome::Done(counted(&differences)));
                }
                Err(Failure::Changed) => table::pause(attempt).await,
                Err(Failure::Store(error)) => return Err(error),
            }
        }
        Err(StoreError::Contended("the counts kept changing".into()))
    }

    /// Writes everything in one transaction; answers which of everybody's ledgers took it, and its head before.
    async fn write(
        &self,
        differences: &[Difference],
        everybodys: &Change,
        mut shares: Vec<Head>,
    ) -> Result<(u8, Head), Failure> {
        let mut own: Vec<TransactWriteItem> = Vec::new();
        for difference in differences {
            let ledger = Ledger::Account(difference.account);
            own.extend(self.append(ledger, &difference.head, &difference.change));
            let version = difference.head.last + 1;
            let quarters = difference.quarters.iter();
            own.extend(quarters.map(|correction| self.correct(difference.account, correction, version)));
        }
        let mut share = self.share.load(Ordering::Relaxed);
        for attempt in 1..=SHARE_ATTEMPTS {
            let head = &shares[usize::from(share)];
            let mut actions = own.clone();
            actions.extend(self.append(Ledger::Everybody(share), head, everybodys));
            match table::commit(self.table.client(), actions).await {
                Ok(()) => return Ok((share, head.clone())),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conditions(places)) if places.iter().any(|place| *place < own.len()) => {
                    return Err(Failure::Changed);
                }
                Err(CommitError::Conditions(_)) => {}
            }
            // Somebody else writes to this one; perhaps not to another.
            share = (share + rand::random_range(1..SHARES)) % SHARES;
            self.share.store(share, Ordering::Relaxed);
            table::pause(u32::try_from(attempt).unwrap_or(u32::MAX)).await;
            shares = self.heads(&Ledger::everybody()).await?;
        }
        Err(StoreError::Contended("everybody's counts kept changing".into()).into())
    }

    /// The action that replaces what is counted of a quarter.
    fn correct(&self, account: AccountId, correction: &Correction, version: u64) -> TransactWriteItem {
        let key = quarter_key(account, correction.quarter);
        let unchanged = match correction.version {
            None => "attribute_not_exists(pk)",
            Some(_) => "#version = :before",
        };
        let names = correction.version.map(|_| [("#version".to_owned(), "version".to_owned())].into());
        let values = correction.version.map(|before| [(":before".to_owned(), number(before))].into());
        let Some(rows) = &correction.rows else {
            let delete = Delete::builder()
                .table_name(self.table.name())
                .set_key(Some(key))
                .condition_expression(unchanged)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values);
            return table::delete(delete.build().expect("table and key are set"));
        };
        let mut item = key;
        item.insert("rows".to_owned(), AttributeValue::B(Blob::new(rows.clone())));
        item.insert("version".to_owned(), number(version));
        let mut put = self.table.put(item);
        put.condition_expression = Some(unchanged.to_owned());
        put.expression_attribute_names = names;
        put.expression_attribute_values = values;
        table::put(put)
    }

    /// Counts the plays of what was written, and of what runs that broke off have left, of anybody; folds what has
    /// become long.
    async fn finish(&self, written: Written) -> Result<(), StoreError> {
        let Written { heads, entries } = written;
        for ((share, head), entries) in (0..SHARES).zip(heads).zip(entries) {
            if head.counted < head.last {
                let is_all = entries.first().is_some_and(|entry| entry.number == head.counted + 1)
                    && entries.len() as u64 == head.last - head.counted;
                if is_all {
                    self.count(share, &head, &entries).await?;
                } else {
                    let (head, entries) = self.entries(Ledger::Everybody(share), head.counted).await?;
                    self.count(share, &head, &entries).await?;
                }
            }
            if head.is_long() {
                self.fold(Ledger::Everybody(share)).await?;
            }
        }
        Ok(())
    }

    async fn fold_long(&self, differences: &[Difference]) -> Result<(), StoreError> {
        for difference in differences {
            let (head, _) = difference.head.after(difference.change.encode());
            if head.is_long() {
                self.fold(Ledger::Account(difference.account)).await?;
            }
        }
        Ok(())
    }
}

/// What came of a batch.
enum Outcome {
    Done(Counted),
    /// It does not fit into one item; nothing was written.
    TooLarge,
}

/// Quarters in groups that fit into one transaction each.
fn batches(touched: &Touched) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut batch = Batch::new();
    let mut actions = ACTIONS_OF_A_LEDGER;
    let pairs =
        touched.iter().flat_map(|(account, quarters)| quarters.iter().map(|quarter| (*account, *quarter)));
    for (account, quarter) in pairs {
        let mut needed = 1;
        if batch.last().is_none_or(|(last, _)| *last != account) {
            needed += ACTIONS_OF_A_LEDGER;
        }
        if actions + needed > MAX_TRANSACTION {
            batches.push(std::mem::take(&mut batch));
            actions = ACTIONS_OF_A_LEDGER;
            needed = 1 + ACTIONS_OF_A_LEDGER;
        }
        actions += needed;
        batch.push((account, quarter));
    }
    batches.extend((!batch.is_empty()).then_some(batch));
    batches
}

fn row_bytes(differences: &[Difference]) -> usize {
    let corrections = differences.iter().flat_map(|difference| &difference.quarters);
    corrections.filter_map(|correction| correction.rows.as_ref()).map(Vec::len).sum()
}

fn everybodys(differences: &[Difference]) -> Change {
    let mut all = Change::default();
    for difference in differences {
        all.add(&difference.change.of_everybody(difference.account.to_bytes(), &difference.before));
    }
    all
}

fn counted(differences: &[Difference]) -> Counted {
    let listens = |difference: &Difference| difference.change.within(Period::ALL).total().listens;
    Counted {
        quarters: differences.iter().map(|difference| difference.quarters.len()).sum(),
        listens: differences.iter().map(listens).sum(),
    }
}
