//! The tables, on SQLite, and their streams.
//!
//! The streams are read through the embedded database's own interface: its records are in the form that Lambda
//! delivers, and asking costs next to nothing while nothing happens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::StartError;
use crate::shutdown::Shutdown;

/// How often expired items and old stream records are removed.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// DynamoDB keeps stream records for a day.
const STREAM_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The embedded DynamoDB. Clones share it.
#[derive(Clone)]
pub struct Tables {
    database: Database,
    file: PathBuf,
}

/// A table's stream.
#[derive(Debug, Clone)]
pub struct Stream {
    table: String,
    arn: String,
}

/// Some records of a stream in the form that Lambda delivers.
#[derive(Debug, Default)]
pub struct StreamRecords {
    pub records: Vec<Value>,
    /// The sequence number of the last one.
    pub last: Option<String>,
}

/// The embedded database refused something.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TablesError(String);

impl TablesError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Tables {
    /// Opens the database file of a folder and creates or extends the tables so that they are as described.
    pub(super) async fn open(folder: &Path, is_kept: bool, tables: Vec<Value>) -> Result<Self, StartError> {
        let file = folder.join("tables.sqlite");
        spawn_blocking(move || {
            let path = file.to_str().ok_or_else(|| StartError::tables("the folder's name is not Unicode"))?;
            let database = Database::new(path).map_err(StartError::tables)?;
            if !is_kept {
                // Nothing outlives the process, so nothing needs to reach the disk.
                database.enable_bulk_loading().map_err(StartError::tables)?;
            }
            index_streams(&file).map_err(StartError::tables)?;
            let tables_of = Self { database, file };
            for table in &tables {
                tables_of.ensure(table)?;
            }
            Ok(tables_of)
        })
        .await
        .map_err(StartError::tables)?
    }

    /// The library's own interface.
    pub(super) fn database(&self) -> Database {
        self.database.clone()
    }

    /// Removes expired items, as DynamoDB does by itself, and stream records older than a day.
    pub(super) fn keep_house(&self, shutdown: &Shutdown) -> JoinHandle<()> {
        let (tables, signal) = (self.clone(), shutdown.clone());
        tokio::spawn(async move {
            while signal.sleep(HOUSEKEEPING).await {
                let tables = tables.clone();
                let swept = spawn_blocking(move || tables.sweep()).await;
                if let Err(error) = swept.map_err(TablesError::new).and_then(|swept| swept) {
                    tracing::warn!(%error, "expired items could not be removed");
                }
            }
        })
    }

    /// Removes expired items and old stream records now.
    ///
    /// # Errors
    /// The database file cannot be written.
    pub fn sweep(&self) -> Result<(), TablesError> {
        self.database.sweep_ttl().map_err(TablesError::new)?;
        let connection = rusqlite::Connection::open(&self.file).map_err(TablesError::new)?;
        let retention = i64::try_from(STREAM_RETENTION.as_secs()).unwrap_or(i64::MAX);
        connection
            .execute("DELETE FROM _stream_records WHERE created_at < unixepoch() - ?1", [retention])
            .map_err(TablesError::new)?;
        Ok(())
    }

    /// The stream of a table.
    ///
    /// # Errors
    /// There is no such table, or it has no stream.
    pub fn stream(&self, table: &str) -> Result<Stream, TablesError> {
        let described =
            self.describe(table)?.ok_or_else(|| TablesError(format!("there is no table {table}")))?;
        let arn = described["LatestStreamArn"].as_str();
        let arn = arn.ok_or_else(|| TablesError(format!("the table {table} has no stream")))?.to_owned();
        Ok(Stream { table: table.to_owned(), arn })
    }

