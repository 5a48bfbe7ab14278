//! What an account stores, counted in bytes, and how many of its uploads are open.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use mixtape_domain::AccountId;

use super::{Media, usage_key};
use crate::table::{self, number};

impl Media {
    /// Adds to what an account stores and to its open uploads; either may be negative.
    pub(super) fn use_storage(&self, owner: AccountId, bytes: i64, open: i64) -> TransactWriteItem {
        table::update(
            self.usage_update(owner, bytes, open).build().expect("table, key and expression are set"),
        )
    }

    /// Takes an open upload from an account that is still there.
    pub(super) fn give_back(&self, owner: AccountId, bytes: u64) -> TransactWriteItem {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let update = self.usage_update(owner, -bytes, -1).condition_expression("attribute_exists(pk)");
        table::update(update.build().expect("table, key and expression are set"))
    }

    /// As [`Media::use_storage`], unless the account would then store more than `max_bytes` or have more than
    /// `max_open` uploads.
    pub(super) fn reserve(
        &self,
        owner: AccountId,
        bytes: u64,
        max_bytes: u64,
        max_open: u64,
    ) -> TransactWriteItem {
        let room = max_bytes.saturating_sub(bytes);
        let update = self
            .usage_update(owner, i64::try_from(bytes).unwrap_or(i64::MAX), 1)
            .condition_expression(
                "(attribute_not_exists(stored_bytes) OR stored_bytes <= :room) \
                 AND (attribute_not_exists(open_uploads) OR open_uploads < :most)",
            )
            .expression_attribute_values(":room", number(room))
            .expression_attribute_values(":most", number(max_open));
        table::update(update.build().expect("table, key and expression are set"))
    }

    fn usage_update(
        &self,
        owner: AccountId,
        bytes: i64,
        open: i64,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(self.table.name())
            .set_key(Some(usage_key(owner)))
            .update_expression("ADD stored_bytes :bytes, open_uploads :open")
            .expression_attribute_values(":bytes", number(bytes))
            .expression_attribute_values(":open", number(open))
    }
}
