//! Ledgers: numbered changes, and the head that says how far they go.
//!
//! The last changes lie in the head itself, as long as it costs no more to write it so; then they move together into an
//! item of their own, whose number is that of its last change.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use mixtape_domain::AccountId;
use mixtape_domain::insights::Change;
use serde::Deserialize;

use super::{Insights, Scope};
use crate::StoreError;
use crate::table::{self, Item, Range, number};

/// How many ledgers everybody's counts are spread over. One takes about 30 transactions a second, each with the listens
/// of up to 32 accounts; readers ask for the head of every one.
pub(super) const SHARES: u8 = 4;

const ENTRY: &str = "ENTRY#";
const HEAD: &str = "HEAD";
/// More entries than a ledger has before they are folded.
const MANY: usize = 100_000;

/// A write is charged for each KB, so that a head may be as long as that: what its other attributes take, and its
/// changes, each with a byte for its type and one for its place in the list.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
const MAX_HEAD_BYTES: usize = 1024;
const BARE_HEAD_BYTES: usize = 128;
const LISTED_BYTES: usize = 2;

/// How often a ledger is read again that grows meanwhile.
const ATTEMPTS: usize = 5;

/// One sequence of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ledger {
    Account(AccountId),
    Everybody(u8),
}

/// How far a ledger goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Head {
    /// The number of the last change.
    #[serde(default)]
    pub(super) last: u64,
    /// Changes up to this one are in the summaries.
    #[serde(default)]
    pub(super) folded: u64,
    /// Changes up to this one are in the plays of the catalogue's things; only of everybody's ledgers.
    #[serde(default)]
    pub(super) counted: u64,
    /// The size of the changes that are not folded.
    #[serde(default)]
    pub(super) bytes: i64,
    /// The last changes, oldest first, as they are encoded.
    #[serde(skip)]
    recent: Vec<Vec<u8>>,
}

/// A change with its number.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) change: Change,
    pub(super) bytes: i64,
    /// The number of the item in which it lies, if that is not the head.
    pub(super) item: Option<u64>,
}

impl Entry {
    fn read(number: u64, bytes: &[u8], item: Option<u64>) -> Result<Self, StoreError> {
        Ok(Self { number, change: Change::decode(bytes)?, bytes: size_of(bytes), item })
    }
}

impl Head {
    pub(super) fn read(item: Item) -> Result<Self, StoreError> {
        let recent = item.get("recent").map(changes).transpose()?.unwrap_or_default();
        Ok(Self { recent, ..table::from_item(item)? })
    }

    /// The head after one more change, and the changes that leave it, the new one included, where there are too many.
    pub(super) fn after(&self, change: Vec<u8>) -> (Self, Vec<Vec<u8>>) {
        // Whatever is folded is in the summaries.
        let is_kept = |place: &usize| (self.recent.len() - place) as u64 <= self.last - self.folded;
        let kept = (0..self.recent.len()).filter(is_kept).map(|place| self.recent[place].clone());
        let bytes = self.bytes.saturating_add(size_of(&change));
        let mut recent: Vec<Vec<u8>> = kept.chain([change]).collect();
        let listed: usize = recent.iter().map(|change| change.len() + LISTED_BYTES).sum();
        let is_full = BARE_HEAD_BYTES + listed > MAX_HEAD_BYTES;
        let moved = if is_full { std::mem::take(&mut recent) } else { Vec::new() };
        (Self { last: self.last + 1, bytes, recent, ..*self }, moved)
    }

