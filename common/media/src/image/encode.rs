//! From a picture to bytes, without any metadata.

use std::borrow::Cow;

use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::{Encoding, Image, ImageError};

impl Image {
    /// The picture as a file. `quality` is 1 to 100, for the lossy encodings.
    ///
    /// # Errors
    /// `image_too_large` where the encoding has no such size: WebP ends at 16,383 pixels on a side.
    pub fn encode(&self, encoding: Encoding, quality: u8) -> Result<Vec<u8>, ImageError> {
        let quality = quality.clamp(1, 100);
        match encoding {
            Encoding::Webp => self.encode_webp(quality),
            Encoding::Jpeg => self.encode_jpeg(quality),
            Encoding::Png => self.encode_png(),
        }
    }

    fn encode_webp(&self, quality: u8) -> Result<Vec<u8>, ImageError> {
        let layout = if self.has_alpha { webp::PixelLayout::Rgba } else { webp::PixelLayout::Rgb };
        let encoder = webp::Encoder::new(&self.pixels, layout, self.width, self.height);
        let encoded = encoder.encode_simple(false, f32::from(quality));
        encoded.map(|memory| memory.to_vec()).map_err(|_| ImageError::too_large("WebP can hold"))
    }

    fn encode_jpeg(&self, quality: u8) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        let written =
            encoder.write_image(&self.over_white(), self.width, self.height, ExtendedColorType::Rgb8);
        written.map_err(|_| ImageError::too_large("JPEG can hold"))?;
        Ok(bytes)
    }

    fn encode_png(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        let color = if self.has_alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
        let written = PngEncoder::new(&mut bytes).write_image(&self.pixels, self.width, self.height, color);
        written.map_err(|_| ImageError::too_large("PNG can hold"))?;
        Ok(bytes)
    }

    /// The pixels without transparency, as they look on white.
    pub(super) fn over_white(&self) -> Cow<'_, [u8]> {
        if !self.has_alpha {
            return Cow::Borrowed(&self.pixels);
        }
        let mut pixels = Vec::with_capacity(self.pixels.len() / 4 * 3);
        for pixel in self.pixels.chunks_exact(4) {
            let [red, green, blue, alpha] = pixel else { continue };
            let alpha = u32::from(*alpha);
            let mix = |value: u8| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            pixels.extend([mix(*red), mix(*green), mix(*blue)]);
        }
        Cow::Owned(pixels)
    }
}
