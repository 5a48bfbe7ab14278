//! What is published: which files make up the current generation, and where in the bucket they lie.
//!
//! `index/meta.json` is the only object that ever changes. It names files under `index/files/`, each written once under
//! a name that is never used again, so that a reader that has the manifest has one consistent generation.

use mixtape_domain::Timestamp;
use mixtape_store::Objects;
use serde::{Deserialize, Serialize};

use crate::error::IndexError;
use crate::{Batch, Updated};

/// The layout of manifest, fields and terms. An index of an older format is not read; a reindex
/// makes it anew.
pub const FORMAT: u64 = 2;
/// Why an index of an older format is not read.
pub(super) const OLDER: &str = "it has the format of an older version; a reindex makes it anew";
/// Batches that a manifest names. A batch is repeated at once or, when its answer was lost, within minutes.
const MAX_APPLIED: usize = 100;
/// Where the manifest lies.
pub(super) const MANIFEST: &str = "index/meta.json";
/// Under which the files lie.
pub(super) const FILES: &str = "index/files/";

/// One generation of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u64,
    /// Counts up with every publication.
    pub(super) generation: u64,
    /// What Tantivy has to find in its `meta.json`.
    pub(super) meta: String,
    pub(super) files: Vec<File>,
    /// Files of earlier generations, which slow readers may still be fetching.
    pub(super) retired: Vec<Retired>,
    /// The last batches of the stream that this generation knows, the latest last.
    pub(super) applied: Vec<Batch>,
}

/// A file of the current generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// Its name in Tantivy's folder.
    pub(super) name: String,
    /// Its key in the bucket.
    pub(super) object: String,
    pub(super) size: u64,
}

/// A file that no longer belongs to the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retired {
    pub(super) object: String,
    pub(super) at: Timestamp,
}

/// What lies in the bucket.
#[derive(Debug)]
pub(super) enum Published {
    /// Nothing yet.
    Absent,
    /// An index that this version reads.
    Current { manifest: Manifest, etag: String },
    /// An index of an older format. Beginning a new one beside it would leave out what does not change again.
    Older { etag: String },
    /// Something that is no index.
    Broken { etag: String, reason: String },
}

impl Published {
    /// Reads the manifest.
    ///
    /// # Errors
    /// The bucket is away, or the format is newer than [`FORMAT`].
    pub(super) async fn read(objects: &Objects) -> Result<Self, IndexError> {
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        let Some(blob) = objects.get(MANIFEST).await? else { return Ok(Self::Absent) };
        match serde_json::from_slice::<Format>(&blob.bytes) {
            Ok(Format { format }) if format > FORMAT => {
                return Err(IndexError::Newer { found: format, known: FORMAT });
            }
            Ok(Format { format }) if format < FORMAT => return Ok(Self::Older { etag: blob.etag }),
            _ => {}
        }
        Ok(match serde_json::from_slice(&blob.bytes) {
            Ok(manifest) => Self::Current { manifest, etag: blob.etag },
            Err(error) => Self::Broken { etag: blob.etag, reason: error.to_string() },
        })
    }
}

impl Manifest {
    /// What comes before the first generation.
    pub(super) fn empty() -> Self {
        Self {
            format: FORMAT,
            generation: 0,
            meta: String::new(),
            files: Vec::new(),
            retired: Vec::new(),
            applied: Vec::new(),
        }
    }

    /// What an update did that ended with this generation.
    pub(super) fn updated(&self, changed: usize) -> Updated {
        let bytes = self.files.iter().map(|file| file.size).sum();
        Updated { generation: self.generation, changed, bytes: Some(bytes) }
    }

    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The generation after this one, which knows this batch.
    pub(super) fn next(&self, meta: String, files: Vec<File>, now: Timestamp, batch: Option<&Batch>) -> Self {
        let is_kept = |file: &File| files.iter().any(|kept| kept.object == file.object);
        let gone = self.files.iter().filter(|file| !is_kept(file));
        let mut retired = self.retired.clone();
        retired.extend(gone.map(|file| Retired { object: file.object.clone(), at: now }));
        let mut applied: Vec<Batch> = self.applied.iter().chain(batch).cloned().collect();
        applied.drain(..applied.len().saturating_sub(MAX_APPLIED));
        Self { format: FORMAT, generation: self.generation + 1, meta, files, retired, applied }
    }

    /// Whether everything that the batch tells has been read since, and is in this generation or a later one.
    pub(super) fn knows(&self, batch: Option<&Batch>) -> bool {
        batch.is_some_and(|batch| self.applied.contains(batch))
    }

    /// Whether a generation that counts needs this object.
    pub(super) fn names(&self, object: &str) -> bool {
        self.files.iter().any(|file| file.object == object)
            || self.retired.iter().any(|retired| retired.object == object)
    }
}

/// A key in the bucket that nobody else uses: it starts with the time, by which lost files are told from new ones.
pub(super) fn object_key(name: &str, now: Timestamp) -> String {
    let random: u64 = rand::random();
    format!("{FILES}{:015}-{random:016x}-{name}", now.millis())
}

/// When a file was uploaded, in milliseconds since the epoch, by its key.
pub(super) fn uploaded_at(object: &str) -> Option<i64> {
    object.strip_prefix(FILES)?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> File {
        File { name: name.to_owned(), object: format!("{FILES}{name}"), size: 1 }
    }

    #[test]
    fn files_that_are_not_in_the_next_generation_are_retired() {
        let now = Timestamp::from_millis(1_000).unwrap();
        let first = Manifest::empty().next("1".into(), vec![file("a"), file("b")], now, None);
        let second = first.next("2".into(), vec![file("b"), file("c")], now, None);
        assert_eq!((first.generation, second.generation), (1, 2));
        assert_eq!(second.retired, [Retired { object: format!("{FILES}a"), at: now }]);
        assert!(["a", "b", "c"].iter().all(|name| second.names(&file(name).object)));
        assert!(!second.names("index/files/d"));
    }

    #[test]
    fn the_last_batches_are_known() {
        let now = Timestamp::from_millis(1_000).unwrap();
        let batch = |number: usize| Batch::of([(number.to_string().as_str(), "pk", "sk")]);
        let mut manifest = Manifest::empty();
        for number in 0..=MAX_APPLIED {
            assert!(!manifest.knows(Some(&batch(number))));
            manifest = manifest.next(String::new(), Vec::new(), now, Some(&batch(number)));
        }
        assert!((1..=MAX_APPLIED).all(|number| manifest.knows(Some(&batch(number)))));
        assert!(!manifest.knows(Some(&batch(0))) && !manifest.knows(None));
        assert_ne!(
            batch(1),
            Batch::of([("1", "pk", "other")]),
            "a batch is what it says, not only its number"
        );
    }

    #[test]
    fn a_key_tells_when_it_was_made_and_is_used_once() {
        let now = Timestamp::from_millis(1_795_253_400_120).unwrap();
        let key = object_key("a.term", now);
        assert_eq!(uploaded_at(&key), Some(now.millis()));
        assert_ne!(key, object_key("a.term", now));
        assert_eq!(uploaded_at("index/files/other"), None);
    }
}
