//! What a saved sound is called: `Content-Disposition`, [RFC 6266](https://www.rfc-editor.org/rfc/rfc6266).

use std::fmt::Write;

use mixtape_domain::media::Audio;
use mixtape_domain::track::Track;

/// Longest name of a file, in characters; file systems take 255 bytes.
const MAX_NAME: usize = 60;

/// The header's value for a track's sound, to be played or saved.
pub(crate) fn content_disposition(track: &Track, audio: &Audio, is_download: bool) -> String {
    let kind = if is_download { "attachment" } else { "inline" };
    let extension = match audio.codec.as_str() {
        "aac" | "alac" => "m4a",
        "vorbis" => "ogg",
        "pcm" if audio.content_type == "audio/aiff" => "aiff",
        "pcm" => "wav",
        codec => codec,
    };
    let name: String = format!("{} - {}", track.artist, track.title)
        .chars()
        .map(|one| if one.is_control() || r#"/\:*?"<>|"#.contains(one) { '_' } else { one })
        .take(MAX_NAME)
        .collect();
    let name = format!("{}.{extension}", name.trim());
    let plain: String =
        name.chars().map(|one| if one.is_ascii() && !matches!(one, '%' | ';') { one } else { '_' }).collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encoded(&name))
}

/// The text in UTF-8 with every byte escaped that [RFC 8187](https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1) does
/// not let stand.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use mixtape_domain::track::NewTrack;
    use mixtape_domain::{AccountId, AudioId, Timestamp};

    use super::*;

    fn of(artist: &str, title: &str) -> String {
        let new = NewTrack { title: title.into(), artist: artist.into(), ..NewTrack::default() };
        let track = new.build(AccountId::from_parts(&["a"]), Timestamp::EPOCH).unwrap();
        let audio = Audio {
            id: AudioId::from_parts(&["a"]),
            content_type: "audio/mpeg".into(),
            codec: "mp3".into(),
            size_bytes: 1,
            bitrate_kbps: None,
            sample_rate_hz: 44_100,
            channels: 2,
            bits_per_sample: None,
            loudness: None,
            replay_gain: None,
        };
        content_disposition(&track, &audio, true)
    }

    #[test]
    fn no_name_breaks_out_of_the_header() {
        assert_eq!(
            of("AC/DC", "T.N.T.\"; x=\\"),
            "attachment; filename=\"AC_DC - T.N.T.__ x=_.mp3\"; filename*=UTF-8''AC_DC%20-%20T.N.T._%3B%20x%3D_.mp3"
        );
        let value = of("明石照子", &"é".repeat(200));
        assert!(value.is_ascii() && value.contains("UTF-8''%E6%98%8E") && value.len() < 700, "{value}");
    }
}
