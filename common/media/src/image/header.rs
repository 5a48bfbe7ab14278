//! Kind, size and animation of a picture, read from its header before anything is decoded.

use super::ImageError;

/// What can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    Webp,
    Gif,
}

/// What kind of picture the bytes are.
///
/// # Errors
/// `unsupported_image` for other pictures, `not_an_image` for anything else.
pub(super) fn kind(bytes: &[u8]) -> Result<Kind, ImageError> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Kind::Webp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Kind::Gif),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Err(ImageError::unsupported("A BMP picture")),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Err(ImageError::unsupported("A TIFF picture")),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Err(ImageError::unsupported("An AVIF or HEIC picture")),
        [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] | [0xFF, 0x0A, ..] => {
            Err(ImageError::unsupported("A JPEG XL picture"))
        }
        [b'<', b's', b'v', b'g', ..] => Err(ImageError::unsupported("An SVG picture")),
        _ => Err(ImageError::not_an_image()),
    }
}

/// Whether the picture has several frames. Looks at the structure only, and no further than the first image data.
pub(super) fn is_animated(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Jpeg => false,
        Kind::Png => png_is_animated(bytes),
        // The flag of an extended header (RFC 9649, section 2.7.1.1).
        Kind::Webp => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 0x02 != 0)
        }
        Kind::Gif => gif_frames(bytes).unwrap_or(0) > 1,
    }
}

/// Whether a JPEG has its end: a marker for it behind the last scan's start. The decoder would fill up with grey what
/// is missing. Neither marker can stand within the data of a scan, where a zero follows each 0xFF (ITU-T T.81,
/// B.1.1.5).
pub(super) fn is_cut_off(kind: Kind, bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|window| window == marker);
    kind == Kind::Jpeg && last([0xFF, 0xD9]) <= last([0xFF, 0xDA])
}

/// An `acTL` chunk before the image data with more than one frame (PNG, third edition, section 11.3.6.1).
fn png_is_animated(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let [s0, s1, s2, s3, k0, k1, k2, k3, data @ ..] = rest {
        match &[*k0, *k1, *k2, *k3] {
            b"acTL" => return !matches!(data, [0, 0, 0, 0 | 1, ..]),
            b"IDAT" | b"IEND" => return false,
            _ => {}
        }
        let size = u32::from_be_bytes([*s0, *s1, *s2, *s3]) as usize;
        rest = data.get(size.saturating_add(4)..).unwrap_or_default();
    }
    false
}

/// Counts the images of a GIF up to two (GIF89a specification, appendix B); `None` where it breaks off.
fn gif_frames(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0_usize };
    let mut rest = bytes.get(13 + table(*bytes.get(10)?)..)?;
    let mut frames = 0;
    loop {
        match rest {
            [0x21, _label, blocks @ ..] => rest = after_blocks(blocks)?,
            [0x2C, descriptor @ ..] => {
                frames += 1;
                if frames > 1 {
                    return Some(frames);
                }
                let after = descriptor.get(8 + 1 + table(*descriptor.get(8)?)..)?;
                let Some(next) = after.get(1..).and_then(after_blocks) else { return Some(frames) };
                rest = next;
            }
            _ => return Some(frames),
        }
    }
}

/// What follows a row of sub-blocks.
fn after_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match rest {
            [0, after @ ..] => return Some(after),
            [size, after @ ..] => rest = after.get(usize::from(*size)..)?,
            [] => return None,
        }
    }
}
