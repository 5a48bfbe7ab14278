//! What fuzzing found, with the shortest input that shows it.

use mixtape_media::audio;
use mixtape_media::image::{Limits, decode};

use crate::picture::png_of;
use crate::refused;

/// A palette whose length is no multiple of three makes png 0.18.1 index out of bounds.
#[test]
fn a_palette_of_broken_colours_is_damaged() {
    let palette = vec![0; 4];
    // One pixel: a filter byte and an index, stored without compression.
    let data = b"\x78\x01\x01\x02\0\xFD\xFF\0\0\0\x02\0\x01".to_vec();
    let bytes = png_of(3, 1, 1, &[(b"PLTE", palette), (b"IDAT", data), (b"IEND", Vec::new())]);
    assert_eq!(decode(&bytes, &Limits::default()).unwrap_err().code, "damaged_image");
}

/// More channels than a mask has bits make symphonia-format-riff 0.6.1 shift out of range: a panic in a build that
/// checks it, else another number of channels.
#[test]
fn a_wav_of_forty_channels_is_refused() {
    let mut bytes =
        b"RIFF\x80\0\0\0WAVEfmt \x28\0\0\0\xFE\xFF\x28\0\x44\xAC\0\0\0\0\0\0\x78\0\x18\0".to_vec();
    bytes.extend(b"\x16\0\x18\0\x04\0\0\0\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71data\x78\0\0\0");
    bytes.resize(bytes.len() + 120, 0);
    assert_eq!(refused(bytes, &audio::Limits::default()), "unsupported_codec");
}
