//! Cutting and shrinking.

use fast_image_resize::images::{Image as Resized, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};

use super::{Fit, Image, Size};

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Crop {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Image {
    /// The picture in another size, never larger than it is. Where it is too small for a frame that it must fill, the
    /// result has the frame's shape.
    pub fn render(&self, size: Size) -> Image {
        let (own_width, own_height) = (f64::from(self.width), f64::from(self.height));
        let wanted = |side: Option<u32>| side.map(|side| f64::from(side.max(1)));
        let whole = Crop { left: 0.0, top: 0.0, width: own_width, height: own_height };
        let crop = match (wanted(size.width), wanted(size.height), size.fit) {
            (Some(width), Some(height), Fit::Cover) => self.middle(width / height),
            _ => whole,
        };
        let scale = |wanted: Option<f64>, own: f64| wanted.map_or(1.0, |wanted| wanted / own);
        let across = scale(wanted(size.width), crop.width);
        let down = scale(wanted(size.height), crop.height);
        let factor = across.min(down).min(1.0);
        let side = |own: f64| ((own * factor).round() as u32).max(1);
        self.resized(crop, side(crop.width), side(crop.height))
    }

    /// A square out of the middle, shrunk or enlarged to `side`.
    pub(super) fn tile(&self, side: u32) -> Image {
        self.resized(self.middle(1.0), side, side)
    }

    /// The largest part in the middle whose width is `shape` times its height.
    fn middle(&self, shape: f64) -> Crop {
        let (own_width, own_height) = (f64::from(self.width), f64::from(self.height));
        let width = own_width.min((own_height * shape).round()).max(1.0);
        let height = own_height.min((own_width / shape).round()).max(1.0);
        Crop {
            left: ((own_width - width) / 2.0).floor(),
            top: ((own_height - height) / 2.0).floor(),
            width,
            height,
        }
    }

    /// Lanczos with three lobes: sharp, and without the moiré of cheaper filters. Colours are weighted by their alpha.
    fn resized(&self, crop: Crop, width: u32, height: u32) -> Image {
        let is_whole = crop.width == f64::from(self.width) && crop.height == f64::from(self.height);
        if is_whole && width == self.width && height == self.height {
            return self.clone();
        }
        let kind = if self.has_alpha { PixelType::U8x4 } else { PixelType::U8x3 };
        let mut to = Resized::new(width, height, kind);
        let options = ResizeOptions::new().crop(crop.left, crop.top, crop.width, crop.height);
        let is_done = ImageRef::new(self.width, self.height, &self.pixels, kind)
            .is_ok_and(|from| Resizer::new().resize(&from, &mut to, &options).is_ok());
        // Fails only where the pixels or the crop do not fit the size, which the constructors exclude.
        debug_assert!(is_done, "{self:?} {crop:?}");
        Image { width, height, has_alpha: self.has_alpha, pixels: to.into_vec() }
    }
}
