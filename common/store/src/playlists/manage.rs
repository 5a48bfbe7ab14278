//! Changing a playlist itself: its name, who may see it, who takes part, and its end.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use mixtape_domain::account::{Profile, Username};
use mixtape_domain::playlist::{MAX_COLLABORATORS, Playlist, PlaylistChange, Right, Viewer, Visibility};
use mixtape_domain::{AccountId, ImageId, PlaylistId, Timestamp};

use super::expression::Change;
use super::items::{Meta, by_age, collaborator_key, meta_key, public_pk};
use super::{ATTEMPTS, Caller, EXACT_ATTEMPTS, PlaylistError, Playlists, contended, is_committed};
use crate::StoreError;
use crate::media::Effects;
use crate::table::{self, string};

impl Playlists {
    /// Changes name, description and visibility: one GetItem, one TransactWriteItems. Answers the playlist after it.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]. Nothing was changed.
    pub async fn update(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        wanted: &PlaylistChange,
        now: Timestamp,
    ) -> Result<Playlist, PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let mut meta = self.meta(id).await?;
            caller.check(&meta, Right::Manage)?;
            if is_unchanged(&meta, wanted) {
                return Ok(meta.playlist());
            }
            let is_exact = attempt < EXACT_ATTEMPTS;
            let change = caller.change(&meta, is_exact);
            let change = apply(&mut meta, wanted, change);
            if self.commit_meta(&mut meta, change, Vec::new(), now).await? {
                return if is_exact { Ok(meta.playlist()) } else { Ok(self.meta(id).await?.playlist()) };
            }
        }
        Err(contended())
    }

    /// Lets an account edit the items: one GetItem, one TransactWriteItems. Nothing changes when it may already.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]; `Invalid` for the owner.
    pub async fn add_collaborator(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        collaborator: &Profile,
        now: Timestamp,
    ) -> Result<Playlist, PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let mut meta = self.meta(id).await?;
            caller.check(&meta, Right::Manage)?;
            if collaborator.id == meta.owner.id {
                return Err(PlaylistError::invalid("username", "is the owner's"));
            }
            if meta.collaborators.contains_key(&collaborator.id) {
                return Ok(meta.playlist());
            }
            if meta.collaborators.len() >= MAX_COLLABORATORS {
                return Err(PlaylistError::TooManyCollaborators);
            }
            let is_exact = attempt < EXACT_ATTEMPTS;
            let path = format!("collaborators.{}", collaborator.id);
            let change = caller
                .change(&meta, is_exact)
                .only_if_absent(&path)
                .only_if_smaller("collaborators", MAX_COLLABORATORS)
                .set(&path, string(collaborator.username.as_str()));
            meta.collaborators.insert(collaborator.id, collaborator.username.clone());
            let link = table::put(self.table.put(meta.collaborator_item(collaborator.id)));
            if self.commit_meta(&mut meta, change, vec![link], now).await? {
                return if is_exact { Ok(meta.playlist()) } else { Ok(self.meta(id).await?.playlist()) };
            }
        }
        Err(contended())
    }

    /// Ends a collaboration: one GetItem, one TransactWriteItems. The owner, an admin, or the collaborator may.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]; `NotFound` also when nobody of this name takes part.
    pub async fn remove_collaborator(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        username: &Username,
        now: Timestamp,
    ) -> Result<(), PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let meta = self.meta(id).await?;
            let key = username.key();
            let found = meta.collaborators.iter().find(|(_, name)| name.key() == key).map(|(id, _)| *id);
            let is_own = found == Some(caller.viewer.account_id);
            caller.check(&meta, if is_own { Right::EditItems } else { Right::Manage })?;
            let account_id = found.ok_or(PlaylistError::NotFound)?;
            let change = caller.change(&meta, false);
            if self.end_collaboration(meta, account_id, change, now).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Whether the collaboration was ended, and not something changed before.
    pub(super) async fn end_collaboration(
        &self,
        mut meta: Meta,
        account_id: AccountId,
        change: Change,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let path = format!("collaborators.{account_id}");
        let change = change.only_if_present(&path).remove(&path);
        let key = collaborator_key(meta.id, account_id);
        let unlink = Delete::builder().table_name(self.table.name()).set_key(Some(key)).build();
        let unlink = table::delete(unlink.expect("table and key are set"));
        self.commit_meta(&mut meta, change, vec![unlink], now).await
    }

    /// Whether somebody may change a playlist itself: one GetItem.
    ///
    /// # Errors
    /// Named in [`PlaylistError`].
    pub async fn check_manager(&self, id: PlaylistId, viewer: Viewer) -> Result<(), PlaylistError> {
        self.meta(id).await?.playlist().allow(Some(viewer), Right::Manage)?;
        Ok(())
    }

    /// The picture that was set for a playlist: one GetItem.
    ///
    /// # Errors
    /// Named in [`PlaylistError`].
    pub async fn cover_image(
        &self,
        id: PlaylistId,
        viewer: Option<Viewer>,
    ) -> Result<Option<ImageId>, PlaylistError> {
        let meta = self.meta(id).await?;
        meta.playlist().allow(viewer, Right::Read)?;
        Ok(meta.cover_image)
    }

    /// Sets the picture of a playlist, or takes it away: one GetItem, one TransactWriteItems.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]; `NotFound` also when the picture is gone. Nothing was changed.
    pub async fn set_cover(
        &self,
        id: PlaylistId,
        caller: &Caller<'_>,
        image: Option<ImageId>,
        now: Timestamp,
    ) -> Result<(), PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let mut meta = self.meta(id).await?;
            caller.check(&meta, Right::Manage)?;
            if meta.cover_image == image {
                return Ok(());
            }
            let change = only_with_cover(caller.change(&meta, false), meta.cover_image);
            let change = match image {
                Some(image) => change.set("cover_image", string(image.to_string())),
                None => change.remove("cover_image"),
            };
            let mut effects = Effects::default();
            effects.show(meta.cover_image, image);
            if self.commit_meta(&mut meta, change, effects.actions(&self.media), now).await? {
                return Ok(());
            }
            if let Some(image) = image
                && self.media.image(image).await?.is_none()
            {
                return Err(PlaylistError::NotFound);
            }
        }
        Err(contended())
    }

    /// Deletes a playlist: one GetItem, one TransactWriteItems. Its entries are swept later.
    ///
    /// # Errors
    /// Named in [`PlaylistError`]. Nothing was changed.
    pub async fn delete(&self, id: PlaylistId, caller: &Caller<'_>) -> Result<(), PlaylistError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                table::pause(attempt).await;
            }
            let meta = self.meta(id).await?;
            caller.check(&meta, Right::Manage)?;
            if self.remove(&meta, caller.change(&meta, false)).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Whether the playlist was removed with its links, and not a link added before.
    pub(super) async fn remove(&self, meta: &Meta, change: Change) -> Result<bool, StoreError> {
        let change = change.only_if("collaborators", "=", table::to_value(&meta.collaborators)?);
        let change = only_with_cover(change, meta.cover_image);
        let mut effects = Effects::default();
        effects.show(meta.cover_image, None);
        let mut actions = vec![table::delete(change.delete(&self.table, meta_key(meta.id)))];
        for account_id in meta.collaborators.keys() {
            let key = collaborator_key(meta.id, *account_id);
            let unlink = Delete::builder().table_name(self.table.name()).set_key(Some(key)).build();
            actions.push(table::delete(unlink.expect("table and key are set")));
        }
        actions.extend(effects.actions(&self.media));
        is_committed(table::commit(self.table.client(), actions).await)
    }

    /// Commits a change of the playlist itself with a new revision.
    async fn commit_meta(
        &self,
        meta: &mut Meta,
        change: Change,
        others: Vec<TransactWriteItem>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = change.set("updated_at", string(now.to_string())).add("revision", 1);
        let mut actions = vec![table::update(change.update(&self.table, meta_key(meta.id)))];
        actions.extend(others);
        let is_done = is_committed(table::commit(self.table.client(), actions).await)?;
        meta.revision += 1;
        meta.updated_at = now;
        Ok(is_done)
    }
}

