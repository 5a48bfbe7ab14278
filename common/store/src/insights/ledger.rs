//! Ledgers: numbered changes, and the head that says how far they go.

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

/// How often a ledger is read again that grows meanwhile.
const ATTEMPTS: usize = 5;

/// One sequence of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ledger {
    Account(AccountId),
    Everybody(u8),
}

/// How far a ledger goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Head {
    /// The number of the last entry.
    #[serde(default)]
    pub(super) last: u64,
    /// Entries up to this one are in the summaries.
    #[serde(default)]
    pub(super) folded: u64,
    /// Entries up to this one are in the plays of the catalogue's things; only of everybody's ledgers.
    #[serde(default)]
    pub(super) counted: u64,
    /// The size of the entries that are not folded.
    #[serde(default)]
    pub(super) bytes: i64,
}

/// A change with its number.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) change: Change,
    pub(super) bytes: i64,
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
            found.insert(pk, table::from_item(item)?);
        }
        Ok(ledgers.iter().map(|ledger| found.remove(&ledger.pk()).unwrap_or_default()).collect())
    }

    /// The head and the entries after `after` that are still there, as they are at one moment: one Query, or more when
    /// somebody writes meanwhile.
    pub(super) async fn entries(&self, ledger: Ledger, after: u64) -> Result<(Head, Vec<Entry>), StoreError> {
        for _ in 0..ATTEMPTS {
            let range = Range::table(ledger.pk(), "").after(Some(&Ledger::entry_sk(after)));
            let slice = self.table.query(&range, MANY, true).await?;
            let mut entries = Vec::with_capacity(slice.items.len());
            let mut head = Head::default();
            for item in slice.items {
                let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
                match sk.strip_prefix(ENTRY) {
                    Some(number) => entries.push(read_entry(number, &item)?),
                    None => head = table::from_item(item)?,
                }
            }
            // The head sorts last. It can know of an entry that came when its place had been passed.
            let known = head.folded.max(after);
            let seen = entries.iter().filter(|entry: &&Entry| entry.number > known).count() as u64;
            if known + seen >= head.last {
                return Ok((head, entries));
            }
        }
        Err(StoreError::Contended("a ledger kept growing while it was read".into()))
    }

    /// The actions that add an entry to a ledger which still ends with `head`'s.
    pub(super) fn append(&self, ledger: Ledger, head: Head, change: &Change) -> [TransactWriteItem; 2] {
        let bytes = change.encode();
        let number_after = head.last + 1;
        let mut update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(ledger.head_key()))
            .update_expression("SET #last = :next ADD #bytes :size")
            .expression_attribute_names("#last", "last")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":next", number(number_after))
            .expression_attribute_values(":size", number(bytes.len()));
        update = if head.last == 0 {
            update.condition_expression("attribute_not_exists(#last)")
        } else {
            update
                .condition_expression("#last = :last")
                .expression_attribute_values(":last", number(head.last))
        };
        let mut entry = ledger.entry_key(number_after);
        entry.insert("change".to_owned(), AttributeValue::B(Blob::new(bytes)));
        let mut put = self.table.put(entry);
        // There is none, as long as the head says so. A mistake here would be silent, so it is asked.
        put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        [table::update(update.build().expect("table, key and expression are set")), table::put(put)]
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
        head: Head,
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

fn read_entry(number: &str, item: &Item) -> Result<Entry, StoreError> {
    let unreadable = || StoreError::Corrupt(format!("entry {number} of a ledger"));
    let bytes = item.get("change").and_then(|change| change.as_b().ok()).ok_or_else(unreadable)?;
    Ok(Entry {
        number: number.parse().map_err(|_| unreadable())?,
        change: Change::decode(bytes.as_ref())?,
        bytes: i64::try_from(bytes.as_ref().len()).unwrap_or(i64::MAX),
    })
}
