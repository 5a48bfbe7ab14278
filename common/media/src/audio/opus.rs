//! Decoding Opus (RFC 6716) as it lies in Ogg (RFC 7845). Symphonia takes it out of Ogg, but cannot decode it.

use opus_decoder::OpusMultistreamDecoder;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

use super::AudioError;
use super::meter::Meter;

/// Opus is decoded at this rate whatever was encoded.
const RATE: u32 = 48_000;
/// The longest packet is 120 ms.
const MAX_FRAMES: usize = 5760;

/// A decoder, what it needs besides, and what it has still to skip.
pub(super) struct OpusTrack {
    decoder: OpusMultistreamDecoder,
    channels: Channels,
    count: usize,
    /// What the header says to multiply with.
    gain: f32,
    /// Frames at the start that the encoder needed only to get going.
    pre_skip: usize,
    samples: Vec<f32>,
    planes: Vec<Vec<f32>>,
}

impl OpusTrack {
    /// Reads the identification header (RFC 7845, section 5.1).
    ///
    /// # Errors
    /// Headers that say what cannot be, and mappings that are not for listening.
    pub(super) fn new(parameters: &AudioCodecParameters) -> Result<Self, AudioError> {
        let header = parameters.extra_data.as_deref().unwrap_or_default();
        let [_, _, _, _, _, _, _, _, _, count, skip0, skip1, _, _, _, _, gain0, gain1, family, mapping @ ..] = header
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
        let mapping = mapping.ok_or_else(AudioError::damaged)?;
        let decoder = OpusMultistreamDecoder::new(RATE, count, streams, coupled, &mapping)
            .map_err(|_| AudioError::damaged())?;
        let gain_db = f32::from(i16::from_le_bytes([*gain0, *gain1])) / 256.0;
        Ok(Self {
            decoder,
            channels: parameters.channels.clone().unwrap_or(Channels::Discrete(count as u16)),
            count,
            gain: 10_f32.powf(gain_db / 20.0),
            pre_skip: usize::from(u16::from_le_bytes([*skip0, *skip1])),
            samples: vec![0.0; MAX_FRAMES * count],
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
        if packet.data.is_empty() {
            return Ok(false);
        }
        let Ok(frames) = self.decoder.decode_float(&packet.data, &mut self.samples, false) else {
            return Ok(false);
        };
        let trim_end = usize::try_from(packet.trim_end.get()).unwrap_or(usize::MAX);
        let skip = self.pre_skip.min(frames);
        self.pre_skip -= skip;
        let end = frames.saturating_sub(trim_end).max(skip);
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            let samples = self.samples.iter().skip(channel).step_by(self.count);
            plane.extend(samples.take(end).skip(skip).map(|sample| sample * self.gain));
        }
        let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
        meter.add_planes(&planes);
        Ok(true)
    }
}