    /// The entries after `after`, of those that lie in items and those in the head itself, each once; none where they
    /// are not of one moment. A Query can see one write of a transaction and not yet another, so that changes that moved
    /// from the head to an item can be seen in both or in neither.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation>
    fn entries(&self, stored: Vec<Entry>, after: u64) -> Result<Option<Vec<Entry>>, StoreError> {
        let recent = numbered(self.last, &self.recent, None)?;
        let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
        for entry in stored.into_iter().chain(recent).filter(|entry| entry.number > after) {
            entries.entry(entry.number).or_insert(entry);
        }
        // Folded ones are perhaps no longer there; after those, none may be missing.
        let known = self.folded.max(after);
        let is_whole = known + entries.range(known + 1..).count() as u64 == self.last;
        let is_ahead = entries.last_key_value().is_some_and(|(number, _)| *number > self.last);
        Ok((is_whole && !is_ahead).then(|| entries.into_values().collect()))
    }
}

/// The state of counts: others than before have another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Version(pub(super) Vec<u64>);

impl Ledger {
    /// The ledgers that make up the counts.
    pub(super) fn of(scope: Scope) -> Vec<Self> {
        match scope {
            Scope::Account(id) => vec![Self::Account(id)],
            Scope::Everybody => Self::everybody(),
        }
    }

    pub(super) fn everybody() -> Vec<Self> {
        (0..SHARES).map(Self::Everybody).collect()
    }

    pub(super) fn pk(self) -> String {
        match self {
            Self::Account(id) => format!("LEDGER#ACCOUNT#{id}"),
            Self::Everybody(share) => format!("LEDGER#EVERYBODY#{share}"),
        }
    }

    /// What the keys of its summaries start with.
    pub(super) fn prefix(self) -> String {
        match self {
            Self::Account(id) => format!("insights/accounts/{id}/"),
            Self::Everybody(share) => format!("insights/everybody/{share}/"),
        }
    }

    pub(super) fn head_key(self) -> Item {
        table::key(self.pk(), HEAD)
    }

    fn entry_sk(number: u64) -> String {
        format!("{ENTRY}{number:016}")
    }

    pub(super) fn entry_key(self, number: u64) -> Item {
        table::key(self.pk(), Self::entry_sk(number))
    }
}

impl Insights {
    /// The heads of ledgers, in their order: one BatchGetItem.
    pub(super) async fn heads(&self, ledgers: &[Ledger]) -> Result<Vec<Head>, StoreError> {
        let keys = ledgers.iter().map(|ledger| (&self.table, ledger.head_key())).collect();
        let mut found = std::collections::HashMap::new();
        for (_, item) in table::batch_get(self.table.client(), keys).await? {
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
            found.insert(pk, Head::read(item)?);
        }
        Ok(ledgers.iter().map(|ledger| found.remove(&ledger.pk()).unwrap_or_default()).collect())
    }

    /// The head and the entries after `after` that are still there, in their order and as they are at one moment: one
    /// Query, or more when somebody writes meanwhile.
    pub(super) async fn entries(&self, ledger: Ledger, after: u64) -> Result<(Head, Vec<Entry>), StoreError> {
        for _ in 0..ATTEMPTS {
            let range = Range::table(ledger.pk(), "").after(Some(&Ledger::entry_sk(after)));
            let slice = self.table.query(&range, MANY, true).await?;
            let mut stored = Vec::with_capacity(slice.items.len());
            let mut head = Head::default();
            for item in slice.items {
                let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
                match sk.strip_prefix(ENTRY) {
                    Some(number) => stored.extend(read_item(number, &item)?),
                    None => head = Head::read(item)?,
                }
            }
            if let Some(entries) = head.entries(stored, after)? {
                return Ok((head, entries));
            }
        }
        Err(StoreError::Contended("a ledger kept growing while it was read".into()))
    }

