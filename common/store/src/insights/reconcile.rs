//! Counting: what is counted is made to be what was heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::AccountId;
use mixtape_domain::insights::{Change, Encoder, Key, Kind, Period, Quarter, Rows};
use mixtape_domain::listen::{self, Label, Listen};

use super::ledger::{Entry, Head, Ledger, SHARES};
use super::read::rows_of_item;
use super::{Insights, QUARTER, quarter_key, quarters_pk};
use crate::StoreError;
use crate::table::{self, CommitError, Item, MAX_TRANSACTION, Range, number};

/// Actions of a transaction that an account takes beside those of its quarters, and everybody's counts.
const ACTIONS_OF_A_LEDGER: usize = 2;
/// Quarters between two touched ones that are read as well, to save a Query: eight hours.
const SPAN_GAP: i64 = 32;
/// Calls that are under way at once.
const AT_ONCE: usize = 8;
/// How often a batch is started over when somebody else has counted some of it.
const ATTEMPTS: u32 = 10;
/// How often everybody's counts are tried in another ledger.
const SHARE_ATTEMPTS: usize = 12;
/// An item holds at most 400 KB; a change above this is written in parts.
const MAX_CHANGE_BYTES: usize = 180 * 1024;

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

/// Quarters of accounts that fit into one transaction.
type Batch = Vec<(AccountId, Quarter)>;

/// What is to be counted anew of one account.
struct Difference {
    account: AccountId,
    head: Head,
    change: Change,
    /// Everything that the account had heard before.
    before: Rows,
    quarters: Vec<Correction>,
    labels: BTreeMap<(Kind, Key), Label>,
}

/// The rows of a quarter as they are now, and the version of those that were counted.
struct Correction {
    quarter: Quarter,
    rows: Rows,
    version: Option<u64>,
}

/// Everybody's ledgers as they were seen last, and what this run has added to them.
#[derive(Default)]
struct Written {
    heads: Vec<Head>,
    entries: [Vec<Entry>; SHARES as usize],
}

impl Written {
    /// Notes an entry that was added to a ledger with this head.
    fn note(&mut self, share: u8, head: Head, change: Change, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let entry = Entry { number: head.last + 1, change, bytes };
        let place = usize::from(share);
        self.heads[place] = Head { last: entry.number, bytes: head.bytes.saturating_add(bytes), ..head };
        self.entries[place].push(entry);
    }
}

