//! Uploads: what a client announces, and what became of it.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::{Invalid, Timestamp, TrackId, UploadId, Validator};

/// Files above it are uploaded in parts.
pub const PART_THRESHOLD: u64 = 64 * 1024 * 1024;
/// How long an upload may wait for its file.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Uploads of one account that wait or are processed, at most.
pub const MAX_OPEN_UPLOADS: u64 = 1000;

const MAX_FILENAME: usize = 255;
const MAX_CONTENT_TYPE: usize = 100;
const SMALLEST_PART: u64 = 16 * 1024 * 1024;
/// Fewer than the 10,000 of S3, so that the addresses of all fit one answer.
const MAX_PARTS: u64 = 500;

/// The size of every part but the last of a file of `size` bytes, or `None` when it is uploaded as a whole.
pub fn part_size(size: u64) -> Option<u64> {
    (size > PART_THRESHOLD).then(|| SMALLEST_PART.max(size.div_ceil(MAX_PARTS)))
}

/// Where an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadStatus {
    /// For the file.
    Waiting,
    /// The file is there and is being looked at.
    Processing,
    /// The track can be played.
    Ready,
    /// It will not become a track; `code` and `detail` say why.
    Rejected,
}

impl UploadStatus {
    /// Whether nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Rejected)
    }
}

/// A file on its way to becoming a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    #[schema(value_type = String, example = "01JD6Y3Q5R8WZ0V4C2B7M9N1XK")]
    pub id: UploadId,
    pub status: UploadStatus,
    #[schema(example = "01 Hymn Risen.mp3")]
    pub filename: String,
    #[schema(example = "audio/mpeg")]
    pub content_type: String,
    #[schema(example = 3_618_524)]
    pub size_bytes: u64,
    /// The track that it made or filled; of a duplicate, the track that has the sound already; before, the one to fill.
    #[schema(required = true, value_type = Option<String>)]
    pub track_id: Option<TrackId>,
    /// Why it was rejected, for programs.
    #[schema(required = true, example = json!(null))]
    pub code: Option<String>,
    /// Why it was rejected, for people.
    #[schema(required = true, example = json!(null))]
    pub detail: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it is forgotten: a day after it was announced while it waits, later once something became of it.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What a client announces.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "filename": "01 Hymn Risen.mp3", "content_type": "audio/mpeg", "size_bytes": 3_618_524,
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}))]
pub struct NewUpload {
    /// The file's name; a title is made of it where the file holds none.
    pub filename: String,
    /// What you believe it is. What it is, is found from the content.
    pub content_type: String,
    /// The exact size, in bytes.
    #[schema(minimum = 1)]
    pub size_bytes: u64,
    /// The SHA-256 of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    /// A track of yours that the file is the sound of. Without it the file makes a track.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub track_id: Option<TrackId>,
}

/// An announcement that can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadDraft {
    pub filename: String,
    pub content_type: String,
    pub size_bytes: u64,
    pub sha256: Sha256Hex,
    pub track_id: Option<TrackId>,
}

impl NewUpload {
    /// The announcement, checked; a file may have `max_bytes`.
    ///
    /// # Errors
    /// The fields that do not hold what they must.
    pub fn check(self, max_bytes: u64) -> Result<UploadDraft, Vec<Invalid>> {
        let mut validator = Validator::default();
        // A browser or a script may send a path.
        let name = self.filename.rsplit(['/', '\\']).next().unwrap_or_default();
        let filename = validator.line("filename", name, MAX_FILENAME);
        let content_type = validator.line("content_type", &self.content_type, MAX_CONTENT_TYPE);
        validator.check(
            is_media_type(&content_type),
            "content_type",
            "must be a media type such as audio/mpeg",
        );
        let size_bytes = validator.range("size_bytes", self.size_bytes, 1, max_bytes);
        let sha256 = self.sha256.parse::<Sha256Hex>();
        validator.check(sha256.is_ok(), "sha256", "must be 64 hexadecimal digits");
        validator.finish(UploadDraft {
            filename,
            content_type,
            size_bytes,
            sha256: sha256.unwrap_or(Sha256Hex([0; 32])),
            track_id: self.track_id,
        })
    }
}

/// `type/subtype` with the characters that RFC 6838 allows, without parameters.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut characters = name.chars();
        characters.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && characters.all(|one| one.is_ascii_alphanumeric() || "!#$&-^_.+".contains(one))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Hex(pub [u8; 32]);

impl std::fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Sha256Hex {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not 64 hexadecimal digits";
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_upload() -> NewUpload {
        NewUpload {
            filename: "C:\\Music\\01 Rain.mp3".into(),
            content_type: "audio/mpeg".into(),
            size_bytes: 1000,
            sha256: "AB".repeat(32),
            track_id: None,
        }
    }

    #[test]
    fn a_path_is_cut_to_its_name_and_a_digest_has_one_form() {
        let draft = new_upload().check(1000).unwrap();
        assert_eq!(draft.filename, "01 Rain.mp3");
        assert_eq!(draft.sha256.to_string(), "ab".repeat(32));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = NewUpload {
            filename: "a/".into(),
            content_type: "music".into(),
            size_bytes: 1001,
            sha256: "ä".repeat(32),
            track_id: None,
        };
        let fields: Vec<String> =
            wrong.check(1000).unwrap_err().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["filename", "content_type", "size_bytes", "sha256"]);
        let header = NewUpload { content_type: "audio/mpeg\r\nx: y".into(), ..new_upload() };
        assert!(header.check(1000).is_err());
    }

    #[test]
    fn parts_are_within_the_limits_of_s3() {
        assert_eq!(part_size(PART_THRESHOLD), None);
        for size in [PART_THRESHOLD + 1, 1 << 30, 5 << 30, 100 << 30] {
            let part = part_size(size).unwrap();
            assert!(part >= 5 * 1024 * 1024 && size.div_ceil(part) <= MAX_PARTS, "{size}");
        }
    }
}
