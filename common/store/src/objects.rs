//! Objects in the bucket: whole reads, conditional reads and conditional writes.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::StoreError;

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
