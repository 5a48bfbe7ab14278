//! Addresses that let somebody without credentials do one thing with one object for a while.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mixtape_domain::Timestamp;
use mixtape_domain::media::Sha256Hex;

use super::Objects;
use crate::StoreError;

/// A request that S3 takes from whoever knows it, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    pub url: String,
    /// The headers that must be sent with it, as they stand here.
    pub headers: BTreeMap<String, String>,
}

/// How S3 answers a presigned read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    pub content_type: String,
    pub content_disposition: String,
    /// Whether the request is a HEAD and not a GET.
    pub is_head: bool,
}

/// How long a presigned address works, and from when on: the clock of the handlers decides.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    pub from: Timestamp,
    pub life: Duration,
}

impl Validity {
    fn config(self) -> Result<PresigningConfig, StoreError> {
        let millis = u64::try_from(self.from.millis()).unwrap_or_default();
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let config = PresigningConfig::builder().start_time(start).expires_in(self.life).build();
        config.map_err(|error| StoreError::Refused(error.to_string()))
    }
}

impl Objects {
    /// A PUT of exactly this many bytes of this type with this SHA-256; S3 refuses any other.
    ///
    /// # Errors
    /// There are no credentials to sign with.
    pub async fn presign_put(
        &self,
        key: &str,
        content_type: &str,
        size_bytes: u64,
        sha256: Sha256Hex,
        validity: Validity,
    ) -> Result<Presigned, StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let request = request
            .content_type(content_type)
            .content_length(i64::try_from(size_bytes).unwrap_or(i64::MAX))
            .checksum_sha256(STANDARD.encode(sha256.0));
        let signed = request.presigned(validity.config()?).await.map_err(StoreError::from_sdk)?;
        Ok(presigned(&signed))
    }

    /// A PUT of one part of a multipart upload, of exactly this many bytes.
    ///
    /// # Errors
    /// There are no credentials to sign with.
    pub async fn presign_part(
        &self,
        key: &str,
        multipart_id: &str,
        number: u32,
        size_bytes: u64,
        validity: Validity,
    ) -> Result<Presigned, StoreError> {
        let request = self.client.upload_part().bucket(&self.bucket).key(key);
        let request = request
            .upload_id(multipart_id)
            .part_number(i32::try_from(number).unwrap_or(i32::MAX))
            .content_length(i64::try_from(size_bytes).unwrap_or(i64::MAX));
        let signed = request.presigned(validity.config()?).await.map_err(StoreError::from_sdk)?;
        Ok(presigned(&signed))
    }

    /// A GET (or HEAD) of an object; ranges of it can be asked for.
    ///
    /// # Errors
    /// There are no credentials to sign with.
    pub async fn presign_read(
        &self,
        key: &str,
        read_as: &ReadAs,
        validity: Validity,
    ) -> Result<Presigned, StoreError> {
        let config = validity.config()?;
        let signed = if read_as.is_head {
            let request = self.client.head_object().bucket(&self.bucket).key(key);
            let request = request
                .response_content_type(&read_as.content_type)
                .response_content_disposition(&read_as.content_disposition);
            request.presigned(config).await.map_err(StoreError::from_sdk)?
        } else {
            let request = self.client.get_object().bucket(&self.bucket).key(key);
            let request = request
                .response_content_type(&read_as.content_type)
                .response_content_disposition(&read_as.content_disposition);
            request.presigned(config).await.map_err(StoreError::from_sdk)?
        };
        Ok(presigned(&signed))
    }
}

fn presigned(request: &PresignedRequest) -> Presigned {
    let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    // A client sends its own host.
    let headers = headers.filter(|(name, _)| !name.eq_ignore_ascii_case("host"));
    Presigned { url: request.uri().to_owned(), headers: headers.collect() }
}
