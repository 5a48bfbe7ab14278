//! One Tantivy index in its folder: what was indexed by one configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tantivy::directory::MmapDirectory;
use tantivy::schema::Value as _;
use tantivy::{DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use crate::error::Error;
use crate::layout::Layout;
use crate::model::{Config, Source};

/// Memory for documents that are not committed yet: more than ten batches.
const WRITER_MEMORY: usize = 64 << 20;

/// What happens to one document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Add(Source),
    Delete,
}

/// An index and the configuration that it was made by.
pub(crate) struct Generation {
    pub(crate) config: Config,
    pub(crate) layout: Layout,
    index: Index,
    reader: IndexReader,
    /// Opened with the first change; most domains are only read.
    writer: Mutex<Option<IndexWriter>>,
}

impl Generation {
    /// Opens the index in a folder, or makes an empty one.
    pub(crate) fn open(folder: &Path, config: Config) -> Result<Self, Error> {
        let layout = Layout::of(&config);
        fs::create_dir_all(folder)?;
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let index = Index::open_or_create(directory, layout.schema.clone())?;
        layout.register(&index);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { config, layout, index, reader, writer: Mutex::new(None) })
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Makes all changes or none. When this has answered, they are on disk and found.
    pub(crate) fn apply(&self, changes: &BTreeMap<String, Change>) -> Result<(), Error> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = match slot.as_mut() {
            Some(writer) => writer,
            None => slot.insert(self.index.writer_with_num_threads(1, WRITER_MEMORY)?),
        };
        let done = self.write(writer, changes);
        if done.is_err() {
            // A writer that failed is replaced, and what it had not committed goes with it.
            *slot = None;
        }
        done?;
        self.reader.reload()?;
        Ok(())
    }

    fn write(&self, writer: &mut IndexWriter, changes: &BTreeMap<String, Change>) -> Result<(), Error> {
        for (id, change) in changes {
            writer.delete_term(Term::from_field_text(self.layout.id, id));
            if let Change::Add(source) = change {
                writer.add_document(self.layout.document(&self.config, id, source)?)?;
            }
        }
        writer.commit()?;
        Ok(())
    }

    /// The id and the source of a document that the searcher found.
    pub(crate) fn load(&self, searcher: &Searcher, address: DocAddress) -> Result<(String, Source), Error> {
        let document: TantivyDocument = searcher.doc(address)?;
        let id = document.get_first(self.layout.id).and_then(|id| id.as_str()).unwrap_or_default().to_owned();
        let source = document.get_first(self.layout.source).and_then(|source| source.as_bytes());
        Ok((id, serde_json::from_slice(source.unwrap_or(b"{}"))?))
    }

    /// Calls with every document, in no order.
    pub(crate) fn each(
        &self,
        mut visit: impl FnMut(String, Source) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let searcher = self.searcher();
        for (segment, reader) in (0..).zip(searcher.segment_readers()) {
            for document in reader.doc_ids_alive() {
                let (id, source) = self.load(&searcher, DocAddress::new(segment, document))?;
                visit(id, source)?;
            }
        }
        Ok(())
    }

    /// Fills a fresh index with the documents of another.
    pub(crate) fn fill(&self, from: &Self) -> Result<(), Error> {
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_MEMORY)?;
        from.each(|id, mut source| {
            source.retain(|name, _| self.config.fields.contains_key(name));
            writer.add_document(self.layout.document(&self.config, &id, &source)?)?;
            Ok(())
        })?;
        writer.commit()?;
        writer.wait_merging_threads()?;
        self.reader.reload()?;
        Ok(())
    }
}
