//! The sound of tracks: one item for each, and by its content one for its owner, so that nobody stores the same twice.

use aws_sdk_dynamodb::types::Delete;
use mixtape_domain::media::Sha256Hex;
use mixtape_domain::{AccountId, AudioId, TrackId};
use serde::{Deserialize, Serialize};

use super::{AUDIO, Effects, FILE, Kind, Media, audio_item_key, owner_pk};
use crate::StoreError;
use crate::table::{self, Item, string};

/// A sound as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAudio {
    pub id: AudioId,
    pub owner_id: AccountId,
    pub track_id: TrackId,
    /// Of the whole file.
    pub size_bytes: u64,
    /// Of the sound alone, whatever the file's tags.
    pub audio_sha256: Sha256Hex,
    /// Of the whole file.
    pub file_sha256: Sha256Hex,
}

/// The track of an account that has a sound already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub audio_id: AudioId,
    pub track_id: TrackId,
}

impl Media {
    /// The track of an account whose file this is: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn known_file(&self, owner: AccountId, file: Sha256Hex) -> Result<Option<Known>, StoreError> {
        self.table.get(file_key(owner, file)).await
    }

    /// The track of an account that has this sound: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn known_audio(&self, owner: AccountId, audio: Sha256Hex) -> Result<Option<Known>, StoreError> {
        self.table.get(sound_key(owner, audio)).await
    }

    /// Whether there is a sound of this id: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn audio(&self, id: AudioId) -> Result<Option<StoredAudio>, StoreError> {
        self.table.get(audio_item_key(id)).await
    }

    /// Keeps a sound, on condition that its owner has none of the same content.
    pub(crate) fn store_audio(&self, audio: &StoredAudio, effects: &mut Effects) -> Result<(), StoreError> {
        let mut item = table::to_item(audio)?;
        item.extend(audio_item_key(audio.id));
        item.insert("stored_pk".to_owned(), string(Kind::Audio.partition()));
        item.insert("stored_sk".to_owned(), string(audio.id.to_string()));
        let known = table::to_item(&Known { audio_id: audio.id, track_id: audio.track_id })?;
        let claim = |key: Item| {
            let mut item = known.clone();
            item.extend(key);
            self.table.put(item)
        };
        let mut sound = claim(sound_key(audio.owner_id, audio.audio_sha256));
        sound.condition_expression = Some("attribute_not_exists(pk)".to_owned());
        let file = claim(file_key(audio.owner_id, audio.file_sha256));
        effects.add(table::put(sound));
        effects.add(table::put(self.table.put(item)));
        effects.add(table::put(file));
        Ok(())
    }

    /// Gives up a sound with the storage that it takes, and what is kept by its content: reads one item. Its objects go
    /// when the table's stream tells of it.
    pub(crate) async fn release_audio(&self, id: AudioId, effects: &mut Effects) -> Result<(), StoreError> {
        let Some(audio) = self.audio(id).await? else { return Ok(()) };
        let delete = |key: Item, condition: &str, needs_id: bool| {
            let mut delete = Delete::builder()
                .table_name(self.table.name())
                .set_key(Some(key))
                .condition_expression(condition);
            if needs_id {
                delete = delete.expression_attribute_values(":id", string(id.to_string()));
            }
            table::delete(delete.build().expect("table and key are set"))
        };
        let of_this = "attribute_not_exists(pk) OR audio_id = :id";
        effects.add(delete(audio_item_key(id), "attribute_exists(pk)", false));
        effects.add(delete(sound_key(audio.owner_id, audio.audio_sha256), of_this, true));
        effects.add(delete(file_key(audio.owner_id, audio.file_sha256), of_this, true));
        let size = i64::try_from(audio.size_bytes).unwrap_or(i64::MAX);
        effects.use_storage(audio.owner_id, -size, 0);
        Ok(())
    }
}

fn sound_key(owner: AccountId, audio: Sha256Hex) -> Item {
    table::key(owner_pk(owner), format!("{AUDIO}{audio}"))
}

fn file_key(owner: AccountId, file: Sha256Hex) -> Item {
    table::key(owner_pk(owner), format!("{FILE}{file}"))
}
