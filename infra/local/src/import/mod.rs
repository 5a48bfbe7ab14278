//! Imports through the public API: the audio files and playlists of a folder, one audio file, or a catalogue.
//!
//! An import can be broken off at any moment. Run again it goes on: the server knows every file by its content, and
//! every row of a catalogue by its `source_id`.

mod catalogue;
mod disk;
mod files;
mod folder;
mod outcome;
mod playlists;
mod row;
mod upload;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use outcome::{Outcome, Owner, Playlists, Rejection};

use folder::Kind;

use crate::client::{Account, ApiError, Session, keep, kept};

/// The account of a server that has an import's account made.
const USERNAME: &str = "local";

/// Who an import acts for.
pub enum Credentials {
    /// An account of the server that has an import's account made: its name and password are kept in this file, or
    /// end with the process.
    Account(Option<PathBuf>),
    /// An API key.
    Key(String),
}

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
    #[error("the password of its account cannot be kept in {0}: {1}")]
    Credentials(PathBuf, std::io::Error),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("a part of it failed: {0}")]
    Part(#[from] tokio::task::JoinError),
    #[error("this server takes no audio files")]
    NoUploads,
    #[error("the server gave an address that cannot be used: {0}")]
    Protocol(String),
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
        let (session, owner) = sign_in(url, credentials).await?;
        let mut outcome = Outcome::new(owner);
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
        let found = tokio::task::spawn_blocking(move || folder::walk(&root)).await?;
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

async fn sign_in(url: &str, credentials: Credentials) -> Result<(Session, Owner), ImportError> {
    match credentials {
        Credentials::Key(key) => Ok((Session::with_key(url, key).await?, Owner::Key)),
        Credentials::Account(file) => {
            let account = kept_or_made(file.as_deref()).await?;
            let owner = Owner::Account { username: account.username.clone(), credentials: file };
            Ok((Session::of_account(url, account).await?, owner))
        }
    }
}

/// The account of the file, or a new one that is kept there.
async fn kept_or_made(file: Option<&Path>) -> Result<Account, ImportError> {
    let Some(file) = file else { return Ok(Account::new(USERNAME)) };
    if let Some(account) = kept(file).await {
        return Ok(account);
    }
    let made = Account::new(USERNAME);
    keep(file, &made).await.map_err(|error| ImportError::Credentials(file.to_owned(), error))?;
    Ok(made)
}
