//! Batches of a DynamoDB stream.

use aws_lambda_events::event::dynamodb::Event;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::EventError;

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Inserted,
    Modified,
    Removed,
}

/// One change of one item.
#[derive(Debug, Clone)]
pub struct Record {
    /// The place of the change in its shard; what a failure is reported by.
    pub sequence_number: String,
    pub change: Change,
    /// The partition key of the item.
    pub pk: String,
    /// The sort key of the item.
    pub sk: String,
    /// The table's name, taken from the ARN of the stream.
    pub table: String,
    old_image: serde_dynamo::Item,
    new_image: serde_dynamo::Item,
}

/// A batch of changes, in the order of the shard.
#[derive(Debug, Clone)]
pub struct StreamBatch {
    pub records: Vec<Record>,
}

/// Whether the event is a batch of a DynamoDB stream, and not, for example, a direct invocation.
pub fn is_stream_batch(event: &Value) -> bool {
    event["Records"][0]["eventSource"] == "aws:dynamodb"
}

impl StreamBatch {
    /// Reads the event that Lambda delivers.
    ///
    /// # Errors
    /// The event is not a batch of a DynamoDB stream, or a record lacks its keys or sequence number.
    pub fn decode(event: Value) -> Result<Self, EventError> {
        let event: Event =
            serde_json::from_value(event).map_err(|error| EventError::Malformed(error.to_string()))?;
        let records = event.records.into_iter().map(Record::decode).collect::<Result<_, _>>()?;
        Ok(Self { records })
    }
}

#[derive(serde::Deserialize)]
struct Keys {
    pk: String,
    sk: String,
}

impl Record {
    fn decode(record: aws_lambda_events::event::dynamodb::EventRecord) -> Result<Self, EventError> {
        let malformed = |what: &str| EventError::Malformed(format!("a stream record has no {what}"));
        let keys: Keys = serde_dynamo::from_item(record.change.keys).map_err(|_| malformed("pk and sk"))?;
        let change = match record.event_name.as_str() {
            "INSERT" => Change::Inserted,
            "MODIFY" => Change::Modified,
            "REMOVE" => Change::Removed,
            _ => return Err(malformed("event name")),
        };
        // arn:aws:dynamodb:region:account:table/NAME/stream/TIME
        let arn = record.event_source_arn.unwrap_or_default();
        Ok(Self {
            sequence_number: record.change.sequence_number.ok_or_else(|| malformed("sequence number"))?,
            change,
            pk: keys.pk,
            sk: keys.sk,
            table: arn.split('/').nth(1).unwrap_or_default().to_owned(),
            old_image: record.change.old_image,
            new_image: record.change.new_image,
        })
    }

    /// The item before the change, where the stream carries it and there was one.
    pub fn old<T: DeserializeOwned>(&self) -> Option<T> {
        serde_dynamo::from_item(self.old_image.clone()).ok()
    }

    /// The item after the change, where the stream carries it and there is one.
    pub fn new_image<T: DeserializeOwned>(&self) -> Option<T> {
        serde_dynamo::from_item(self.new_image.clone()).ok()
    }
}

/// The records of a batch that were not handled. Lambda delivers again from the first of them.
#[derive(Debug, Default)]
pub struct Failures(Vec<String>);

impl Failures {
    /// Notes that a record was not handled.
    pub fn add(&mut self, record: &Record) {
        self.0.push(record.sequence_number.clone());
    }

    /// How many were not handled.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The answer to Lambda (`ReportBatchItemFailures`).
    pub fn answer(&self) -> Value {
        let failures: Vec<Value> = self.0.iter().map(|number| json!({ "itemIdentifier": number })).collect();
        json!({ "batchItemFailures": failures })
    }
}