/// What is counted of a quarter.
struct Stored {
    rows: Rows,
    version: u64,
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
    /// Makes the counts of these quarters those of the listens in them. Does nothing where they are right already, so it
    /// can be repeated and run by several at once; where it breaks off, doing it again does the rest.
    ///
    /// For one listen: one BatchGetItem, two Queries, one GET where the account has a summary, one transaction, and an
    /// update for each of the track, its artists and its album; and one BatchWriteItem for what the account never heard
    /// before.
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
        loop {
            let range = Range::table(quarters_pk(account), QUARTER);
            let slice = self.table.query(&range, MAX_TRANSACTION, true).await?;
            let number = |item: &Item| item.get("sk")?.as_s().ok()?.strip_prefix(QUARTER)?.parse().ok();
            let quarters = slice.items.iter().filter_map(number).map(Quarter::from_number);
            let touched = Touched::from([(account, quarters.collect())]);
            self.reconcile(&touched).await?;
            if slice.next.is_none() {
                break;
            }
        }
        let ledger = Ledger::Account(account);
        let items = self.table.query(&Range::table(ledger.pk(), ""), 100_000, true).await?.items;
        self.table.batch_delete(items.iter().filter_map(table::primary_key).collect()).await?;
        self.objects.delete_all(&ledger.prefix()).await?;
        Ok(())
    }

    async fn reconcile_batch(&self, batch: &Batch, written: &mut Written) -> Result<Outcome, StoreError> {
        for attempt in 1..=ATTEMPTS {
            let (heads, differences) = self.differences(batch).await?;
            written.heads = heads;
            if differences.is_empty() {
                return Ok(Outcome::Done(Counted::default()));
            }
            let everybodys = everybodys(&differences);
            let bytes = everybodys.encode().len();
            if bytes > MAX_CHANGE_BYTES && batch.len() > 1 {
                return Ok(Outcome::TooLarge);
            }
            let labels = differences.iter().flat_map(|difference| difference.labels.clone()).collect();
            self.name(&labels).await?;
            match self.write(&differences, &everybodys, written.heads.clone()).await {
                Ok((share, head)) => {
                    written.note(share, head, everybodys, bytes);
                    self.fold_long(&differences).await?;
                    return Ok(Outcome::Done(counted(&differences)));
                }
                Err(Failure::Changed) => table::pause(attempt).await,
                Err(Failure::Store(error)) => return Err(error),
            }
        }
        Err(StoreError::Contended("the counts kept changing".into()))
    }

    /// The heads of everybody's ledgers, and what is not counted as it should be.
    async fn differences(&self, batch: &Batch) -> Result<(Vec<Head>, Vec<Difference>), StoreError> {
        let accounts: BTreeSet<AccountId> = batch.iter().map(|(account, _)| *account).collect();
        let (heads, stored) = self.counted_before(&accounts, batch).await?;
        let mut quarters: BTreeMap<AccountId, BTreeSet<Quarter>> = BTreeMap::new();
        for (account, quarter) in batch {
            quarters.entry(*account).or_default().insert(*quarter);
        }
        let differences = quarters.into_iter().map(|(account, quarters)| {
            let head = heads.get(&Ledger::Account(account)).copied().unwrap_or_default();
            self.difference(account, head, quarters, &stored)
        });
        let differences: Vec<Option<Difference>> =
            stream::iter(differences).buffered(AT_ONCE).try_collect().await?;
        let head = |ledger: &Ledger| heads.get(ledger).copied().unwrap_or_default();
        let shares = Ledger::everybody().iter().map(head).collect();
        Ok((shares, differences.into_iter().flatten().collect()))
    }

    /// What is counted of these quarters, and how far the ledgers go: one BatchGetItem.
    async fn counted_before(
        &self,
        accounts: &BTreeSet<AccountId>,
        batch: &Batch,
    ) -> Result<(BTreeMap<Ledger, Head>, BTreeMap<(AccountId, Quarter), Stored>), StoreError> {
        let mut ledgers = Ledger::everybody();
        ledgers.extend(accounts.iter().map(|account| Ledger::Account(*account)));
        let heads = ledgers.iter().map(|ledger| (&self.table, ledger.head_key()));
        let quarters = batch.iter().map(|(account, quarter)| (&self.table, quarter_key(*account, *quarter)));
        let found = table::batch_get(self.table.client(), heads.chain(quarters).collect()).await?;
        let by_key: BTreeMap<(String, String), Item> = found
            .into_iter()
            .filter_map(|(_, item)| {
                let text = |name: &str| item.get(name)?.as_s().ok().cloned();
                Some(((text("pk")?, text("sk")?), item))
            })
            .collect();
        let place = |key: &Item| {
            let text =
                |name: &str| key.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            (text("pk"), text("sk"))
        };
        let mut heads = BTreeMap::new();
        for ledger in ledgers {
            if let Some(item) = by_key.get(&place(&ledger.head_key())) {
                heads.insert(ledger, table::from_item(item.clone())?);
            }
        }
        let mut stored = BTreeMap::new();
        for (account, quarter) in batch {
            if let Some(item) = by_key.get(&place(&quarter_key(*account, *quarter))) {
                let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
                let version =
                    version.ok_or_else(|| StoreError::Corrupt("a quarter has no version".into()))?;
                stored.insert((*account, *quarter), Stored { rows: rows_of_item(item)?, version });
            }
        }
        Ok((heads, stored))
    }

    async fn difference(
        &self,
        account: AccountId,
        head: Head,
        quarters: BTreeSet<Quarter>,
        stored: &BTreeMap<(AccountId, Quarter), Stored>,
    ) -> Result<Option<Difference>, StoreError> {
        let listens = self.heard(account, &quarters).await?;
        let mut by_quarter: BTreeMap<Quarter, Vec<&Listen>> = BTreeMap::new();
        for listen in &listens {
            by_quarter.entry(listen::quarter_of(listen.id)).or_default().push(listen);
        }
        let mut corrections = Vec::new();
        let mut changes = Vec::new();
        for quarter in quarters {
            let rows = listen::rows_of_quarter(by_quarter.remove(&quarter).unwrap_or_default());
            let before = stored.get(&(account, quarter));
            let nothing = Rows::default();
            let change = rows.minus(before.map_or(&nothing, |stored| &stored.rows));
            if !change.is_empty() {
                changes.push((quarter.day(), change));
                corrections.push(Correction { quarter, rows, version: before.map(|stored| stored.version) });
            }
        }
        if corrections.is_empty() {
            return Ok(None);
        }
        let change = Change::of_days(changes);
        let before = self.heard_before(account, head).await?;
        let labels = new_labels(&listens, &change, &before);
        Ok(Some(Difference { account, head, change, before, quarters: corrections, labels }))
    }

    /// The listens of these quarters: one Query for each span of them.
    async fn heard(
        &self,
        account: AccountId,
        quarters: &BTreeSet<Quarter>,
    ) -> Result<Vec<Listen>, StoreError> {
        let mut spans: Vec<(Quarter, Quarter)> = Vec::new();
        for quarter in quarters {
            match spans.last_mut() {
                Some((_, last)) if quarter.number() - last.number() <= SPAN_GAP => *last = *quarter,
                _ => spans.push((*quarter, *quarter)),
            }
        }
        let queries = spans.into_iter().map(|(first, last)| self.listens.between(account, first, last));
        let read: Vec<Vec<Listen>> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
        Ok(read.concat())
    }

    /// Everything that an account has heard, as its ledger says.
    async fn heard_before(&self, account: AccountId, head: Head) -> Result<Rows, StoreError> {
        if head.last == 0 {
            return Ok(Rows::default());
        }
        let ledger = Ledger::Account(account);
        let (head, entries) = self.entries(ledger, 0).await?;
        let summary = self.summary(ledger, Period::ALL, head).await?;
        let mut fresh = Change::default();
        let later = entries.iter().filter(|entry| entry.number > summary.through);
        later.for_each(|entry| fresh.add(&entry.change));
        Ok(summary.rows.plus(&fresh.within(Period::ALL)))
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
            own.extend(self.append(Ledger::Account(difference.account), difference.head, &difference.change));
            let version = difference.head.last + 1;
            let quarters = difference.quarters.iter();
            own.extend(quarters.map(|correction| self.correct(difference.account, correction, version)));
        }
        let mut share = self.share.load(Ordering::Relaxed);
        for attempt in 1..=SHARE_ATTEMPTS {
            let head = shares[usize::from(share)];
            let mut actions = own.clone();
            actions.extend(self.append(Ledger::Everybody(share), head, everybodys));
            match table::commit(self.table.client(), actions).await {
                Ok(()) => return Ok((share, head)),
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
        if correction.rows.is_empty() {
            let delete = Delete::builder()
                .table_name(self.table.name())
                .set_key(Some(key))
                .condition_expression(unchanged)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values);
            return table::delete(delete.build().expect("table and key are set"));
        }
        let mut encoder = Encoder::default();
        encoder.rows(&correction.rows);
        let mut item = key;
        item.insert("rows".to_owned(), AttributeValue::B(Blob::new(encoder.finish())));
        item.insert("version".to_owned(), number(version));
        let mut put = self.table.put(item);
        put.condition_expression = Some(unchanged.to_owned());
        put.expression_attribute_names = names;
        put.expression_attribute_values = values;
        table::put(put)
    }

    /// Counts the plays of what was written, and of what runs that broke off have left, of anybody; folds what has become
    /// long.
    async fn finish(&self, written: Written) -> Result<(), StoreError> {
        let Written { heads, entries } = written;
        for ((share, head), entries) in (0..SHARES).zip(heads).zip(entries) {
            if head.counted < head.last {
                let is_all = entries.first().is_some_and(|entry| entry.number == head.counted + 1)
                    && entries.len() as u64 == head.last - head.counted;
                if is_all {
                    self.count(share, head, &entries).await?;
                } else {
                    let (head, entries) = self.entries(Ledger::Everybody(share), head.counted).await?;
                    self.count(share, head, &entries).await?;
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
            let size = i64::try_from(difference.change.encode().len()).unwrap_or(i64::MAX);
            let head = difference.head;
            let head = Head { last: head.last + 1, bytes: head.bytes.saturating_add(size), ..head };
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

/// What the account had not heard before is called.
fn new_labels(listens: &[Listen], change: &Change, before: &Rows) -> BTreeMap<(Kind, Key), Label> {
    let change = change.within(Period::ALL);
    let is_new =
        |(kind, key): &(Kind, Key)| before.get(*kind, key).listens == 0 && change.get(*kind, key).listens > 0;
    listens.iter().flat_map(Listen::labels).filter(|(thing, _)| is_new(thing)).collect()
}
