//! Real files, where they are at hand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mixtape_media::audio::{AudioError, Format, Limits, analyse};

/// The folder of test data beside the repository, if it is there.
fn folder() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let found = workspace.join("../shared/data/audio");
    if !found.exists() {
        println!("skipped: there is no {}", found.display());
        return None;
    }
    Some(found)
}

#[test]
fn a_real_mp3_comes_in_right() {
    let Some(folder) = folder() else { return };
    let file = std::fs::File::open(folder.join("templeos-hymn-risen.mp3")).unwrap();
    let found = analyse(file, &Limits::default()).unwrap();
    assert_eq!(found.format, Format::Mp3);
    assert!(found.duration_ms.abs_diff(213_050) <= 100, "{}", found.duration_ms);
    assert!(found.tags.title.is_some() && found.tags.artist.is_some() && found.tags.album.is_some());
    assert!(found.tags.year.is_some());
    let cover = mixtape_media::image::decode(&found.cover.unwrap().bytes, &Default::default()).unwrap();
    assert!(cover.width() >= 100);
}

#[test]
fn every_real_file_is_read_or_refused() {
    let Some(folder) = folder() else { return };
    let files = |folder: &Path| {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    for path in [files(&folder), files(&folder.join("edge-cases"))].concat() {
        let Ok(file) = std::fs::File::open(&path) else { continue };
        if path.is_dir() {
            continue;
        }
        let start = Instant::now();
        match analyse(file, &Limits::default()) {
            Ok(found) => assert!(found.waveform.len() == 1000),
            Err(AudioError::Rejected(rejection)) => println!("{}: {rejection}", path.display()),
            Err(error) => panic!("{}: {error}", path.display()),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{}", path.display());
    }
}
