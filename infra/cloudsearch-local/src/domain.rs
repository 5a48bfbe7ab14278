//! One domain: its configuration as defined, its index as of the last indexing, and the files of both.
//!
//! The folder of a domain holds `domain.json` and one folder per generation of the index. Indexing builds the next
//! generation beside the present one and then replaces `domain.json`, so a crash leaves the one or the other.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::generation::{Change, Generation};
use crate::model::{AnalysisScheme, Config, Defined, Field, Suggester};

/// What is kept of a domain beside its index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) fields: BTreeMap<String, Defined<Field>>,
    pub(crate) suggesters: BTreeMap<String, Defined<Suggester>>,
    pub(crate) schemes: BTreeMap<String, Defined<AnalysisScheme>>,
    pub(crate) policies: Defined<String>,
    pub(crate) scaling: Defined<BTreeMap<String, String>>,
    /// Counts the changes.
    pub(crate) version: u64,
    /// What the documents are indexed by.
    pub(crate) active: Config,
    generation: u64,
}

/// A domain that is open.
pub(crate) struct Domain {
    folder: PathBuf,
    definition: Mutex<Definition>,
    generation: RwLock<Arc<Generation>>,
    /// Held while documents or the generation change.
    changing: Mutex<()>,
}

impl Definition {
    fn new(name: &str, now: Timestamp) -> Self {
        let policies = Defined::new(String::new(), now, 0);
        let scaling = Defined::new(BTreeMap::new(), now, 0);
        Self {
            name: name.to_owned(),
            created: now,
            fields: BTreeMap::new(),
            suggesters: BTreeMap::new(),
            schemes: BTreeMap::new(),
            policies,
            scaling,
            version: 0,
            active: Config::default(),
            generation: 0,
        }
    }

    /// What the next indexing indexes by.
    pub(crate) fn wanted(&self) -> Config {
        Config {
            fields: wanted(&self.fields),
            suggesters: wanted(&self.suggesters),
            schemes: wanted(&self.schemes),
        }
    }

    pub(crate) fn requires_indexing(&self) -> bool {
        self.wanted() != self.active
    }
}

fn wanted<T: Clone>(defined: &BTreeMap<String, Defined<T>>) -> BTreeMap<String, T> {
    let kept = defined.iter().filter(|(_, defined)| !defined.is_deleted);
    kept.map(|(name, defined)| (name.clone(), defined.options.clone())).collect()
}

impl<T> Defined<T> {
    fn new(options: T, now: Timestamp, version: u64) -> Self {
        Self { options, created: now, updated: now, version, is_deleted: false, has_failed: false }
    }
}

impl<T: PartialEq> Defined<T> {
    /// Defines something anew; what is as it was keeps its version.
    pub(crate) fn put(slot: &mut BTreeMap<String, Self>, name: &str, options: T, version: u64) {
        let now = Timestamp::now();
        match slot.get_mut(name) {
            Some(defined) if defined.options == options && !defined.is_deleted => {}
            Some(defined) => {
                *defined = Self { created: defined.created, ..Self::new(options, now, version) };
            }
            None => {
                slot.insert(name.to_owned(), Self::new(options, now, version));
            }
        }
    }

    /// Replaces the options of something that is always there.
    pub(crate) fn set(&mut self, options: T, version: u64) {
        if self.options != options {
            *self = Self { created: self.created, ..Self::new(options, Timestamp::now(), version) };
        }
    }
}

impl Domain {
    /// Makes a domain without fields in a folder that does not exist yet.
    pub(crate) fn create(folder: &Path, name: &str) -> Result<Self, Error> {
        fs::create_dir_all(folder)?;
        let definition = Definition::new(name, Timestamp::now());
        save(folder, &definition)?;
        Self::open(folder)
    }

