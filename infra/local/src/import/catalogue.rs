//! A catalogue: a file with a track in every line, a hundred tracks a request, a few requests at a time.
//!
//! Every row carries a `source_id`, so that a repetition finds what it made before.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::{ImportError, row};
use crate::client::Session;
use crate::progress::{Progress, Unit};

/// Tracks of one request; the API's limit.
const BATCH: usize = 100;
/// Requests at the same time.
const PARALLEL: usize = 4;
/// Refused lines that are shown; the rest is only counted.
const SHOWN: usize = 20;

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

/// Sends every track of the catalogue.
pub(super) async fn run(path: &Path, session: &Session, outcome: &mut Outcome) -> Result<(), ImportError> {
    let unreadable = |error| ImportError::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    let progress = Progress::new(file.metadata().map_err(unreadable)?.len(), Unit::Tracks);
    let batches = Batches { lines: BufReader::new(file).lines(), line: 0 };
    let sent = stream::iter(batches).map(|batch| send(session, batch));
    let mut sent = std::pin::pin!(sent.buffered(PARALLEL));
    while let Some(batch) = sent.next().await {
        let (bytes, results) = batch?;
        let mut good = 0;
        for (line, result) in results {
            good += u64::from(result.is_ok());
            match result {
                Ok(true) => outcome.added += 1,
                Ok(false) => outcome.known += 1,
                Err(reason) => {
                    outcome.rejected += 1;
                    if outcome.rejected <= SHOWN {
                        progress.note(&format!("{}:{line}: {reason}", path.display()));
                    }
                }
            }
        }
        progress.advance(bytes, good);
    }
    Ok(())
}

type Results = Vec<(usize, Result<bool, String>)>;

/// Sends one batch. Answers for each line whether it is new, or why it was refused.
async fn send(session: &Session, batch: Batch) -> Result<(u64, Results), ImportError> {
    let mut results: Results = batch.bad.into_iter().map(|(line, reason)| (line, Err(reason))).collect();
    if !batch.rows.is_empty() {
        let tracks: Vec<&Value> = batch.rows.iter().map(|row| &row.track).collect();
        let body = json!({ "tracks": tracks });
        let answer = session.post("/v1/tracks/batch", Some(&body)).await?.good()?;
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
