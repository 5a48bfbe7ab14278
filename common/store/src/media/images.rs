//! Pictures: one item for each, which counts what shows it, and by its content one for its owner.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use mixtape_domain::media::Sha256Hex;
use mixtape_domain::{AccountId, ImageId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{IMAGE, Kind, Media, PICTURE, image_item_key, owner_pk};
use crate::StoreError;
use crate::table::{self, CommitError, Item, number, string};

/// How long a picture may be shown by nothing after it was made.
const UNSHOWN_LIFE: Duration = Duration::from_secs(60 * 60);

/// A picture as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredImage {
    pub id: ImageId,
    pub owner_id: AccountId,
    /// Of the file that it was made of.
    pub sha256: Sha256Hex,
    /// How many tracks, albums, playlists and accounts show it.
    pub references: i64,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    image_id: ImageId,
}

impl Media {
    /// The picture of an account that was made of this file: two GetItems.
    ///
    /// # Errors
    /// The table is away.
    pub async fn known_image(
        &self,
        owner_id: AccountId,
        sha256: Sha256Hex,
    ) -> Result<Option<ImageId>, StoreError> {
        let Some(claim) = self.table.get::<Claim>(picture_key(owner_id, sha256)).await? else {
            return Ok(None);
        };
        Ok(self.image(claim.image_id).await?.map(|image| image.id))
    }

    /// A new picture, whose objects are to be written before [`Media::image_is_complete`] is said: one transaction.
    ///
    /// # Errors
    /// The table is away.
    pub async fn new_image(
        &self,
        owner_id: AccountId,
        sha256: Sha256Hex,
        now: Timestamp,
    ) -> Result<ImageId, StoreError> {
        let image = StoredImage { id: ImageId::new(now), owner_id, sha256, references: 0 };
        let mut item = table::to_item(&image)?;
        item.extend(image_item_key(image.id));
        item.insert("stored_pk".to_owned(), string(Kind::Images.partition()));
        item.insert("stored_sk".to_owned(), string(image.id.to_string()));
        // Taken away by what shows it first.
        item.insert("expires".to_owned(), number(now.plus(UNSHOWN_LIFE).seconds()));
        self.commit_unconditional(table::put(self.table.put(item))).await?;
        Ok(image.id)
    }

    /// Says that all objects of a new picture are there, so that the same content leads to it: one transaction.
    ///
    /// # Errors
    /// The table is away.
    pub async fn image_is_complete(
        &self,
        owner_id: AccountId,
        sha256: Sha256Hex,
        image_id: ImageId,
    ) -> Result<(), StoreError> {
        let mut item = table::to_item(&Claim { image_id })?;
        item.extend(picture_key(owner_id, sha256));
        self.commit_unconditional(table::put(self.table.put(item))).await
    }

    /// A picture: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn image(&self, id: ImageId) -> Result<Option<StoredImage>, StoreError> {
        self.table.get(image_item_key(id)).await
    }

    /// Removes the item of a picture that nothing shows any more; its objects go when the table's stream tells of it.
    ///
    /// # Errors
    /// The table is away.
    pub async fn collect_image(&self, id: ImageId) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table.name())
            .set_key(Some(image_item_key(id)))
            // One that still expires waits to be shown for the first time.
            .condition_expression("#references <= :none AND attribute_not_exists(#expires)")
            .expression_attribute_names("#references", "references")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":none", number(0));
        let delete = table::delete(delete.build().expect("table and key are set"));
        match table::commit(self.table.client(), vec![delete]).await {
            Ok(()) | Err(CommitError::Conditions(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Forgets that this content led to a picture that is gone.
    pub(super) async fn forget_picture(
        &self,
        owner: AccountId,
        sha256: Sha256Hex,
        id: ImageId,
    ) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table.name())
            .set_key(Some(picture_key(owner, sha256)))
            .condition_expression("attribute_not_exists(pk) OR image_id = :id")
            .expression_attribute_values(":id", string(id.to_string()));
        let delete = table::delete(delete.build().expect("table and key are set"));
        match table::commit(self.table.client(), vec![delete]).await {
            // Another picture of this content was made since.
            Ok(()) | Err(CommitError::Conditions(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The action by which more, or fewer, things show a picture. It must be there.
    pub(super) fn refer(&self, id: ImageId, references: i64) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(image_item_key(id)))
            .update_expression("ADD #references :more REMOVE #expires")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#references", "references")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":more", number(references));
        table::update(update.build().expect("table, key and expression are set"))
    }

    pub(super) async fn commit_unconditional(&self, action: TransactWriteItem) -> Result<(), StoreError> {
        match table::commit(self.table.client(), vec![action]).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(_)) => {
                Err(StoreError::Refused("a condition that was not set".into()))
            }
        }
    }
}

fn picture_key(owner: AccountId, sha256: Sha256Hex) -> Item {
    table::key(owner_pk(owner), format!("{PICTURE}{sha256}"))
}

/// The picture of a change in the table's stream.
pub(super) fn image_of_key(pk: &str) -> Option<ImageId> {
    pk.strip_prefix(IMAGE)?.parse().ok()
}
