//! What is left behind: objects whose item is gone, storage that is reserved for nothing, and the search for either.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use mixtape_domain::{AccountId, AudioId, ImageId, Timestamp};
use serde::Deserialize;

use super::images::image_of_key;
use super::uploads::UploadRecord;
use super::{
    AUDIO, Media, OWNER, RELEASED, StoredImage, UPLOADS, audio_of, audio_prefix, image_prefix, owner_pk,
};
use crate::StoreError;
use crate::table::{self, CommitError, Range, number};

/// Longer than a stream's records can be delivered again.
const RELEASE_MEMORY: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Items of an account that are deleted at once.
const PAGE: usize = 500;

/// A change in the table's stream, as far as something is left behind.
#[derive(Debug, Clone)]
pub enum MediaChange {
    /// A picture's item has changed, and perhaps nothing shows it any more.
    ImageChanged(ImageId),
    ImageRemoved(ImageId, Option<StoredImage>),
    AudioRemoved(AudioId),
    UploadRemoved(Box<UploadRecord>),
}

impl MediaChange {
    /// Reads a change; `old` is the item before it, where there was one.
    pub fn read(
        pk: &str,
        is_removal: bool,
        image: Option<StoredImage>,
        upload: Option<UploadRecord>,
    ) -> Option<Self> {
        if let Some(id) = image_of_key(pk) {
            return Some(if is_removal { Self::ImageRemoved(id, image) } else { Self::ImageChanged(id) });
        }
        if let Some(id) = pk.strip_prefix(AUDIO).and_then(|id| id.parse().ok()) {
            return is_removal.then_some(Self::AudioRemoved(id));
        }
        pk.strip_prefix(OWNER)?;
        upload.filter(|_| is_removal).map(|record| Self::UploadRemoved(Box::new(record)))
    }
}

/// What is stored under a prefix of the bucket and in an index of the table, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Audio,
    Images,
}

/// Which of the ids of a stretch have objects, and which have an item.
#[derive(Debug, Default)]
pub struct Listing {
    /// Ids with objects, and the time at which the latest was written.
    pub with_objects: Vec<(String, Timestamp)>,
    pub with_item: Vec<String>,
    /// The id up to which both are complete; `None` at the end.
    pub complete_to: Option<String>,
}

impl Kind {
    /// What the keys of its objects start with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Audio => "audio/",
            Self::Images => "images/",
        }
    }

    /// Its partition of the index `stored`.
    pub(super) fn partition(self) -> &'static str {
        match self {
            Self::Audio => "AUDIO",
            Self::Images => "IMAGES",
        }
    }
}

impl Media {
    /// Does what a change leaves to do. It looks at what is there now, so it may run twice, late and out of order.
    ///
    /// # Errors
    /// A store is away; running it again does the rest.
    pub async fn clean_up_after(&self, change: MediaChange, now: Timestamp) -> Result<(), StoreError> {
        match change {
            MediaChange::ImageChanged(id) => self.collect_image(id).await,
            MediaChange::ImageRemoved(id, image) => {
                if let Some(image) = image {
                    self.forget_picture(image.owner_id, image.sha256, id).await?;
                }
                self.delete_image_objects(id).await
            }
            MediaChange::AudioRemoved(id) => self.delete_audio_objects(id).await,
            MediaChange::UploadRemoved(record) => self.end_upload(&record, now).await,
        }
    }

    /// Deletes the objects of a picture that has no item.
    ///
    /// # Errors
    /// A store is away.
    pub async fn delete_image_objects(&self, id: ImageId) -> Result<(), StoreError> {
        if self.image(id).await?.is_none() {
            self.objects.delete_all(&image_prefix(id)).await?;
        }
        Ok(())
    }

    /// Deletes the objects of a sound that has no item.
    ///
    /// # Errors
    /// A store is away.
    pub async fn delete_audio_objects(&self, id: AudioId) -> Result<(), StoreError> {
        if self.audio(id).await?.is_none() {
            self.objects.delete_all(&audio_prefix(id)).await?;
        }
        Ok(())
    }

    /// Deletes what an upload whose item is gone, or that has ended, left in the bucket, and gives its storage back.
    ///
    /// # Errors
    /// A store is away.
    pub async fn end_upload(&self, record: &UploadRecord, now: Timestamp) -> Result<(), StoreError> {
        self.discard_file(record).await?;
        self.delete_audio_objects(audio_of(record.upload.id)).await?;
        if record.reserved { self.release(record, now).await } else { Ok(()) }
    }

    /// Deletes the file of an upload, whole or in parts.
    ///
    /// # Errors
    /// The bucket is away.
    pub async fn discard_file(&self, record: &UploadRecord) -> Result<(), StoreError> {
        if let Some(multipart_id) = &record.multipart_id {
            self.objects.abort_multipart(&record.object_key(), multipart_id).await?;
        }
        self.objects.delete(&record.object_key()).await
    }

