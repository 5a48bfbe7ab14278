//! A whole file, of whatever kind.
#![no_main]

mod contained;

use std::io::Cursor;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use mixtape_media::audio::{AudioError, Limits, analyse};

fuzz_target!(init: contained::allow_panics_of_parsers(), |bytes: &[u8]| {
    // Silence packs hours into kilobytes, which is slow and nothing else.
    let limits = Limits {
        max_duration: Duration::from_secs(20),
        deadline: Some(Instant::now() + Duration::from_secs(10)),
    };
    match analyse(Cursor::new(bytes.to_vec()), &limits) {
        Ok(found) => {
            assert_eq!(found.waveform.len(), 1000);
            assert!(found.loudness.is_none_or(|loudness| {
                loudness.integrated_lufs.is_finite() && loudness.range_lu.is_finite() && loudness.true_peak_dbtp.is_finite()
            }));
        }
        Err(AudioError::Rejected(rejection)) => assert!(!rejection.detail.is_empty()),
        Err(AudioError::Io(error)) => panic!("memory does not fail: {error}"),
    }
});
