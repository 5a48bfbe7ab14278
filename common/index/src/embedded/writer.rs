//! Publishes changes, one generation after the other, however many writers there are.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::{Clock, Timestamp};
use mixtape_store::{Objects, PutOutcome};
use tokio::sync::Mutex;

use super::apply::{Applied, apply};
use super::checkout::Checkout;
use super::find::Snapshot;
use super::manifest::{FILES, File, MANIFEST, Manifest, OLDER, Published, Retired, object_key, uploaded_at};
use super::reader::blocking;
use super::schema::Fields;
use super::scratch::Scratch;
use crate::document::{Change, Key};
use crate::error::{IndexError, UpdateError};
use crate::{Batch, IfBroken, Updated};

/// How often an update is made again when another writer was faster.
const ATTEMPTS: u32 = 12;
/// Files that are uploaded at a time.
const PARALLEL_UPLOADS: usize = 8;
/// How long a file stays after the generation that dropped it.
const KEEP_RETIRED: Duration = Duration::from_secs(10 * 60);
/// How many generations lie between two searches for files that killed writers left.
const SWEEP_EVERY: u64 = 64;
/// How old such a file must be: younger ones may belong to a writer that is about to publish.
const KEEP_UNPUBLISHED: Duration = Duration::from_secs(60 * 60);

/// The writing side of the embedded index. Clones share their copy and take turns.
#[derive(Debug, Clone)]
pub struct Writer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Objects,
    clock: Clock,
    scratch: Scratch,
    fields: Arc<Fields>,
    /// The copy of the last update, if it is whole.
    base: Mutex<Option<Base>>,
}

/// A generation to build on.
#[derive(Debug)]
struct Base {
    checkout: Checkout,
    /// The manifest's ETag, or `None` while there is no manifest.
    etag: Option<String>,
}

impl Writer {
    /// A writer with its copies inside `folder`. Nothing is fetched yet.
    pub fn new(folder: &Path, objects: Objects, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            objects,
            clock,
            scratch: Scratch::new(folder),
            fields: Arc::new(Fields::new()),
            base: Mutex::new(None),
        }))
    }

    /// Takes the published generation, then asks `read` for the changes, and publishes them on top of it. If somebody
    /// else has published meanwhile, all of it happens again.
    ///
    /// Nothing is read for a batch of the stream that the generation knows already.
    ///
    /// So an update always knows everything that the generations before it knew: `read` must read the present state,
    /// and then updates can be repeated, reordered and made by several writers, and the index ends as the state is.
    ///
    /// # Errors
    /// What `read` answered, or that the index is away or broken. The changes may then be published or not.
    pub async fn update<E, F, R>(
        &self,
        if_broken: IfBroken,
        batch: Option<&Batch>,
        read: F,
    ) -> Result<Updated, UpdateError<E>>
    where
        F: Fn() -> R,
        R: Future<Output = Result<Vec<Change>, E>>,
    {
        let mut kept = self.0.base.lock().await;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let base = self.0.base(&mut kept, if_broken).await?;
            if base.checkout.manifest.knows(batch) {
                let updated = base.checkout.manifest.updated(0);
                *kept = Some(base);
                return Ok(updated);
            }
            let changes = match read().await {
                Ok(changes) => changes,
                Err(error) => {
                    *kept = Some(base);
                    return Err(UpdateError::Read(error));
                }
            };
            let (base, outcome) = self.0.publish(base, changes, batch).await?;
            *kept = Some(base);
            if let Some(updated) = outcome {
                return Ok(updated);
            }
        }
        Err(UpdateError::Index(IndexError::Unavailable(format!(
            "{ATTEMPTS} times another writer was faster"
        ))))
    }

    /// About `limit` keys of documents, and the position after which there are more. Some may have been deleted a
    /// moment ago.
    ///
    /// # Errors
    /// The index is away or broken, or `after` is no position.
    pub async fn keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Key>, Option<String>), IndexError> {
        let from =
            after.unwrap_or("0").parse().map_err(|_| IndexError::Broken("no such position".to_owned()))?;
        let mut kept = self.0.base.lock().await;
        let base = self.0.base(&mut kept, IfBroken::Fail).await?;
        let index = base.checkout.open()?;
        *kept = Some(base);
        let (keys, next) =
            blocking(move || Snapshot::open(index.reader()?.searcher())?.keys(from, limit)).await?;
        Ok((keys, next.map(|bucket| bucket.to_string())))
    }
}

/// Grows with the attempts and differs between writers.
fn pause(attempt: u32) -> Duration {
    let longest = 50_u64 << attempt.min(5);
    Duration::from_millis(rand::random_range(longest / 2..=longest))
}