    /// Opens the domain of a folder, and removes what a crash while indexing left there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let definition: Definition = serde_json::from_slice(&fs::read(folder.join("domain.json"))?)?;
        let current = generation_folder(folder, definition.generation);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && path != current {
                fs::remove_dir_all(path)?;
            }
        }
        let generation = Generation::open(&current, definition.active.clone())?;
        Ok(Self {
            folder: folder.to_owned(),
            definition: Mutex::new(definition),
            generation: RwLock::new(Arc::new(generation)),
            changing: Mutex::new(()),
        })
    }

    /// Whether a folder holds a domain that was made completely.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join("domain.json").is_file()
    }

    /// The configuration as it is now.
    pub(crate) fn definition(&self) -> Definition {
        self.lock().clone()
    }

    /// What searches and uploads work with now.
    pub(crate) fn generation(&self) -> Arc<Generation> {
        self.generation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the configuration, unless `change` refuses, and keeps it.
    pub(crate) fn define<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut Definition) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut definition = self.lock();
        let mut next = definition.clone();
        next.version += 1;
        let result = change(&mut next)?;
        save(&self.folder, &next)?;
        *definition = next;
        Ok(result)
    }

    /// Changes documents, all or none, unless `read` refuses. It gets what the documents are indexed by, and what
    /// they will be.
    pub(crate) fn update<R, E: From<Error>>(
        &self,
        read: impl FnOnce(&Config, &Config) -> Result<(BTreeMap<String, Change>, R), E>,
    ) -> Result<R, E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.generation();
        let (changes, result) = read(&generation.config, &self.lock().wanted())?;
        generation.apply(&changes)?;
        Ok(result)
    }

    /// Indexes all documents by the configuration as defined. Fields that some document does not fit are marked, and
    /// then everything else stays as it is.
    pub(crate) fn index_documents(&self) -> Result<(), Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let definition = self.definition();
        let wanted = definition.wanted();
        let present = self.generation();
        if wanted == present.config {
            return self.define(|definition| {
                definition.succeed();
                Ok(())
            });
        }
        let misfit = misfit(&present, &wanted)?;
        if let Some(name) = misfit {
            return self.define(|definition| {
                if let Some(field) = definition.fields.get_mut(&name) {
                    field.has_failed = true;
                }
                Ok(())
            });
        }
        let number = definition.generation + 1;
        let folder = generation_folder(&self.folder, number);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let next = Generation::open(&folder, wanted.clone())?;
        next.fill(&present)?;
        self.define(|definition| {
            definition.active = wanted;
            definition.generation = number;
            definition.succeed();
            Ok::<(), Error>(())
        })?;
        *self.generation.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        // Searches that still read the old files have them open.
        let old = generation_folder(&self.folder, definition.generation);
        if let Err(error) = fs::remove_dir_all(&old) {
            tracing::warn!(%error, folder = %old.display(), "an old index stays until the next start");
        }
        Ok(())
    }

    /// Removes the files. The domain must not be used any more.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // Without its definition it is no domain, wherever the removal ends.
        fs::remove_file(self.folder.join("domain.json"))?;
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            // The index may be merging its files.
            tracing::warn!(%error, folder = %self.folder.display(), "files of a deleted domain stay");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Definition> {
        self.definition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Definition {
    /// Drops what was deleted and is not indexed by.
    pub(crate) fn forget_deleted(&mut self) {
        let active = &self.active;
        self.fields.retain(|name, field| !field.is_deleted || active.fields.contains_key(name));
        self.suggesters.retain(|name, one| !one.is_deleted || active.suggesters.contains_key(name));
        self.schemes.retain(|name, scheme| !scheme.is_deleted || active.schemes.contains_key(name));
    }

    /// Notes that the documents are indexed by all that is wanted.
    fn succeed(&mut self) {
        self.forget_deleted();
        for field in self.fields.values_mut() {
            field.has_failed = false;
        }
    }
}

/// The first field of a configuration that a document does not fit.
fn misfit(generation: &Generation, wanted: &Config) -> Result<Option<String>, Error> {
    let mut misfit = None;
    generation.each(|_, source| {
        if misfit.is_none() {
            misfit = wanted.misfit(&source).map(|field| field.name.clone());
        }
        Ok(())
    })?;
    Ok(misfit)
}

fn generation_folder(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("index-{generation}"))
}

/// Replaces the file at once: a crash leaves the old one or the new one.
fn save(folder: &Path, definition: &Definition) -> Result<(), Error> {
    let fresh = folder.join("domain.json.new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(&serde_json::to_vec_pretty(definition)?)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join("domain.json"))?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
