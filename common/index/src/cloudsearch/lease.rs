//! One writer at a time. CloudSearch has no versions by which an older state could be told from a newer one, so whoever
//! reads a state and uploads it must be sure that nobody else does so in between.
//!
//! The lease is an object in the bucket that is written on condition of its version. It expires by itself, so that a
//! writer that is killed holds up the others for less than a minute.

use std::time::{Duration, Instant};

use mixtape_domain::{Clock, Timestamp};
use mixtape_store::{Objects, PutOutcome};
use serde::{Deserialize, Serialize};

use super::domain::UPLOAD_TIMEOUT;
use crate::error::IndexError;

const OBJECT: &str = "index/cloudsearch.json";
/// How long a lease lasts unless it is renewed.
const DURATION: Duration = Duration::from_secs(50);
/// How far the clocks of two writers may be apart.
const SKEW: Duration = Duration::from_secs(10);
/// How long a writer waits for its turn: longer than a lease that nobody gives back.
const PATIENCE: Duration = Duration::from_secs(75);
/// The pause between two attempts, at first and at most; each is shortened by chance.
const FIRST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where leases are taken.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    objects: Objects,
    clock: Clock,
}

/// The right to change the documents of the domain.
#[derive(Debug)]
pub(super) struct Lease {
    stored: Stored,
    etag: String,
    /// Until when this process may start an upload.
    usable_until: Instant,
}

/// The object's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// Counts the leases.
    generation: u64,
    /// Whoever has it; nobody when it was given back.
    holder: Option<String>,
    expires_at: Timestamp,
}

impl Lease {
    /// The number of this lease; later ones have higher numbers.
    pub(super) fn generation(&self) -> u64 {
        self.stored.generation
    }
}

impl Leases {
    pub(super) fn new(objects: Objects, clock: Clock) -> Self {
        Self { objects, clock }
    }

    /// Waits for the lease and takes it.
    ///
    /// # Errors
    /// The bucket is away, or others had the lease all the time.
    pub(super) async fn take(&self) -> Result<Lease, IndexError> {
        let holder = format!("{:032x}", rand::random::<u128>());
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(lease) = self.try_take(&holder).await? {
                return Ok(lease);
            }
            if started.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(IndexError::Unavailable(format!("another writer was busy for {seconds} s")));
            }
            tokio::time::sleep(rand::random_range(pause / 2..=pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_take(&self, holder: &str) -> Result<Option<Lease>, IndexError> {
        let asked_at = Instant::now();
        let (generation, etag) = match self.objects.get(OBJECT).await? {
            None => (0, None),
            Some(blob) => {
                let stored: Stored = serde_json::from_slice(&blob.bytes)
                    .map_err(|error| IndexError::Broken(format!("{OBJECT}: {error}")))?;
                match &stored.holder {
                    // An earlier attempt went well, and only its answer was lost.
                    Some(name) if name == holder => {
                        let lease = Lease { stored, etag: blob.etag, usable_until: asked_at };
                        return self.renewed(lease).await.map(Some);
                    }
                    Some(_) if self.clock.now() < stored.expires_at.plus(SKEW) => return Ok(None),
                    _ => (stored.generation, Some(blob.etag)),
                }
            }
        };
        let expires_at = self.clock.now().plus(DURATION);
        let stored = Stored { generation: generation + 1, holder: Some(holder.to_owned()), expires_at };
        let etag = self.put(&stored, etag.as_deref()).await?;
        Ok(etag.map(|etag| Lease { stored, etag, usable_until: asked_at + DURATION - UPLOAD_TIMEOUT }))
    }

    /// The lease, good for one more upload.
    ///
    /// # Errors
    /// The bucket is away, or the lease expired and somebody else took it.
    pub(super) async fn renewed(&self, lease: Lease) -> Result<Lease, IndexError> {
        let asked_at = Instant::now();
        if asked_at < lease.usable_until {
            return Ok(lease);
        }
        let stored = Stored { expires_at: self.clock.now().plus(DURATION), ..lease.stored };
        match self.put(&stored, Some(&lease.etag)).await? {
            Some(etag) => Ok(Lease { stored, etag, usable_until: asked_at + DURATION - UPLOAD_TIMEOUT }),
            None => Err(IndexError::Unavailable("another writer took over".to_owned())),
        }
    }

    /// Gives the lease back. If that fails, it expires.
    pub(super) async fn give_back(&self, lease: Lease) {
        let stored = Stored { holder: None, ..lease.stored };
        if let Err(error) = self.put(&stored, Some(&lease.etag)).await {
            tracing::warn!(%error, "the lease of the search index was not given back and will expire");
        }
    }

    /// The new version, unless somebody else was faster.
    async fn put(&self, stored: &Stored, etag: Option<&str>) -> Result<Option<String>, IndexError> {
        let bytes = serde_json::to_vec(stored).map_err(|error| IndexError::Broken(error.to_string()))?;
        Ok(match self.objects.put_if(OBJECT, bytes, etag).await? {
            PutOutcome::Written { etag } => Some(etag),
            PutOutcome::Lost => None,
        })
    }
}
