//! Names for what is not taken, so that a refusal says what was uploaded.

use super::AudioError;

/// How a file of another kind starts. First the sounds, then what is none.
const SOUNDS: [(usize, &[u8], &str); 13] = [
    (0, b"RF64", "WAV in its 64-bit form (RF64)"),
    (0, b"riff\x2e\x91\xcf\x11", "WAV in its 64-bit form (W64)"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA)"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (0, b"MAC ", "Monkey's Audio (APE)"),
    (0, b"wvpk", "WavPack"),
    (0, b"TTA1", "True Audio (TTA)"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"caff", "Core Audio Format (CAF)"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b"DSD ", "DSD"),
    (0, b"MThd", "MIDI, which holds notes and no sound,"),
];

const OTHERS: [(usize, &[u8], &str); 17] = [
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (8, b"AVI ", "an AVI video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"<?xml", "an XML document"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"\x00\x00\x01\xba", "an MPEG video"),
];

/// The error for a file that begins like something else.
pub(super) fn recognise(head: &[u8]) -> Option<AudioError> {
    let starts = |(offset, magic, _): &&(usize, &[u8], &str)| {
        head.get(*offset..).is_some_and(|rest| rest.starts_with(magic))
    };
    if let Some((_, _, what)) = SOUNDS.iter().find(starts) {
        return Some(AudioError::unsupported(what));
    }
    OTHERS.iter().find(starts).map(|(_, _, what)| AudioError::not_audio(what))
}

/// The error for a file that begins like nothing that is known.
pub(super) fn unknown(head: &[u8]) -> AudioError {
    let is_text = std::str::from_utf8(head).is_ok_and(|text| {
        !text.chars().any(|character| character.is_control() && !character.is_whitespace())
    });
    AudioError::not_audio(if is_text { "text" } else { "a file of an unknown kind" })
}
