//! The audio files of an import: hashed, announced, sent and waited for, a few at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::ImportError;
use super::disk::{Content, Hash};
use super::folder::Found;
use super::upload::{Fault, Transfer};
use crate::client::Session;
use crate::progress::{Progress, Unit};

/// Files that are read and sent at the same time.
const TRANSFERS: usize = 4;
/// Files that are under way at the same time; most of them wait for the server.
const UNDER_WAY: usize = 32;
/// How long the server may take for a file that it has.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long to wait until the server lets go of earlier uploads.
const PATIENCE_FOR_PLACE: Duration = Duration::from_secs(5 * 60);

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Added(Option<String>),
    /// The server had it, or the same sound.
    Known(Option<String>),
    Rejected(String),
}

/// A file that is through.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) end: End,
}

/// Brings in all files, in no particular order.
pub(super) async fn run(session: &Session, files: Vec<Found>) -> Result<Vec<Ended>, ImportError> {
    let total = files.iter().map(|file| file.size).sum();
    let progress = Progress::new(total, Unit::Files(files.len() as u64));
    let uploads = Uploads {
        session,
        progress: Arc::new(progress),
        transfers: Semaphore::new(TRANSFERS),
        contents: Mutex::default(),
    };
    stream::iter(files).map(|file| uploads.one(file)).buffer_unordered(UNDER_WAY).try_collect().await
}

struct Uploads<'a> {
    session: &'a Session,
    progress: Arc<Progress>,
    transfers: Semaphore,
    /// What was met so far, so that two files with the same bytes are not sent beside each other.
    contents: Mutex<HashMap<Hash, watch::Receiver<Option<End>>>>,
}

impl Uploads<'_> {
    async fn one(&self, file: Found) -> Result<Ended, ImportError> {
        let Found { path, size } = file;
        let counted = Arc::new(AtomicU64::new(0));
        let end = self.bring(&path, &counted).await?;
        self.progress.advance(size.saturating_sub(counted.load(Ordering::Relaxed)), 1);
        Ok(Ended { path, size, end })
    }

    async fn bring(&self, path: &Path, counted: &Arc<AtomicU64>) -> Result<End, ImportError> {
        // The semaphore is never closed.
        let permit = self.transfers.acquire().await.ok();
        let content = match Content::of(path).await {
            Ok(content) => content,
            Err(reason) => return Ok(End::Rejected(reason)),
        };
        let sender = match self.claim(content.hash) {
            Ok(sender) => sender,
            Err(twin) => {
                drop(permit);
                return Ok(end_of_twin(twin).await);
            }
        };
        let end = match self.upload(path, &content, counted, permit).await {
            Ok(end) => end,
            Err(Fault::File(reason)) => End::Rejected(reason),
            Err(Fault::Stop(error)) => return Err(error),
        };
        sender.send_replace(Some(end.clone()));
        Ok(end)
    }

    /// Where to say what becomes of a content, or where somebody else will.
    fn claim(&self, hash: Hash) -> Result<watch::Sender<Option<End>>, watch::Receiver<Option<End>>> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        match contents.entry(hash) {
            Entry::Occupied(entry) => Err(entry.get().clone()),
            Entry::Vacant(entry) => {
                let (sender, receiver) = watch::channel(None);
                entry.insert(receiver);
                Ok(sender)
            }
        }
    }

    async fn upload(
        &self,
        path: &Path,
        content: &Content,
        counted: &Arc<AtomicU64>,
        permit: Option<SemaphorePermit<'_>>,
    ) -> Result<End, Fault> {
        let mut upload = self.announce(path, content).await?;
        if upload["status"] == "ready" {
            return Ok(End::Known(track_id(&upload)));
        }
        if upload["status"] == "waiting" {
            let transfer = Transfer {
                session: self.session,
                path,
                content,
                progress: Arc::clone(&self.progress),
                counted: Arc::clone(counted),
            };
            upload = transfer.run(upload).await?;
        }
        drop(permit);
        self.settle(upload).await
    }

    async fn announce(&self, path: &Path, content: &Content) -> Result<Value, Fault> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let body = json!({
            "filename": name, "content_type": content_type(path), "size_bytes": content.size,
            "sha256": content.sha256(),
        });
        let started = Instant::now();
        loop {
            let answer = self.session.post("/v1/uploads", Some(&body)).await?;
            match answer.status {
                StatusCode::CONFLICT
                    if answer.code() == "too_many_uploads" && started.elapsed() < PATIENCE_FOR_PLACE =>
                {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
                StatusCode::BAD_REQUEST
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNPROCESSABLE_ENTITY => {
                    return Err(Fault::File(answer.reason()));
                }
                StatusCode::NOT_FOUND => return Err(Fault::Stop(ImportError::NoUploads)),
                // Other files may be smaller, or known.
                StatusCode::CONFLICT if answer.code() != "too_many_uploads" => {
                    return Err(Fault::File(answer.reason()));
                }
                _ => return Ok(answer.good()?),
            }
        }
    }

    /// Waits until the server has looked at the file.
    async fn settle(&self, mut upload: Value) -> Result<End, Fault> {
        let address = format!("/v1/uploads/{}", upload["id"].as_str().unwrap_or_default());
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        loop {
            if let Some(end) = settled(&upload) {
                return Ok(end);
            }
            if started.elapsed() > PATIENCE {
                return Err(Fault::File("is still being processed by the server".into()));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(2));
            let answer = self.session.get(&address).await?;
            if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                return Err(Fault::File("was given up by the server before it was ready".into()));
            }
            upload = answer.good()?;
        }
    }
}