    /// Gives the storage back that an upload took and no track has, once.
    async fn release(&self, record: &UploadRecord, now: Timestamp) -> Result<(), StoreError> {
        let (owner, upload) = (record.owner_id, record.upload.id);
        let mut marker = table::key(owner_pk(owner), format!("{RELEASED}{upload}"));
        marker.insert("expires".to_owned(), number(now.plus(RELEASE_MEMORY).seconds()));
        let mut put = self.table.put(marker);
        put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        let actions = vec![table::put(put), self.give_back(owner, record.upload.size_bytes)];
        match table::commit(self.table.client(), actions).await {
            // It was given back before.
            Ok(()) | Err(CommitError::Conditions(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Deletes what is left of an account whose tracks are gone: its uploads with their files, and its own items.
    ///
    /// # Errors
    /// A store is away; running it again does the rest.
    pub async fn delete_owned_by(&self, owner: AccountId) -> Result<(), StoreError> {
        #[derive(Deserialize)]
        struct Key {
            pk: String,
            sk: String,
        }
        loop {
            let slice = self.table.query(&Range::table(owner_pk(owner), ""), PAGE, true).await?;
            let is_done = slice.next.is_none();
            let mut keys = Vec::new();
            for item in slice.items {
                if item.get("multipart_id").is_some_and(|id| matches!(id, AttributeValue::S(_))) {
                    let record: UploadRecord = table::from_item(item.clone())?;
                    if let Some(multipart_id) = &record.multipart_id {
                        self.objects.abort_multipart(&record.object_key(), multipart_id).await?;
                    }
                }
                let Key { pk, sk } = table::from_item(item)?;
                keys.push(table::key(pk, sk));
            }
            self.table.batch_delete(keys).await?;
            if is_done {
                break;
            }
        }
        self.objects.delete_all(&format!("{UPLOADS}{owner}/")).await?;
        Ok(())
    }

    /// Deletes the objects of an id that has no item; what is no id has none, and none of ours.
    ///
    /// # Errors
    /// A store is away.
    pub async fn delete_objects(&self, kind: Kind, id: &str) -> Result<(), StoreError> {
        match kind {
            Kind::Audio => match id.parse() {
                Ok(id) => self.delete_audio_objects(id).await,
                Err(_) => Ok(()),
            },
            Kind::Images => match id.parse() {
                Ok(id) => self.delete_image_objects(id).await,
                Err(_) => Ok(()),
            },
        }
    }

    /// Whether an id has an item that something plays or shows, and no object.
    ///
    /// # Errors
    /// A store is away.
    pub async fn has_lost_objects(&self, kind: Kind, id: &str) -> Result<bool, StoreError> {
        let is_used = match kind {
            Kind::Audio => match id.parse() {
                Ok(id) => self.audio(id).await?.is_some(),
                Err(_) => false,
            },
            Kind::Images => match id.parse() {
                Ok(id) => self.image(id).await?.is_some_and(|image| image.references > 0),
                Err(_) => false,
            },
        };
        Ok(is_used && self.objects.page(&format!("{}{id}/", kind.prefix()), None, 1).await?.is_empty())
    }

    /// Some ids after `after`, of objects and of items: one listing of the bucket and one Query.
    ///
    /// # Errors
    /// A store is away.
    pub async fn listing(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listing, StoreError> {
        let prefix = kind.prefix();
        // After all objects of the id: keys go on with a slash.
        let after_key = after.map(|id| format!("{prefix}{id}0"));
        let objects = self.objects.page(prefix, after_key.as_deref(), limit).await?;
        let range = Range::index("stored", kind.partition(), "").after(after);
        let slice = self.table.query(&range, limit, true).await?;
        let mut listing = Listing::default();
        for (key, modified_at) in &objects {
            let id = key[prefix.len()..].split('/').next().unwrap_or_default().to_owned();
            match listing.with_objects.last_mut() {
                Some((last, latest)) if *last == id => *latest = (*latest).max(*modified_at),
                _ => listing.with_objects.push((id, *modified_at)),
            }
        }
        let sort_keys = slice.items.iter().filter_map(|item| item.get("stored_sk")?.as_s().ok());
        listing.with_item = sort_keys.cloned().collect();
        // Of the last id of a full page there may be more objects, and after it more ids.
        let objects_to = (objects.len() >= limit).then(|| {
            let ids = &listing.with_objects;
            let place = ids.len().saturating_sub(if ids.len() > 1 { 2 } else { 1 });
            ids.get(place).map(|(id, _)| id.clone()).unwrap_or_default()
        });
        listing.complete_to = match (objects_to, slice.next) {
            (None, None) => None,
            (Some(id), None) | (None, Some(id)) => Some(id),
            (Some(one), Some(other)) => Some(one.min(other)),
        };
        if let Some(end) = &listing.complete_to {
            listing.with_objects.retain(|(id, _)| id <= end);
            listing.with_item.retain(|id| id <= end);
        }
        Ok(listing)
    }
}
