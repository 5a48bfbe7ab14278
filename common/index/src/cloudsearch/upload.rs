//! Sends operations in batches as large as CloudSearch takes.

use std::collections::{HashMap, VecDeque};

use super::document::Operation;
use super::domain::{DocumentService, UploadError};
use super::lease::{Lease, Leases};
use crate::document::{Change, Document, TrackDocument};
use crate::error::IndexError;

/// Most bytes of a batch and of a document.
const MAX_BATCH: usize = 5_000_000;
const MAX_DOCUMENT: usize = 1_000_000;

/// The id of a document that every domain takes, see [`Upload::is_sound`]. No kind of thing has such an id.
const SAMPLE: &str = "sample";

/// The operations of these changes, one for each document: of several the last one counts. Documents that are too large
/// are left out and logged.
pub(super) fn operations(changes: &[Change]) -> Vec<Operation> {
    let last: HashMap<_, _> =
        changes.iter().enumerate().map(|(place, change)| (change.key(), place)).collect();
    let is_last = |(place, change): &(usize, &Change)| last.get(&change.key()) == Some(place);
    let operations = changes.iter().enumerate().filter(is_last).map(|(_, change)| Operation::of(change));
    operations.filter(is_small_enough).collect()
}

fn is_small_enough(operation: &Operation) -> bool {
    let bytes = operation.json.len();
    if bytes > MAX_DOCUMENT {
        tracing::error!(
            id = operation.id,
            bytes,
            "a document is larger than CloudSearch takes and is left out"
        );
    }
    bytes <= MAX_DOCUMENT
}

/// Batches in order, each as large as possible.
fn batches(operations: Vec<Operation>) -> VecDeque<Vec<Operation>> {
    let mut batches = VecDeque::new();
    let mut batch = Vec::new();
    // The brackets, then each document with its comma.
    let mut bytes = 2;
    for operation in operations {
        if bytes + operation.json.len() + 1 > MAX_BATCH && !batch.is_empty() {
            batches.push_back(std::mem::take(&mut batch));
            bytes = 2;
        }
        bytes += operation.json.len() + 1;
        batch.push(operation);
    }
    if !batch.is_empty() {
        batches.push_back(batch);
    }
    batches
}

fn body(batch: &[Operation]) -> Vec<u8> {
    let documents: Vec<&str> = batch.iter().map(|operation| operation.json.as_str()).collect();
    format!("[{}]", documents.join(",")).into_bytes()
}

/// An upload that is under way.
pub(super) struct Upload<'a> {
    documents: &'a DocumentService,
    leases: &'a Leases,
    lease: Lease,
    /// Whether the domain takes documents at all, once that was asked.
    is_sound: Option<bool>,
}

/// What came of an upload.
pub(super) struct Uploaded {
    /// Operations that CloudSearch took, or why not all are done.
    pub(super) outcome: Result<usize, IndexError>,
    /// The lease, unless something that was sent may still be done: then nobody may write until it expires.
    pub(super) lease: Option<Lease>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(documents: &'a DocumentService, leases: &'a Leases, lease: Lease) -> Self {
        Self { documents, leases, lease, is_sound: None }
    }

    /// Sends all of these, one batch after the other. Of a batch that is refused the documents that CloudSearch does
    /// not take are found by halving; they are logged and left out, for repeating them would not help.
    pub(super) async fn send(mut self, operations: Vec<Operation>) -> Uploaded {
        let mut waiting = batches(operations);
        let mut sent = 0;
        while let Some(mut batch) = waiting.pop_front() {
            self.lease = match self.leases.renewed(self.lease).await {
                Ok(lease) => lease,
                // It is no longer ours, or nobody knows.
                Err(error) => return Uploaded { outcome: Err(error), lease: None },
            };
            let reason = match self.documents.upload(body(&batch)).await {
                Ok(()) => {
                    sent += batch.len();
                    continue;
                }
                Err(UploadError::Refused(reason)) => reason,
                Err(UploadError::Failed(error)) => return self.failed(error),
                Err(UploadError::Unknown(error)) => return Uploaded { outcome: Err(error), lease: None },
            };
            if batch.len() > 1 {
                let second = batch.split_off(batch.len() / 2);
                waiting.push_front(second);
                waiting.push_front(batch);
                continue;
            }
            match self.is_sound().await {
                Ok(true) => {
                    let id = batch.first().map(|operation| operation.id.as_str());
                    tracing::error!(id, reason, "CloudSearch refuses a document, which is left out");
                }
                Ok(false) => {
                    return self
                        .failed(IndexError::Broken(format!("the domain takes no documents: {reason}")));
                }
                Err(UploadError::Unknown(error)) => return Uploaded { outcome: Err(error), lease: None },
                Err(UploadError::Failed(error)) => return self.failed(error),
                Err(UploadError::Refused(reason)) => return self.failed(IndexError::Broken(reason)),
            }
        }
        Uploaded { outcome: Ok(sent), lease: Some(self.lease) }
    }

    fn failed(self, error: IndexError) -> Uploaded {
        Uploaded { outcome: Err(error), lease: Some(self.lease) }
    }

    /// Whether the domain takes a document that is surely valid. One that lacks a field refuses every document, and
    /// leaving all of them out would lose them.
    async fn is_sound(&mut self) -> Result<bool, UploadError> {
        if let Some(is_sound) = self.is_sound {
            return Ok(is_sound);
        }
        let is_sound = match self.documents.upload(body(&[sample()])).await {
            Ok(()) => true,
            Err(UploadError::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        if is_sound {
            self.documents.upload(body(&[Operation::delete(SAMPLE.to_owned())])).await?;
        }
        self.is_sound = Some(is_sound);
        Ok(is_sound)
    }
}

/// A document that has every field.
fn sample() -> Operation {
    let document = Document::Track(TrackDocument {
        id: mixtape_domain::TrackId::from_bytes([0; 16]),
        title: SAMPLE.to_owned(),
        artists: vec![SAMPLE.to_owned()],
        album: Some(SAMPLE.to_owned()),
        year: Some(2000),
        genres: vec![SAMPLE.to_owned()],
        popularity: 0,
    });
    Operation::put(SAMPLE.to_owned(), &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: usize, bytes: usize) -> Operation {
        Operation { id: id.to_string(), json: "x".repeat(bytes) }
    }

    #[test]
    fn batches_are_as_large_as_cloudsearch_takes_and_keep_the_order() {
        let operations: Vec<Operation> = (0..20).map(|id| operation(id, 600_000 + id)).collect();
        let batches = batches(operations.clone());
        assert_eq!(batches.iter().flatten().cloned().collect::<Vec<_>>(), operations);
        for batch in &batches {
            assert!(body(batch).len() <= MAX_BATCH);
        }
        assert_eq!(batches.len(), 3);
    }

    #[test]
    fn the_last_change_of_a_document_counts() {
        let artist = |name: &str| Key::Artist(mixtape_domain::ArtistId::of(name));
        let put = |name: &str| {
            let id = mixtape_domain::ArtistId::of(name);
            Change::Put(Document::Artist(crate::ArtistDocument { id, name: name.to_owned(), popularity: 0 }))
        };
        let changes = [put("a"), put("b"), Change::Delete(artist("a")), put("c")];
        let sent: Vec<String> = operations(&changes).into_iter().map(|operation| operation.json).collect();
        assert_eq!(sent.len(), 3);
        assert!(sent[1].contains("delete") && sent[1].contains(&artist("a").to_string()), "{sent:?}");
    }

    use crate::document::Key;
}
