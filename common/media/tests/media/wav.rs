//! WAV files made in memory.

/// A file of 16-bit PCM out of samples of full scale 1, interleaved.
pub(crate) fn wav(channels: u16, rate: u32, samples: impl IntoIterator<Item = f64>) -> Vec<u8> {
    let data: Vec<u8> =
        samples.into_iter().flat_map(|sample| ((sample * 32767.0).round() as i16).to_le_bytes()).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(channels) * 2).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// The same sine in both channels: stretches of (seconds, dB of full scale), 997 Hz unless told.
pub(crate) fn sine(rate: u32, frequency: f64, stretches: &[(f64, f64)]) -> Vec<u8> {
    let mut samples = Vec::new();
    for (seconds, level) in stretches {
        let amplitude = 10_f64.powf(level / 20.0);
        for frame in 0..(seconds * f64::from(rate)) as u64 {
            let value =
                amplitude * (std::f64::consts::TAU * frequency * frame as f64 / f64::from(rate)).sin();
            samples.extend([value, value]);
        }
    }
    wav(2, rate, samples)
}
