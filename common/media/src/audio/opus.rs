//! Decoding Opus (RFC 6716) as it lies in Ogg (RFC 7845). Symphonia takes it out of Ogg, but cannot decode it.
//!
//! The decoder is ropus, a translation of libopus to Rust, whose samples are those of libopus in fixed point. The
//! others do not serve: libopus itself wants cmake or autotools (opusic-sys, which symphonia-adapter-libopus uses,
//! audiopus_sys, opus-embedded-sys), its machine translation (unsafe-libopus) can only be called from unsafe code, and
//! opus-decoder 0.1.1 refused ordinary files of opusenc and ffmpeg.

use ropus::OpusMSDecoder;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

use super::AudioError;
use super::meter::Meter;

/// Opus is decoded at this rate whatever was encoded.
const RATE: u32 = 48_000;
/// As many streams as channels.
const MAX_STREAMS: usize = 8;
/// The longest packet is 120 ms.
const MAX_FRAMES: usize = 5760;

/// Where the channels stand in Vorbis' order (RFC 7845, section 5.1.1.2) that come first, second and so on in the order
/// of WAV, which is symphonia's.
const ORDERS: [&[usize]; 9] = [
    &[],
    &[0],
    &[0, 1],
    &[0, 2, 1],
    &[0, 1, 2, 3],
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 5, 3, 4],
    &[0, 2, 1, 6, 5, 3, 4],
    &[0, 2, 1, 7, 5, 6, 3, 4],
];

/// The mapping with the channels in the order of WAV.
fn canonical(mapping: &[u8]) -> Vec<u8> {
    let order = ORDERS.get(mapping.len()).copied().unwrap_or_default();
    order.iter().filter_map(|place| mapping.get(*place).copied()).collect()
}

/// A decoder, what it needs besides, and what it has still to skip.
pub(super) struct OpusTrack {
    decoder: OpusMSDecoder,
    channels: Channels,
    count: usize,
    /// What makes a sample of 16 bits one of full scale 1, with the gain of the header.
    gain: f32,
    /// Frames at the start that the encoder needed only to get going.
    pre_skip: usize,
    samples: Vec<i16>,
    planes: Vec<Vec<f32>>,
}

impl OpusTrack {
    /// Reads the identification header (RFC 7845, section 5.1).
    ///
    /// # Errors
    /// Headers that say what cannot be, and mappings that are not for listening.
    pub(super) fn new(parameters: &AudioCodecParameters) -> Result<Self, AudioError> {
        let header = parameters.extra_data.as_deref().unwrap_or_default();
        let [_, _, _, _, _, _, _, _, _, count, skip0, skip1, _, _, _, _, gain0, gain1, family, mapping @ ..] =
            header
        else {
            return Err(AudioError::damaged());
        };
        let count = usize::from(*count);
        let (streams, coupled, mapping) = match (family, mapping) {
            (0, _) if count <= 2 => (1, count.saturating_sub(1), [0, 1].get(..count).map(<[u8]>::to_vec)),
            (1, [streams, coupled, mapping @ ..]) if count <= 8 => {
                (usize::from(*streams), usize::from(*coupled), mapping.get(..count).map(<[u8]>::to_vec))
            }
            _ => return Err(AudioError::unsupported("Opus with this arrangement of channels")),
        };
        let mapping = canonical(&mapping.ok_or_else(AudioError::damaged)?);
        if count == 0 || streams > MAX_STREAMS || coupled > streams {
            return Err(AudioError::damaged());
        }
        let decoder = OpusMSDecoder::new(RATE as i32, count as i32, streams as i32, coupled as i32, &mapping)
            .map_err(|_| AudioError::damaged())?;
        let gain_db = f32::from(i16::from_le_bytes([*gain0, *gain1])) / 256.0;
        Ok(Self {
            decoder,
            channels: parameters.channels.clone().unwrap_or(Channels::Discrete(count as u16)),
            count,
            gain: 10_f32.powf(gain_db / 20.0) / 32_768.0,
            pre_skip: usize::from(u16::from_le_bytes([*skip0, *skip1])),
            samples: vec![0; MAX_FRAMES * count],
            planes: vec![Vec::with_capacity(MAX_FRAMES); count],
        })
    }

    /// Decodes a packet into `meter`, which is made with the first. Whether it could be decoded.
    ///
    /// # Errors
    /// A number of channels that cannot be measured.
    pub(super) fn decode(&mut self, packet: &Packet, meter: &mut Option<Meter>) -> Result<bool, AudioError> {
        let meter = match meter {
            Some(meter) => meter,
            None => meter.insert(Meter::new(RATE, &self.channels, None)?),
        };
        // Without data it would make up a sound for what was lost.
        let len = i32::try_from(packet.data.len()).unwrap_or(0);
        if len == 0 {
            return Ok(false);
        }
        let frames =
            self.decoder.decode(Some(&packet.data), len, &mut self.samples, MAX_FRAMES as i32, false);
        let Some(frames) = frames.ok().and_then(|frames| usize::try_from(frames).ok()) else {
            return Ok(false);
        };
        let trim_end = usize::try_from(packet.trim_end.get()).unwrap_or(usize::MAX);
        let skip = self.pre_skip.min(frames);
        self.pre_skip -= skip;
        let end = frames.saturating_sub(trim_end).max(skip);
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            let samples = self.samples.iter().skip(channel).step_by(self.count);
            plane.extend(samples.take(end).skip(skip).map(|sample| f32::from(*sample) * self.gain));
        }
        let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
        meter.add_planes(&planes);
        Ok(true)
    }
}
