//! The year in music as a picture to share: an SVG of 1080 × 1920 that looks like a cassette and its paper insert.
//!
//! Pure: numbers and names in, text out. Knows nothing of where they come from. Every text keeps 60 pixels from the
//! sides and 120 from top and bottom, where phones crop. Where a listener has less than five of something, the lines
//! of the insert stay blank, as on paper.

mod canvas;
mod cassette;
mod insert;
#[cfg(test)]
mod tests;
mod words;

use canvas::{Anchor, Area, At, Canvas, Style};
use words::{clean, counted, grouped, isolated, noun, shorten, spoken_time};

const WIDTH: u32 = 1080;
const HEIGHT: u32 = 1920;
const LEFT: u32 = 60;
const RIGHT: u32 = WIDTH - LEFT;

const NIGHT: &str = "#16110f";
const UNLIT: &str = "#2b2320";
const PAPER: &str = "#f6ead2";
const INK: &str = "#1f1714";
const SAND: &str = "#c0b09c";
const ORANGE: &str = "#ff6f43";
const MUSTARD: &str = "#f5b942";
const TEAL: &str = "#41b8a7";

const HEADLINE: Style = Style::new(116, 800, PAPER);
const HEADLINE_END: Style = Style::new(50, 600, SAND);
const NUMBER: Style = Style::new(44, 700, PAPER);
const SMALL: Style = Style::new(26, 400, SAND);
const COUNT: Style = Style::new(26, 700, SAND);
const HEADING: Style = Style { spacing: 3, ..Style::new(26, 700, MUSTARD) };

/// Where one of four columns begins after the other; the third stands under side B.
const COLUMN: u32 = 252;
/// Names in the description, in thousandths of the size of the font: nobody wants 300 characters read out.
const SPOKEN: u32 = 40_000;

/// Percent of a column that a number may fill by estimate. Numbers are not cut off, and the digits of the widest font
/// that may stand in, DejaVu Sans Bold, are a fifth wider.
const SURE: u32 = 80;

const CHART: Area = Area { x: LEFT, y: 1508, width: RIGHT - LEFT, height: 136 };
/// Twelve bars and the gaps between them are as wide as the chart.
const BAR: u32 = 58;
const GAP: u32 = 24;
/// Lamps in each column of the chart, as in the level meter of a cassette deck.
const LAMPS: u32 = 8;
const LAMP: u32 = CHART.height / LAMPS;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What the picture shows.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// Whose year it is.
    pub(crate) username: &'a str,
    /// The year.
    pub(crate) year: i16,
    /// How often anything was listened to.
    pub(crate) listens: u64,
    /// How long, in milliseconds.
    pub(crate) listening_ms: u64,
    /// How many different tracks.
    pub(crate) tracks: u64,
    /// How many different artists.
    pub(crate) artists: u64,
    /// How many different albums.
    pub(crate) albums: u64,
    /// Names and listens of up to five artists, the first of them first.
    pub(crate) top_artists: Vec<(&'a str, u64)>,
    /// Titles, artists and listens of up to five tracks.
    pub(crate) top_tracks: Vec<(&'a str, &'a str, u64)>,
    /// Up to five genres.
    pub(crate) top_genres: Vec<&'a str>,
    /// Listens by month, January first.
    pub(crate) months: [u64; 12],
    /// The day with the most listens ("14 March"), and how many.
    pub(crate) busiest_day: Option<(String, u64)>,
    /// How many artists were listened to for the first time.
    pub(crate) discovered_artists: u64,
    /// The longest run of days with a listen on each.
    pub(crate) longest_streak_days: u64,
}