    /// The actions that add a change to a ledger which still ends with `head`'s last: one, or two where changes leave
    /// the head.
    pub(super) fn append(&self, ledger: Ledger, head: &Head, change: &Change) -> Vec<TransactWriteItem> {
        let (next, moved) = head.after(change.encode());
        let mut update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(ledger.head_key()))
            .update_expression("SET #last = :next, #recent = :recent ADD #bytes :size")
            .expression_attribute_names("#last", "last")
            .expression_attribute_names("#recent", "recent")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":next", number(next.last))
            .expression_attribute_values(":recent", list(next.recent))
            .expression_attribute_values(":size", number(next.bytes - head.bytes));
        update = if head.last == 0 {
            update.condition_expression("attribute_not_exists(#last)")
        } else {
            update
                .condition_expression("#last = :last")
                .expression_attribute_values(":last", number(head.last))
        };
        let mut actions = vec![table::update(update.build().expect("table, key and expression are set"))];
        if !moved.is_empty() {
            let mut item = ledger.entry_key(next.last);
            item.insert("changes".to_owned(), list(moved));
            let mut put = self.table.put(item);
            // There is none, as long as the head says so. A mistake here would be silent, so it is asked.
            put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
            actions.push(table::put(put));
        }
        actions
    }

    /// Notes up to which entry a ledger is counted, unless it is further already.
    pub(super) async fn note_counted(&self, ledger: Ledger, until: u64) -> Result<(), StoreError> {
        let request = self.head_update(ledger).update_expression("SET #counted = :until");
        let request = request
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(#counted) OR #counted < :until)",
            )
            .expression_attribute_names("#counted", "counted")
            .expression_attribute_values(":until", number(until));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Ok(()),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Notes up to which entry a ledger is folded, and how many bytes less are not; only if nobody else has folded it
    /// since `head` was read. Answers whether it did.
    pub(super) async fn note_folded(
        &self,
        ledger: Ledger,
        head: &Head,
        until: u64,
        bytes: i64,
    ) -> Result<bool, StoreError> {
        let request = self.head_update(ledger).update_expression("SET #folded = :until ADD #bytes :less");
        let request = request
            .expression_attribute_names("#folded", "folded")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":less", number(-bytes));
        let request = match head.folded {
            0 => request.condition_expression("attribute_exists(pk) AND attribute_not_exists(#folded)"),
            before => request
                .condition_expression("#folded = :before")
                .expression_attribute_values(":before", number(before)),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition(&error) => Ok(false),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    fn head_update(&self, ledger: Ledger) -> UpdateItemFluentBuilder {
        let request = self.table.client().update_item().table_name(self.table.name());
        request.set_key(Some(ledger.head_key()))
    }
}

pub(super) fn is_condition<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    matches!(error, SdkError::ServiceError(service) if service.err().is_conditional_check_failed_exception())
}

