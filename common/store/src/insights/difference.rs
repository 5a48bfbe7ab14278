//! What is not counted as it should be: the listens that there are against what was counted of them.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::AccountId;
use mixtape_domain::insights::{Change, Encoder, Key, Kind, Period, Quarter, Rows};
use mixtape_domain::listen::{self, Label, Listen, MAX_COUNTED_A_QUARTER};

use super::ledger::{Head, Ledger};
use super::read::rows_of_item;
use super::{Insights, quarter_key};
use crate::StoreError;
use crate::table::{self, Item};

/// Quarters between two touched ones that are read as well, to save a Query: eight hours.
const SPAN_GAP: i64 = 32;
/// Listens that are read at once; where a span holds more, its quarters are read one by one.
const MAX_SPAN_LISTENS: usize = 5_000;
/// Calls that are under way at once.
const AT_ONCE: usize = 8;

/// Quarters of accounts.
pub(super) type Batch = Vec<(AccountId, Quarter)>;

/// What is to be counted anew of one account.
pub(super) struct Difference {
    pub(super) account: AccountId,
    pub(super) head: Head,
    pub(super) change: Change,
    /// Everything that the account had heard before.
    pub(super) before: Rows,
    pub(super) quarters: Vec<Correction>,
    pub(super) labels: BTreeMap<(Kind, Key), Label>,
}

/// The rows of a quarter as they are now, none when it is empty, and the version of those that were counted.
pub(super) struct Correction {
    pub(super) quarter: Quarter,
    pub(super) rows: Option<Vec<u8>>,
    pub(super) version: Option<u64>,
}

/// What is counted of a quarter.
struct Stored {
    rows: Rows,
    version: u64,
}

impl Insights {
    /// The heads of everybody's ledgers, and what is not counted as it should be.
    pub(super) async fn differences(
        &self,
        batch: &Batch,
    ) -> Result<(Vec<Head>, Vec<Difference>), StoreError> {
        let accounts: BTreeSet<AccountId> = batch.iter().map(|(account, _)| *account).collect();
        let (heads, stored) = self.counted_before(&accounts, batch).await?;
        let mut quarters: BTreeMap<AccountId, BTreeSet<Quarter>> = BTreeMap::new();
        for (account, quarter) in batch {
            quarters.entry(*account).or_default().insert(*quarter);
        }
        let differences = quarters.into_iter().map(|(account, quarters)| {
            let head = heads.get(&Ledger::Account(account)).cloned().unwrap_or_default();
            self.difference(account, head, quarters, &stored)
        });
        let differences: Vec<Option<Difference>> =
            stream::iter(differences).buffered(AT_ONCE).try_collect().await?;
        let head = |ledger: &Ledger| heads.get(ledger).cloned().unwrap_or_default();
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
                heads.insert(ledger, Head::read(item.clone())?);
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
                let version = before.map(|stored| stored.version);
                corrections.push(Correction { quarter, rows: encoded(&rows), version });
            }
        }
        if corrections.is_empty() {
            return Ok(None);
        }
        let change = Change::of_days(changes);
        let before = self.heard_before(account, &head).await?;
        let labels = new_labels(&listens, &change, &before);
        Ok(Some(Difference { account, head, change, before, quarters: corrections, labels }))
    }

    /// The listens of these quarters that count, oldest first: one Query for each span of them, and one for each
    /// quarter of a span that holds very many.
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
        let reads = spans.into_iter().map(|span| self.heard_in(account, span, quarters));
        let read: Vec<Vec<Listen>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(read.concat())
    }

    async fn heard_in(
        &self,
        account: AccountId,
        span: (Quarter, Quarter),
        quarters: &BTreeSet<Quarter>,
    ) -> Result<Vec<Listen>, StoreError> {
        let (listens, is_all) = self.listens.between(account, span, MAX_SPAN_LISTENS).await?;
        if is_all {
            return Ok(listens);
        }
        let mut listens = Vec::new();
        for quarter in quarters.range(span.0..=span.1) {
            let one = (*quarter, *quarter);
            listens.extend(self.listens.between(account, one, MAX_COUNTED_A_QUARTER).await?.0);
        }
        Ok(listens)
    }

    /// Everything that an account has heard, as its ledger says.
    async fn heard_before(&self, account: AccountId, head: &Head) -> Result<Rows, StoreError> {
        if head.last == 0 {
            return Ok(Rows::default());
        }
        let ledger = Ledger::Account(account);
        let (head, entries) = self.entries(ledger, 0).await?;
        let summary = self.summary(ledger, Period::ALL, &head).await?;
        let mut fresh = Change::default();
        let later = entries.iter().filter(|entry| entry.number > summary.through);
        later.for_each(|entry| fresh.add(&entry.change));
        Ok(summary.rows.plus(&fresh.within(Period::ALL)))
    }
}

fn encoded(rows: &Rows) -> Option<Vec<u8>> {
    if rows.is_empty() {
        return None;
    }
    let mut encoder = Encoder::default();
    encoder.rows(rows);
    Some(encoder.finish())
}

/// What the account had not heard before is called.
fn new_labels(listens: &[Listen], change: &Change, before: &Rows) -> BTreeMap<(Kind, Key), Label> {
    let change = change.within(Period::ALL);
    let is_new =
        |(kind, key): &(Kind, Key)| before.get(*kind, key).listens == 0 && change.get(*kind, key).listens > 0;
    listens.iter().flat_map(Listen::labels).filter(|(thing, _)| is_new(thing)).collect()
}
