//! What is told about a sound file.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Where analysing stops.
#[derive(Debug, Clone)]
pub struct Limits {
    /// A file that plays longer is refused.
    pub max_duration: Duration,
    /// When analysing gives up.
    pub deadline: Option<Instant>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_duration: Duration::from_secs(10 * 60 * 60), deadline: None }
    }
}

/// All that is known of a sound file after it was read once.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// What the audio is encoded as.
    pub format: Format,
    /// Milliseconds that play: counted in decoded frames, without the encoder's delay and padding where the format
    /// tells them.
    pub duration_ms: u64,
    /// Of the audio packets alone, in thousands of bits a second.
    pub bitrate_kbps: u32,
    /// Frames a second.
    pub sample_rate_hz: u32,
    /// How many channels.
    pub channels: u32,
    /// Of one sample as it was encoded; `None` for what has no such number (MP3, AAC, Vorbis, Opus).
    pub bits_per_sample: Option<u32>,
    /// `None` when there is nothing but silence, or too little to measure.
    pub loudness: Option<Loudness>,
    /// Exactly 1000 points: the loudest absolute sample of each thousandth, 0 to 255, linear.
    pub waveform: Vec<u8>,
    /// SHA-256 of the encoded audio packets: the same whatever tags, covers or names the file has.
    pub audio_sha256: [u8; 32],
    /// What the file says about itself.
    pub tags: Tags,
    /// The front cover if there is one, else the first picture; at most 10 MB.
    pub cover: Option<Picture>,
}

/// A kind of sound file that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// MPEG-1, 2 or 2.5, layer III.
    Mp3,
    /// AAC in MP4.
    Aac,
    /// Apple Lossless in MP4.
    Alac,
    /// FLAC in its own container.
    Flac,
    /// Vorbis in Ogg.
    Vorbis,
    /// Opus in Ogg.
    Opus,
    /// PCM in RIFF WAVE.
    Wav,
    /// PCM in AIFF or AIFF-C.
    Aiff,
}

impl Format {
    /// The media type to store and serve it with.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Aac | Self::Alac => "audio/mp4",
            Self::Flac => "audio/flac",
            Self::Vorbis | Self::Opus => "audio/ogg",
            Self::Wav => "audio/wav",
            Self::Aiff => "audio/aiff",
        }
    }

    /// The codec's short name.
    pub fn codec(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Alac => "alac",
            Self::Flac => "flac",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
            Self::Wav | Self::Aiff => "pcm",
        }
    }
}

/// Loudness by EBU R128 (ITU-R BS.1770-4, EBU Tech 3342 for the range).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loudness {
    /// Of the whole, gated, in LUFS.
    pub integrated_lufs: f64,
    /// Between the quiet and the loud parts, in LU.
    pub range_lu: f64,
    /// The highest peak between and at the samples, in dBTP.
    pub true_peak_dbtp: f64,
}

impl Loudness {
    /// What a player adds to play it at −18 LUFS, in dB (ReplayGain 2.0).
    pub fn replay_gain_db(&self) -> f64 {
        -18.0 - self.integrated_lufs
    }

    /// The true peak as a factor of full scale, which may be above 1.
    pub fn replay_peak(&self) -> f64 {
        10_f64.powf(self.true_peak_dbtp / 20.0)
    }
}

/// What a file says about itself. Texts are trimmed, without control characters, and absent when empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tags {
    /// The title of the track.
    pub title: Option<String>,
    /// The credit as printed.
    pub artist: Option<String>,
    /// Each artist where the file tells them apart, else the credit alone.
    pub artists: Vec<String>,
    /// The title of the album.
    pub album: Option<String>,
    /// Whom the album is by.
    pub album_artist: Option<String>,
    /// The place on its disc, from 1.
    pub track_number: Option<u32>,
    /// The disc's number, from 1.
    pub disc_number: Option<u32>,
    /// The year it came out.
    pub year: Option<u16>,
    /// Genres, each once.
    pub genres: Vec<String>,
    /// Whether the album has tracks of several artists.
    pub is_compilation: bool,
    /// International Standard Recording Code, 12 characters.
    pub isrc: Option<String>,
    /// The words, with their line breaks.
    pub lyrics: Option<String>,
    /// What MusicBrainz calls it.
    pub musicbrainz: MusicBrainz,
}

/// Ids of MusicBrainz, UUIDs in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MusicBrainz {
    /// The recording.
    pub recording_id: Option<String>,
    /// The release.
    pub release_id: Option<String>,
    /// The release group.
    pub release_group_id: Option<String>,
    /// The track on its release.
    pub track_id: Option<String>,
    /// The artists of the track, in the credit's order.
    pub artist_ids: Vec<String>,
}

/// A picture out of a sound file.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// As embedded, still encoded, of whatever kind.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Picture({} bytes)", self.bytes.len())
    }
}
