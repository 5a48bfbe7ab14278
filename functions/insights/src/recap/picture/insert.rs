//! The paper insert of the cassette: the top artists on side A, the top tracks on side B, and the genres.

use super::canvas::{Anchor, Area, At, Canvas, Style};
use super::words::{grouped, listed};
use super::{COUNT, HEADING, LEFT, ORANGE, PAPER, Picture, RIGHT, SMALL, SURE, TEAL, scaled};

pub(super) const FAINT: &str = "#8e7e6f";
const RULE: &str = "#40352f";

const NAME: Style = Style::new(33, 700, PAPER);
const GENRE: Style = Style::new(29, 600, PAPER);

/// Lines on each side.
const LINES: u32 = 5;
/// Pixels under a name, left of its count.
const UNDER_NAME: u32 = 280;

/// Draws the insert. Lines for which there is nothing stay blank.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture<'_>) {
    side_a(canvas, &picture.top_artists);
    side_b(canvas, &picture.top_tracks);
    genres(canvas, &picture.top_genres);
}

/// The artists, with bars that compare them.
fn side_a(canvas: &mut Canvas, artists: &[(&str, u64)]) {
    let side = Side { x: LEFT, heading: "SIDE A · ARTISTS", accent: ORANGE };
    side.paper(canvas, artists.len());
    let most = artists.iter().map(|(_, listens)| *listens).max().unwrap_or(0);
    for (line, (name, listens)) in (0..LINES).zip(artists) {
        side.entry(canvas, line, name, *listens);
        let width = scaled(*listens, most, UNDER_NAME);
        let bar = Area { x: side.text_x(), y: Side::y(line) + 61, width, height: 8 };
        canvas.rectangle(bar, 0, ORANGE);
    }
}

/// The tracks, each with its artist.
fn side_b(canvas: &mut Canvas, tracks: &[(&str, &str, u64)]) {
    let side = Side { x: RIGHT - Side::WIDTH, heading: "SIDE B · TRACKS", accent: TEAL };
    side.paper(canvas, tracks.len());
    for (line, (title, artist, listens)) in (0..LINES).zip(tracks) {
        side.entry(canvas, line, title, *listens);
        canvas.name(At(side.text_x(), Side::y(line) + 74), SMALL, UNDER_NAME, artist);
    }
}

fn genres(canvas: &mut Canvas, names: &[&str]) {
    let width = RIGHT - LEFT;
    canvas.text(At(LEFT, 1394), Anchor::Start, HEADING, "GENRES");
    canvas.rectangle(Area { x: LEFT, y: 1411, width, height: 2 }, 0, RULE);
    canvas.clipped(At(LEFT, 1450), GENRE, width, &listed(names, GENRE.ems(width)));
}

/// One side: a heading and five ruled lines.
struct Side {
    x: u32,
    heading: &'static str,
    accent: &'static str,
}

impl Side {
    const TOP: u32 = 920;
    const HEIGHT: u32 = 86;
    const WIDTH: u32 = 456;
    /// What a line leaves for text, right of its number.
    const TEXT: u32 = 408;

    /// The upper edge of a line, counted from 0.
    fn y(line: u32) -> u32 {
        Self::TOP + line * Self::HEIGHT
    }

    fn text_x(&self) -> u32 {
        self.x + Self::WIDTH - Self::TEXT
    }

    /// The paper, with the numbers of the lines that are written on in the colour of the side.
    fn paper(&self, canvas: &mut Canvas, written: usize) {
        canvas.text(At(self.x, Self::TOP - 18), Anchor::Start, HEADING.filled(self.accent), self.heading);
        for (index, line) in (0..LINES).enumerate() {
            let y = Self::y(line);
            let fill = if index < written { self.accent } else { FAINT };
            canvas.rectangle(Area { x: self.x, y, width: Self::WIDTH, height: 2 }, 0, RULE);
            canvas.text(At(self.x, y + 41), Anchor::Start, NAME.filled(fill), &(line + 1).to_string());
        }
    }

    /// A name and, under its right end, how often it was listened to.
    fn entry(&self, canvas: &mut Canvas, line: u32, name: &str, listens: u64) {
        let number = grouped(listens);
        let style = COUNT.fitting(&number, (Self::TEXT - UNDER_NAME) * SURE / 100);
        canvas.name(At(self.text_x(), Self::y(line) + 41), NAME, Self::TEXT, name);
        canvas.text(At(self.x + Self::WIDTH, Self::y(line) + 74), Anchor::End, style, &number);
    }
}
