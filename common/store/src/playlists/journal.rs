//! Edits of entries as actions of a transaction, and the action that did not fit.
//!
//! A transaction has at most 100 actions and one of them changes the playlist itself, while one edit may be of 100
//! items. The last action of such an edit waits in the playlist's item, and a second transaction does it and clears it.
//! Should that one not happen, the next who comes does it first: nobody sees the edit half done.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use mixtape_domain::PlaylistId;

use super::expression::Change;
use super::items::{Action, Pending, entry_key, meta_key};
use super::{Playlists, edit::signed, is_committed};
use crate::StoreError;
use crate::table::{self, CommitError, number, string};

/// Places of the actions of the second transaction.
const PLAYLIST_PLACE: usize = 0;

impl Playlists {
    /// Does what an edit has left to do. When somebody else did it meanwhile, nothing happens.
    pub(super) async fn finish(&self, id: PlaylistId, pending: &Pending) -> Result<(), StoreError> {
        let done = Change::new().only_if("pending.mark", "=", number(pending.mark)).remove("pending");
        let entry = self.action(id, &pending.action)?;
        let playlist = table::update(done.clone().update(&self.table, meta_key(id)));
        match table::commit(self.table.client(), vec![playlist, entry]).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(places)) if places.contains(&PLAYLIST_PLACE) => Ok(()),
            // A batch read is no snapshot: the entry may have been gone before the playlist was read. Then there is
            // nothing to do, and a removal is not counted.
            Err(CommitError::Conditions(_)) => {
                let (items, duration_ms) = match &pending.action {
                    Action::Remove { duration_ms, .. } => (1, signed(*duration_ms)),
                    Action::Put(_) | Action::Move { .. } => (0, 0),
                };
                let change = done.add("revision", 1).add("item_count", items).add("duration_ms", duration_ms);
                let actions = vec![table::update(change.update(&self.table, meta_key(id)))];
                is_committed(table::commit(self.table.client(), actions).await).map(|_| ())
            }
        }
    }

    /// An entry's part of an edit. Moving and removing want the entry to be there.
    pub(super) fn action(&self, id: PlaylistId, action: &Action) -> Result<TransactWriteItem, StoreError> {
        Ok(match action {
            Action::Put(entry) => table::put(self.table.put(entry.item(id)?)),
            Action::Move { id: item_id, position_sk } => {
                let update = Update::builder()
                    .table_name(self.table.name())
                    .set_key(Some(entry_key(id, *item_id)))
                    .update_expression("SET position_sk = :to")
                    .condition_expression("attribute_exists(pk)")
                    .expression_attribute_values(":to", string(position_sk))
                    .build();
                table::update(update.expect("table, key and expression are set"))
            }
            Action::Remove { id: item_id, .. } => {
                let delete = Delete::builder()
                    .table_name(self.table.name())
                    .set_key(Some(entry_key(id, *item_id)))
                    .condition_expression("attribute_exists(pk)")
                    .build();
                table::delete(delete.expect("table and key are set"))
            }
        })
    }
}
