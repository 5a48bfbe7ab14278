//! Shapes and lines of text as SVG 1.1. Knows nothing of what they show.
//!
//! How things look is said with attributes and not in a style sheet: a picture of somebody else's words is served
//! under a content security policy that allows no styles, and some programs that draw SVG know none.

use std::fmt::{Arguments, Write};

use super::words::{clean, escaped, isolated, shorten, width_of};

/// What phones, tablets and desktops have, one family after the other.
const FONTS: &str =
    "Helvetica Neue, Helvetica, Roboto, Segoe UI, Noto Sans, Liberation Sans, Arial, sans-serif";

/// A point, in pixels from the upper left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct At(pub(super) u32, pub(super) u32);

/// A rectangle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// The size of the font in pixels.
    pub(super) size: u32,
    pub(super) weight: u32,
    pub(super) fill: &'static str,
    /// Pixels between letters.
    pub(super) spacing: u32,
}

impl Style {
    pub(super) const fn new(size: u32, weight: u32, fill: &'static str) -> Self {
        Self { size, weight, fill, spacing: 0 }
    }

    /// The same in another colour.
    pub(super) const fn filled(self, fill: &'static str) -> Self {
        Self { fill, ..self }
    }

    fn attributes(self) -> String {
        let Self { size, weight, fill, spacing } = self;
        let spaced = if spacing == 0 { String::new() } else { format!(" letter-spacing=\"{spacing}\"") };
        format!(" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{fill}\"{spaced}")
    }

    /// How wide a text in this style is about, in pixels.
    pub(super) fn width_of(self, text: &str) -> u32 {
        let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        (width_of(text) * self.size / 1000).saturating_add(letters.saturating_mul(self.spacing))
    }

    /// `pixels` in thousandths of the size of the font, the unit of [`super::words`].
    pub(super) fn ems(self, pixels: u32) -> u32 {
        pixels * 1000 / self.size
    }

    /// This style, or a smaller one in which the text is at most `width` pixels wide.
    pub(super) fn fitting(self, text: &str, width: u32) -> Self {
        let needed = self.width_of(text);
        if needed <= width { self } else { Self { size: self.size * width / needed, ..self } }
    }
}

/// Which end of a text stands at its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}

/// A picture in the making; what is drawn later lies on top.
pub(super) struct Canvas {
    svg: String,
}

impl Canvas {
    /// An empty picture that says in words what it is and what it shows.
    pub(super) fn new(width: u32, height: u32, title: &str, description: &str) -> Self {
        let mut canvas = Self { svg: String::with_capacity(16 * 1024) };
        canvas.svg.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // The direction is said, since the picture may stand in a page that reads from the right.
        canvas.line(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" direction=\"ltr\" font-family=\"{FONTS}\">"
        ));
        canvas.line(format_args!("<title>{}</title>", escaped(title)));
        canvas.line(format_args!("<desc>{}</desc>", escaped(description)));
        canvas
    }

    /// The finished document.
    pub(super) fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }

    /// A filled rectangle with corners of a radius.
    pub(super) fn rectangle(&mut self, area: Area, radius: u32, fill: &str) {
        let Area { x, y, width, height } = area;
        let corners = if radius == 0 { String::new() } else { format!(" rx=\"{radius}\"") };
        self.line(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{corners} fill=\"{fill}\"/>"
        ));
    }

    /// The outline of a rectangle, four pixels thick.
    pub(super) fn frame(&mut self, area: Area, radius: u32, stroke: &str) {
        let Area { x, y, width, height } = area;
        self.line(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"none\" \
             stroke=\"{stroke}\" stroke-width=\"4\"/>"
        ));
    }

    /// A filled circle.
    pub(super) fn disc(&mut self, At(x, y): At, radius: u32, fill: &str) {
        self.line(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"));
    }

    /// A circle of a thick line; `dashes` are the lengths of dash and gap, empty for none.
    pub(super) fn ring(&mut self, At(x, y): At, radius: u32, thickness: u32, stroke: &str, dashes: &str) {
        let dashed =
            if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        self.line(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"none\" stroke=\"{stroke}\" \
             stroke-width=\"{thickness}\"{dashed}/>"
        ));
    }

    /// A filled shape, given as the data of a path.
    pub(super) fn shape(&mut self, path: &str, fill: &str) {
        self.line(format_args!("<path d=\"{path}\" fill=\"{fill}\"/>"));
    }

    /// Draws with coordinates that start at the area's corner, and cuts off what leaves it. A nested `svg` clips by
    /// itself and needs no id, so two pictures in one page do not disturb each other.
    pub(super) fn inside(&mut self, area: Area, draw: impl FnOnce(&mut Self)) {
        let Area { x, y, width, height } = area;
        self.line(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" overflow=\"hidden\">"
        ));
        draw(self);
        self.line(format_args!("</svg>"));
    }

    /// Words of ours, whose width is known.
    pub(super) fn text(&mut self, at: At, anchor: Anchor, style: Style, text: &str) {
        self.phrase(at, anchor, &[(style, text)]);
    }

    /// Words of ours in several styles, one after the other.
    pub(super) fn phrase(&mut self, At(x, y): At, anchor: Anchor, parts: &[(Style, &str)]) {
        // Writing to a string cannot fail.
        let _ = write!(self.svg, "<text x=\"{x}\" y=\"{y}\"{}>", anchor.attribute());
        for (index, (style, text)) in parts.iter().enumerate() {
            // The space is for who copies or hears the text. Not everything draws one between two styles, so the
            // second is moved as well.
            let (space, moved) = if index == 0 { ("", "") } else { (" ", " dx=\"10\"") };
            let _ = write!(self.svg, "{space}<tspan{}{moved}>{}</tspan>", style.attributes(), escaped(text));
        }
        self.svg.push_str("</text>\n");
    }

    /// A name of any length and script, from its left end at a point, in at most `width` pixels.
    pub(super) fn name(&mut self, at: At, style: Style, width: u32, name: &str) {
        let short = isolated(&shorten(&clean(name), style.ems(width)));
        self.clipped(at, style, width, &short);
    }

    /// Words that were made to fit. What the estimate of their width got wrong is cut off at the edges of their line.
    pub(super) fn clipped(&mut self, At(x, y): At, style: Style, width: u32, text: &str) {
        /// What may stick out to the left of a letter's origin.
        const OVERHANG: u32 = 4;
        let (ascent, descent) = (style.size * 11 / 10, style.size / 2);
        let line =
            Area { x: x - OVERHANG, y: y - ascent, width: width + 2 * OVERHANG, height: ascent + descent };
        self.inside(line, |canvas| canvas.text(At(OVERHANG, ascent), Anchor::Start, style, text));
    }

    fn line(&mut self, element: Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.svg, "{element}");
    }
}
