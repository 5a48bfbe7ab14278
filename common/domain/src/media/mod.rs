//! Sound and pictures as the catalogue knows them, and uploads on their way to becoming tracks.

mod rendition;
mod upload;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AudioId, ImageId, PlaylistId};

pub use rendition::{CoverSize, Fit, ImageFormat, QUALITIES, Rendition, RenditionRequest, SIDES};
pub use upload::{
    MAX_OPEN_UPLOADS, NewUpload, PART_THRESHOLD, Sha256Hex, UPLOAD_LIFE, Upload, UploadDraft, UploadStatus,
    part_size,
};

/// A picture in three sizes. The addresses are relative to the API's, need no identity, and never change what they
/// show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "small": "/v1/images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK?width=128&height=128",
    "medium": "/v1/images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK?width=384&height=384",
    "large": "/v1/images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK?width=1024&height=1024"
}))]
pub struct Cover {
    /// At most 128 pixels wide and high.
    pub small: String,
    /// At most 384 pixels wide and high.
    pub medium: String,
    /// At most 1024 pixels wide and high.
    pub large: String,
}

const IMAGES: &str = "/v1/images/";

impl Cover {
    /// The addresses of this picture.
    pub fn of(image: ImageId) -> Self {
        let address = |size: CoverSize| {
            let side = size.side();
            format!("{IMAGES}{image}?width={side}&height={side}")
        };
        Self {
            small: address(CoverSize::Small),
            medium: address(CoverSize::Medium),
            large: address(CoverSize::Large),
        }
    }

    /// The addresses at which a playlist shows its cover, whichever that is.
    pub fn of_playlist(playlist: PlaylistId) -> Self {
        let address = |size: &str| format!("/v1/playlists/{playlist}/cover?size={size}");
        Self { small: address("small"), medium: address("medium"), large: address("large") }
    }

    /// The picture, unless the addresses are not of [`Cover::of`].
    pub fn image(&self) -> Option<ImageId> {
        let (id, _) = self.small.strip_prefix(IMAGES)?.split_once('?')?;
        id.parse().ok()
    }
}

/// The sound of a track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "content_type": "audio/mpeg", "codec": "mp3", "size_bytes": 3_618_524,
    "bitrate_kbps": 128, "sample_rate_hz": 44_100, "channels": 2, "bits_per_sample": null,
    "loudness": { "integrated_lufs": -14.2, "range_lu": 6.1, "true_peak_dbtp": -0.4 },
    "replay_gain": { "gain_db": -3.8, "peak": 0.955 }
}))]
pub struct Audio {
    /// Another file has another one.
    #[schema(value_type = String)]
    pub id: AudioId,
    #[schema(example = "audio/mpeg")]
    pub content_type: String,
    #[schema(example = "mp3")]
    pub codec: String,
    /// Of the whole file.
    pub size_bytes: u64,
    /// The mean over the whole sound.
    #[schema(required = true)]
    pub bitrate_kbps: Option<u32>,
    pub sample_rate_hz: u32,
    pub channels: u32,
    /// Of formats without loss.
    #[schema(required = true)]
    pub bits_per_sample: Option<u32>,
    /// Null for silence.
    #[schema(required = true)]
    pub loudness: Option<Loudness>,
    /// What players should do to play everything equally loud; null for silence.
    #[schema(required = true)]
    pub replay_gain: Option<ReplayGain>,
}

/// How loud a sound is, as [EBU R 128](https://tech.ebu.ch/docs/r/r128.pdf) measures it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Loudness {
    /// In LUFS.
    pub integrated_lufs: f64,
    /// In LU.
    pub range_lu: f64,
    /// In dBTP.
    pub true_peak_dbtp: f64,
}

/// [ReplayGain 2.0](https://wiki.hydrogenaudio.org/index.php?title=ReplayGain_2.0_specification) of a track.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplayGain {
    /// Decibels to amplify by.
    pub gain_db: f64,
    /// The loudest sample, where 1.0 is full scale.
    pub peak: f64,
}

/// What was found in a file besides what the track shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Analysis {
    #[schema(value_type = String)]
    pub audio_id: AudioId,
    pub duration_ms: u64,
    /// The loudest sample of each thousandth of the sound, 0 to 255: a waveform to draw.
    #[schema(min_items = 1000, max_items = 1000)]
    pub waveform: Vec<u8>,
    #[schema(required = true)]
    pub loudness: Option<Loudness>,
    #[schema(required = true)]
    pub replay_gain: Option<ReplayGain>,
    /// Whether the file calls itself part of a compilation.
    pub is_compilation: bool,
    #[schema(required = true, example = "USRC17607839")]
    pub isrc: Option<String>,
    #[schema(required = true)]
    pub lyrics: Option<String>,
    pub musicbrainz: MusicBrainz,
}

/// Ids of [MusicBrainz](https://musicbrainz.org/doc/MusicBrainz_Identifier) in a file's tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MusicBrainz {
    #[schema(required = true)]
    pub recording_id: Option<String>,
    #[schema(required = true)]
    pub track_id: Option<String>,
    #[schema(required = true)]
    pub release_id: Option<String>,
    #[schema(required = true)]
    pub release_group_id: Option<String>,
    pub artist_ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_knows_its_picture() {
        let image = ImageId::from_parts(&["one"]);
        assert_eq!(Cover::of(image).image(), Some(image));
        let other = Cover { small: "/elsewhere?x".into(), medium: String::new(), large: String::new() };
        assert_eq!(other.image(), None);
    }
}