/// What a file with the same bytes becomes: what the first one is, is already there.
async fn end_of_twin(mut twin: watch::Receiver<Option<End>>) -> End {
    let end = match twin.wait_for(Option::is_some).await {
        Ok(end) => end.clone(),
        Err(_) => None,
    };
    match end {
        Some(End::Added(track) | End::Known(track)) => End::Known(track),
        Some(End::Rejected(reason)) => End::Rejected(reason),
        // Then the import ends, and so does this.
        None => End::Rejected("has the content of a file that was not imported".into()),
    }
}

/// What became of an upload; `None` while nobody knows.
fn settled(upload: &Value) -> Option<End> {
    match upload["status"].as_str()? {
        "ready" => Some(End::Added(track_id(upload))),
        "rejected" if upload["code"] == "duplicate" => Some(End::Known(track_id(upload))),
        "rejected" => {
            let reason = upload["detail"].as_str().or_else(|| upload["code"].as_str());
            Some(End::Rejected(reason.unwrap_or("without a reason").to_owned()))
        }
        _ => None,
    }
}

fn track_id(upload: &Value) -> Option<String> {
    upload["track_id"].as_str().map(str::to_owned)
}

/// The media type that the name promises.
fn content_type(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "mp3" => "audio/mpeg",
        "m4a" | "m4b" | "mp4" => "audio/mp4",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "wav" | "wave" => "audio/wav",
        "aif" | "aiff" | "aifc" => "audio/aiff",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_settled_when_the_server_says_so() {
        let id = || Some("t".to_owned());
        for (upload, expected) in [
            (json!({ "status": "waiting", "track_id": null }), None),
            (json!({ "status": "processing" }), None),
            (json!({ "status": "ready", "track_id": "t" }), Some(End::Added(id()))),
            (json!({ "status": "rejected", "code": "duplicate", "track_id": "t" }), Some(End::Known(id()))),
            (
                json!({ "status": "rejected", "code": "not_audio", "detail": "holds no audio" }),
                Some(End::Rejected("holds no audio".into())),
            ),
            (json!({ "status": "rejected", "code": "x" }), Some(End::Rejected("x".into()))),
        ] {
            assert_eq!(settled(&upload), expected, "{upload}");
        }
    }

    #[tokio::test]
    async fn a_file_with_the_bytes_of_another_is_already_there() {
        let (sender, receiver) = watch::channel(None);
        let twin = tokio::spawn(end_of_twin(receiver.clone()));
        sender.send_replace(Some(End::Added(Some("t".into()))));
        assert_eq!(twin.await.unwrap(), End::Known(Some("t".into())));
        assert_eq!(end_of_twin(receiver).await, End::Known(Some("t".into())));
    }
}
