//! Uploads from their announcement to their end.

use std::time::Duration;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use mixtape_domain::media::{MAX_OPEN_UPLOADS, Sha256Hex, Upload, UploadDraft, UploadStatus};
use mixtape_domain::{AccountId, Timestamp, TrackId, UploadId};
use serde::{Deserialize, Serialize};

use super::{Effects, Media, UPLOAD, owner_pk, upload_item_key};
use crate::table::{self, CommitError, Item, Range, number, string};
use crate::{Listed, StoreError};

/// How long it can be read what became of an upload.
const FINISHED_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a given up upload is remembered, so that a file that arrives late is known for what it is.
const CANCELLED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// An upload as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    #[serde(flatten)]
    pub upload: Upload,
    pub owner_id: AccountId,
    /// Of the whole file, as the client announced it.
    pub sha256: Sha256Hex,
    /// S3's id of an upload in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart_id: Option<String>,
    /// Whether its size counts as stored although no track has it.
    #[serde(default)]
    pub reserved: bool,
    /// Whether the client gave it up.
    #[serde(default)]
    pub cancelled: bool,
}

/// An upload whose end is still open: the only kind that can be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUpload(UploadRecord);

impl OpenUpload {
    /// What is known of it.
    pub fn record(&self) -> &UploadRecord {
        &self.0
    }
}

/// What came of an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    Opened,
    /// The account may not store that much more.
    Full,
    /// Too many uploads of the account are open.
    TooMany,
}

impl UploadRecord {
    /// An announced upload.
    pub fn new(draft: UploadDraft, owner_id: AccountId, now: Timestamp, life: Duration) -> Self {
        let upload = Upload {
            id: UploadId::new(now),
            status: UploadStatus::Waiting,
            filename: draft.filename,
            content_type: draft.content_type,
            size_bytes: draft.size_bytes,
            track_id: draft.track_id,
            code: None,
            detail: None,
            created_at: now,
            updated_at: now,
            expires_at: now.plus(life),
        };
        Self { upload, owner_id, sha256: draft.sha256, multipart_id: None, reserved: true, cancelled: false }
    }

    /// The upload, if nothing has become of it yet.
    pub fn open(self) -> Option<OpenUpload> {
        let is_open = !self.upload.status.is_final() && !self.cancelled;
        is_open.then_some(OpenUpload(self))
    }

    /// The key under which its file arrives.
    pub fn object_key(&self) -> String {
        super::upload_key(self.owner_id, self.upload.id)
    }

    fn item(&self) -> Result<Item, StoreError> {
        let mut item = table::to_item(self)?;
        item.extend(upload_item_key(self.owner_id, self.upload.id));
        // DynamoDB's time to live: seconds since the epoch.
        item.insert("expires".to_owned(), number(self.upload.expires_at.seconds()));
        Ok(item)
    }
}

