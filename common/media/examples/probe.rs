//! Prints what is in the files that are named.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use mixtape_media::audio;

fn main() {
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let result = std::fs::File::open(&path)
            .map_err(audio::AudioError::Io)
            .and_then(|file| audio::analyse(file, &audio::Limits::default()));
        match result {
            Ok(found) => {
                let analysis = audio::Analysis {
                    waveform: found.waveform.iter().step_by(100).copied().collect(),
                    ..found
                };
                println!("{path}: {:?}: {analysis:?}", start.elapsed());
            }
            Err(error) => println!("{path}: {:?}: {error}", start.elapsed()),
        }
    }
}
