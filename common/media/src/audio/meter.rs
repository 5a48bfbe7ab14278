//! What is measured of the decoded samples: length, loudness, outline.

use std::ops::Range;

use ebur128::{Channel, EbuR128, Mode};
use symphonia::core::audio::{Audio, Channels, GenericAudioBufferRef, Position};

use super::sniff::Trim;
use super::waveform::Waveform;
use super::{AudioError, Loudness};

/// Loudness is measured over 3 seconds in 64-bit samples: at most 36 MB.
const MAX_SAMPLES_PER_SECOND: u64 = 8 * 192_000;
const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Takes decoded frames, one buffer after the other.
pub(super) struct Meter {
    loudness: EbuR128,
    waveform: Waveform,
    rate: u32,
    channels: u32,
    /// How many frames were measured.
    frames: u64,
    /// How many frames there were.
    decoded: u64,
    /// Which of them play, where that is not all.
    plays: Option<Range<u64>>,
    planes: Vec<Vec<f32>>,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Meter({} frames)", self.frames)
    }
}

impl Meter {
    /// For frames at `rate` a second, of these channels.
    ///
    /// # Errors
    /// Rates and numbers of channels that music does not have.
    pub(super) fn new(rate: u32, channels: &Channels, trim: Option<Trim>) -> Result<Self, AudioError> {
        let count = u32::try_from(channels.count()).unwrap_or(u32::MAX);
        let samples = u64::from(rate) * u64::from(count);
        if !SAMPLE_RATES.contains(&rate) || count == 0 || samples > MAX_SAMPLES_PER_SECOND {
            return Err(AudioError::unsupported(&format!("Sound of {count} channels at {rate} Hz")));
        }
        let mode = Mode::I | Mode::LRA | Mode::TRUE_PEAK;
        let mut loudness = EbuR128::new(count, rate, mode).map_err(|_| AudioError::damaged())?;
        if let Some(map) = weights(channels) {
            loudness.set_channel_map(&map).map_err(|_| AudioError::damaged())?;
        }
        Ok(Self {
            loudness,
            waveform: Waveform::new(),
            rate,
            channels: count,
            frames: 0,
            decoded: 0,
            plays: trim.and_then(|trim| plays(trim, rate)),
            planes: Vec::new(),
        })
    }

    /// Adds the frames of `buffer`.
    pub(super) fn add(&mut self, buffer: &GenericAudioBufferRef<'_>) {
        let range = self.playing(buffer.frames());
        if let GenericAudioBufferRef::F32(samples) = buffer {
            let planes: Vec<&[f32]> =
                samples.iter_planes().filter_map(|plane| plane.get(range.clone())).collect();
            if planes.iter().all(|plane| plane.iter().copied().all(is_sound)) {
                return self.add_planes(&planes);
            }
        }
        let mut planes = std::mem::take(&mut self.planes);
        buffer.copy_to_vecs_planar::<f32>(&mut planes);
        // Numbers that are none, or beyond all measure, would spoil every sum after them.
        for sample in planes.iter_mut().flatten().filter(|sample| !is_sound(**sample)) {
            *sample = 0.0;
        }
        let slices: Vec<&[f32]> = planes.iter().filter_map(|plane| plane.get(range.clone())).collect();
        self.add_planes(&slices);
        self.planes = planes;
    }

    /// Which of the next `frames` decoded frames play.
    fn playing(&mut self, frames: usize) -> Range<usize> {
        let start = self.decoded;
        self.decoded += frames as u64;
        let Some(plays) = &self.plays else { return 0..frames };
        let within =
            |frame: u64| usize::try_from(frame.saturating_sub(start)).unwrap_or(usize::MAX).min(frames);
        within(plays.start)..within(plays.end)
    }

    /// Adds frames: a slice for each channel, all equally long.
    pub(super) fn add_planes(&mut self, planes: &[&[f32]]) {
        let frames = planes.first().map_or(0, |plane| plane.len());
        if frames == 0 || planes.len() != self.channels as usize {
            return;
        }
        // Fails only for a number of planes that is not the one it was made for.
        if self.loudness.add_frames_planar_f32(planes).is_ok() {
            self.waveform.add(planes);
            self.frames += frames as u64;
        }
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    pub(super) fn channels(&self) -> u32 {
        self.channels
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn waveform(&self) -> Vec<u8> {
        self.waveform.points()
    }

    /// Of all that was added; `None` where nothing passes the absolute gate of −70 LUFS, or 400 ms were not reached.
    pub(super) fn loudness(&self) -> Option<Loudness> {
        let integrated_lufs = self.loudness.loudness_global().ok().filter(|lufs| lufs.is_finite())?;
        let range_lu = self.loudness.loudness_range().ok().filter(|range| range.is_finite()).unwrap_or(0.0);
        let peaks = (0..self.channels).filter_map(|channel| self.loudness.true_peak(channel).ok());
        let true_peak_dbtp = 20.0 * peaks.fold(0.0, f64::max).log10();
        true_peak_dbtp.is_finite().then_some(Loudness { integrated_lufs, range_lu, true_peak_dbtp })
    }
}

/// Samples beyond this (60 dB above full scale) are no sound.
const LOUDEST: f32 = 1000.0;

fn is_sound(sample: f32) -> bool {
    sample.abs() <= LOUDEST
}

/// The frames that play at `rate`. What would leave nothing is not believed.
fn plays(trim: Trim, rate: u32) -> Option<Range<u64>> {
    let skip = (trim.skip * f64::from(rate)).round() as u64;
    let play = (trim.play * f64::from(rate)).round() as u64;
    (play > 0).then(|| skip..skip.saturating_add(play))
}

/// How each channel counts for loudness (ITU-R BS.1770-4, table 4), in the order in which symphonia has them.
fn weights(channels: &Channels) -> Option<Vec<Channel>> {
    let Channels::Positioned(positions) = channels else { return None };
    if positions.iter().count() <= 2 {
        return None;
    }
    let weight = |position: Position| match position {
        Position::LFE1 | Position::LFE2 => Channel::Unused,
        Position::SIDE_LEFT | Position::REAR_LEFT => Channel::LeftSurround,
        Position::SIDE_RIGHT | Position::REAR_RIGHT => Channel::RightSurround,
        // Any other counts once.
        _ => Channel::Center,
    };
    Some(positions.iter().map(weight).collect())
}