impl Picture<'_> {
    /// The picture as a document of its own, without scripts, styles and references. The same picture gives the same
    /// text.
    pub(crate) fn svg(&self) -> String {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, &self.title(), &self.description());
        canvas.rectangle(Area { x: 0, y: 0, width: WIDTH, height: HEIGHT }, 0, NIGHT);
        cassette::draw(&mut canvas, self);
        self.headline(&mut canvas);
        self.totals(&mut canvas);
        insert::draw(&mut canvas, self);
        self.months(&mut canvas);
        self.facts(&mut canvas);
        cassette::stripes(&mut canvas, Area { x: 0, y: 1836, width: WIDTH, height: 28 });
        canvas.finish()
    }

    fn title(&self) -> String {
        let owner = isolated(&shorten(&clean(self.username), SPOKEN));
        format!("{owner}: {} in music", self.year)
    }

    /// What a screen reader says instead of the picture.
    fn description(&self) -> String {
        if self.listens == 0 {
            return format!("No listens in {}.", self.year);
        }
        let time = if self.is_timed() {
            format!("{} of music, ", spoken_time(self.listening_ms))
        } else {
            String::new()
        };
        let totals = self.counts().map(|(number, singular)| counted(number, singular)).join(", ");
        let mut sentences = vec![format!("In {}: {time}{totals}.", self.year)];
        if let Some((name, listens)) = self.top_artists.first() {
            let name = isolated(&shorten(&clean(name), SPOKEN));
            sentences.push(format!("Top artist: {name}, {}.", counted(*listens, "listen")));
        }
        if let Some((title, artist, listens)) = self.top_tracks.first() {
            let [title, artist] = [title, artist].map(|name| isolated(&shorten(&clean(name), SPOKEN)));
            sentences.push(format!("Top track: {title} by {artist}, {}.", counted(*listens, "listen")));
        }
        sentences.join(" ")
    }

    /// The one thing to remember.
    fn headline(&self, canvas: &mut Canvas) {
        let (number, rest) = self.headline_words();
        let at = At(LEFT, 718);
        let Some(rest) = rest else {
            let style = HEADLINE.fitting(&number, RIGHT - LEFT);
            canvas.text(at, Anchor::Start, style, &number);
            return;
        };
        let room = RIGHT - LEFT - HEADLINE_END.width_of(&rest) - 20;
        let style = HEADLINE.fitting(&number, room);
        canvas.phrase(at, Anchor::Start, &[(style, &number), (HEADLINE_END, &rest)]);
    }

    /// The headline in large letters, and how it may go on in small ones.
    fn headline_words(&self) -> (String, Option<String>) {
        if self.listens == 0 {
            return (format!("No listens in {}", self.year), None);
        }
        if !self.is_timed() {
            return (counted(self.listens, "listen"), Some(format!("in {}", self.year)));
        }
        (spoken_time(self.listening_ms), Some("of music".to_owned()))
    }

    /// Whether there is a time to speak of: tracks without a known length have many listens in no time.
    fn is_timed(&self) -> bool {
        self.listening_ms >= 60_000
    }

    fn counts(&self) -> [(u64, &'static str); 4] {
        [(self.listens, "listen"), (self.tracks, "track"), (self.artists, "artist"), (self.albums, "album")]
    }

    fn totals(&self, canvas: &mut Canvas) {
        if self.listens == 0 {
            canvas.text(At(LEFT, 794), Anchor::Start, HEADLINE_END, "A blank tape. Press play.");
            return;
        }
        for (column, (number, singular)) in (0..).zip(self.counts()) {
            let at = At(LEFT + column * COLUMN, 800);
            figure(canvas, at, COLUMN, &grouped(number), &noun(number, singular));
        }
    }

    /// The listens of each month as a level meter; the loudest month says its number.
    fn months(&self, canvas: &mut Canvas) {
        let most = self.months.iter().copied().max().unwrap_or(0);
        for ((column, listens), month) in (0..).zip(self.months).zip(MONTHS) {
            meter(canvas, column, LAMPS, UNLIT);
            meter(canvas, column, scaled(listens, most, LAMPS), MUSTARD);
            let centre = CHART.x + column * (BAR + GAP) + BAR / 2;
            canvas.text(At(centre, 1674), Anchor::Middle, SMALL, month);
        }
        if let Some((column, _)) = (0..).zip(self.months).find(|(_, listens)| *listens == most && most > 0) {
            meter(canvas, column, LAMPS, ORANGE);
            peak(canvas, column, &grouped(most));
        }
        for lamp in 0..LAMPS {
            let y = CHART.y + lamp * LAMP;
            canvas.rectangle(Area { y, height: 4, ..CHART }, 0, NIGHT);
        }
    }

    fn facts(&self, canvas: &mut Canvas) {
        let columns = [(0, 2), (2, 1), (3, 1)];
        for ((number, label), (column, span)) in self.fact_words().iter().zip(columns) {
            figure(canvas, At(LEFT + column * COLUMN, 1746), span * COLUMN, number, label);
        }
    }

    /// What there is to tell beside the lists: a number or a date, and what it is.
    fn fact_words(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        if let Some((day, listens)) = &self.busiest_day {
            facts.push((clean(day), format!("busiest day: {}", counted(*listens, "listen"))));
        }
        if self.discovered_artists > 0 {
            let label = format!("new {}", noun(self.discovered_artists, "artist"));
            facts.push((grouped(self.discovered_artists), label));
        }
        if self.longest_streak_days > 0 {
            facts.push((counted(self.longest_streak_days, "day"), "longest streak".to_owned()));
        }
        facts
    }
}

/// The lowest lamps of a month, still without the gaps between them.
fn meter(canvas: &mut Canvas, column: u32, lamps: u32, fill: &str) {
    let height = lamps * LAMP;
    let x = CHART.x + column * (BAR + GAP);
    canvas.rectangle(Area { x, y: CHART.y + CHART.height - height, width: BAR, height }, 0, fill);
}

/// The number above the loudest month. Where it is wider than the bar and would leave the picture's margin, it grows
/// inwards.
fn peak(canvas: &mut Canvas, column: u32, number: &str) {
    let left = CHART.x + column * (BAR + GAP);
    let style = COUNT.filled(ORANGE).fitting(number, 2 * (BAR + GAP));
    let is_wide = style.width_of(number) > BAR * SURE / 100;
    let (x, anchor) = match column {
        0 if is_wide => (left, Anchor::Start),
        11 if is_wide => (left + BAR, Anchor::End),
        _ => (left + BAR / 2, Anchor::Middle),
    };
    canvas.text(At(x, CHART.y - 10), anchor, style, number);
}

/// A number in large letters, and under it what it counts, in a column of `width` pixels.
fn figure(canvas: &mut Canvas, At(x, y): At, width: u32, number: &str, label: &str) {
    let room = width * SURE / 100;
    canvas.text(At(x, y), Anchor::Start, NUMBER.fitting(number, room), number);
    canvas.text(At(x, y + 37), Anchor::Start, SMALL.fitting(label, room), label);
}

/// The part of `length` that `value` is of `most`; what is there at all is at least one.
fn scaled(value: u64, most: u64, length: u32) -> u32 {
    if value == 0 {
        return 0;
    }
    let part = u128::from(value) * u128::from(length) / u128::from(most.max(value));
    u32::try_from(part).unwrap_or(length).max(1)
}