fn size_of(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn list(changes: Vec<Vec<u8>>) -> AttributeValue {
    AttributeValue::L(changes.into_iter().map(|change| AttributeValue::B(Blob::new(change))).collect())
}

fn changes(list: &AttributeValue) -> Result<Vec<Vec<u8>>, StoreError> {
    let changes = list.as_l().into_iter().flatten().map(|change| Some(change.as_b().ok()?.as_ref().to_vec()));
    changes.collect::<Option<_>>().ok_or_else(|| StoreError::Corrupt("changes of a ledger".into()))
}

/// Changes one after the other, the last of which has this number.
fn numbered(last: u64, changes: &[Vec<u8>], item: Option<u64>) -> Result<Vec<Entry>, StoreError> {
    let first = (last + 1).checked_sub(changes.len() as u64);
    let first = first.ok_or_else(|| StoreError::Corrupt("a ledger has more changes than numbers".into()))?;
    (first..).zip(changes).map(|(number, change)| Entry::read(number, change, item)).collect()
}

fn read_item(number: &str, item: &Item) -> Result<Vec<Entry>, StoreError> {
    let unreadable = || StoreError::Corrupt(format!("item {number} of a ledger"));
    let last: u64 = number.parse().map_err(|_| unreadable())?;
    // One change alone is how they were kept at first.
    let found = match (item.get("changes"), item.get("change")) {
        (Some(list), _) => changes(list)?,
        (None, Some(AttributeValue::B(change))) => vec![change.as_ref().to_vec()],
        _ => return Err(unreadable()),
    };
    numbered(last, &found, Some(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of an item, as it is charged for.
    fn charged(head: &Head) -> usize {
        let number = |value: i64| value.to_string().len().div_ceil(2) + 2;
        let numbers =
            ["last", "folded", "counted"].map(|name| name.len() + number(i64::MAX)).iter().sum::<usize>();
        let pk = Ledger::Account(AccountId::from_bytes([0xff; 16])).pk();
        let keys = "pk".len() + pk.len() + "sk".len() + HEAD.len();
        let recent: usize = head.recent.iter().map(|change| change.len() + 1).sum();
        keys + numbers + "bytes".len() + number(head.bytes) + "recent".len() + 3 + recent
    }

    #[test]
    fn changes_lie_in_the_head_or_in_one_item_and_the_head_stays_small() {
        let mut head = Head::default();
        let mut items: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
        let mut all = Vec::new();
        for number in 1..=2_000_u64 {
            let length =
                [210, 190, 350, 1, 890, 2, 3_000, 5][(number * 7 % 8) as usize] + (number % 50) as usize;
            let change: Vec<u8> = number.to_be_bytes().into_iter().cycle().take(length).collect();
            all.push(change.clone());
            let (next, moved) = head.after(change);
            if !moved.is_empty() {
                items.insert(next.last, moved);
            }
            head = next;
            assert_eq!(head.last, number);
            assert!(charged(&head) <= MAX_HEAD_BYTES, "{} bytes after {number}", charged(&head));
            // What is folded need not be found any more.
            if number % 97 == 0 {
                head.folded = number - 3;
                items.retain(|last, _| *last > head.folded);
            }
            let mut found: BTreeMap<u64, &Vec<u8>> = BTreeMap::new();
            for (last, changes) in items.iter().chain([(&head.last, &head.recent)]) {
                for (place, change) in changes.iter().rev().enumerate() {
                    assert!(found.insert(last - place as u64, change).is_none(), "one lies twice");
                }
            }
            for number in head.folded + 1..=head.last {
                assert_eq!(found[&number], &all[number as usize - 1]);
            }
        }
        assert_eq!(head.bytes, all.iter().map(|change| size_of(change)).sum::<i64>());
    }

    #[test]
    fn changes_on_their_way_from_the_head_to_an_item_are_neither_missed_nor_taken_twice() {
        let change = || Change::default().encode();
        let head = |last, folded, recent: usize| {
            let recent = (0..recent).map(|_| change()).collect();
            Head { last, folded, recent, ..Head::default() }
        };
        let item = |last, count: usize| {
            numbered(last, &(0..count).map(|_| change()).collect::<Vec<_>>(), Some(last)).unwrap()
        };
        let numbers = |head: &Head, stored: Vec<Entry>, after| {
            let entries = head.entries(stored, after).unwrap()?;
            Some(entries.iter().map(|entry| (entry.number, entry.item)).collect::<Vec<_>>())
        };
        // As it is before the tenth is added, and after.
        assert_eq!(numbers(&head(9, 7, 2), vec![], 0), Some(vec![(8, None), (9, None)]));
        let moved = Some(vec![(8, Some(10)), (9, Some(10)), (10, Some(10))]);
        assert_eq!(numbers(&head(10, 7, 0), item(10, 3), 0), moved);
        assert_eq!(numbers(&head(10, 7, 0), item(10, 3), 8), moved.map(|entries| entries[1..].to_vec()));
        // Only one half of it is seen.
        assert_eq!(numbers(&head(9, 7, 2), item(10, 3), 0), None);
        assert_eq!(numbers(&head(10, 7, 0), vec![], 0), None);
        // What is folded may be there or not.
        let both = Some(vec![(6, Some(7)), (7, Some(7)), (8, None)]);
        assert_eq!(numbers(&head(8, 7, 1), item(7, 2), 0), both);
        assert_eq!(numbers(&head(8, 7, 1), vec![], 0), Some(vec![(8, None)]));
        assert_eq!(numbers(&head(8, 6, 1), vec![], 0), None);
    }
}