    /// At most `limit` records after this sequence number, or from the oldest one.
    ///
    /// # Errors
    /// The stream is gone.
    pub async fn records(
        &self,
        stream: &Stream,
        after: Option<&str>,
        limit: usize,
    ) -> Result<StreamRecords, TablesError> {
        let (database, arn, limit) = (self.database.clone(), stream.arn.clone(), limit);
        let request = GetShardIteratorRequest {
            stream_arn: stream.arn.clone(),
            shard_id: dynoxide::streams::shard_id(&stream.table),
            shard_iterator_type: after.map_or("TRIM_HORIZON", |_| "AFTER_SEQUENCE_NUMBER").to_owned(),
            sequence_number: after.map(str::to_owned),
        };
        let read = move || -> Result<StreamRecords, TablesError> {
            let iterator = database.get_shard_iterator(request).map_err(TablesError::new)?;
            let shard_iterator = iterator.shard_iterator.unwrap_or_default();
            let request = GetRecordsRequest { shard_iterator, limit: Some(limit) };
            let answer = database.get_records(request).map_err(TablesError::new)?;
            let last = answer.records.last().map(|record| record.dynamodb.sequence_number.clone());
            let mut records = Vec::with_capacity(answer.records.len());
            for record in answer.records {
                let mut record = serde_json::to_value(record).map_err(TablesError::new)?;
                record["eventSourceARN"] = Value::from(arn.as_str());
                records.push(record);
            }
            Ok(StreamRecords { records, last })
        };
        spawn_blocking(read).await.map_err(TablesError::new)?
    }

    fn describe(&self, table: &str) -> Result<Option<Value>, TablesError> {
        match self.database.describe_table(request(json!({ "TableName": table }))?) {
            Ok(answer) => Ok(Some(serde_json::to_value(answer.table).map_err(TablesError::new)?)),
            Err(dynoxide::DynoxideError::ResourceNotFoundException(_)) => Ok(None),
            Err(error) => Err(TablesError::new(error)),
        }
    }

    /// Creates a table that is missing; adds what can be added to one that is there.
    fn ensure(&self, table: &Value) -> Result<(), StartError> {
        let name = table["TableName"].as_str().unwrap_or_default();
        match self.describe(name).map_err(StartError::tables)? {
            None => {
                let create = request(table.clone()).map_err(StartError::tables)?;
                self.database.create_table(create).map_err(StartError::tables)?;
            }
            Some(existing) => self.extend(name, &existing, table)?,
        }
        if let Some(ttl) = table.get("TimeToLiveSpecification") {
            let described = self
                .database
                .describe_time_to_live(request(json!({ "TableName": name })).map_err(StartError::tables)?);
            let described = serde_json::to_value(described.map_err(StartError::tables)?);
            let described = described.map_err(StartError::tables)?;
            if described["TimeToLiveDescription"]["TimeToLiveStatus"] != "ENABLED" {
                let update = request(json!({ "TableName": name, "TimeToLiveSpecification": ttl }));
                self.database
                    .update_time_to_live(update.map_err(StartError::tables)?)
                    .map_err(StartError::tables)?;
            }
        }
        Ok(())
    }

    fn extend(&self, name: &str, existing: &Value, wanted: &Value) -> Result<(), StartError> {
        let changed = |what: &str| StartError::Schema { table: name.to_owned(), what: what.to_owned() };
        if existing["KeySchema"] != wanted["KeySchema"] {
            return Err(changed("key schema"));
        }
        if !has_same_indexes(&existing["LocalSecondaryIndexes"], &wanted["LocalSecondaryIndexes"]) {
            return Err(changed("local indexes"));
        }
        for index in wanted["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
            match find_index(&existing["GlobalSecondaryIndexes"], &index["IndexName"]) {
                Some(found) if is_same_index(found, index) => {}
                Some(_) => return Err(changed(&format!("index {}", index["IndexName"]))),
                None => {
                    let update = json!({
                        "TableName": name,
                        "AttributeDefinitions": wanted["AttributeDefinitions"],
                        "GlobalSecondaryIndexUpdates": [{ "Create": index }],
                    });
                    self.update(update)?;
                }
            }
        }
        let view = |table: &Value| table["StreamSpecification"]["StreamViewType"].clone();
        if view(existing) != view(wanted) {
            if !view(existing).is_null() {
                self.update(json!({ "TableName": name, "StreamSpecification": { "StreamEnabled": false } }))?;
            }
            if let Some(stream) = wanted.get("StreamSpecification") {
                self.update(json!({ "TableName": name, "StreamSpecification": stream }))?;
            }
        }
        Ok(())
    }

    fn update(&self, update: Value) -> Result<(), StartError> {
        let update = request(update).map_err(StartError::tables)?;
        self.database.update_table(update).map(drop).map_err(StartError::tables)
    }
}

fn request<T: DeserializeOwned>(json: Value) -> Result<T, TablesError> {
    serde_json::from_value(json).map_err(TablesError::new)
}

fn find_index<'a>(indexes: &'a Value, name: &Value) -> Option<&'a Value> {
    indexes.as_array()?.iter().find(|index| index["IndexName"] == *name)
}

