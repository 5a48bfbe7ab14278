//! Why a file is not taken.

/// Why there is no [`Analysis`](super::Analysis).
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The source itself failed (a file that ends early is no such failure): trying again later can help.
    #[error("the source failed: {0}")]
    Io(std::io::Error),
    /// The file is not taken, now or later.
    #[error("{0}")]
    Rejected(Rejection),
}

/// Why a file is not taken, for a program and for the person who uploaded it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// One of `not_audio`, `unsupported_codec`, `no_audio`, `damaged`, `too_long`, `too_slow`.
    pub code: &'static str,
    /// A sentence or two: what is wrong and what to do.
    pub detail: String,
}

impl AudioError {
    fn rejected(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Rejected(Rejection { code, detail: detail.into() })
    }

    /// The content is something else, `what`, for example "a JPEG picture".
    pub(super) fn not_audio(what: &str) -> Self {
        let detail = format!(
            "This is {what}, not a sound file. Upload MP3, M4A (AAC or ALAC), FLAC, Ogg Vorbis, Opus, WAV or AIFF."
        );
        Self::rejected("not_audio", detail)
    }

    /// Sound, but of a kind that is not taken.
    pub(super) fn unsupported(what: &str) -> Self {
        let detail = format!(
            "{what} is not supported. Convert it to MP3, M4A (AAC or ALAC), FLAC, Ogg Vorbis, Opus, WAV or AIFF."
        );
        Self::rejected("unsupported_codec", detail)
    }

    /// A container of a known kind in which there is nothing to hear.
    pub(super) fn no_audio() -> Self {
        Self::rejected(
            "no_audio",
            "There is no sound in this file. Check that it is complete, then upload it again.",
        )
    }

    /// A file of which too little can be decoded.
    pub(super) fn damaged() -> Self {
        Self::rejected(
            "damaged",
            "Too much of this file cannot be decoded. Check that it plays and is complete, or export it again.",
        )
    }

    pub(super) fn too_long(max: std::time::Duration) -> Self {
        let minutes = max.as_secs() / 60;
        let limit = if minutes > 0 && minutes.is_multiple_of(60) {
            format!("{} hours", minutes / 60)
        } else if minutes > 0 {
            format!("{minutes} minutes")
        } else {
            format!("{} seconds", max.as_secs())
        };
        Self::rejected(
            "too_long",
            format!("This file plays longer than {limit}. Split it into shorter ones."),
        )
    }

    pub(super) fn too_slow() -> Self {
        Self::rejected(
            "too_slow",
            "Reading this file takes too long. Split it into shorter ones, or convert it to another format.",
        )
    }
}
