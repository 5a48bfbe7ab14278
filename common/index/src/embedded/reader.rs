//! Answers from the published generation, which it follows.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use mixtape_domain::Clock;
use mixtape_store::Objects;
use tantivy::ReloadPolicy;
use tokio::sync::Mutex;

use super::checkout::Checkout;
use super::find::Snapshot;
use super::manifest::{MANIFEST, OLDER, Published};
use super::scratch::Scratch;
use crate::error::IndexError;
use crate::{Found, Request, Suggestion};

/// How long an answer may come from a generation without a look whether there is a newer one.
const CHECK_EVERY_MS: i64 = 1_000;
/// How often a generation is fetched that was replaced while it was being fetched.
const FETCH_ATTEMPTS: usize = 3;

/// The reading side of the embedded index. Clones share their copy.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Objects,
    clock: Clock,
    scratch: Scratch,
    current: RwLock<Option<Arc<Generation>>>,
    /// When the bucket was last asked, in milliseconds since the epoch.
    checked_at: AtomicI64,
    /// When fetching last failed while there was no copy, likewise.
    failed_at: AtomicI64,
    refresh: Mutex<()>,
}

/// A generation that answers.
struct Generation {
    etag: String,
    snapshot: Snapshot,
    checkout: Checkout,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation")
            .field("number", &self.checkout.manifest.generation)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader with its copies inside `folder`. Nothing is fetched yet.
    pub fn new(folder: &Path, objects: Objects, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            objects,
            clock,
            scratch: Scratch::new(folder),
            current: RwLock::new(None),
            checked_at: AtomicI64::new(i64::MIN),
            failed_at: AtomicI64::new(i64::MIN),
            refresh: Mutex::new(()),
        }))
    }

    /// The results of a query. An index that does not exist yet has none.
    ///
    /// # Errors
    /// There is no copy to answer from and none can be fetched.
    pub async fn search(&self, request: Request) -> Result<Found, IndexError> {
        let Some(generation) = self.generation().await? else { return Ok(Found::default()) };
        blocking(move || generation.snapshot.search(&request)).await
    }

    /// Names that start with the text.
    ///
    /// # Errors
    /// As [`Reader::search`].
    pub async fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, IndexError> {
        let Some(generation) = self.generation().await? else { return Ok(Vec::new()) };
        let text = text.to_owned();
        blocking(move || generation.snapshot.suggest(&text)).await
    }

    /// The generation to answer from: the published one as of at most a second ago.
    async fn generation(&self) -> Result<Option<Arc<Generation>>, IndexError> {
        let asked_at = self.0.clock.now().millis();
        let current = self.current();
        if !self.is_check_due() {
            return Ok(current);
        }
        let _turn = match &current {
            // One request looks; the others go on with what there is.
            Some(_) => match self.0.refresh.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(current),
            },
            None => self.0.refresh.lock().await,
        };
        if !self.is_check_due() {
            return Ok(self.current());
        }
        if self.0.failed_at.load(Ordering::Relaxed) >= asked_at {
            return Err(IndexError::Unavailable("it could not be fetched a moment ago".to_owned()));
        }
        match self.refreshed(self.current()).await {
            Ok(generation) => {
                *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = generation.clone();
                self.0.checked_at.store(self.0.clock.now().millis(), Ordering::Relaxed);
                Ok(generation)
            }
            Err(error) if current.is_some() => {
                self.0.checked_at.store(self.0.clock.now().millis(), Ordering::Relaxed);
                tracing::warn!(%error, generation = ?current, "the index is not refreshed; an older one answers");
                Ok(current)
            }
            Err(error) => {
                // Those that waited for this attempt need not make their own.
                self.0.failed_at.store(self.0.clock.now().millis(), Ordering::Relaxed);
                Err(error)
            }
        }
    }

    fn current(&self) -> Option<Arc<Generation>> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_check_due(&self) -> bool {
        let now = self.0.clock.now().millis();
        let checked_at = self.0.checked_at.load(Ordering::Relaxed);
        now < checked_at || now.saturating_sub(checked_at) >= CHECK_EVERY_MS
    }

    async fn refreshed(
        &self,
        current: Option<Arc<Generation>>,
    ) -> Result<Option<Arc<Generation>>, IndexError> {
        if let Some(current) = &current
            && self.0.objects.etag(MANIFEST).await?.as_ref() == Some(&current.etag)
        {
            return Ok(Some(current.clone()));
        }
        let mut attempt = 1;
        loop {
            match self.fetch(current.as_deref()).await {
                // The generation may have been replaced, and its files removed, in the meantime.
                Err(IndexError::Broken(reason)) if attempt < FETCH_ATTEMPTS => {
                    tracing::warn!(reason, "the index is fetched again");
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn fetch(&self, current: Option<&Generation>) -> Result<Option<Arc<Generation>>, IndexError> {
        let (manifest, etag) = match Published::read(&self.0.objects).await? {
            Published::Absent if current.is_none() => return Ok(None),
            Published::Absent => return Err(IndexError::Broken("it was taken away".to_owned())),
            Published::Older { .. } => return Err(IndexError::Broken(OLDER.to_owned())),
            Published::Broken { reason, .. } => return Err(IndexError::Broken(reason)),
            Published::Current { manifest, etag } => (manifest, etag),
        };
        let earlier = current.map(|current| &current.checkout);
        let checkout = Checkout::fetch(&self.0.objects, &self.0.scratch, manifest, earlier).await?;
        let generation = blocking(move || {
            let index = checkout.open()?;
            let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
            Ok(Generation { etag, snapshot: Snapshot::open(reader.searcher())?, checkout })
        })
        .await?;
        Ok(Some(Arc::new(generation)))
    }
}

/// Runs what would hold up the other requests of this thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(IndexError::Broken(format!("a search was cut off: {error}"))),
    }
}
