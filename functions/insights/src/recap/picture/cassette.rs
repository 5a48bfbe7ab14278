//! The cassette at the top of the picture: shell, label and window.

use super::canvas::{Anchor, Area, At, Canvas, Style};
use super::{INK, MUSTARD, NIGHT, ORANGE, PAPER, Picture, TEAL};

const SHELL: &str = "#332a26";
const EDGE: &str = "#55463f";
const TAPE: &str = "#5b3b2a";
pub(super) const PENCIL: &str = "#6a4c38";

const OWNER: Style = Style::new(52, 700, INK);
const YEAR: Style = Style::new(76, 800, INK);
const IMPRINT: Style = Style { spacing: 4, ..Style::new(26, 700, PENCIL) };

const LABEL: Area = Area { x: 100, y: 96, width: 880, height: 396 };
/// What is written on the label stands between these.
const INNER_LEFT: u32 = 140;
const INNER_RIGHT: u32 = 940;
const WINDOW: Area = Area { x: 290, y: 286, width: 500, height: 160 };

/// Draws the cassette of a listener's year. It was played to its end, unless there was nothing to play.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture<'_>) {
    shell(canvas);
    canvas.rectangle(LABEL, 18, PAPER);
    label(canvas, picture);
    stripes(canvas, Area { y: 272, height: 62, ..LABEL });
    canvas.rectangle(WINDOW, 28, NIGHT);
    let is_played = picture.listens > 0;
    canvas.inside(WINDOW, |canvas| reels(canvas, is_played));
    canvas.frame(WINDOW, 28, INK);
}

/// Three bands in the colours of the picture, one under the other, of the area's height each.
pub(super) fn stripes(canvas: &mut Canvas, area: Area) {
    for (band, fill) in (0..).zip([ORANGE, MUSTARD, TEAL]) {
        canvas.rectangle(Area { y: area.y + band * area.height, ..area }, 0, fill);
    }
}

fn shell(canvas: &mut Canvas) {
    let body = Area { x: 60, y: 56, width: 960, height: 536 };
    canvas.rectangle(body, 34, SHELL);
    canvas.frame(body, 34, EDGE);
    canvas.shape("M250 592 L282 514 H798 L830 592 Z", EDGE);
    for x in [350, 440, 640, 730] {
        canvas.disc(At(x, 558), 13, NIGHT);
    }
    for (x, y) in [(82, 78), (998, 78), (82, 570), (998, 570)] {
        canvas.disc(At(x, y), 9, EDGE);
    }
}

/// Whose tape it is, and of which year.
fn label(canvas: &mut Canvas, picture: &Picture<'_>) {
    let year = picture.year.to_string();
    let owner_x = INNER_LEFT + 84;
    let owner_width = INNER_RIGHT - YEAR.width_of(&year) - 30 - owner_x;
    canvas.rectangle(Area { x: INNER_LEFT, y: 130, width: 60, height: 60 }, 10, ORANGE);
    canvas.text(At(INNER_LEFT + 30, 177), Anchor::Middle, OWNER, "A");
    canvas.name(At(owner_x, 179), OWNER, owner_width, picture.username);
    canvas.text(At(INNER_RIGHT, 187), Anchor::End, YEAR, &year);
    canvas.rectangle(Area { x: INNER_LEFT, y: 206, width: INNER_RIGHT - INNER_LEFT, height: 3 }, 0, PENCIL);
    canvas.text(At(INNER_LEFT, 248), Anchor::Start, IMPRINT, "THE YEAR IN MUSIC");
    canvas.text(At(INNER_RIGHT, 248), Anchor::End, IMPRINT, "MIXTAPE");
}

/// The two reels, in the coordinates of the window. The tape is on the right one once it was played;
/// a full reel is as large as the round corners of the window allow.
fn reels(canvas: &mut Canvas, is_played: bool) {
    let (left, right) = if is_played { (64, 104) } else { (104, 0) };
    for (x, tape) in [(110, left), (390, right)] {
        let centre = At(x, 80);
        canvas.disc(centre, tape, TAPE);
        canvas.disc(centre, 50, PAPER);
        canvas.disc(centre, 36, NIGHT);
        // Six teeth: the circle is 188 pixels around.
        canvas.ring(centre, 30, 14, PAPER, "10 21.4");
    }
}
