//! A picture of whatever kind: decoded, made smaller, and encoded.
#![no_main]

mod contained;

use libfuzzer_sys::fuzz_target;
use mixtape_media::image::{Encoding, Fit, Limits, Size, decode};

fuzz_target!(init: contained::allow_panics_of_parsers(), |bytes: &[u8]| {
    let limits = Limits { max_pixels: 1_000_000, ..Limits::default() };
    let Ok(picture) = decode(bytes, &limits) else { return };
    let small = picture.render(Size { width: Some(40), height: Some(30), fit: Fit::Cover });
    assert!(small.width() <= 40 && small.height() <= 30);
    for encoding in [Encoding::Webp, Encoding::Jpeg, Encoding::Png] {
        assert!(!small.encode(encoding, 70).expect("any small picture can be encoded").is_empty());
    }
});
