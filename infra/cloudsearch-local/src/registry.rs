//! All domains of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::Domain;
use crate::error::Error;

/// The domains that a folder holds. Clones share them.
#[derive(Clone)]
pub struct Domains {
    folder: Arc<PathBuf>,
    open: Arc<RwLock<BTreeMap<String, Arc<Domain>>>>,
}

impl Domains {
    /// Opens all domains of a folder, which is made if it is missing. Only one process may use it.
    ///
    /// # Errors
    /// The folder cannot be read or written, or something in it was not made by this program.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder)?;
        let mut open = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !Domain::is_in(&entry.path()) {
                continue;
            }
            let domain = Domain::open(&entry.path())?;
            open.insert(domain.definition().name, Arc::new(domain));
        }
        Ok(Self { folder: Arc::new(folder.to_owned()), open: Arc::new(RwLock::new(open)) })
    }

    /// The configuration API at `/`, and the search and document services of each domain at `/{domain}`.
    pub fn router(&self) -> axum::Router {
        crate::http::router(self.clone())
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Domain>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All domains by name.
    pub(crate) fn all(&self) -> BTreeMap<String, Arc<Domain>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The domain of that name, made if there is none.
    pub(crate) fn create(&self, name: &str) -> Result<Arc<Domain>, Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(domain) = open.get(name) {
            return Ok(domain.clone());
        }
        let folder = self.folder.join(name);
        if folder.exists() {
            // A domain whose deletion or making did not end.
            fs::remove_dir_all(&folder)?;
        }
        let domain = Arc::new(Domain::create(&folder, name)?);
        open.insert(name.to_owned(), domain.clone());
        Ok(domain)
    }

    /// Deletes a domain with its documents; answers it, if there was one.
    pub(crate) fn delete(&self, name: &str) -> Result<Option<Arc<Domain>>, Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(domain) = open.get(name) {
            domain.remove()?;
        }
        Ok(open.remove(name))
    }
}
