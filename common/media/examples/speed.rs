//! How fast files are analysed, with everything on: `cargo run --release -p mixtape-media --example speed`.
//!
//! Prints seconds of audio for each second of one core, and milliseconds for pictures. The fixtures are analysed again
//! and again, since no encoder is linked; files that are named are taken instead.
#![allow(clippy::print_stdout)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mixtape_media::audio::{self, Analysis};
use mixtape_media::image::{Encoding, Fit, Image, Limits, Size, decode};

const FIXTURES: [&str; 9] = [
    "id3v24.mp3",
    "mono-vbr.mp3",
    "aac.m4a",
    "alac.m4a",
    "16-bit.flac",
    "vorbis.ogg",
    "opus.opus",
    "16-bit.wav",
    "text.aiff",
];

/// Long enough for the clock, short enough for whoever waits.
const LEAST: Duration = Duration::from_secs(1);

fn main() {
    let named: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files =
        if named.is_empty() { FIXTURES.iter().map(|name| folder.join(name)).collect() } else { named };
    println!("{:<36} {:>8} {:>6} {:>9} {:>14}", "file", "codec", "Hz", "seconds", "x real time");
    for path in files {
        match measure(&path) {
            Some((found, factor)) => println!(
                "{:<36} {:>8} {:>6} {:>9.1} {factor:>14.0}",
                path.file_name().unwrap_or_default().to_string_lossy(),
                found.format.codec(),
                found.sample_rate_hz,
                found.duration_ms as f64 / 1000.0,
            ),
            None => println!("{}: cannot be read", path.display()),
        }
    }
    pictures();
    if let Some(peak) = peak_memory() {
        println!("\npeak memory of the process: {peak}");
    }
}

/// What is in the file, and how many times faster than it plays it is read.
fn measure(path: &Path) -> Option<(Analysis, f64)> {
    let bytes = std::fs::read(path).ok()?;
    let start = Instant::now();
    let mut played = 0.0;
    loop {
        let found = audio::analyse(Cursor::new(bytes.clone()), &audio::Limits::default()).ok()?;
        played += found.duration_ms as f64 / 1000.0;
        if start.elapsed() > LEAST {
            return Some((found, played / start.elapsed().as_secs_f64()));
        }
    }
}

fn pictures() {
    println!("\n{:<36} {:>10} {:>10}", "picture of 1500 x 1500", "ms", "bytes");
    let pixels = image::RgbImage::from_fn(1500, 1500, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13;
        image::Rgb([(x / 6) as u8, (y / 6) as u8, (noise % 64) as u8 + 96])
    });
    let mut jpeg = Cursor::new(Vec::new());
    if image::DynamicImage::ImageRgb8(pixels).write_to(&mut jpeg, image::ImageFormat::Jpeg).is_err() {
        return;
    }
    let jpeg = jpeg.into_inner();
    let limits = Limits::default();
    let Ok(picture) = decode(&jpeg, &limits) else { return };
    report("decode JPEG", || decode(&jpeg, &limits).map_or(0, |picture| picture.width() as usize));
    for side in [96, 320, 640, 1200] {
        let size = Size { width: Some(side), height: Some(side), fit: Fit::Cover };
        report(&format!("to {side} x {side}"), || picture.render(size).width() as usize);
        let small = picture.render(size);
        for (name, encoding) in [("WebP", Encoding::Webp), ("JPEG", Encoding::Jpeg)] {
            report(&format!("  as {name}, quality 80"), || encoded(&small, encoding));
        }
    }
}

fn encoded(picture: &Image, encoding: Encoding) -> usize {
    picture.encode(encoding, 80).map_or(0, |bytes| bytes.len())
}

fn report(what: &str, work: impl Fn() -> usize) {
    let start = Instant::now();
    let mut rounds = 0_u32;
    let mut size = 0;
    while start.elapsed() < LEAST / 4 {
        size = work();
        rounds += 1;
    }
    println!("{what:<36} {:>10.2} {size:>10}", start.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds));
}

/// Linux tells it in `/proc`.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
}
