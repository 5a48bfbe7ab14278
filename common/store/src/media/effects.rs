//! What a transaction of another table changes here. Gathered first, because a transaction may touch an item only once.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use mixtape_domain::{AccountId, ImageId};

use super::Media;

/// Changes of this table that are to be made together with others.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    actions: Vec<TransactWriteItem>,
    usage: BTreeMap<AccountId, (i64, i64)>,
    images: BTreeMap<ImageId, i64>,
}

impl Effects {
    pub(crate) fn add(&mut self, action: TransactWriteItem) {
        self.actions.push(action);
    }

    /// An account stores more (or less), and has more (or fewer) open uploads.
    pub(crate) fn use_storage(&mut self, owner: AccountId, bytes: i64, open: i64) {
        let usage = self.usage.entry(owner).or_default();
        usage.0 += bytes;
        usage.1 += open;
    }

    /// Something shows another picture than before.
    pub(crate) fn show(&mut self, before: Option<ImageId>, after: Option<ImageId>) {
        if let Some(image) = before {
            *self.images.entry(image).or_default() -= 1;
        }
        if let Some(image) = after {
            *self.images.entry(image).or_default() += 1;
        }
    }

    /// The actions, each of an item of its own.
    pub(crate) fn actions(self, media: &Media) -> Vec<TransactWriteItem> {
        let mut actions = self.actions;
        let used = self.usage.into_iter().filter(|(_, usage)| *usage != (0, 0));
        actions.extend(used.map(|(owner, (bytes, open))| media.use_storage(owner, bytes, open)));
        let shown = self.images.into_iter().filter(|(_, references)| *references != 0);
        actions.extend(shown.map(|(image, references)| media.refer(image, references)));
        actions
    }
}