/// Only while the playlist has this picture.
fn only_with_cover(change: Change, image: Option<ImageId>) -> Change {
    match image {
        Some(image) => change.only_if("cover_image", "=", string(image.to_string())),
        None => change.only_if_absent("cover_image"),
    }
}

fn is_unchanged(meta: &Meta, wanted: &PlaylistChange) -> bool {
    wanted.name.as_ref().is_none_or(|name| *name == meta.name)
        && wanted.description.as_ref().is_none_or(|description| *description == meta.description)
        && wanted.visibility.is_none_or(|visibility| visibility == meta.visibility)
}

/// Makes the change in what was read, and as expressions.
fn apply(meta: &mut Meta, wanted: &PlaylistChange, mut change: Change) -> Change {
    if let Some(name) = &wanted.name {
        change = change.set("name", string(name));
        meta.name.clone_from(name);
    }
    if let Some(description) = &wanted.description {
        change = match description {
            Some(text) => change.set("description", string(text)),
            None => change.remove("description"),
        };
        meta.description.clone_from(description);
    }
    if let Some(visibility) = wanted.visibility {
        let text = match visibility {
            Visibility::Private => "private",
            Visibility::Unlisted => "unlisted",
            Visibility::Public => "public",
        };
        change = change.set("visibility", string(text));
        change = if visibility == Visibility::Public {
            change
                .set("shared_pk", string(public_pk(meta.owner.id)))
                .set("shared_sk", string(by_age(meta.created_at, meta.id)))
        } else {
            change.remove("shared_pk").remove("shared_sk")
        };
        meta.visibility = visibility;
    }
    change
}
