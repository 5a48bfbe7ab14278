//! Imports a catalogue through the public API, a hundred tracks a request, a few requests at a time.
//!
//! Every row carries a `source_id`, so that a repetition finds what it made before.

mod progress;
mod row;
mod session;

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use progress::Progress;
use session::Session;

/// Tracks of one request; the API's limit.
const BATCH: usize = 100;
/// Requests at the same time.
const PARALLEL: usize = 4;
/// Refused lines that are shown; the rest is only counted.
const SHOWN: usize = 20;

/// A catalogue that can be read.
#[derive(Debug)]
pub(crate) struct Import {
    path: PathBuf,
}

/// Why an import ended before the end of the catalogue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("{0} is a folder: the import of audio files is not in this version; give a catalogue (.jsonl)")]
    Folder(PathBuf),
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("the account of the import cannot be used: {0}")]
    Session(String),
    #[error("the API answered {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("the API does not answer: {0}")]
    Away(#[from] reqwest::Error),
}

/// What came of an import.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    added: usize,
    known: usize,
    rejected: usize,
    took: Duration,
    username: String,
    credentials: Option<PathBuf>,
}

/// A line of the catalogue with its number, counted from 1.
struct Row {
    line: usize,
    track: Value,
}

/// The rows of a batch and the lines that were no rows.
struct Batch {
    rows: Vec<Row>,
    bad: Vec<(usize, String)>,
    bytes: u64,
}

impl Import {
    /// Checks that the path is a catalogue.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let unreadable = |error| ImportError::Unreadable(path.to_owned(), error);
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(ImportError::Folder(path.to_owned()));
        }
        File::open(path).map_err(unreadable)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Sends every track of the catalogue to the API at `url`. It can be dropped at any moment and run again.
    pub(crate) async fn run(&self, url: &str, credentials: Option<PathBuf>) -> Result<Outcome, ImportError> {
        let started = Instant::now();
        let unreadable = |error| ImportError::Unreadable(self.path.clone(), error);
        let file = File::open(&self.path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let session = Session::open(url, credentials.clone()).await?;
        let mut outcome =
            Outcome { username: session.username().to_owned(), credentials, ..Outcome::default() };
        let mut progress = Progress::new(size);
        let batches = Batches { lines: BufReader::new(file).lines(), line: 0 };
        let sent = stream::iter(batches).map(|batch| send(&session, batch));
        let mut sent = std::pin::pin!(sent.buffered(PARALLEL));
        while let Some(batch) = sent.next().await {
            let (bytes, results) = batch?;
            for (line, result) in results {
                match result {
                    Ok(true) => outcome.added += 1,
                    Ok(false) => outcome.known += 1,
                    Err(reason) => {
                        outcome.rejected += 1;
                        if outcome.rejected <= SHOWN {
                            progress.note(&format!("{}:{line}: {reason}", self.path.display()));
                        }
                    }
                }
            }
            progress.advance(bytes, outcome.added + outcome.known);
        }
        progress.finish();
        outcome.took = started.elapsed();
        Ok(outcome)
    }
}

type Results = Vec<(usize, Result<bool, String>)>;

/// Sends one batch. Answers for each line whether it is new, or why it was refused.
async fn send(session: &Session, batch: Batch) -> Result<(u64, Results), ImportError> {
    let mut results: Results = batch.bad.into_iter().map(|(line, reason)| (line, Err(reason))).collect();
    if !batch.rows.is_empty() {
        let tracks: Vec<&Value> = batch.rows.iter().map(|row| &row.track).collect();
        let answer = session.post("/v1/tracks/batch", &json!({ "tracks": tracks })).await?;
        for (row, result) in batch.rows.iter().zip(answer["results"].as_array().into_iter().flatten()) {
            let refusal = result["error"]["detail"].as_str();
            let is_new = result["created"].as_bool().unwrap_or(true);
            results.push((row.line, refusal.map_or(Ok(is_new), |detail| Err(detail.to_owned()))));
        }
    }
    Ok((batch.bytes, results))
}

/// Cuts the lines of a catalogue into batches.
struct Batches {
    lines: Lines<BufReader<File>>,
    line: usize,
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch { rows: Vec::with_capacity(BATCH), bad: Vec::new(), bytes: 0 };
        while batch.rows.len() < BATCH && batch.bad.len() < BATCH {
            let Some(text) = self.lines.next() else { break };
            self.line += 1;
            match text.map_err(|error| error.to_string()) {
                Ok(text) => {
                    batch.bytes += text.len() as u64 + 1;
                    match row::read(&text) {
                        Ok(Some(track)) => batch.rows.push(Row { line: self.line, track }),
                        Ok(None) => {}
                        Err(reason) => batch.bad.push((self.line, reason)),
                    }
                }
                Err(reason) => batch.bad.push((self.line, reason)),
            }
        }
        (batch.bytes > 0 || !batch.bad.is_empty()).then_some(batch)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, known, rejected, took, username, .. } = self;
        let seconds = took.as_secs_f64();
        write!(f, "Imported in {seconds:.1} s: {added} added, {known} already there, {rejected} rejected.")?;
        match &self.credentials {
            Some(file) => {
                write!(f, "\nThey belong to the account `{username}`; its password is in {}.", file.display())
            }
            None => write!(f, "\nThey belong to the account `{username}`, which ends with this process."),
        }
    }
}
