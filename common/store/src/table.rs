//! The few DynamoDB calls that every table's module is made of. Keys are `pk` and `sk`, both strings.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, ReturnValue,
    TransactWriteItem, Update, WriteRequest,
};
use futures::{StreamExt, TryStreamExt};
use mixtape_domain::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Keys that one BatchGetItem may name; DynamoDB's limit.
pub(crate) const MAX_BATCH_GET: usize = 100;
/// Actions of one TransactWriteItems; DynamoDB's limit.
pub(crate) const MAX_TRANSACTION: usize = 100;
/// Requests of one BatchWriteItem; DynamoDB's limit.
const MAX_BATCH_WRITE: usize = 25;
/// Batches that are under way at once.
const PARALLEL_BATCHES: usize = 8;
/// How often a transaction is tried again when another one holds one of its items.
const CONFLICT_ATTEMPTS: u32 = 10;
/// How often the rest of a batch is asked for again.
const BATCH_ATTEMPTS: u32 = 6;

/// One table of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    client: Client,
    name: String,
}

/// The primary key of an item.
pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

/// The primary key that an item was read with.
pub(crate) fn primary_key(item: &Item) -> Option<Item> {
    Some(key(item.get("pk")?.as_s().ok()?, item.get("sk")?.as_s().ok()?))
}

pub(crate) fn string(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Milliseconds from the Unix epoch to 2286-11-20: the last moment of 13 digits.
const LAST_MOMENT: i64 = 9_999_999_999_999;

/// The time that is left before the year 2286, in milliseconds: in ascending order, what is newest comes first.
pub(crate) fn age(at: Timestamp) -> String {
    format!("{:013}", LAST_MOMENT - at.millis().clamp(0, LAST_MOMENT))
}

/// A value as an item, to which the caller adds the keys.
pub(crate) fn to_item(value: &impl Serialize) -> Result<Item, StoreError> {
    Ok(serde_dynamo::to_item(value)?)
}

/// A value as one attribute.
pub(crate) fn to_value(value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    Ok(serde_dynamo::to_attribute_value(value)?)
}

pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    Ok(serde_dynamo::from_item(item)?)
}

/// A range of one partition of a table or of one of its indexes, in ascending order of the sort key.
///
/// Sort keys end in an id where they could be equal, so the key of the last item of a page is all that the next page
/// needs; that is why there is no `ExclusiveStartKey`.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    index: Option<&'static str>,
    pk_name: String,
    sk_name: String,
    pk: String,
    from: String,
    to: String,
}

impl Range {
    /// Items of the table itself whose sort key starts with `prefix`; read with strong consistency.
    pub(crate) fn table(pk: impl Into<String>, prefix: &str) -> Self {
        Self {
            index: None,
            pk_name: "pk".into(),
            sk_name: "sk".into(),
            pk: pk.into(),
            from: lowest(prefix),
            to: highest(prefix),
        }
    }

    /// Items of the global index `name`, whose key attributes are `{name}_pk` and `{name}_sk`.
    pub(crate) fn index(name: &'static str, pk: impl Into<String>, prefix: &str) -> Self {
        Self {
            index: Some(name),
            pk_name: format!("{name}_pk"),
            sk_name: format!("{name}_sk"),
            pk: pk.into(),
            from: lowest(prefix),
            to: highest(prefix),
        }
    }

    /// Items of the local index `name`, whose sort key attribute is `{name}_sk`; read with strong consistency.
    pub(crate) fn local_index(name: &'static str, pk: impl Into<String>, prefix: &str) -> Self {
        Self { index: Some(name), sk_name: format!("{name}_sk"), ..Self::table(pk, prefix) }
    }

    /// Only what comes after this sort key.
    pub(crate) fn after(mut self, sort_key: Option<&str>) -> Self {
        if let Some(sort_key) = sort_key {
            self.from = self.from.max(format!("{sort_key}\u{0}"));
        }
        self
    }

    /// Only what lies between these sort keys, both included.
    pub(crate) fn between(mut self, from: &str, to: &str) -> Self {
        self.from = from.to_owned();
        self.to = to.to_owned();
        self
    }

    pub(crate) fn sort_key_name(&self) -> &str {
        &self.sk_name
    }

    fn is_global_index(&self) -> bool {
        self.pk_name != "pk"
    }
}

fn lowest(prefix: &str) -> String {
    // Key conditions refuse the empty string.
    if prefix.is_empty() { "\u{0}".to_owned() } else { prefix.to_owned() }
}

fn highest(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

/// Some items, and the sort key after which there are more.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) items: Vec<Item>,
    pub(crate) next: Option<String>,
}

