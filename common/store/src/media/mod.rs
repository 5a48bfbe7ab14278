//! The table `media`: uploads, the sound and the pictures in the bucket, and what an account may still store.
//!
//! | item | pk | sk | indexes |
//! | --- | --- | --- | --- |
//! | upload (removes itself) | `OWNER#` account | `UPLOAD#` id, latest first | |
//! | sound of an account | `OWNER#` account | `AUDIO#` SHA-256 of the sound | |
//! | file of an account | `OWNER#` account | `FILE#` SHA-256 of the file | |
//! | picture of an account | `OWNER#` account | `PICTURE#` SHA-256 | |
//! | what an account stores | `OWNER#` account | `USAGE` | |
//! | an upload's storage was given back (removes itself) | `OWNER#` account | `RELEASED#` upload | |
//! | sound | `AUDIO#` id | `#` | `stored` under `AUDIO` |
//! | picture | `IMAGE#` id | `#` | `stored` under `IMAGES` |
//!
//! The objects of a sound lie under `audio/` id, those of a picture under `images/` id, and a file that was uploaded
//! under `uploads/` account `/` id. Ids are never used again, and an item goes before its objects: whoever finds
//! objects whose item is gone may delete them, whenever that is.
//!
//! A sound belongs to one track, and changes in that track's transaction. A picture counts the tracks, albums,
//! playlists and accounts that show it, each of which changes the count in its own transaction. A picture that nothing
//! shows yet removes itself after an hour.

mod effects;
mod images;
mod sound;
mod sweep;
mod uploads;
mod usage;

use mixtape_domain::{AccountId, AudioId, ImageId, UploadId};

pub(crate) use effects::Effects;
pub use images::StoredImage;
pub use sound::{Known, StoredAudio};
pub use sweep::{Kind, Listing, MediaChange};
pub use uploads::{OpenUpload, Opening, UploadRecord};

use crate::objects::Objects;
use crate::table::{self, Item, Table};

/// The table `media` and the objects that it describes. Clones share the clients.
#[derive(Debug, Clone)]
pub struct Media {
    pub(crate) table: Table,
    objects: Objects,
}

const SELF: &str = "#";
const UPLOAD: &str = "UPLOAD#";
const AUDIO: &str = "AUDIO#";
const FILE: &str = "FILE#";
const PICTURE: &str = "PICTURE#";
const IMAGE: &str = "IMAGE#";
const USAGE: &str = "USAGE";
const RELEASED: &str = "RELEASED#";
const OWNER: &str = "OWNER#";

/// The prefix of uploaded files, which S3 tells `ingest` about.
pub const UPLOADS: &str = "uploads/";

impl Media {
    pub(crate) fn new(table: Table, objects: Objects) -> Self {
        Self { table, objects }
    }
}

/// The key under which an upload's file arrives.
pub fn upload_key(owner: AccountId, id: UploadId) -> String {
    format!("{UPLOADS}{owner}/{id}")
}

/// The account and the upload of an object's key.
pub fn upload_of_key(key: &str) -> Option<(AccountId, UploadId)> {
    let (owner, id) = key.strip_prefix(UPLOADS)?.split_once('/')?;
    Some((owner.parse().ok()?, id.parse().ok()?))
}

/// What all objects of a sound start with.
pub fn audio_prefix(id: AudioId) -> String {
    format!("audio/{id}/")
}

/// The key of a track's sound.
pub fn audio_key(id: AudioId) -> String {
    format!("audio/{id}/file")
}

/// The key of what was found out about a sound.
pub fn analysis_key(id: AudioId) -> String {
    format!("audio/{id}/analysis.json")
}

/// What all objects of a picture start with.
pub fn image_prefix(id: ImageId) -> String {
    format!("images/{id}/")
}

/// The key of a picture, oriented and without metadata, from which its other forms are made.
pub fn master_key(id: ImageId) -> String {
    format!("images/{id}/master")
}

/// The key of a form of a picture.
pub fn rendition_key(id: ImageId, rendition: &mixtape_domain::media::Rendition) -> String {
    format!("images/{id}/{}", rendition.file_name())
}

/// The prefix of pictures made of others, which are made again when somebody asks.
pub const MOSAICS: &str = "mosaics/";

/// The key of a form of a picture made of these.
pub fn mosaic_key(tiles: &[ImageId], rendition: &mixtape_domain::media::Rendition) -> String {
    let names: Vec<String> = tiles.iter().map(ToString::to_string).collect();
    let parts: Vec<&str> = names.iter().map(String::as_str).collect();
    format!("{MOSAICS}{}/{}", ImageId::from_parts(&parts), rendition.file_name())
}

/// The sound that an upload becomes.
pub fn audio_of(upload: UploadId) -> AudioId {
    AudioId::from_bytes(upload.to_bytes())
}

fn owner_pk(owner: AccountId) -> String {
    format!("{OWNER}{owner}")
}

fn upload_item_key(owner: AccountId, id: UploadId) -> Item {
    table::key(owner_pk(owner), upload_sk(id))
}

/// The latest id sorts first: its bits are inverted.
fn upload_sk(id: UploadId) -> String {
    let inverted = UploadId::from_bytes(id.to_bytes().map(|byte| !byte));
    format!("{UPLOAD}{inverted}")
}

fn usage_key(owner: AccountId) -> Item {
    table::key(owner_pk(owner), USAGE)
}

fn audio_item_key(id: AudioId) -> Item {
    table::key(format!("{AUDIO}{id}"), SELF)
}

fn image_item_key(id: ImageId) -> Item {
    table::key(format!("{IMAGE}{id}"), SELF)
}

#[cfg(test)]
mod tests {
    use mixtape_domain::Timestamp;

    use super::*;

    #[test]
    fn keys_of_uploads_are_read_back_and_sort_latest_first() {
        let (first, second) = (
            UploadId::new(Timestamp::from_millis(1_000_000).unwrap()),
            UploadId::new(Timestamp::from_millis(2_000_000).unwrap()),
        );
        assert!(upload_sk(second) < upload_sk(first));
        let owner = AccountId::from_parts(&["ada"]);
        assert_eq!(upload_of_key(&upload_key(owner, first)), Some((owner, first)));
        for key in ["uploads/", "uploads/a/b", "audio/x/file", "uploads//"] {
            assert_eq!(upload_of_key(key), None, "{key}");
        }
    }
}
