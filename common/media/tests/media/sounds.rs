use std::time::{Duration, Instant};

use mixtape_media::audio::{Format, Limits};

use crate::wav::{sine, wav};
use crate::{analysed, fixture, refused, sound};

/// Name, format, milliseconds, frames a second, channels, bits.
type Row = (&'static str, Format, u64, u32, u32, Option<u32>);

const SOUNDS: [Row; 32] = [
    ("plain.mp3", Format::Mp3, 2000, 24_000, 2, None),
    ("mono-vbr.mp3", Format::Mp3, 1000, 44_100, 1, None),
    ("id3v1.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("id3v22.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("id3v23.mp3", Format::Mp3, 2000, 24_000, 2, None),
    ("id3v24.mp3", Format::Mp3, 2000, 24_000, 2, None),
    ("ape.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("ape-and-id3v1.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("two-id3v2.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("junk.mp3", Format::Mp3, 1071, 22_050, 1, None),
    ("truncated.mp3", Format::Mp3, 1240, 24_000, 2, None),
    ("damaged.mp3", Format::Mp3, 1960, 24_000, 2, None),
    ("aac.m4a", Format::Aac, 2000, 44_100, 2, None),
    ("fragmented.m4a", Format::Aac, 1045, 44_100, 1, None),
    ("video-and-audio.mp4", Format::Aac, 1000, 44_100, 1, None),
    ("alac.m4a", Format::Alac, 200, 44_100, 2, Some(16)),
    ("16-bit.flac", Format::Flac, 500, 44_100, 2, Some(16)),
    ("24-bit.flac", Format::Flac, 200, 48_000, 2, Some(24)),
    ("id3-before.flac", Format::Flac, 200, 48_000, 2, Some(24)),
    ("vorbis.ogg", Format::Vorbis, 2000, 44_100, 2, None),
    ("opus.opus", Format::Opus, 2000, 48_000, 2, None),
    ("silk-mono.opus", Format::Opus, 1000, 48_000, 1, None),
    ("six-channels.opus", Format::Opus, 500, 48_000, 6, None),
    ("16-bit.wav", Format::Wav, 200, 44_100, 1, Some(16)),
    ("24-bit.wav", Format::Wav, 200, 44_100, 1, Some(24)),
    ("float.wav", Format::Wav, 200, 44_100, 1, Some(32)),
    ("8-bit.wav", Format::Wav, 200, 44_100, 1, Some(8)),
    ("alaw.wav", Format::Wav, 200, 44_100, 1, Some(8)),
    ("info.wav", Format::Wav, 200, 44_100, 1, Some(16)),
    ("id3.wav", Format::Wav, 200, 44_100, 1, Some(16)),
    ("text.aiff", Format::Aiff, 200, 44_100, 1, Some(16)),
    ("id3.aiff", Format::Aiff, 200, 44_100, 1, Some(24)),
];

#[test]
fn every_kind_of_file_is_told_from_its_content() {
    for (name, format, duration, rate, channels, bits) in SOUNDS {
        let found = sound(name);
        let facts = (found.format, found.sample_rate_hz, found.channels, found.bits_per_sample);
        assert_eq!(facts, (format, rate, channels, bits), "{name}");
        assert!(found.duration_ms.abs_diff(duration) <= 20, "{name}: {} ms", found.duration_ms);
        assert!(found.bitrate_kbps > 8, "{name}: {} kbit/s", found.bitrate_kbps);
        assert_eq!(found.waveform.len(), 1000, "{name}");
    }
}

#[test]
fn the_outline_follows_the_sound() {
    // Their second half is twice as loud as the first.
    for name in ["plain.mp3", "aac.m4a", "16-bit.flac", "vorbis.ogg", "opus.opus", "silk-mono.opus"] {
        let outline = sound(name).waveform;
        // Nearly the highest point: encoders overshoot for a moment.
        let high = |points: &[u8]| {
            let mut sorted = points.to_vec();
            sorted.sort_unstable();
            sorted[sorted.len() * 9 / 10]
        };
        let (first, second) = (high(&outline[50..450]), high(&outline[550..950]));
        assert!((60..=70).contains(&first) && (118..=136).contains(&second), "{name}: {first} {second}");
    }
}

#[test]
fn a_click_is_in_the_one_point_where_it_sounds() {
    for (frames, click) in [(1_000, 500), (48_000, 24_030), (48_000 * 60, 48_000 * 45 + 7)] {
        let samples = (0..frames).map(|frame| if frame == click { 1.0 } else { 0.0 });
        let outline = analysed(wav(1, 48_000, samples)).unwrap().waveform;
        let peaks: Vec<usize> = (0..1000).filter(|point| outline[*point] > 0).collect();
        assert_eq!(peaks, [click as usize * 1000 / frames as usize], "{frames}");
        assert_eq!(outline[peaks[0]], 255);
    }
}

#[test]
fn the_shortest_sound_has_a_whole_outline() {
    let found = analysed(wav(1, 48_000, [0.5])).unwrap();
    assert_eq!(found.waveform, [128; 1000]);
}

#[test]
fn the_hash_is_of_the_audio_alone() {
    let same = [
        vec!["id3v1.mp3", "id3v22.mp3", "ape.mp3", "ape-and-id3v1.mp3", "two-id3v2.mp3", "junk.mp3"],
        vec!["plain.mp3", "id3v23.mp3", "id3v24.mp3"],
        vec!["24-bit.flac", "id3-before.flac"],
        vec!["16-bit.wav", "id3.wav", "info.wav"],
    ];
    let hashes: Vec<[u8; 32]> = same
        .iter()
        .map(|names| {
            let first = sound(names[0]).audio_sha256;
            for name in names {
                assert_eq!(sound(name).audio_sha256, first, "{name}");
            }
            first
        })
        .collect();
    for (place, hash) in hashes.iter().enumerate() {
        assert!(!hashes[place + 1..].contains(hash));
    }
}

#[test]
fn new_tags_leave_the_hash_as_it_is() {
    let before = sound("16-bit.flac").audio_sha256;
    // Another title of the same length, and a byte of the padding.
    let mut bytes = fixture("16-bit.flac");
    let title = bytes.windows(12).position(|window| window == b"Vorbis Title").unwrap();
    bytes[title..title + 6].copy_from_slice(b"Sirbov");
    let after = analysed(bytes).unwrap();
    assert_eq!(after.tags.title.as_deref(), Some("Sirbov Title"));
    assert_eq!(after.audio_sha256, before);
}

#[test]
fn what_is_not_taken_is_refused_with_a_reason() {
    let limits = Limits::default();
    for (name, code) in [
        ("video.mp4", "no_audio"),
        ("mp3-in-mp4.mp4", "unsupported_codec"),
        ("adts.aac", "unsupported_codec"),
        ("layer2.mp2", "unsupported_codec"),
        ("flac-in-ogg.ogg", "unsupported_codec"),
        ("adpcm.wav", "unsupported_codec"),
        ("make.py", "not_audio"),
    ] {
        assert_eq!(refused(fixture(name), &limits), code, "{name}");
    }
    for (bytes, code) in [
        (Vec::new(), "not_audio"),
        (b"ten bytes.".to_vec(), "not_audio"),
        (b"%PDF-1.7 and more than ten bytes".to_vec(), "not_audio"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF and so on".to_vec(), "not_audio"),
        (b"\x1A\x45\xDF\xA3 and so on and so on".to_vec(), "unsupported_codec"),
        (vec![0; 100_000], "not_audio"),
        (fixture("16-bit.wav")[..44].to_vec(), "no_audio"),
        (fixture("16-bit.flac")[..4000].to_vec(), "no_audio"),
        (fixture("aac.m4a")[..2000].to_vec(), "no_audio"),
        (fixture("id3v24.mp3")[..1500].to_vec(), "no_audio"),
    ] {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).into_owned();
        assert_eq!(refused(bytes, &limits), code, "{head:?}");
    }
}

#[test]
fn a_file_that_is_mostly_rubble_is_damaged() {
    let mut bytes = fixture("16-bit.flac");
    let start = bytes.len() - 12_000;
    for byte in &mut bytes[start..] {
        *byte = byte.wrapping_mul(31).wrapping_add(7);
    }
    assert!(["damaged", "no_audio"].contains(&refused(bytes, &Limits::default())));
}

#[test]
fn a_sound_ends_at_its_limits() {
    let long = sine(8_000, 997.0, &[(3.0, -20.0)]);
    let seconds = |max| Limits { max_duration: Duration::from_secs(max), ..Limits::default() };
    assert_eq!(refused(long.clone(), &seconds(2)), "too_long");
    assert!(mixtape_media::audio::analyse(std::io::Cursor::new(long.clone()), &seconds(3)).is_ok());
    let late = Limits { deadline: Some(Instant::now()), ..Limits::default() };
    assert_eq!(refused(long, &late), "too_slow");
}

#[test]
fn content_types_fit_what_is_found() {
    for (format, content_type, codec) in [
        (Format::Mp3, "audio/mpeg", "mp3"),
        (Format::Aac, "audio/mp4", "aac"),
        (Format::Alac, "audio/mp4", "alac"),
        (Format::Flac, "audio/flac", "flac"),
        (Format::Vorbis, "audio/ogg", "vorbis"),
        (Format::Opus, "audio/ogg", "opus"),
        (Format::Wav, "audio/wav", "pcm"),
        (Format::Aiff, "audio/aiff", "pcm"),
    ] {
        assert_eq!((format.content_type(), format.codec()), (content_type, codec));
    }
}
