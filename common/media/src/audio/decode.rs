//! The pass over the audio: every packet is hashed, decoded and measured.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known as codecs,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::default::formats::{AiffReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader};

use super::meter::Meter;
use super::opus::OpusTrack;
use super::sniff::{Container, Found, Trim};
use super::source::Shared;
use super::{AudioError, Format, Limits, Loudness};

/// What the audio is, apart from its tags.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) format: Format,
    pub(super) duration_ms: u64,
    pub(super) bitrate_kbps: u32,
    pub(super) sample_rate_hz: u32,
    pub(super) channels: u32,
    pub(super) bits_per_sample: Option<u32>,
    pub(super) loudness: Option<Loudness>,
    pub(super) waveform: Vec<u8>,
    pub(super) audio_sha256: [u8; 32],
}

/// Decodes all of the first track that can be.
///
/// # Errors
/// Every kind of rejection but `not_audio`.
pub(super) fn decode<S>(shared: &Shared<S>, found: &Found, limits: &Limits) -> Result<Sound, AudioError>
where
    S: Read + Seek + Send + Sync + 'static,
{
    // Demuxers and decoders calculate with what the file says, and a broken file can make them panic, as
    // symphonia-format-riff 0.6.1 does over more than 32 channels, which are refused before. Such a file is damaged;
    // the state goes with it.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let view = shared.view(found.audio.clone());
        let stream = MediaSourceStream::new(Box::new(view), MediaSourceStreamOptions::default());
        let reader = open(stream, found.container)?;
        Decoding::start(reader, found, limits)?.run()
    }));
    decoded.unwrap_or_else(|_| Err(AudioError::damaged()))
}

fn open<'s>(
    stream: MediaSourceStream<'s>,
    container: Container,
) -> Result<Box<dyn FormatReader + 's>, AudioError> {
    let options = FormatOptions::default();
    let opened: Result<Box<dyn FormatReader>, Error> = match container {
        Container::Mpeg => MpaReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Flac => FlacReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Ogg => OggReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Wav => WavReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Aiff => AiffReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Mp4 => IsoMp4Reader::try_new(stream, options).map(|reader| Box::new(reader) as _),
    };
    opened.map_err(|error| match error {
        Error::Unsupported(_) => AudioError::unsupported("The codec of this file"),
        _ => AudioError::damaged(),
    })
}

/// What turns packets into samples.
enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusTrack>),
}

/// How many times in a row a demuxer may fail before the rest of the file is given up.
const MAX_FAILURES: usize = 64;

/// The state of a pass.
struct Decoding<'r> {
    reader: Box<dyn FormatReader + 'r>,
    limits: Limits,
    track: u32,
    format: Format,
    bits_per_sample: Option<u32>,
    decoder: Decoder,
    trim: Option<Trim>,
    meter: Option<Meter>,
    hash: Sha256,
    bytes: u64,
    good: u64,
    bad: u64,
}

impl<'r> Decoding<'r> {
    fn start(reader: Box<dyn FormatReader + 'r>, found: &Found, limits: &Limits) -> Result<Self, AudioError> {
        let (track, format, decoder, bits_per_sample) = choose(reader.as_ref(), found.container)?;
        Ok(Self {
            reader,
            limits: limits.clone(),
            track,
            format,
            bits_per_sample,
            decoder,
            trim: found.trim,
            meter: None,
            hash: Sha256::new(),
            bytes: 0,
            good: 0,
            bad: 0,
        })
    }

    fn run(mut self) -> Result<Sound, AudioError> {
        let mut failures = 0;
        loop {
            self.check_limits()?;
            match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    failures = 0;
                    self.take(&packet)?;
                }
                Ok(Some(_)) => failures = 0,
                Ok(None) => break,
                // The file ends in the middle of a packet: what came before it is heard.
                Err(Error::IoError(_)) => break,
                Err(Error::ResetRequired) => break,
                Err(_) if failures < MAX_FAILURES => {
                    failures += 1;
                    self.bad += 1;
                }
                Err(_) => break,
            }
        }
        self.finish()
    }

    fn check_limits(&self) -> Result<(), AudioError> {
        if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(AudioError::too_slow());
        }
        let seconds = |meter: &Meter| meter.frames() / u64::from(meter.rate());
        let played = Duration::from_secs(self.meter.as_ref().map_or(0, seconds));
        if played > self.limits.max_duration {
            return Err(AudioError::too_long(self.limits.max_duration));
        }
        Ok(())
    }

    fn take(&mut self, packet: &Packet) -> Result<(), AudioError> {
        self.hash.update(&packet.data);
        self.bytes += packet.data.len() as u64;
        let is_good = match &mut self.decoder {
            Decoder::Opus(opus) => opus.decode(packet, &mut self.meter)?,
            Decoder::Symphonia(decoder) => match decoder.decode(packet) {
                Ok(buffer) => {
                    let meter = match &mut self.meter {
                        Some(meter) => meter,
                        None => self.meter.insert(Meter::new(
                            buffer.spec().rate(),
                            buffer.spec().channels(),
                            self.trim,
                        )?),
                    };
                    // A frame of other audio among these is one that junk was taken for.
                    let fits = buffer.spec().rate() == meter.rate();
                    if fits {
                        meter.add(&buffer);
                    }
                    fits
                }
                Err(_) => false,
            },
        };
        if is_good {
            self.good += 1;
        } else {
            self.bad += 1;
        }
        Ok(())
    }

    fn finish(self) -> Result<Sound, AudioError> {
        if self.bad > self.good {
            return Err(AudioError::damaged());
        }
        let meter = self.meter.filter(|meter| meter.frames() > 0).ok_or_else(AudioError::no_audio)?;
        let duration_ms = (meter.frames() * 1000 + u64::from(meter.rate()) / 2) / u64::from(meter.rate());
        let bits = u128::from(self.bytes) * 8 * u128::from(meter.rate());
        let bitrate = bits / (u128::from(meter.frames()) * 1000);
        Ok(Sound {
            format: self.format,
            duration_ms,
            bitrate_kbps: u32::try_from(bitrate).unwrap_or(u32::MAX),
            sample_rate_hz: meter.rate(),
            channels: meter.channels(),
            bits_per_sample: self.bits_per_sample,
            loudness: meter.loudness(),
            waveform: meter.waveform(),
            audio_sha256: self.hash.finalize().into(),
        })
    }
}

