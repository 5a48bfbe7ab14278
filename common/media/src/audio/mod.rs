//! Reads a sound file once: what it is, how long and how loud, its tags, its cover.

mod decode;
mod error;
mod facts;
mod meter;
mod opus;
mod sniff;
mod source;
mod tags;
mod waveform;

use std::io::{Read, Seek};

pub use self::error::{AudioError, Rejection};
pub use self::facts::{Analysis, Format, Limits, Loudness, MusicBrainz, Picture, Tags};

/// Reads the whole of `source` and says what is in it.
///
/// The format is found from the content. The source is read in small blocks, mostly forwards: its beginning and end
/// for the tags, then the audio once. Memory stays under 64 MB beyond the picture, whatever the file claims.
///
/// # Errors
/// [`AudioError::Io`] when the source itself fails, and [`AudioError::Rejected`] when the file is not audio that this
/// service takes, is damaged, or passes a limit.
pub fn analyse<S>(source: S, limits: &Limits) -> Result<Analysis, AudioError>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let shared = source::Shared::open(source, limits.deadline)?;
    let result = analyse_shared(&shared, limits);
    // What a parser makes of a failing source is a guess: the failure itself is the answer.
    match shared.failure() {
        Some(failure) => Err(failure),
        None => result,
    }
}

fn analyse_shared<S>(shared: &source::Shared<S>, limits: &Limits) -> Result<Analysis, AudioError>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let found = sniff::sniff(&mut shared.whole())?;
    let (tags, cover) = tags::read(shared, &found);
    let sound = decode::decode(shared, &found, limits)?;
    Ok(Analysis {
        format: sound.format,
        duration_ms: sound.duration_ms,
        bitrate_kbps: sound.bitrate_kbps,
        sample_rate_hz: sound.sample_rate_hz,
        channels: sound.channels,
        bits_per_sample: sound.bits_per_sample,
        loudness: sound.loudness,
        waveform: sound.waveform,
        audio_sha256: sound.audio_sha256,
        tags,
        cover,
    })
}