impl Slice {
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<(Vec<T>, Option<String>), StoreError> {
        let items = self.items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        Ok((items, self.next))
    }
}

impl Table {
    pub(crate) fn new(client: Client, prefix: &str, name: &str) -> Self {
        Self { client, name: format!("{prefix}-{name}") }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// One item, read with strong consistency.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: Item) -> Result<Option<T>, StoreError> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        let output = request.send().await.map_err(StoreError::from_sdk)?;
        output.item.map(from_item).transpose()
    }

    /// The first `limit` items of a range, or the last ones, last first, when `forward` is false.
    pub(crate) async fn query(
        &self,
        range: &Range,
        limit: usize,
        forward: bool,
    ) -> Result<Slice, StoreError> {
        let wanted = i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX);
        let mut items = Vec::new();
        let mut start = None;
        // One call, unless the items fill a megabyte.
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.name)
                .set_index_name(range.index.map(str::to_owned))
                .consistent_read(!range.is_global_index())
                .scan_index_forward(forward)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
                .expression_attribute_names("#pk", &range.pk_name)
                .expression_attribute_names("#sk", &range.sk_name)
                .expression_attribute_values(":pk", string(&range.pk))
                .expression_attribute_values(":from", string(&range.from))
                .expression_attribute_values(":to", string(&range.to))
                .limit(wanted - i32::try_from(items.len()).unwrap_or(0))
                .set_exclusive_start_key(start.take());
            if range.from > range.to {
                return Ok(Slice { items: Vec::new(), next: None });
            }
            let output = request.send().await.map_err(StoreError::from_sdk)?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() || items.len() > limit {
                break;
            }
        }
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more).and_then(|item| item.get(&range.sk_name));
        let next = last.and_then(|value| value.as_s().ok()).cloned();
        Ok(Slice { items, next })
    }

    /// Deletes items, in as few calls as DynamoDB allows (25 keys each). Not atomic; the keys must be distinct.
    pub(crate) async fn batch_delete(&self, keys: Vec<Item>) -> Result<(), StoreError> {
        let delete = |key: Item| {
            let request = DeleteRequest::builder().set_key(Some(key)).build();
            request.map(|request| WriteRequest::builder().delete_request(request).build())
        };
        self.batch_write(keys.into_iter().map(delete).collect()).await
    }

    /// Puts items, in as few calls as DynamoDB allows (25 items each). Not atomic; the keys must be distinct.
    pub(crate) async fn batch_put(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let put = |item: Item| {
            let request = PutRequest::builder().set_item(Some(item)).build();
            request.map(|request| WriteRequest::builder().put_request(request).build())
        };
        self.batch_write(items.into_iter().map(put).collect()).await
    }

    async fn batch_write(&self, requests: Result<Vec<WriteRequest>, BuildError>) -> Result<(), StoreError> {
        let requests = requests.map_err(|error| StoreError::Refused(error.to_string()))?;
        let chunks: Vec<Vec<WriteRequest>> = requests.chunks(MAX_BATCH_WRITE).map(<[_]>::to_vec).collect();
        let calls = chunks.into_iter().map(|chunk| self.write_chunk(chunk));
        futures::stream::iter(calls).buffer_unordered(PARALLEL_BATCHES).try_collect().await
    }

    async fn write_chunk(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut wanted = HashMap::from([(self.name.clone(), requests)]);
        let mut attempt = 0;
        while !wanted.is_empty() {
            if attempt == BATCH_ATTEMPTS {
                return Err(StoreError::Unavailable("a batch write stayed incomplete".into()));
            }
            if attempt > 0 {
                pause(attempt).await;
            }
            attempt += 1;
            let request = self.client.batch_write_item().set_request_items(Some(std::mem::take(&mut wanted)));
            let output = request.send().await.map_err(StoreError::from_sdk)?;
            wanted = output.unprocessed_items.unwrap_or_default();
        }
        Ok(())
    }

    /// Puts an item, whatever was there: one PutItem.
    pub(crate) async fn put_item(&self, item: Item) -> Result<(), StoreError> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        request.send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }

    /// Puts an item while the condition holds for what is there; answers whether it did: one PutItem.
    pub(crate) async fn put_item_if(&self, item: Item, condition: &str) -> Result<bool, StoreError> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        match request.condition_expression(condition).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Deletes an item; answers whether there was one: one DeleteItem.
    pub(crate) async fn delete_item(&self, key: Item) -> Result<bool, StoreError> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        let output = request.return_values(ReturnValue::AllOld).send().await.map_err(StoreError::from_sdk)?;
        Ok(output.attributes.is_some_and(|item| !item.is_empty()))
    }

    pub(crate) fn put(&self, item: Item) -> Put {
        // The builder fails only when a required field is missing, and both are given.
        Put::builder().table_name(&self.name).set_item(Some(item)).build().expect("table and item are set")
    }
}

