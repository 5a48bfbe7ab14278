//! Imports through the public API: the audio files and playlists of a folder, one audio file, or a catalogue.
//!
//! An import can be broken off at any moment. Run again it goes on: the server knows every file by its content, and every
//! row of a catalogue by its `source_id`.

mod catalogue;
mod disk;
mod files;
mod folder;
mod outcome;
mod playlists;
mod progress;
mod row;
mod session;
mod upload;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use outcome::{Outcome, Owner, Playlists, Rejection};
pub use session::Credentials;

use folder::Kind;
use session::Session;

/// Something that can be imported.
#[derive(Debug)]
pub struct Import {
    path: PathBuf,
    is_catalogue: bool,
}

/// Why an import could not begin, or ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0} is a playlist: give the folder that holds it and its audio files")]
    Playlist(PathBuf),
    #[error("{0} is no folder, audio file or catalogue (.jsonl)")]
    Unknown(PathBuf),
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("the account of the import cannot be used: {0}")]
    Session(String),
    #[error("the key is not good; make one with POST /v1/me/keys")]
    Key,
    #[error("the API answered {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("the API does not answer: {}", cause(.0))]
    Away(#[from] reqwest::Error),
    #[error("this server takes no audio files")]
    NoUploads,
    #[error("the server gave an address that cannot be used: {0}")]
    Protocol(String),
}

/// The innermost cause, which alone says what happened.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl Import {
    /// Checks that the path is a folder, an audio file or a catalogue.
    ///
    /// # Errors
    /// It cannot be read, or is a playlist.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let unreadable = |error| ImportError::Unreadable(path.to_owned(), error);
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let is_folder = metadata.is_dir();
        if !is_folder && !metadata.is_file() {
            return Err(ImportError::Unknown(path.to_owned()));
        }
        if is_folder {
            std::fs::read_dir(path).map_err(unreadable)?;
        } else {
            File::open(path).map_err(unreadable)?;
        }
        let kind = Kind::of(path);
        if !is_folder && kind == Kind::Playlist {
            return Err(ImportError::Playlist(path.to_owned()));
        }
        let is_json = path
            .extension()
            .is_some_and(|ending| ending == "jsonl" || ending == "json" || ending == "ndjson");
        if !is_folder && kind != Kind::Audio && !is_json {
            return Err(ImportError::Unknown(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), is_catalogue: !is_folder && kind != Kind::Audio })
    }

    /// Sends everything to the API at `url`. It can be dropped at any moment and run again.
    ///
    /// # Errors
    /// The API cannot be reached, or does not take anything from this caller. What single files are refused for is in
    /// the outcome.
    pub async fn run(&self, url: &str, credentials: Credentials) -> Result<Outcome, ImportError> {
        let started = Instant::now();
        let session = Session::open(url, credentials).await?;
        let mut outcome = Outcome::new(session.owner());
        if self.is_catalogue {
            catalogue::run(&self.path, &session, &mut outcome).await?;
        } else {
            self.run_folder(&session, &mut outcome).await?;
        }
        outcome.took = started.elapsed();
        Ok(outcome)
    }

    async fn run_folder(&self, session: &Session, outcome: &mut Outcome) -> Result<(), ImportError> {
        let root = self.path.clone();
        let walked = tokio::task::spawn_blocking(move || folder::walk(&root)).await;
        let found = walked.map_err(|error| ImportError::Unreadable(self.path.clone(), error.into()))?;
        outcome.folder = Some(self.path.clone());
        outcome.ignored = found.ignored;
        for (path, reason) in found.unreadable {
            outcome.reject(&path, reason);
        }
        let ends = files::run(session, found.files).await?;
        let tracks = outcome.note_files(ends);
        if !found.playlists.is_empty() {
            playlists::run(session, found.playlists, tracks, outcome).await?;
        }
        outcome.rejections.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }
}