impl Media {
    /// Keeps an announced upload and reserves its size: one transaction.
    ///
    /// # Errors
    /// The table is away.
    pub async fn open_upload(&self, record: &UploadRecord, max_bytes: u64) -> Result<Opening, StoreError> {
        let size = record.upload.size_bytes;
        if size > max_bytes {
            return Ok(Opening::Full);
        }
        let mut put = self.table.put(record.item()?);
        put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        let reserve = self.reserve(record.owner_id, size, max_bytes, MAX_OPEN_UPLOADS);
        match table::commit(self.table.client(), vec![reserve, table::put(put)]).await {
            Ok(()) => Ok(Opening::Opened),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(_)) => {
                #[derive(Deserialize)]
                struct Usage {
                    open_uploads: u64,
                }
                let usage = self.table.get::<Usage>(super::usage_key(record.owner_id)).await?;
                let is_many = usage.is_some_and(|usage| usage.open_uploads >= MAX_OPEN_UPLOADS);
                Ok(if is_many { Opening::TooMany } else { Opening::Full })
            }
        }
    }

    /// An upload of an account: one GetItem. Given up ones included.
    ///
    /// # Errors
    /// The table is away.
    pub async fn upload(&self, owner: AccountId, id: UploadId) -> Result<Option<UploadRecord>, StoreError> {
        self.table.get(upload_item_key(owner, id)).await
    }

    /// A page of an account's uploads, the latest first: one Query. A page can hold fewer than `limit` because those
    /// that were given up are left out.
    ///
    /// # Errors
    /// The table is away.
    pub async fn uploads(
        &self,
        owner: AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<UploadRecord>, StoreError> {
        let range = Range::table(owner_pk(owner), UPLOAD).after(after);
        let (mut items, next) = self.table.query(&range, limit, true).await?.read::<UploadRecord>()?;
        items.retain(|record| !record.cancelled);
        Ok(Listed { items, next })
    }

    /// Remembers S3's id of an upload in parts: one transaction of one action.
    ///
    /// # Errors
    /// The table is away.
    pub async fn set_multipart(&self, record: &UploadRecord, multipart_id: &str) -> Result<(), StoreError> {
        let update = self
            .change(record)
            .update_expression("SET multipart_id = :multipart")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":multipart", string(multipart_id));
        self.commit_one(update).await.map(|_| ())
    }

    /// Remembers that the client has sent the file, which the table's stream tells `ingest`: one transaction of one action.
    ///
    /// # Errors
    /// The table is away.
    pub async fn say_sent(&self, record: &UploadRecord, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .change(record)
            // With the time, so that saying it again is a change, too.
            .update_expression("SET sent = :true, updated_at = :now")
            .condition_expression("#status = :waiting AND cancelled = :false")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":waiting", string("waiting"))
            .expression_attribute_values(":now", string(now.to_string()))
            .expression_attribute_values(":true", boolean(true))
            .expression_attribute_values(":false", boolean(false));
        self.commit_one(update).await.map(|_| ())
    }

    /// Says that the file has arrived. Answers the upload as it is now, if it is still open.
    ///
    /// # Errors
    /// The table is away.
    pub async fn begin_processing(
        &self,
        open: OpenUpload,
        now: Timestamp,
    ) -> Result<Option<OpenUpload>, StoreError> {
        let OpenUpload(mut record) = open;
        if record.upload.status == UploadStatus::Processing {
            return Ok(Some(OpenUpload(record)));
        }
        let update = self
            .change(&record)
            .update_expression("SET #status = :processing, updated_at = :now")
            .condition_expression("reserved = :true AND cancelled = :false")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":processing", string("processing"))
            .expression_attribute_values(":now", string(now.to_string()))
            .expression_attribute_values(":true", boolean(true))
            .expression_attribute_values(":false", boolean(false));
        if !self.commit_one(update).await? {
            return Ok(None);
        }
        record.upload.status = UploadStatus::Processing;
        record.upload.updated_at = now;
        Ok(Some(OpenUpload(record)))
    }

    /// Ends an upload without a track and gives its storage back: one transaction. Nothing happens if it has ended
    /// before. `track_id` is the track that has the sound already, if that is why.
    ///
    /// # Errors
    /// The table is away.
    pub async fn reject_upload(
        &self,
        open: &OpenUpload,
        code: &str,
        detail: &str,
        track_id: Option<TrackId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let OpenUpload(record) = open;
        let track_id = track_id.or(record.upload.track_id);
        let track = track_id.map_or_else(|| AttributeValue::Null(true), |id| string(id.to_string()));
        let update = self
            .change(record)
            .update_expression(
                "SET #status = :rejected, code = :code, detail = :detail, track_id = :track, updated_at = :now, \
                 expires_at = :until, #expires = :expires, reserved = :false",
            )
            .condition_expression("reserved = :true AND cancelled = :false")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":rejected", string("rejected"))
            .expression_attribute_values(":code", string(code))
            .expression_attribute_values(":detail", string(detail))
            .expression_attribute_values(":track", track)
            .expression_attribute_values(":true", boolean(true))
            .expression_attribute_values(":false", boolean(false));
        self.end(record, lives(update, now, FINISHED_LIFE)).await.map(|_| ())
    }

    /// Gives an upload up: one transaction. Answers whether it was still open.
    ///
    /// # Errors
    /// The table is away.
    pub async fn cancel_upload(&self, open: &OpenUpload, now: Timestamp) -> Result<bool, StoreError> {
        let OpenUpload(record) = open;
        let update = self
            .change(record)
            .update_expression(
                "SET cancelled = :true, updated_at = :now, expires_at = :until, #expires = :expires, reserved = :false",
            )
            .condition_expression("reserved = :true AND cancelled = :false")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":true", boolean(true))
            .expression_attribute_values(":false", boolean(false));
        self.end(record, lives(update, now, CANCELLED_LIFE)).await
    }

    /// Forgets an upload of which something has become: one transaction. Its item stays for a while, so that a file
    /// which is sent once more is known for what it is.
    ///
    /// # Errors
    /// The table is away.
    pub async fn forget_upload(&self, record: &UploadRecord, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .change(record)
            .update_expression(
                "SET cancelled = :true, updated_at = :now, expires_at = :until, #expires = :expires",
            )
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":true", boolean(true));
        self.commit_one(lives(update, now, CANCELLED_LIFE)).await.map(|_| ())
    }

    /// Makes an open upload ready. The storage that it reserved is the track's from then on.
    pub(crate) fn ready(&self, open: &OpenUpload, track_id: TrackId, now: Timestamp, effects: &mut Effects) {
        let OpenUpload(record) = open;
        let update = self
            .change(record)
            .update_expression(
                "SET #status = :ready, track_id = :track, updated_at = :now, expires_at = :until, \
                 #expires = :expires, reserved = :false",
            )
            .condition_expression("reserved = :true AND cancelled = :false")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":ready", string("ready"))
            .expression_attribute_values(":track", string(track_id.to_string()))
            .expression_attribute_values(":true", boolean(true))
            .expression_attribute_values(":false", boolean(false));
        let update = lives(update, now, FINISHED_LIFE).build().expect("table, key and expression are set");
        effects.add(table::update(update));
        effects.use_storage(record.owner_id, 0, -1);
    }

    async fn end(&self, record: &UploadRecord, update: UpdateBuilder) -> Result<bool, StoreError> {
        let size = i64::try_from(record.upload.size_bytes).unwrap_or(i64::MAX);
        let update = table::update(update.build().expect("table, key and expression are set"));
        let actions = vec![update, self.use_storage(record.owner_id, -size, -1)];
        match table::commit(self.table.client(), actions).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conditions(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    fn change(&self, record: &UploadRecord) -> UpdateBuilder {
        let key = upload_item_key(record.owner_id, record.upload.id);
        Update::builder().table_name(self.table.name()).set_key(Some(key))
    }

    /// Whether the conditions of the only action held.
    async fn commit_one(&self, update: UpdateBuilder) -> Result<bool, StoreError> {
        let update = update.build().expect("table, key and expression are set");
        match table::commit(self.table.client(), vec![table::update(update)]).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conditions(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// Fills in when the upload changed and for how long it is kept from then on.
fn lives(update: UpdateBuilder, now: Timestamp, life: Duration) -> UpdateBuilder {
    let until = now.plus(life);
    update
        .expression_attribute_values(":now", string(now.to_string()))
        .expression_attribute_values(":until", string(until.to_string()))
        .expression_attribute_values(":expires", number(until.seconds()))
}

fn boolean(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}
