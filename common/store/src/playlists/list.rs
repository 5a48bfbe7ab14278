//! Lists of playlists, latest made first. The indexes may be a moment behind.

use std::collections::HashMap;

use mixtape_domain::playlist::{Playlist, Visibility};
use mixtape_domain::{AccountId, PlaylistId};

use super::Playlists;
use super::items::{Meta, account_pk, by_age, meta_key, playlist_of, public_pk};
use crate::table::{self, Item, Range, Slice};
use crate::{Listed, StoreError};

impl Playlists {
    /// A page of the playlists that an account owns or collaborates on: two Queries at once, and one BatchGetItem
    /// when there are shared ones.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list_for(
        &self,
        account_id: AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Playlist>, StoreError> {
        let range = |index| Range::index(index, account_pk(account_id), "").after(after);
        let (owner, shared) = (range("owner"), range("shared"));
        let (owned, shared) =
            tokio::join!(self.table.query(&owner, limit, true), self.table.query(&shared, limit, true));
        let (owned, shared) = (owned?, shared?);
        let has_more = owned.next.is_some() || shared.next.is_some();
        let mut places = sort_keys(&owned, "owner_sk");
        places.extend(sort_keys(&shared, "shared_sk"));
        places.sort();
        let next = (has_more || places.len() > limit).then(|| places.get(limit - 1).cloned()).flatten();
        let is_on_page =
            |meta: &Meta| next.as_ref().is_none_or(|last| by_age(meta.created_at, meta.id) <= *last);
        let mut found: Vec<Meta> = owned.read()?.0;
        let shared = self.metas(&shared.items).await?.into_values();
        found.extend(shared.filter(|meta| meta.collaborators.contains_key(&account_id)));
        found.retain(is_on_page);
        found.sort_by_key(|meta| by_age(meta.created_at, meta.id));
        Ok(Listed { items: found.iter().map(Meta::playlist).collect(), next })
    }

    /// A page of the public playlists of an account: one Query, one BatchGetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn list_public(
        &self,
        owner: AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Playlist>, StoreError> {
        let range = Range::index("shared", public_pk(owner), "").after(after);
        let Slice { items, next } = self.table.query(&range, limit, true).await?;
        let mut found: Vec<Meta> = self.metas(&items).await?.into_values().collect();
        found.retain(|meta| meta.visibility == Visibility::Public);
        found.sort_by_key(|meta| by_age(meta.created_at, meta.id));
        Ok(Listed { items: found.iter().map(Meta::playlist).collect(), next })
    }

    /// The playlists that these items of an index belong to, as they are now.
    async fn metas(&self, items: &[Item]) -> Result<HashMap<PlaylistId, Meta>, StoreError> {
        let keys = items.iter().filter_map(playlist_of).map(|id| (&self.table, meta_key(id))).collect();
        let found = table::batch_get(self.table.client(), keys).await?;
        let metas = found.into_iter().map(|(_, item)| table::from_item::<Meta>(item));
        metas.map(|meta| meta.map(|meta| (meta.id, meta))).collect()
    }
}

fn sort_keys(slice: &Slice, name: &str) -> Vec<String> {
    slice.items.iter().filter_map(|item| item.get(name)?.as_s().ok().cloned()).collect()
}
