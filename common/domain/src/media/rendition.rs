//! The forms that a picture can be asked for in. There are only so many, so that nobody can have them made at will.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{Invalid, Validator};

/// The widths and heights that can be asked for, in pixels.
pub const SIDES: [u32; 10] = [64, 128, 192, 256, 384, 512, 640, 768, 1024, 1600];
/// The qualities that can be asked for.
pub const QUALITIES: [u8; 3] = [60, 80, 90];
const DEFAULT_QUALITY: u8 = 80;

/// How a picture comes to the asked width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// As large as fits into them; nothing is cut off.
    #[default]
    Contain,
    /// Both are filled; what stands over is cut off.
    Cover,
}

/// A file format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    Webp,
    Jpeg,
    Png,
}

impl ImageFormat {
    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// A size of a cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverSize {
    Small,
    #[default]
    Medium,
    Large,
}

impl CoverSize {
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The width and height that it fits into, in pixels.
    pub fn side(self) -> u32 {
        match self {
            Self::Small => 128,
            Self::Medium => 384,
            Self::Large => 1024,
        }
    }
}

/// What a client asks of a picture.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RenditionRequest {
    /// In pixels: 64, 128, 192, 256, 384, 512, 640, 768, 1024 or 1600. A picture is never enlarged.
    pub width: Option<u32>,
    /// In pixels, one of the same.
    pub height: Option<u32>,
    /// Whether all of it is to be seen (`contain`, the default) or width and height are to be filled (`cover`).
    #[serde(default)]
    #[param(inline)]
    pub fit: Fit,
    /// The file format: `webp`, `jpeg` or `png`; what the header `Accept` prefers when absent.
    #[param(inline)]
    pub format: Option<ImageFormat>,
    /// 60, 80 (the default) or 90.
    pub quality: Option<u8>,
}

/// One form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rendition {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fit: Fit,
    pub format: ImageFormat,
    pub quality: u8,
}

impl RenditionRequest {
    /// The form that is asked for; `accept` is the format where the request names none.
    ///
    /// # Errors
    /// The fields that are not one of the choices.
    pub fn check(self, accept: ImageFormat) -> Result<Rendition, Vec<Invalid>> {
        let mut validator = Validator::default();
        for (field, side) in [("width", self.width), ("height", self.height)] {
            let is_known = side.is_none_or(|side| SIDES.contains(&side));
            validator.check(is_known, field, format!("must be one of {}", listed(&SIDES)));
        }
        let is_known = self.quality.is_none_or(|quality| QUALITIES.contains(&quality));
        validator.check(is_known, "quality", format!("must be one of {}", listed(&QUALITIES)));
        let format = self.format.unwrap_or(accept);
        let is_one_sided = self.width.is_none() || self.height.is_none();
        validator.finish(Rendition {
            width: self.width,
            height: self.height,
            // With one side there is nothing to cut off: one name for one picture.
            fit: if is_one_sided { Fit::Contain } else { self.fit },
            format,
            // PNG has no quality.
            quality: if format == ImageFormat::Png {
                DEFAULT_QUALITY
            } else {
                self.quality.unwrap_or(DEFAULT_QUALITY)
            },
        })
    }
}

impl Rendition {
    /// The form of a cover.
    pub fn of_cover(size: CoverSize, format: ImageFormat) -> Self {
        let side = Some(size.side());
        Self { width: side, height: side, fit: Fit::Contain, format, quality: DEFAULT_QUALITY }
    }

    /// A name that no other form has, for a file.
    pub fn file_name(&self) -> String {
        let side = |side: Option<u32>| side.map_or_else(|| "any".to_owned(), |side| side.to_string());
        let fit = match self.fit {
            Fit::Contain => "contain",
            Fit::Cover => "cover",
        };
        let (width, height) = (side(self.width), side(self.height));
        format!("{width}x{height}-{fit}-{}.{}", self.quality, self.format.extension())
    }
}

fn listed(choices: &[impl ToString]) -> String {
    choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_sizes_and_qualities_can_be_asked_for() {
        let request = RenditionRequest { width: Some(100), quality: Some(81), ..RenditionRequest::default() };
        let errors = request.check(ImageFormat::Webp).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["width", "quality"]);
    }

    #[test]
    fn what_looks_the_same_has_one_name() {
        let one = RenditionRequest { width: Some(128), fit: Fit::Cover, ..RenditionRequest::default() };
        let other = RenditionRequest { width: Some(128), ..RenditionRequest::default() };
        let name = |request: RenditionRequest| request.check(ImageFormat::Jpeg).unwrap().file_name();
        assert_eq!(name(one), name(other));
        assert_eq!(name(one), "128xany-contain-80.jpg");
        let small = Rendition::of_cover(CoverSize::Small, ImageFormat::Webp);
        let asked = RenditionRequest { width: Some(128), height: Some(128), ..RenditionRequest::default() };
        assert_eq!(asked.check(ImageFormat::Webp).unwrap(), small);
    }
}
