//! Brings one published generation into a local folder.

use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_store::Objects;
use tantivy::Index;
use tokio::io::AsyncSeekExt;

use super::manifest::{File, Manifest};
use super::schema::Fields;
use super::scratch::{Folder, Scratch};
use crate::error::IndexError;

/// Parts of files that are fetched at a time, and their size in bytes: one connection to S3 brings 50 to 100 MB a
/// second.
const PARALLEL_FETCHES: usize = 8;
const PART: u64 = 4 * 1024 * 1024;

/// A generation in a local folder.
#[derive(Debug)]
pub(super) struct Checkout {
    pub(super) manifest: Manifest,
    pub(super) folder: Folder,
}

impl Checkout {
    /// The index before the first generation.
    pub(super) fn empty(scratch: &Scratch) -> Result<Self, IndexError> {
        let folder = scratch.folder()?;
        Index::builder()
            .schema(Fields::new().schema)
            .settings(Fields::settings())
            .create_in_dir(folder.path())?;
        Ok(Self { manifest: Manifest::empty(), folder })
    }

    /// Fetches what `earlier` does not have; the rest is linked from there. The folder is complete when this returns.
    ///
    /// # Errors
    /// The bucket is away, or a file of the generation is not there.
    pub(super) async fn fetch(
        objects: &Objects,
        scratch: &Scratch,
        manifest: Manifest,
        earlier: Option<&Self>,
    ) -> Result<Self, IndexError> {
        let folder = scratch.folder()?;
        let mut parts = Vec::new();
        for file in &manifest.files {
            if !is_linked(file, folder.path(), earlier).await {
                // As long as it will be, so that its parts can be written in any order.
                tokio::fs::File::create(folder.path().join(&file.name)).await?.set_len(file.size).await?;
                parts.extend(parts_of(file));
            }
        }
        stream::iter(parts)
            .map(|part| part.fetch(objects, folder.path()))
            .buffer_unordered(PARALLEL_FETCHES)
            .try_collect::<()>()
            .await?;
        // So that Tantivy removes the files of segments that it merges.
        let managed: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        let managed = serde_json::to_vec(&managed).map_err(|error| IndexError::Broken(error.to_string()))?;
        tokio::fs::write(folder.path().join(".managed.json"), managed).await?;
        tokio::fs::write(folder.path().join("meta.json"), &manifest.meta).await?;
        Ok(Self { manifest, folder })
    }

    /// Opens the folder.
    ///
    /// # Errors
    /// The files are no index of this version.
    pub(super) fn open(&self) -> Result<Index, IndexError> {
        let index = Index::open_in_dir(self.folder.path())?;
        if index.schema() == Fields::new().schema {
            Ok(index)
        } else {
            Err(IndexError::Broken("its fields are not those of this format".to_owned()))
        }
    }
}

/// Links a file from an earlier copy, if it has it.
async fn is_linked(file: &File, folder: &Path, earlier: Option<&Checkout>) -> bool {
    let Some(earlier) = earlier else { return false };
    if earlier.manifest.file(&file.name).is_none_or(|same| same.object != file.object) {
        return false;
    }
    let path = earlier.folder.path().join(&file.name);
    tokio::fs::metadata(&path).await.is_ok_and(|found| found.len() == file.size)
        && tokio::fs::hard_link(&path, folder.join(&file.name)).await.is_ok()
}

/// Some of a file.
struct Part {
    file: File,
    from: u64,
    length: u64,
}

fn parts_of(file: &File) -> impl Iterator<Item = Part> {
    (0..file.size.div_ceil(PART)).map(move |number| {
        let from = number * PART;
        Part { file: file.clone(), from, length: PART.min(file.size - from) }
    })
}

impl Part {
    async fn fetch(self, objects: &Objects, folder: &Path) -> Result<(), IndexError> {
        let Self { file, from, length } = self;
        let mut copy = tokio::fs::OpenOptions::new().write(true).open(folder.join(&file.name)).await?;
        copy.seek(std::io::SeekFrom::Start(from)).await?;
        if !objects.copy_range(&file.object, from, length, &mut copy).await? {
            return Err(IndexError::Broken(format!("{} is not in the bucket", file.object)));
        }
        Ok(())
    }
}