fn is_same_index(left: &Value, right: &Value) -> bool {
    left["KeySchema"] == right["KeySchema"]
        && left["Projection"]["ProjectionType"] == right["Projection"]["ProjectionType"]
}

fn has_same_indexes(left: &Value, right: &Value) -> bool {
    let count = |indexes: &Value| indexes.as_array().map_or(0, Vec::len);
    let is_in_left = |index: &Value| {
        find_index(left, &index["IndexName"]).is_some_and(|found| is_same_index(found, index))
    };
    count(left) == count(right) && right.as_array().into_iter().flatten().all(is_in_left)
}

/// The embedded database finds the next sequence number and the next records by reading all stream records, which makes
/// every write slower than the one before; this index answers both at once.
fn index_streams(file: &Path) -> Result<(), rusqlite::Error> {
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS mixtape_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(indexes: &[&str], view: Option<&str>) -> Value {
        let string = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let mut table = json!({
            "TableName": "mixtape-things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [string("pk"), string("sk")],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }],
            "TimeToLiveSpecification": { "AttributeName": "expires", "Enabled": true },
        });
        for index in indexes {
            table["AttributeDefinitions"].as_array_mut().unwrap().push(string(index));
        }
        if !indexes.is_empty() {
            table["GlobalSecondaryIndexes"] = indexes
                .iter()
                .map(|index| {
                    let key = [json!({ "AttributeName": index, "KeyType": "HASH" })];
                    json!({ "IndexName": index, "KeySchema": key, "Projection": { "ProjectionType": "KEYS_ONLY" } })
                })
                .collect();
        }
        if let Some(view) = view {
            table["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
        }
        table
    }

    async fn open(folder: &Path, table: Value) -> Result<Tables, StartError> {
        Tables::open(folder, true, vec![table]).await
    }

    #[tokio::test]
    async fn a_table_of_an_older_version_gets_its_new_index_and_stream() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), table(&["old"], None)).await.unwrap();
        let wanted = table(&["old", "new"], Some("KEYS_ONLY"));
        let tables = open(folder.path(), wanted.clone()).await.unwrap();
        let described = tables.describe("mixtape-things").unwrap().unwrap();
        assert!(find_index(&described["GlobalSecondaryIndexes"], &json!("new")).is_some());
        assert_eq!(described["StreamSpecification"]["StreamViewType"], "KEYS_ONLY");
        drop(tables);
        let tables = open(folder.path(), table(&["old", "new"], Some("NEW_AND_OLD_IMAGES"))).await.unwrap();
        let described = tables.describe("mixtape-things").unwrap().unwrap();
        assert_eq!(described["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    }

    #[tokio::test]
    async fn a_table_with_other_keys_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), table(&[], None)).await.unwrap();
        let mut other = table(&["x"], None);
        other["KeySchema"][1]["AttributeName"] = json!("x");
        assert!(matches!(open(folder.path(), other).await, Err(StartError::Schema { .. })));
    }

    #[tokio::test]
    async fn expired_items_go_and_leave_a_record_in_the_stream() {
        let folder = tempfile::tempdir().unwrap();
        let tables = open(folder.path(), table(&[], Some("KEYS_ONLY"))).await.unwrap();
        for (sk, expires) in [("old", "1"), ("new", "99999999999")] {
            let item = json!({ "pk": { "S": "a" }, "sk": { "S": sk }, "expires": { "N": expires } });
            let put = request(json!({ "TableName": "mixtape-things", "Item": item })).unwrap();
            tables.database.put_item(put).unwrap();
        }
        tables.sweep().unwrap();
        let stream = tables.stream("mixtape-things").unwrap();
        let first = tables.records(&stream, None, 2).await.unwrap();
        let rest = tables.records(&stream, first.last.as_deref(), 10).await.unwrap();
        let names: Vec<_> =
            first.records.iter().chain(&rest.records).map(|record| record["eventName"].clone()).collect();
        assert_eq!(names, ["INSERT", "INSERT", "REMOVE"]);
        assert_eq!(rest.records[0]["dynamodb"]["Keys"]["sk"]["S"], "old");
        assert!(rest.records[0]["eventSourceARN"].as_str().unwrap().contains("table/mixtape-things/stream/"));
        assert!(tables.records(&stream, rest.last.as_deref(), 10).await.unwrap().records.is_empty());
    }
}
