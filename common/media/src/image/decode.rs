//! From bytes to an upright picture.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::{gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageResult};

use super::header::{self, Kind};
use super::{Image, ImageError, Limits};

/// Reads a JPEG, PNG, WebP or GIF, told by its content. Turns it as its EXIF says, and drops all metadata.
///
/// # Errors
/// What is no picture, is of another kind, moves, is damaged, or passes a limit. The size is checked before anything is
/// decoded.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Image, ImageError> {
    if bytes.len() > limits.max_bytes {
        return Err(ImageError::too_large(&format!("{} MB", limits.max_bytes / (1024 * 1024))));
    }
    let kind = header::kind(bytes)?;
    if header::is_animated(kind, bytes) {
        return Err(ImageError::animated());
    }
    if header::is_cut_off(kind, bytes) {
        return Err(ImageError::damaged());
    }
    // Some broken files make a decoder panic (png 0.18.1: a palette whose length is no multiple of three). They are
    // damaged, and nothing worse happens: the decoder's state goes with it.
    catch_unwind(AssertUnwindSafe(|| decode_kind(kind, bytes, limits)))
        .unwrap_or_else(|_| Err(ImageError::damaged()))
}

fn decode_kind(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<Image, ImageError> {
    let input = Cursor::new(bytes);
    match kind {
        Kind::Jpeg => finish(JpegDecoder::new(input), limits),
        Kind::Png => finish(PngDecoder::with_limits(input, memory(limits)), limits),
        Kind::Webp => finish(WebPDecoder::new(input), limits),
        Kind::Gif => finish(GifDecoder::new(input), limits),
    }
}

fn memory(limits: &Limits) -> image::Limits {
    let mut memory = image::Limits::no_limits();
    memory.max_image_width = Some(limits.max_side);
    memory.max_image_height = Some(limits.max_side);
    // 8 bytes a pixel for 16-bit RGBA, and as much again for the decoder.
    memory.max_alloc = Some(limits.max_pixels.saturating_mul(16));
    memory
}

fn finish<D: ImageDecoder>(decoder: ImageResult<D>, limits: &Limits) -> Result<Image, ImageError> {
    let mut decoder = decoder.map_err(|error| reason(&error))?;
    let (width, height) = decoder.dimensions();
    if width > limits.max_side || height > limits.max_side {
        return Err(ImageError::too_large(&format!("{} pixels on a side", limits.max_side)));
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(ImageError::too_large(&format!("{} million pixels", limits.max_pixels / 1_000_000)));
    }
    decoder.set_limits(memory(limits)).map_err(|error| reason(&error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    picture.apply_orientation(orientation);
    Ok(plain(picture))
}

fn reason(error: &image::ImageError) -> ImageError {
    match error {
        // The only limits that are met before the dimensions are compared are theirs.
        image::ImageError::Limits(_) => {
            ImageError::too_large(&format!("{} pixels on a side", Limits::default().max_side))
        }
        image::ImageError::Unsupported(_) => ImageError::unsupported("This kind of picture"),
        _ => ImageError::damaged(),
    }
}

/// 8 bits a channel; the alpha channel goes where everything is opaque.
fn plain(picture: DynamicImage) -> Image {
    let (width, height) = (picture.width(), picture.height());
    if !picture.color().has_alpha() {
        return Image { width, height, has_alpha: false, pixels: picture.into_rgb8().into_raw() };
    }
    let picture = picture.into_rgba8();
    let has_alpha = picture.pixels().any(|pixel| pixel.0.last() != Some(&255));
    if has_alpha {
        return Image { width, height, has_alpha, pixels: picture.into_raw() };
    }
    let pixels = DynamicImage::ImageRgba8(picture).into_rgb8().into_raw();
    Image { width, height, has_alpha, pixels }
}
