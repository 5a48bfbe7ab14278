//! Brings one published generation into a local folder.

use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_store::Objects;
use tantivy::Index;

use super::manifest::{File, Manifest};
use super::schema::Fields;
use super::scratch::{Folder, Scratch};
use crate::error::IndexError;

/// Files that are fetched at a time.
const PARALLEL_FETCHES: usize = 16;

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
        stream::iter(manifest.files.clone())
            .map(|file| fetch_file(objects, file, folder.path(), earlier))
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

async fn fetch_file(
    objects: &Objects,
    file: File,
    folder: &Path,
    earlier: Option<&Checkout>,
) -> Result<(), IndexError> {
    let path = folder.join(&file.name);
    let linked = earlier.and_then(|earlier| {
        let same = earlier.manifest.file(&file.name).filter(|same| same.object == file.object)?;
        Some(earlier.folder.path().join(&same.name))
    });
    if let Some(linked) = linked
        && tokio::fs::metadata(&linked).await.is_ok_and(|found| found.len() == file.size)
        && tokio::fs::hard_link(&linked, &path).await.is_ok()
    {
        return Ok(());
    }
    let Some(blob) = objects.get(&file.object).await? else {
        return Err(IndexError::Broken(format!("{} is not in the bucket", file.object)));
    };
    if blob.bytes.len() as u64 != file.size {
        let found = blob.bytes.len();
        return Err(IndexError::Broken(format!(
            "{} has {found} bytes instead of {}",
            file.object, file.size
        )));
    }
    tokio::fs::write(path, blob.bytes).await?;
    Ok(())
}
