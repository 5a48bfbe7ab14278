//! Local folders for copies of the index. They belong to one process: what an earlier one left is never trusted, only
//! removed, since a file that a crash cut off cannot be told from a whole one for sure.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Held by the process that owns a folder.
const LOCK: &str = "lock";

/// A folder of this process, made when it is first needed and removed when the last clone is dropped. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Scratch(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parent: PathBuf,
    owned: Mutex<Option<Owned>>,
}

#[derive(Debug)]
struct Owned {
    path: PathBuf,
    _lock: File,
    made: u64,
}

impl Scratch {
    /// A folder inside `parent`.
    pub(super) fn new(parent: &Path) -> Self {
        Self(Arc::new(Shared { parent: parent.to_owned(), owned: Mutex::new(None) }))
    }

    /// An empty folder.
    pub(super) fn folder(&self) -> io::Result<Folder> {
        let mut owned = self.0.owned.lock().unwrap_or_else(PoisonError::into_inner);
        let owned = match &mut *owned {
            Some(owned) => owned,
            none => none.insert(Owned::make(&self.0.parent)?),
        };
        let path = owned.path.join(owned.made.to_string());
        owned.made += 1;
        fs::create_dir(&path)?;
        Ok(Folder { path, _scratch: self.clone() })
    }
}

impl Owned {
    /// Makes a folder inside `parent` and removes those of processes that are gone.
    fn make(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_abandoned(parent)?;
        let path = parent.join(format!("{:016x}", rand::random::<u64>()));
        // Under a hidden name until it is locked, so that nobody takes it for an abandoned one.
        let hidden = parent.join(format!(".{:016x}", rand::random::<u64>()));
        fs::create_dir(&hidden)?;
        let lock = File::create(hidden.join(LOCK))?;
        lock.lock()?;
        fs::rename(&hidden, &path)?;
        Ok(Self { path, _lock: lock, made: 0 })
    }
}

fn remove_abandoned(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_owned = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        if is_hidden || is_owned {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "an abandoned copy of the index stays");
        }
    }
    Ok(())
}

impl Drop for Owned {
    fn drop(&mut self) {
        // What stays is removed by the next process.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A folder with one copy of the index, removed when it is dropped. Files that are mapped into memory stay readable.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _scratch: Scratch,
}

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_another_process_left_is_removed_and_what_it_uses_is_not() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir_all(parent.path().join("abandoned/0")).unwrap();
        fs::write(parent.path().join("stray"), "file").unwrap();
        let (one, other) = (Scratch::new(parent.path()), Scratch::new(parent.path()));
        let folders = [one.folder().unwrap(), other.folder().unwrap(), one.folder().unwrap()];
        assert_eq!(names(parent.path()).len(), 2);
        drop(one);
        assert!(folders.iter().all(|folder| folder.path().exists()), "a folder keeps what it lies in");
        drop((folders, other));
        assert!(names(parent.path()).is_empty());
    }
}
