//! What a removed account leaves: tracks, playlists, collaborations, uploads, listens and their counts, sessions, keys.

use std::convert::Infallible;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::{AccountId, TrackId};
use mixtape_store::StoreError;
use mixtape_store::tracks::{Change, EditError, Tracks};

use crate::State;

/// How many tracks one round deletes; each takes up to three calls.
const TRACKS_PER_ROUND: usize = 500;
/// How many pages of listens one round deletes; each takes 20 calls.
const LISTEN_PAGES_PER_ROUND: usize = 40;
/// How many tracks are deleted at once. Tracks of one album meet at the album's counts, so more would mostly wait.
const AT_ONCE: usize = 8;

impl State {
    /// One round of deletions after a removed account. Does nothing for an account that is there, whatever the event
    /// says.
    pub(crate) async fn sweep_account(&self, account_id: AccountId) -> Result<(), StoreError> {
        let accounts = &self.store.accounts;
        if accounts.account(account_id).await?.is_some() {
            return Ok(());
        }
        let has_more_tracks = self.delete_tracks(account_id).await?;
        if has_more_tracks {
            return accounts.request_sweep(account_id, self.clock.now()).await;
        }
        self.store.playlists.delete_owned_by(account_id, self.clock.now()).await?;
        self.store.media.delete_owned_by(account_id).await?;
        if self.delete_listens(account_id).await? {
            return accounts.request_sweep(account_id, self.clock.now()).await;
        }
        self.store.insights.forget(account_id).await?;
        accounts.clear(account_id).await
    }

    /// Deletes some of what an account has heard; answers whether there is more.
    async fn delete_listens(&self, account_id: AccountId) -> Result<bool, StoreError> {
        for _ in 0..LISTEN_PAGES_PER_ROUND {
            if !self.store.listens.delete_some(account_id).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes some of an account's tracks; answers whether there are more.
    async fn delete_tracks(&self, owner: AccountId) -> Result<bool, StoreError> {
        let page = self.store.tracks.list_owned(owner, TRACKS_PER_ROUND, None).await?;
        let ids: Vec<TrackId> = page.items.iter().map(|track| track.id).collect();
        let deletions = ids.into_iter().map(|id| delete_track(self.store.tracks.clone(), id));
        stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(page.next.is_some())
    }
}

async fn delete_track(tracks: Tracks, id: TrackId) -> Result<(), StoreError> {
    match tracks.edit(id, |_| Ok::<_, Infallible>(Change::Delete)).await {
        // Gone already: the index is behind, or another delivery of this record was here.
        Ok(_) => Ok(()),
        Err(EditError::Store(error)) => Err(error),
        Err(EditError::Refused(never)) => match never {},
    }
}
