//! The outline of a sound: its loudest samples over time.

/// How many points an outline has.
const POINTS: u64 = 1000;
/// How many peaks are kept while the length is not known: each thousandth has at least 512 of them.
const MAX_PEAKS: usize = 1 << 20;

/// Collects peaks over equally long stretches, which become longer as the sound does.
#[derive(Debug)]
pub(super) struct Waveform {
    peaks: Vec<u8>,
    /// Frames to a peak: a power of two.
    stretch: u64,
    frames: u64,
}

impl Waveform {
    pub(super) fn new() -> Self {
        Self { peaks: Vec::new(), stretch: 1, frames: 0 }
    }

    /// Adds the next frames: `planes` are channels of equal length, full scale at 1.
    pub(super) fn add(&mut self, planes: &[&[f32]]) {
        let frames = planes.first().map_or(0, |plane| plane.len());
        let mut start = 0;
        while start < frames {
            let left = self.stretch - self.frames % self.stretch;
            let end = frames.min(start.saturating_add(usize::try_from(left).unwrap_or(usize::MAX)));
            let peak =
                planes.iter().filter_map(|plane| plane.get(start..end)).map(loudest).fold(0.0, f32::max);
            self.push(quantised(peak), (end - start) as u64);
            start = end;
        }
    }

    fn push(&mut self, peak: u8, frames: u64) {
        let is_new = self.frames.is_multiple_of(self.stretch);
        if is_new && self.peaks.len() == MAX_PEAKS {
            self.peaks = self.peaks.chunks(2).map(|pair| pair.iter().copied().max().unwrap_or(0)).collect();
            self.stretch *= 2;
        }
        let is_new = self.frames.is_multiple_of(self.stretch);
        match self.peaks.last_mut() {
            Some(last) if !is_new => *last = peak.max(*last),
            _ => self.peaks.push(peak),
        }
        self.frames += frames;
    }

    /// The outline: exactly 1000 points. Of a sound with fewer frames, neighbours show the same one.
    pub(super) fn points(&self) -> Vec<u8> {
        let loudest_between = |point: u64| {
            let start = u128::from(point) * u128::from(self.frames) / u128::from(POINTS);
            let end = (u128::from(point + 1) * u128::from(self.frames)).div_ceil(u128::from(POINTS));
            let place = |frame: u128| usize::try_from(frame / u128::from(self.stretch)).unwrap_or(usize::MAX);
            let range = place(start)..place(end.saturating_sub(1)).saturating_add(1);
            self.peaks.get(range).and_then(|peaks| peaks.iter().copied().max()).unwrap_or(0)
        };
        (0..POINTS).map(loudest_between).collect()
    }
}

/// The highest absolute value. In lanes, so that the compiler makes vectors of them.
fn loudest(samples: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let mut chunks = samples.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, sample) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(sample.abs());
        }
    }
    let rest = chunks.remainder().iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    lanes.into_iter().fold(rest, f32::max)
}

fn quantised(peak: f32) -> u8 {
    // `as` saturates; the sum of rounding and range is exact enough for a byte.
    (peak * 255.0).round() as u8
}