/// The first track that can be decoded.
fn choose(
    reader: &dyn FormatReader,
    container: Container,
) -> Result<(u32, Format, Decoder, Option<u32>), AudioError> {
    let mut refused = None;
    for track in reader.tracks() {
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else { continue };
        match decoder(parameters, container) {
            Ok((format, decoder)) => {
                return Ok((track.id, format, decoder, bits_per_sample(format, parameters)));
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(AudioError::no_audio))
}

/// Of what keeps every sample; the others have no such number.
fn bits_per_sample(format: Format, parameters: &AudioCodecParameters) -> Option<u32> {
    match format {
        // The sixth byte of Apple's configuration (ALACSpecificConfig).
        Format::Alac => parameters.extra_data.as_ref()?.get(5).map(|bits| u32::from(*bits)),
        Format::Flac | Format::Wav | Format::Aiff => {
            let bits = parameters.bits_per_coded_sample.or(parameters.bits_per_sample);
            let is_logarithmic =
                matches!(parameters.codec, codecs::CODEC_ID_PCM_ALAW | codecs::CODEC_ID_PCM_MULAW);
            bits.or(is_logarithmic.then_some(8))
        }
        Format::Mp3 | Format::Aac | Format::Vorbis | Format::Opus => None,
    }
}

fn decoder(parameters: &AudioCodecParameters, container: Container) -> Result<(Format, Decoder), AudioError> {
    let Some(format) = format(parameters.codec, container) else {
        return Err(AudioError::unsupported(codec_name(parameters.codec)));
    };
    if format == Format::Opus {
        return Ok((format, Decoder::Opus(Box::new(OpusTrack::new(parameters)?))));
    }
    let options = AudioDecoderOptions::default();
    let made = symphonia::default::get_codecs().make_audio_decoder(parameters, &options);
    let decoder = made.map_err(|error| match error {
        Error::Unsupported(_) => AudioError::unsupported(codec_name(parameters.codec)),
        _ => AudioError::damaged(),
    })?;
    Ok((format, Decoder::Symphonia(decoder)))
}

fn format(codec: AudioCodecId, container: Container) -> Option<Format> {
    match container {
        Container::Mpeg => (codec == codecs::CODEC_ID_MP3).then_some(Format::Mp3),
        Container::Flac => (codec == codecs::CODEC_ID_FLAC).then_some(Format::Flac),
        Container::Ogg if codec == codecs::CODEC_ID_VORBIS => Some(Format::Vorbis),
        Container::Ogg => (codec == codecs::CODEC_ID_OPUS).then_some(Format::Opus),
        Container::Mp4 if codec == codecs::CODEC_ID_AAC => Some(Format::Aac),
        Container::Mp4 => (codec == codecs::CODEC_ID_ALAC).then_some(Format::Alac),
        Container::Wav => Some(Format::Wav),
        Container::Aiff => Some(Format::Aiff),
    }
}

/// A name for a refusal.
fn codec_name(codec: AudioCodecId) -> &'static str {
    match codec {
        codecs::CODEC_ID_FLAC => "FLAC in another container than its own",
        codecs::CODEC_ID_SPEEX => "Speex",
        codecs::CODEC_ID_AC3 | codecs::CODEC_ID_EAC3 => "Dolby Digital",
        codecs::CODEC_ID_MP3 | codecs::CODEC_ID_MP2 | codecs::CODEC_ID_MP1 => "MPEG audio in this container",
        codecs::CODEC_ID_OPUS => "Opus in another container than Ogg",
        codecs::CODEC_ID_AAC => "This kind of AAC",
        _ => "The codec of this file",
    }
}
