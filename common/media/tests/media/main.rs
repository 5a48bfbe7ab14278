//! What comes out of sound files and pictures, over the crate's public functions.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod found;
mod hostile;
mod loudness;
mod picture;
mod shared;
mod sounds;
mod tags;
mod wav;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use mixtape_media::audio::{Analysis, AudioError, Limits, analyse};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

fn analysed(bytes: Vec<u8>) -> Result<Analysis, AudioError> {
    analyse(Cursor::new(bytes), &Limits::default())
}

fn sound(name: &str) -> Analysis {
    analysed(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The code with which these bytes are refused.
fn refused(bytes: Vec<u8>, limits: &Limits) -> &'static str {
    match analyse(Cursor::new(bytes), limits) {
        Err(AudioError::Rejected(rejection)) => {
            assert!(rejection.detail.ends_with('.'), "{rejection}");
            rejection.code
        }
        other => panic!("{other:?}"),
    }
}
