//! Stands in for what S3 tells EventBridge: an event for each object that was created, delivered with retries.
//!
//! What was acknowledged and not yet handled when the process was killed is found again at the start, because a
//! function deletes an uploaded file only when it is done with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mixtape_domain::Clock;
use mixtape_store::media::UPLOADS;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::pump::Events;
use crate::template::ObjectEvents;

/// Functions that are busy with an object at once: one for each of two processors.
const AT_ONCE: usize = 2;
/// Pauses between attempts double up to this one; on AWS they are minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether everything was handled.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An object that was created.
#[derive(Debug, Clone)]
pub(crate) struct Created {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// For example `PutObject`.
    pub(crate) reason: &'static str,
}

/// Where the object store says what was created. Clones share the queue.
#[derive(Debug, Clone)]
pub(crate) struct Announcer {
    sender: mpsc::UnboundedSender<Created>,
    open: Arc<AtomicUsize>,
}

/// The other end, until it is started.
pub(crate) struct Announced {
    receiver: mpsc::UnboundedReceiver<Created>,
    announcer: Announcer,
}

/// Both ends.
pub(crate) fn channel() -> (Announcer, Announced) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let announcer = Announcer { sender, open: Arc::default() };
    (announcer.clone(), Announced { receiver, announcer })
}

impl Announcer {
    pub(crate) fn announce(&self, created: Created) {
        self.open.fetch_add(1, Ordering::SeqCst);
        // Nobody listens where events are not delivered.
        if self.sender.send(created).is_err() {
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The running delivery.
pub(crate) struct Notifications {
    open: Arc<AtomicUsize>,
}

struct Delivery {
    rules: Vec<ObjectEvents>,
    clock: Clock,
    events: Events,
}

impl Notifications {
    /// Delivers what is announced, and first what lies in the buckets under `folder` from before. The task ends after
    /// the shutdown signal.
    pub(crate) fn start(
        announced: Announced,
        rules: Vec<ObjectEvents>,
        folder: PathBuf,
        clock: Clock,
        events: Events,
    ) -> (Self, JoinHandle<()>) {
        let Announced { mut receiver, announcer } = announced;
        let open = Arc::clone(&announcer.open);
        for created in left_over(&folder) {
            announcer.announce(created);
        }
        drop(announcer);
        let delivery = Arc::new(Delivery { rules, clock, events });
        let counter = Arc::clone(&open);
        let task = tokio::spawn(async move {
            let shutdown = delivery.events.shutdown.clone();
            let permits = Arc::new(Semaphore::new(AT_ONCE));
            loop {
                let created = tokio::select! {
                    () = shutdown.wait() => return,
                    created = receiver.recv() => created,
                };
                let Some(created) = created else { return };
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                let (delivery, counter) = (Arc::clone(&delivery), Arc::clone(&counter));
                tokio::spawn(async move {
                    delivery.deliver(&created).await;
                    counter.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                });
            }
        });
        (Self { open }, task)
    }

    /// Waits until everything that was announced so far has been handled or given up.
    pub(crate) async fn settle(&self) {
        while self.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Delivery {
    async fn deliver(&self, created: &Created) {
        let event = self.event(created);
        for rule in self.rules.iter().filter(|rule| rule.filter.matches(&event)) {
            self.invoke(rule, &event).await;
        }
    }

    async fn invoke(&self, rule: &ObjectEvents, event: &Value) {
        let mut attempt = 0;
        loop {
            let invocation = self.events.functions.invoke(&rule.function, event.clone());
            let error = match tokio::time::timeout(rule.timeout, invocation).await {
                Ok(Ok(_)) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("took more than {} s", rule.timeout.as_secs()),
            };
            attempt += 1;
            if attempt > rule.max_retries {
                self.events.dead_letters.add(&rule.function, event.clone(), attempt, &error).await;
                return;
            }
            tracing::warn!(
                function = rule.function,
                attempt,
                error,
                "an object's event failed and is tried again"
            );
            let pause = self.events.retry_base.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
            if !self.events.shutdown.sleep(pause).await {
                return;
            }
        }
    }

    /// The event in the form of [EventBridge](https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
    fn event(&self, created: &Created) -> Value {
        let Created { bucket, key, reason } = created;
        json!({
            "version": "0",
            "id": crate::stores::random_text(32),
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "000000000000",
            "time": self.clock.now().to_string(),
            "region": "us-east-1",
            "resources": [format!("arn:aws:s3:::{bucket}")],
            "detail": {
                "version": "0",
                "bucket": { "name": bucket },
                "object": { "key": key },
                "request-id": crate::stores::random_text(16),
                "requester": "000000000000",
                "reason": reason,
            },
        })
    }
}

/// Uploaded files that are still there.
fn left_over(folder: &Path) -> Vec<Created> {
    let mut found = Vec::new();
    for bucket in entries(folder) {
        let Some(name) = bucket.file_name().and_then(|name| name.to_str()) else { continue };
        let uploads = bucket.join(UPLOADS);
        for file in entries(&uploads).iter().flat_map(|owner| entries(owner)) {
            let key = file.strip_prefix(&bucket).ok().and_then(Path::to_str);
            let Some(key) = key.filter(|_| file.is_file()) else { continue };
            found.push(Created { bucket: name.to_owned(), key: key.to_owned(), reason: "PutObject" });
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}