impl Inner {
    /// The published generation, from `earlier` as far as that goes.
    ///
    /// # Errors
    /// The bucket is away, or what is published cannot be read. `kept` stays where nothing is known of it.
    async fn base(&self, kept: &mut Option<Base>, if_broken: IfBroken) -> Result<Base, IndexError> {
        let published = self.objects.etag(MANIFEST).await?;
        // While it is taken, the copy counts as lost: an update that is cut off leaves none behind.
        let earlier = match kept.take() {
            Some(earlier) if earlier.etag == published => return Ok(earlier),
            other => other.map(|earlier| earlier.checkout),
        };
        let (etag, reason) = match Published::read(&self.objects).await? {
            Published::Absent => return self.begin(None),
            Published::Older { etag } => (etag, OLDER.to_owned()),
            Published::Broken { etag, reason } => (etag, reason),
            Published::Current { manifest, etag } => match self.check_out(manifest, earlier.as_ref()).await {
                Ok(checkout) => return Ok(Base { checkout, etag: Some(etag) }),
                Err(IndexError::Broken(reason)) => (etag, reason),
                Err(error) => return Err(error),
            },
        };
        match if_broken {
            IfBroken::Fail => Err(IndexError::Broken(reason)),
            IfBroken::StartOver => {
                tracing::warn!(reason, "the published index cannot be read; a new one is begun");
                self.begin(Some(etag))
            }
        }
    }

    fn begin(&self, etag: Option<String>) -> Result<Base, IndexError> {
        Ok(Base { checkout: Checkout::empty(&self.scratch)?, etag })
    }

    async fn check_out(
        &self,
        manifest: Manifest,
        earlier: Option<&Checkout>,
    ) -> Result<Checkout, IndexError> {
        let checkout = Checkout::fetch(&self.objects, &self.scratch, manifest, earlier).await?;
        blocking(move || checkout.open().map(|_| checkout)).await
    }

    /// Makes the changes and publishes them. No outcome when another writer was faster.
    async fn publish(
        &self,
        base: Base,
        changes: Vec<Change>,
        batch: Option<&Batch>,
    ) -> Result<(Base, Option<Updated>), IndexError> {
        let Base { mut checkout, etag } = base;
        let fields = self.fields.clone();
        let (applied, returned) =
            blocking(move || Ok((apply(&checkout, &fields, changes)?, checkout))).await?;
        checkout = returned;
        let Some(Applied { meta, files, changed }) = applied else {
            let updated = checkout.manifest.updated(0);
            return Ok((Base { checkout, etag }, Some(updated)));
        };
        let now = self.clock.now();
        let files = self.upload(&checkout, files, now).await?;
        let mut next = checkout.manifest.next(meta, files, now, batch);
        self.delete_retired(&mut next, now).await;
        let bytes = serde_json::to_vec(&next).map_err(|error| IndexError::Broken(error.to_string()))?;
        let PutOutcome::Written { etag: written } =
            self.objects.put_if(MANIFEST, bytes, etag.as_deref()).await?
        else {
            return Ok((Base { checkout, etag }, None));
        };
        let updated = next.updated(changed);
        checkout.manifest = next;
        if updated.generation.is_multiple_of(SWEEP_EVERY) {
            self.sweep(&checkout.manifest, now).await;
        }
        Ok((Base { checkout, etag: Some(written) }, Some(updated)))
    }

    /// Uploads the files that the bucket does not have.
    async fn upload(
        &self,
        checkout: &Checkout,
        files: Vec<(String, u64)>,
        now: Timestamp,
    ) -> Result<Vec<File>, IndexError> {
        let upload = async |(name, size): (String, u64)| {
            if let Some(file) = checkout.manifest.file(&name) {
                return Ok::<_, IndexError>(file.clone());
            }
            let bytes = tokio::fs::read(checkout.folder.path().join(&name)).await?;
            let object = object_key(&name, now);
            self.objects.put(&object, bytes).await?;
            Ok(File { name, object, size })
        };
        stream::iter(files).map(upload).buffered(PARALLEL_UPLOADS).try_collect().await
    }

    /// Deletes the files that no reader can be fetching any more; one that cannot be deleted stays retired. Whether the
    /// generation that says so is published does not matter: they were retired by one that is.
    async fn delete_retired(&self, next: &mut Manifest, now: Timestamp) {
        let oldest = now.minus(KEEP_RETIRED);
        let (mut kept, expired): (Vec<_>, Vec<_>) =
            std::mem::take(&mut next.retired).into_iter().partition(|file| file.at > oldest);
        let delete = async |file: Retired| match self.objects.delete(&file.object).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, object = file.object, "a file that the index does not need stays");
                Some(file)
            }
        };
        let left = stream::iter(expired).map(delete).buffer_unordered(PARALLEL_UPLOADS);
        kept.extend(left.filter_map(std::future::ready).collect::<Vec<_>>().await);
        next.retired = kept;
    }

    /// Deletes files that writers uploaded and never published. Another time will do when it fails.
    async fn sweep(&self, manifest: &Manifest, now: Timestamp) {
        let oldest = now.minus(KEEP_UNPUBLISHED).millis();
        let listed = match self.objects.list(FILES).await {
            Ok(listed) => listed,
            Err(error) => return tracing::warn!(%error, "unpublished files of the index are not looked for"),
        };
        let is_lost =
            |object: &String| !manifest.names(object) && uploaded_at(object).is_none_or(|at| at < oldest);
        for object in listed.into_iter().filter(is_lost) {
            if let Err(error) = self.objects.delete(&object).await {
                tracing::warn!(%error, object, "an unpublished file of the index stays");
            }
        }
    }
}
