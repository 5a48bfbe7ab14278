//! Applies changes to a local copy of the index. Everything here blocks.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tantivy::columnar::ColumnValues;
use tantivy::indexer::LogMergePolicy;
use tantivy::{Index, IndexWriter, SegmentReader};

use super::checkout::Checkout;
use super::delete::Filed;
use super::id::{Ids, Place, full_column};
use super::schema::{DIGEST, Fields, digest};
use super::tokens;
use crate::document::Change;
use crate::error::IndexError;

/// Memory for documents that are not in a segment yet, in bytes.
const WRITER_MEMORY: usize = 32_000_000;
/// So many changes at once are worth two threads, and the memory for large segments.
const BULK: usize = 20_000;
const BULK_MEMORY: usize = 400_000_000;
/// Segments of about one size are merged when there are so many of them: each document is then rewritten a few times
/// on its way, and an index of a million documents has about twenty segments.
const MERGE_AT: usize = 6;
/// Segments up to so many documents are of one size.
const SMALLEST_SEGMENT: u32 = 2_000;
/// A segment of which so much is deleted is merged on its own.
const DELETED_AT_MOST: f32 = 0.3;

/// The index after the changes.
#[derive(Debug)]
pub(super) struct Applied {
    /// Tantivy's `meta.json`.
    pub(super) meta: String,
    /// Names and sizes in bytes of the files that it needs.
    pub(super) files: Vec<(String, u64)>,
    /// Documents that were put or deleted.
    pub(super) changed: usize,
}

/// Makes the changes in the folder. `None` when the index is as they want it already. Of several changes to one
/// document the last one counts.
pub(super) fn apply(
    checkout: &Checkout,
    fields: &Fields,
    changes: Vec<Change>,
) -> Result<Option<Applied>, IndexError> {
    let index = checkout.open()?;
    let changes = effective(&index, fields, changes)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let changed = changes.len();
    tokens::register(&index);
    let is_bulk = changed >= BULK;
    let (threads, memory) = if is_bulk { (2, BULK_MEMORY) } else { (1, WRITER_MEMORY) };
    let mut writer: IndexWriter = index.writer_with_num_threads(threads, memory)?;
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(MERGE_AT);
    policy.set_min_layer_size(SMALLEST_SEGMENT);
    policy.set_del_docs_ratio_before_merge(DELETED_AT_MOST);
    writer.set_merge_policy(Box::new(policy));
    let replaced: Vec<Place> = changes
        .iter()
        .filter(|(_, is_indexed)| *is_indexed)
        .map(|(change, _)| Place::of(&change.key()))
        .collect();
    if !replaced.is_empty() {
        writer.delete_query(Box::new(Filed::at(replaced)))?;
    }
    add(&writer, fields, &changes, threads)?;
    writer.commit()?;
    writer.wait_merging_threads()?;
    let folder = checkout.folder.path();
    let meta = std::fs::read_to_string(folder.join("meta.json"))?;
    Ok(Some(Applied { meta, files: files(&index, folder)?, changed }))
}

/// Adds the documents, from as many threads as write them.
fn add(
    writer: &IndexWriter,
    fields: &Fields,
    changes: &[(Change, bool)],
    threads: usize,
) -> Result<(), IndexError> {
    let add = |changes: &[(Change, bool)]| {
        for (change, _) in changes {
            if let Change::Put(document) = change {
                writer.add_document(fields.document(document))?;
            }
        }
        Ok::<_, IndexError>(())
    };
    std::thread::scope(|scope| {
        let parts = changes.chunks(changes.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || add(part))).collect();
        let broken = || IndexError::Broken("a document could not be read".to_owned());
        parts.into_iter().try_for_each(|part| part.join().unwrap_or_else(|_| Err(broken())))
    })
}

/// The changes that change something, one for each document, and whether the index holds that document.
fn effective(
    index: &Index,
    fields: &Fields,
    changes: Vec<Change>,
) -> Result<Vec<(Change, bool)>, IndexError> {
    let digests = Digests::open(index, fields)?;
    let last: HashMap<Place, Change> =
        changes.into_iter().map(|change| (Place::of(&change.key()), change)).collect();
    let mut effective = Vec::new();
    for (place, change) in last {
        let indexed = digests.of(place)?;
        let is_as_wanted = match (&change, indexed) {
            (Change::Put(document), Some(indexed)) => digest(document) == indexed,
            (Change::Put(_), None) => false,
            (Change::Delete(_), indexed) => indexed.is_none(),
        };
        if !is_as_wanted {
            effective.push((change, indexed.is_some()));
        }
    }
    Ok(effective)
}

/// What the index holds.
struct Digests(Vec<(Ids, Arc<dyn ColumnValues<u64>>)>);

impl Digests {
    fn open(index: &Index, fields: &Fields) -> Result<Self, IndexError> {
        let open = |reader: &SegmentReader| Ok((Ids::open(reader, fields)?, full_column(reader, DIGEST)?));
        Ok(Self(
            index
                .reader()?
                .searcher()
                .segment_readers()
                .iter()
                .map(open)
                .collect::<Result<_, IndexError>>()?,
        ))
    }

    /// The digest of the document that is filed here, if there is one.
    fn of(&self, place: Place) -> Result<Option<u64>, IndexError> {
        for (ids, digests) in &self.0 {
            if let Some(doc) = ids.document(place)? {
                return Ok(Some(digests.get_val(doc)));
            }
        }
        Ok(None)
    }
}

fn files(index: &Index, folder: &Path) -> Result<Vec<(String, u64)>, IndexError> {
    let mut files = Vec::new();
    for path in index.load_metas()?.list_segment_files() {
        // Tantivy names the files that a segment can have; not each has all.
        if let Ok(metadata) = std::fs::metadata(folder.join(&path)) {
            files.push((path.to_string_lossy().into_owned(), metadata.len()));
        }
    }
    files.sort();
    Ok(files)
}
