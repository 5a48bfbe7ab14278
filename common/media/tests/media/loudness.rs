use crate::analysed;
use crate::wav::{sine, wav};

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance
}

/// EBU Tech 3341, table 1, cases 1 to 5, with 1000 Hz as there; all 48 kHz.
#[test]
fn integrated_loudness_is_that_of_the_ebus_test_signals() {
    for (case, stretches, expected) in [
        (1, vec![(20.0, -23.0)], -23.0),
        (2, vec![(20.0, -33.0)], -33.0),
        (3, vec![(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)], -23.0),
        (4, vec![(10.0, -72.0), (10.0, -36.0), (60.0, -23.0), (10.0, -36.0), (10.0, -72.0)], -23.0),
        (5, vec![(20.0, -26.0), (20.1, -20.0), (20.0, -26.0)], -23.0),
    ] {
        let found = analysed(sine(48_000, 1000.0, &stretches)).unwrap().loudness.unwrap();
        assert!(close(found.integrated_lufs, expected, 0.1), "case {case}: {found:?}");
    }
}

/// EBU Tech 3342, table 1, cases 1 to 3.
#[test]
fn the_range_is_that_of_the_ebus_test_signals() {
    for (levels, expected) in [([-20.0, -30.0], 10.0), ([-20.0, -15.0], 5.0), ([-40.0, -20.0], 20.0)] {
        let stretches = levels.map(|level| (20.0, level));
        let found = analysed(sine(48_000, 1000.0, &stretches)).unwrap().loudness.unwrap();
        assert!(close(found.range_lu, expected, 1.0), "{levels:?}: {found:?}");
    }
}

/// EBU Tech 3341, cases 15 and 16: a sine of a quarter of the rate, whose samples miss its peaks by 45 degrees.
#[test]
fn the_true_peak_lies_between_the_samples() {
    for (phase, tolerance_up) in [(0.0_f64, 0.2), (45.0, 0.2)] {
        let samples = (0..48_000).map(|frame| {
            let turn = f64::from(frame) / 4.0 + phase / 360.0;
            0.5 * (std::f64::consts::TAU * turn).sin()
        });
        let samples: Vec<f64> = samples.flat_map(|value| [value, value]).collect();
        let found = analysed(wav(2, 48_000, samples)).unwrap().loudness.unwrap();
        let off = found.true_peak_dbtp - -6.02;
        assert!((-0.4..=tolerance_up).contains(&off), "{phase}: {found:?}");
    }
}

#[test]
fn a_full_scale_sine_is_at_minus_three() {
    // ITU-R BS.1770-4: a 997 Hz sine at 0 dBFS in one of the front channels reads −3.01.
    let samples = (0..48_000 * 5)
        .flat_map(|frame| [(std::f64::consts::TAU * 997.0 * f64::from(frame) / 48_000.0).sin(), 0.0]);
    let loudness = analysed(wav(2, 48_000, samples)).unwrap().loudness.unwrap();
    assert!(close(loudness.integrated_lufs, -3.01, 0.05), "{loudness:?}");
    assert!(close(loudness.replay_gain_db(), -14.99, 0.05));
    assert!(close(loudness.replay_peak(), 1.0, 0.01));
}

#[test]
fn silence_and_what_is_too_short_have_no_loudness() {
    for bytes in [wav(2, 48_000, vec![0.0; 480_000]), sine(48_000, 997.0, &[(0.3, -20.0)])] {
        assert_eq!(analysed(bytes).unwrap().loudness, None);
    }
}