/// How fresh what is read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Every write that was acknowledged before is seen.
    Strong,
    /// A write may be missed that was made a moment ago, usually less than a second: half the units.
    Eventual,
}

/// As [`batch_get_as`], with strong consistency.
pub(crate) async fn batch_get(
    client: &Client,
    keys: Vec<(&Table, Item)>,
) -> Result<Vec<(String, Item)>, StoreError> {
    batch_get_as(client, keys, Freshness::Strong).await
}

/// Items of several tables in as few calls as DynamoDB allows (100 keys each), in no particular order, without those
/// that do not exist.
pub(crate) async fn batch_get_as(
    client: &Client,
    keys: Vec<(&Table, Item)>,
    freshness: Freshness,
) -> Result<Vec<(String, Item)>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(MAX_BATCH_GET) {
        let mut wanted: HashMap<String, KeysAndAttributes> = HashMap::new();
        let mut by_table: HashMap<&str, Vec<Item>> = HashMap::new();
        for (table, key) in chunk {
            by_table.entry(table.name()).or_default().push(key.clone());
        }
        for (table, keys) in by_table {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys));
            let keys = keys.consistent_read(freshness == Freshness::Strong).build();
            wanted.insert(table.to_owned(), keys.map_err(|error| StoreError::Refused(error.to_string()))?);
        }
        let mut attempt = 0;
        while !wanted.is_empty() {
            if attempt == BATCH_ATTEMPTS {
                return Err(StoreError::Unavailable("a batch read stayed incomplete".into()));
            }
            if attempt > 0 {
                pause(attempt).await;
            }
            attempt += 1;
            let request = client.batch_get_item().set_request_items(Some(std::mem::take(&mut wanted)));
            let output = request.send().await.map_err(StoreError::from_sdk)?;
            for (table, items) in output.responses.unwrap_or_default() {
                found.extend(items.into_iter().map(|item| (table.clone(), item)));
            }
            wanted = output.unprocessed_keys.unwrap_or_default();
        }
    }
    Ok(found)
}

/// Why a transaction was not committed. Nothing of it was written, unless the store is away.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// The conditions of the actions at these places, counted from 0, did not hold.
    Conditions(Vec<usize>),
    Store(StoreError),
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Commits the actions together. Conflicts with other transactions are retried with jitter.
pub(crate) async fn commit(client: &Client, actions: Vec<TransactWriteItem>) -> Result<(), CommitError> {
    let mut attempt = 0;
    loop {
        let request = client.transact_write_items().set_transact_items(Some(actions.clone()));
        let error = match request.send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let Some(failed) = failed_conditions(&error) else {
            return Err(StoreError::from_sdk(error).into());
        };
        if !failed.is_empty() {
            return Err(CommitError::Conditions(failed));
        }
        attempt += 1;
        if attempt == CONFLICT_ATTEMPTS {
            return Err(StoreError::Contended("a transaction kept conflicting with others".into()).into());
        }
        pause(attempt).await;
    }
}

/// The places of the actions whose condition failed; empty when the transaction only met another one or was
/// throttled; `None` when it was not cancelled or will be cancelled again.
fn failed_conditions<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<usize>> {
    let SdkError::ServiceError(service) = error else { return None };
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err() else { return None };
    let mut failed = Vec::new();
    for (place, reason) in cancelled.cancellation_reasons().iter().enumerate() {
        match reason.code() {
            Some("ConditionalCheckFailed") => failed.push(place),
            None
            | Some("None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded") => {}
            Some(_) => return None,
        }
    }
    Some(failed)
}

/// Waits before a retry: a random time up to 10 ms × 2^attempt, at most half a second ("full jitter").
pub(crate) async fn pause(attempt: u32) {
    let longest = (10u64 << attempt.min(6)).min(500);
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..=longest))).await;
}

pub(crate) fn put(action: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(action).build()
}

pub(crate) fn update(action: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(action).build()
}

pub(crate) fn delete(action: Delete) -> TransactWriteItem {
    TransactWriteItem::builder().delete(action).build()
}

pub(crate) fn check(action: ConditionCheck) -> TransactWriteItem {
    TransactWriteItem::builder().condition_check(action).build()
}
