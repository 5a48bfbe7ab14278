//! Stands in for Lambda's event source mappings: reads the tables' streams and feeds the functions, in order, with
//! retries, from a checkpoint that survives a kill.

mod checkpoint;
mod dead_letter;
mod delivery;

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::StartError;
use crate::functions::Functions;
use crate::shutdown::Shutdown;
use crate::stores::{Stream, Tables};
use crate::template::{StreamMapping, Template};

use checkpoint::Checkpoint;
use delivery::Delivery;

pub use dead_letter::{DeadLetter, DeadLetters};

/// How long a stream rests after it had nothing new.
const POLL_EVERY: Duration = Duration::from_millis(150);
/// How long a stream rests after it could not be read.
const RETRY_READ_AFTER: Duration = Duration::from_secs(1);

/// The running mappings.
pub(crate) struct Pump {
    waiters: Vec<mpsc::Sender<Waiter>>,
}

/// What events are handed over with.
#[derive(Clone)]
pub(crate) struct Events {
    pub(crate) functions: Functions,
    pub(crate) dead_letters: DeadLetters,
    /// The first pause before a failure is tried again; it doubles from there.
    pub(crate) retry_base: Duration,
    pub(crate) shutdown: Shutdown,
}

/// Told how many records a mapping has read so far, as soon as its stream has nothing new.
type Waiter = oneshot::Sender<u64>;

impl Pump {
    /// Starts the mappings of the template. The tasks end after the shutdown signal.
    pub(crate) fn start(
        template: &Template,
        tables: &Tables,
        folder: &Path,
        events: &Events,
    ) -> Result<(Self, Vec<JoinHandle<()>>), StartError> {
        let (mut pump, mut tasks) = (Self { waiters: Vec::new() }, Vec::new());
        for mapping in &template.mappings {
            let function = template.function(&mapping.function);
            let function = function.filter(|function| events.functions.takes_events(&function.name));
            let function = function.ok_or_else(|| StartError::unknown_function(&mapping.function))?;
            let checkpoint =
                Checkpoint::open(folder, &mapping.logical_id).map_err(StartError::folder(folder))?;
            let stream = tables.stream(&mapping.table).map_err(StartError::tables)?;
            let delivery = Delivery {
                function: function.name.clone(),
                timeout: function.timeout,
                bisects: mapping.bisects,
                max_retries: mapping.max_retries,
                events: events.clone(),
            };
            let (sender, waiters) = mpsc::channel(16);
            pump.waiters.push(sender);
            let reader =
                Reader { mapping: mapping.clone(), tables: tables.clone(), stream, checkpoint, delivery };
            tasks.push(tokio::spawn(reader.run(waiters)));
        }
        Ok((pump, tasks))
    }

    /// Waits until every stream has been handled to its end, including what the handling itself wrote.
    pub(crate) async fn settle(&self) {
        let mut before = None;
        loop {
            let counts = join_all(self.waiters.iter().map(ask)).await;
            if before.as_ref() == Some(&counts) {
                return;
            }
            before = Some(counts);
        }
    }
}

async fn ask(mapping: &mpsc::Sender<Waiter>) -> u64 {
    let (waiter, answer) = oneshot::channel();
    // A mapping that has stopped has nothing more to handle.
    let _ = mapping.send(waiter).await;
    answer.await.unwrap_or_default()
}

/// One mapping: a stream, a place in it, and the function that it feeds.
struct Reader {
    mapping: StreamMapping,
    tables: Tables,
    stream: Stream,
    checkpoint: Checkpoint,
    delivery: Delivery,
}

impl Reader {
    async fn run(mut self, mut waiters: mpsc::Receiver<Waiter>) {
        let shutdown = self.delivery.events.shutdown.clone();
        let mut waiting: Vec<Waiter> = Vec::new();
        let mut count = 0;
        while !shutdown.is_started() {
            let read =
                self.tables.records(&self.stream, self.checkpoint.position(), self.mapping.batch_size).await;
            let batch = match read {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(table = self.mapping.table, %error, "the stream cannot be read");
                    shutdown.sleep(RETRY_READ_AFTER).await;
                    continue;
                }
            };
            let Some(last) = batch.last else {
                for waiter in waiting.drain(..) {
                    // Whoever asked may have given up.
                    let _ = waiter.send(count);
                }
                tokio::select! {
                    _ = shutdown.sleep(POLL_EVERY) => {}
                    Some(waiter) = waiters.recv() => waiting.push(waiter),
                }
                continue;
            };
            count += batch.records.len() as u64;
            let filters = &self.mapping.filters;
            let passes = |record: &serde_json::Value| {
                filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
            };
            let records: Vec<_> = batch.records.into_iter().filter(passes).collect();
            if !records.is_empty() && !self.delivery.deliver(records).await {
                return;
            }
            if let Err(error) = self.checkpoint.advance(last).await {
                // The same records will come again after a restart, which the functions expect.
                tracing::error!(mapping = self.mapping.logical_id, %error, "the checkpoint cannot be written");
            }
        }
    }
}
