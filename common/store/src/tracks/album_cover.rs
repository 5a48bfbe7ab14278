//! The covers of albums.

use aws_sdk_dynamodb::types::Update;
use mixtape_domain::media::Cover;
use mixtape_domain::track::Album;
use mixtape_domain::{AlbumId, ImageId};

use super::write::{EDIT_ATTEMPTS, built};
use super::{Tracks, items};
use crate::StoreError;
use crate::media::Effects;
use crate::table::{self, CommitError, pause, string, to_value};

/// What an album shows from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlbumCover {
    Set(ImageId),
    /// Only if it shows none.
    Default(ImageId),
    Clear,
}

/// Why the cover of an album is what it was.
#[derive(Debug, thiserror::Error)]
pub enum AlbumCoverError {
    #[error("there is no such album")]
    NotFound,
    /// Make it again.
    #[error("the picture is gone")]
    ImageGone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Tracks {
    /// Gives an album its cover: one GetItem, one transaction. Answers the album after it.
    ///
    /// # Errors
    /// Named in [`AlbumCoverError`]. Nothing was changed.
    pub async fn set_album_cover(&self, id: &AlbumId, wanted: AlbumCover) -> Result<Album, AlbumCoverError> {
        for attempt in 1..=EDIT_ATTEMPTS {
            let album = self.table.get::<Album>(items::album_key(id)).await?;
            let mut album = album.ok_or(AlbumCoverError::NotFound)?;
            let before = album.cover.as_ref().and_then(Cover::image);
            let after = match wanted {
                AlbumCover::Set(image) => Some(image),
                AlbumCover::Default(image) => before.or(Some(image)),
                AlbumCover::Clear => None,
            };
            if before == after {
                return Ok(album);
            }
            album.cover = after.map(Cover::of);
            let mut update =
                Update::builder().table_name(self.table.name()).set_key(Some(items::album_key(id)));
            update = match (&album.cover, after) {
                (Some(cover), Some(image)) => update
                    .update_expression("SET cover = :cover, cover_image = :after")
                    .expression_attribute_values(":cover", to_value(cover)?)
                    .expression_attribute_values(":after", string(image.to_string())),
                _ => update.update_expression("REMOVE cover, cover_image"),
            };
            update = match before {
                Some(image) => update
                    .condition_expression("cover_image = :before")
                    .expression_attribute_values(":before", string(image.to_string())),
                None => {
                    update.condition_expression("attribute_exists(pk) AND attribute_not_exists(cover_image)")
                }
            };
            let mut effects = Effects::default();
            effects.show(before, after);
            let mut actions = vec![table::update(built(update.build())?)];
            actions.extend(effects.actions(&self.media));
            match table::commit(self.table.client(), actions).await {
                Ok(()) => return Ok(album),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conditions(_)) => {}
            }
            if let Some(image) = after
                && self.media.image(image).await?.is_none()
            {
                return Err(AlbumCoverError::ImageGone);
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(format!("album {id} kept changing")).into())
    }
}
