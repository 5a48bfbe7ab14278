//! Where a client sends a file: presigned requests that S3 holds to the announced type, size and checksum.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use mixtape_domain::Timestamp;
use mixtape_domain::media::part_size;
use mixtape_http::App;
use mixtape_store::media::UploadRecord;
use mixtape_store::{Part, Presigned, Store, StoreError, Validity};
use serde::Serialize;
use utoipa::ToSchema;

/// How long the addresses work; new ones can be had at any time.
const ADDRESS_LIFE: Duration = Duration::from_secs(60 * 60);
const METHOD: &str = "PUT";

/// Where to send the file, as a whole or, above 64 MiB, in parts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Target {
    Whole(Whole),
    Parts(Parts),
}

/// One request that sends the whole file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Whole {
    #[schema(example = "PUT")]
    method: &'static str,
    url: String,
    /// Send exactly these, and the file's `content-length`.
    headers: BTreeMap<String, String>,
    /// POST to it once the file has arrived. Absent where the object store tells of it by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/uploads/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/complete")]
    complete_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A request for each part that has not arrived, and one to call when all have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parts {
    #[schema(example = "PUT")]
    method: &'static str,
    /// The size of every part but the last.
    part_size_bytes: u64,
    /// Those that have not arrived, in order.
    parts: Vec<PartTarget>,
    /// POST to it once all parts have arrived.
    #[schema(example = "/v1/uploads/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/complete")]
    complete_url: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// One request that sends a part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartTarget {
    /// Counted from 1.
    number: u32,
    size_bytes: u64,
    url: String,
    headers: BTreeMap<String, String>,
}

/// The requests that are still to be sent; `None` when the file has arrived and is only not yet being looked at.
pub(crate) async fn target(app: &App, record: &UploadRecord) -> Result<Option<Target>, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let validity = Validity { from: now, life: ADDRESS_LIFE };
    let expires_at = now.plus(ADDRESS_LIFE);
    let upload = &record.upload;
    let complete_url = format!("/v1/uploads/{}/complete", upload.id);
    let key = record.object_key();
    let Some(part_size_bytes) = part_size(upload.size_bytes) else {
        let put =
            store.objects.presign_put(&key, &upload.content_type, upload.size_bytes, record.sha256, validity);
        let Presigned { url, headers } = put.await?;
        let complete_url = must_be_told(app).then_some(complete_url);
        return Ok(Some(Target::Whole(Whole { method: METHOD, url, headers, complete_url, expires_at })));
    };
    let multipart_id = match &record.multipart_id {
        Some(id) => id.clone(),
        // New, or what made it broke off here.
        None => begin(store, record).await?,
    };
    let arrived = store.objects.parts(&key, &multipart_id).await?;
    if arrived.is_none() && !must_be_told(app) {
        return Ok(None);
    }
    let missing = arrived.map(|arrived| missing(upload.size_bytes, part_size_bytes, &arrived));
    let mut parts = Vec::new();
    for (number, size_bytes) in missing.unwrap_or_default() {
        let part = store.objects.presign_part(&key, &multipart_id, number, size_bytes, validity);
        let Presigned { url, headers } = part.await?;
        parts.push(PartTarget { number, size_bytes, url, headers });
    }
    Ok(Some(Target::Parts(Parts { method: METHOD, part_size_bytes, parts, complete_url, expires_at })))
}

/// Whether the object store tells nobody of a file that has arrived, so that whoever sent it must.
pub(crate) fn must_be_told(app: &App) -> bool {
    app.settings.s3.is_some()
}

async fn begin(store: &Store, record: &UploadRecord) -> Result<String, StoreError> {
    let id = store.objects.begin_multipart(&record.object_key(), &record.upload.content_type).await?;
    store.media.set_multipart(record, &id).await?;
    Ok(id)
}

/// The numbers and sizes of the parts that have not arrived whole.
pub(crate) fn missing(size: u64, part_size: u64, arrived: &[Part]) -> Vec<(u32, u64)> {
    let arrived: HashMap<u32, u64> = arrived.iter().map(|part| (part.number, part.size_bytes)).collect();
    let mut missing = Vec::new();
    let (mut number, mut start) = (1, 0);
    while start < size {
        let length = part_size.min(size - start);
        if arrived.get(&number) != Some(&length) {
            missing.push((number, length));
        }
        number += 1;
        start += length;
    }
    missing
}
