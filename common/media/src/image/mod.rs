//! Pictures in, pictures out: decoded within limits, turned upright, cut to size, encoded without metadata.

mod decode;
mod encode;
mod header;
mod mosaic;
mod resize;

use serde::Serialize;

pub use self::decode::decode;

/// What a picture may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Of the encoded picture, in bytes.
    pub max_bytes: usize,
    /// Width times height.
    pub max_pixels: u64,
    /// Width, and height.
    pub max_side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024, max_pixels: 50_000_000, max_side: 16_000 }
    }
}

/// Why a picture is not taken, for a program and for the person who uploaded it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct ImageError {
    /// One of `not_an_image`, `unsupported_image`, `image_too_large`, `animated_image`, `damaged_image`.
    pub code: &'static str,
    /// A sentence or two: what is wrong and what to do.
    pub detail: String,
}

impl ImageError {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn not_an_image() -> Self {
        Self::new("not_an_image", "This is not a picture. Upload a JPEG, PNG, WebP or GIF.")
    }

    fn unsupported(what: &str) -> Self {
        Self::new("unsupported_image", format!("{what} is not supported. Convert it to JPEG, PNG or WebP."))
    }

    fn too_large(limit: &str) -> Self {
        Self::new("image_too_large", format!("This picture has more than {limit}. Make it smaller."))
    }

    fn animated() -> Self {
        Self::new("animated_image", "This picture moves. Upload one that stands still.")
    }

    fn damaged() -> Self {
        Self::new("damaged_image", "This picture is damaged or incomplete. Save it again, or choose another.")
    }
}

/// A picture in memory: upright, 8 bits a channel, with an alpha channel only where something is transparent.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    has_alpha: bool,
    /// Rows from the top, pixels of 3 or 4 bytes.
    pixels: Vec<u8>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Image({}x{}, alpha: {})", self.width, self.height, self.has_alpha)
    }
}

impl Image {
    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height
    }
}

/// How large a picture is wanted, in pixels. A side that is absent follows from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// At most this wide.
    pub width: Option<u32>,
    /// At most this high.
    pub height: Option<u32>,
    /// What to do when both are given and have another shape than the picture.
    pub fit: Fit,
}

/// How a picture gets into a frame of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It fills the frame; what stands over is cut off on both sides alike.
    Cover,
    /// All of it is seen; the frame is made smaller.
    Contain,
}

/// What a picture is encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Lossy WebP, with transparency.
    Webp,
    /// JPEG; what is transparent becomes white.
    Jpeg,
    /// PNG, lossless.
    Png,
}
