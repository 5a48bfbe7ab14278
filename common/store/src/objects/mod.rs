//! Objects in the bucket: whole reads, conditional reads and conditional writes.

mod multipart;
mod presign;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use mixtape_domain::Timestamp;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::StoreError;

pub use multipart::Part;
pub use presign::{Presigned, ReadAs, Validity};

/// S3 copies a gigabyte, or makes one object of many parts, before it answers.
const LONG_TIMEOUT: Duration = Duration::from_secs(120);
/// Keys that one DeleteObjects may name; S3's limit.
const MAX_DELETE: usize = 1000;

/// The bucket. Clones share the client.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// An object's content and the version that it had.
#[derive(Debug, Clone)]
pub struct Blob {
    pub bytes: Vec<u8>,
    pub etag: String,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub size_bytes: u64,
    pub etag: String,
    pub modified_at: Timestamp,
}

/// How an object answers who reads it from a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presentation {
    pub content_type: String,
    pub content_disposition: Option<String>,
    pub cache_control: Option<String>,
}

/// What came of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written and now has this ETag.
    Written { etag: String },
    /// Somebody else wrote it first; nothing was changed.
    Lost,
}

impl Objects {
    pub(crate) fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.client.head_bucket().bucket(&self.bucket).send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }

    /// The whole object, or `None` when there is none of that key.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        let output = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(output) => output,
            Err(SdkError::ServiceError(service)) if service.err().is_no_such_key() => return Ok(None),
            Err(error) => return Err(StoreError::from_sdk(error)),
        };
        let etag = output.e_tag.unwrap_or_default();
        let body = output.body.collect().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Some(Blob { bytes: body.to_vec(), etag }))
    }

    /// Copies the bytes from `from` on, `length` of them, as they come. Answers false when there is no object of that
    /// key.
    ///
    /// # Errors
    /// The bucket is away, the object is shorter, or nothing can be written.
    pub async fn copy_range(
        &self,
        key: &str,
        from: u64,
        length: u64,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<bool, StoreError> {
        if length == 0 {
            return Ok(true);
        }
        let range = format!("bytes={from}-{}", from + length - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let mut output = match request.send().await {
            Ok(output) => output,
            Err(SdkError::ServiceError(service)) if service.err().is_no_such_key() => return Ok(false),
            Err(error) if error.code() == Some("InvalidRange") => {
                return Err(StoreError::Corrupt(format!("{key} ends before byte {from}")));
            }
            Err(error) => return Err(StoreError::from_sdk(error)),
        };
        let away = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let mut copied = 0;
        while let Some(bytes) = output.body.next().await {
            let bytes = bytes.map_err(|error| away(&error))?;
            to.write_all(&bytes).await.map_err(|error| away(&format!("local copy: {error}")))?;
            copied += bytes.len() as u64;
        }
        to.flush().await.map_err(|error| away(&format!("local copy: {error}")))?;
        if copied != length {
            return Err(StoreError::Corrupt(format!(
                "{key} has {copied} bytes from {from} on, not {length}"
            )));
        }
        Ok(true)
    }

    /// The object's ETag, or `None` when there is none of that key.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn etag(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(output) => Ok(output.e_tag),
            Err(SdkError::ServiceError(service)) if service.err().is_not_found() => Ok(None),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Writes an object under a key that nobody else uses, so that no condition is needed.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        request.send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }

    /// As [`Objects::put`], of an object that browsers read.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn put_presented(
        &self,
        key: &str,
        bytes: Vec<u8>,
        presentation: &Presentation,
    ) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let request = request
            .content_type(&presentation.content_type)
            .set_content_disposition(presentation.content_disposition.clone())
            .set_cache_control(presentation.cache_control.clone());
        request.send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }

    /// Copies an object inside the bucket, if its ETag is still `etag`. Answers false when it is not there as such.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn copy(
        &self,
        from: &str,
        etag: &str,
        to: &str,
        presentation: &Presentation,
    ) -> Result<bool, StoreError> {
        let request = self.client.copy_object().bucket(&self.bucket).key(to);
        let request = request
            .copy_source(format!("{}/{from}", self.bucket))
            .copy_source_if_match(etag)
            .metadata_directive(aws_sdk_s3::types::MetadataDirective::Replace)
            .content_type(&presentation.content_type)
            .set_content_disposition(presentation.content_disposition.clone())
            .set_cache_control(presentation.cache_control.clone());
        match request.customize().config_override(with_long_timeout()).send().await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.code(), Some("NoSuchKey" | "PreconditionFailed")) => Ok(false),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// The bytes from `from` on, at most `length` of them, of the object as it was with this ETag.
    ///
    /// # Errors
    /// The bucket is away, or there is no such object any more ([`StoreError::Corrupt`]).
    pub async fn get_range(
        &self,
        key: &str,
        etag: Option<&str>,
        from: u64,
        length: u64,
    ) -> Result<Vec<u8>, StoreError> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let range = format!("bytes={from}-{}", from.saturating_add(length - 1));
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let output = match request.set_if_match(etag.map(str::to_owned)).send().await {
            Ok(output) => output,
            Err(error)
                if matches!(error.code(), Some("NoSuchKey" | "PreconditionFailed" | "InvalidRange")) =>
            {
                return Err(StoreError::Corrupt(format!("{key} is gone or has changed")));
            }
            Err(error) => return Err(StoreError::from_sdk(error)),
        };
        let body = output.body.collect().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(body.to_vec())
    }

    /// Size, ETag and age of an object, or `None` when there is none of that key.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(output) => Ok(Some(Head {
                size_bytes: output
                    .content_length
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or_default(),
                etag: output.e_tag.unwrap_or_default(),
                modified_at: timestamp(output.last_modified.as_ref()),
            })),
            Err(SdkError::ServiceError(service)) if service.err().is_not_found() => Ok(None),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// A page of the keys that start with `prefix`, in order, after the key `after`, each with its age.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let request = request.set_start_after(after.map(str::to_owned));
        let output = request
            .max_keys(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        let objects = output.contents.unwrap_or_default().into_iter();
        let found = objects.filter_map(|object| {
            let modified_at = timestamp(object.last_modified.as_ref());
            object.key.map(|key| (key, modified_at))
        });
        Ok(found.collect())
    }

    /// Deletes every object whose key starts with `prefix`; answers how many.
    ///
    /// # Errors
    /// The bucket is away; running it again deletes the rest.
    pub async fn delete_all(&self, prefix: &str) -> Result<usize, StoreError> {
        let keys = self.list(prefix).await?;
        for chunk in keys.chunks(MAX_DELETE) {
            let ids = chunk.iter().map(|key| aws_sdk_s3::types::ObjectIdentifier::builder().key(key).build());
            let ids: Vec<_> =
                ids.collect::<Result<_, _>>().map_err(|error| StoreError::Refused(error.to_string()))?;
            let delete = aws_sdk_s3::types::Delete::builder().set_objects(Some(ids)).quiet(true).build();
            let delete = delete.map_err(|error| StoreError::Refused(error.to_string()))?;
            let request = self.client.delete_objects().bucket(&self.bucket).delete(delete);
            let output = request.send().await.map_err(StoreError::from_sdk)?;
            if let Some(error) = output.errors.unwrap_or_default().first() {
                return Err(StoreError::Unavailable(format!(
                    "{:?} was not deleted: {:?}",
                    error.key, error.code
                )));
            }
        }
        Ok(keys.len())
    }

    /// Writes the object only if its ETag is still `expected`; `None` means only if there is no such object.
    ///
    /// # Errors
    /// The bucket is away. The write may then have happened or not.
    pub async fn put_if(
        &self,
        key: &str,
        bytes: Vec<u8>,
        expected: Option<&str>,
    ) -> Result<PutOutcome, StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let request = match expected {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        match request.send().await {
            Ok(output) => Ok(PutOutcome::Written { etag: output.e_tag.unwrap_or_default() }),
            Err(SdkError::ServiceError(service))
                if matches!(
                    service.err().code(),
                    Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey")
                ) =>
            {
                Ok(PutOutcome::Lost)
            }
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// The keys that start with `prefix`, in order.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(StoreError::from_sdk)?.contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Deletes the object; a key without an object is no error.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key);
        request.send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }
}

fn timestamp(time: Option<&aws_sdk_s3::primitives::DateTime>) -> Timestamp {
    let millis = time.and_then(|time| time.to_millis().ok());
    millis.and_then(Timestamp::from_millis).unwrap_or(Timestamp::EPOCH)
}

fn with_long_timeout() -> aws_sdk_s3::config::Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(LONG_TIMEOUT)
        .operation_timeout(LONG_TIMEOUT)
        .build();
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts)
}
