//! Uploads in parts.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{Objects, with_long_timeout};
use crate::StoreError;

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Counted from 1.
    pub number: u32,
    pub size_bytes: u64,
    etag: Option<String>,
}

impl Objects {
    /// Begins an upload in parts; answers S3's id of it.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn begin_multipart(&self, key: &str, content_type: &str) -> Result<String, StoreError> {
        let request = self.client.create_multipart_upload().bucket(&self.bucket).key(key);
        let output = request.content_type(content_type).send().await.map_err(StoreError::from_sdk)?;
        output.upload_id.ok_or_else(|| StoreError::Corrupt("S3 began an upload without an id".into()))
    }

    /// The parts that have arrived, in order, or `None` when there is no such upload any more.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn parts(&self, key: &str, multipart_id: &str) -> Result<Option<Vec<Part>>, StoreError> {
        let request = self.client.list_parts().bucket(&self.bucket).key(key).upload_id(multipart_id);
        let mut pages = request.into_paginator().send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if error.code() == Some("NoSuchUpload") => return Ok(None),
                Err(error) => return Err(StoreError::from_sdk(error)),
            };
            parts.extend(page.parts.unwrap_or_default().into_iter().map(|part| Part {
                number: part.part_number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default(),
                size_bytes: part.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                etag: part.e_tag,
            }));
        }
        parts.sort_by_key(|part| part.number);
        Ok(Some(parts))
    }

    /// Makes one object of the parts. Answers false when there is no such upload any more, which is also so when it was
    /// completed before.
    ///
    /// # Errors
    /// The bucket is away, or the parts are not those that arrived.
    pub async fn complete_multipart(
        &self,
        key: &str,
        multipart_id: &str,
        parts: &[Part],
    ) -> Result<bool, StoreError> {
        let completed = parts.iter().map(|part| {
            CompletedPart::builder()
                .part_number(i32::try_from(part.number).unwrap_or(i32::MAX))
                .set_e_tag(part.etag.clone())
                .build()
        });
        let upload = CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build();
        let request = self.client.complete_multipart_upload().bucket(&self.bucket).key(key);
        let request = request.upload_id(multipart_id).multipart_upload(upload);
        match request.customize().config_override(with_long_timeout()).send().await {
            Ok(_) => Ok(true),
            // Another request completed it meanwhile. An upload that is gone may look like somebody else's.
            Err(error) if matches!(error.code(), Some("NoSuchUpload" | "AccessDenied" | "InvalidPart")) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Forgets an upload in parts and what has arrived of it.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn abort_multipart(&self, key: &str, multipart_id: &str) -> Result<(), StoreError> {
        let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(key);
        match request.upload_id(multipart_id).send().await {
            Ok(_) => Ok(()),
            // S3's lifecycle rule or another delivery was faster.
            Err(error) if matches!(error.code(), Some("NoSuchUpload" | "AccessDenied")) => Ok(()),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }
}
