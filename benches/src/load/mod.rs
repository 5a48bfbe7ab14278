//! A server under requests that come at a constant rate, whether it keeps up or not.
//!
//! Times count from when a request was due, so a server that stalls is charged for those that waited meanwhile
//! ("coordinated omission": Gil Tene, "How NOT to Measure Latency", Strange Loop 2015).

mod mix;
pub(crate) mod soak;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::Failure;
use crate::api::Api;
use crate::programs::{Server, eprintln_progress, megabytes};
use crate::report::{millis, table};
use crate::scenario::Scenario;
use crate::times::Times;
use mix::Mix;

/// Requests that may wait for their answers at once; what is due beyond them is not sent and counts as failed.
const BOUND: usize = 1_000;
/// The knee lies before the first step that does worse than this twice.
const KEPT_UP: f64 = 0.98;
const SLOW: Duration = Duration::from_millis(500);

/// What became of the requests of one step.
struct Step {
    due: usize,
    failed: usize,
    times: Times,
    took: Duration,
}

impl Step {
    fn achieved(&self) -> f64 {
        self.times.count() as f64 / self.took.as_secs_f64()
    }

    fn kept_up(&self, rate: u32) -> bool {
        let is_answered = self.times.count() as f64 >= KEPT_UP * self.due as f64;
        let is_in_time = self.achieved() >= KEPT_UP * f64::from(rate) * 0.97;
        is_answered && is_in_time && self.times.quantile(0.99) <= SLOW
    }
}

pub(crate) async fn run(first: u32, seconds: u32) -> Result<String, Failure> {
    let server = Server::start().await?;
    let api = Api::new(&server.url);
    let scenario = Scenario::prepare(&api).await?;
    scenario.settle(&api).await?;
    let mix = Arc::new(Mix::new(scenario));
    // Connections are opened and caches filled before anything counts.
    step(&api, &mix, first, Duration::from_secs(3)).await;
    let mut rows = Vec::new();
    let mut kept = None;
    let mut rate = first;
    loop {
        eprintln_progress(&format!("load: {rate} requests a second"));
        let time = Duration::from_secs(seconds.into());
        let mut done = step(&api, &mix, rate, time).await;
        if !done.kept_up(rate) {
            // Perhaps somebody else was busy on the machine just then.
            done = step(&api, &mix, rate, time).await;
        }
        let quantile = |share| millis(done.times.quantile(share));
        rows.push(vec![
            rate.to_string(),
            format!("{:.0}", done.achieved()),
            done.failed.to_string(),
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            quantile(0.999),
            megabytes(server.resident()?),
        ]);
        if !done.kept_up(rate) {
            break;
        }
        kept = Some(rate);
        rate = rate * 5 / 4;
    }
    let columns = ["due a second", "answered", "failed", "p50", "p90", "p99", "p99.9", "resident"];
    let knee = kept.map_or("The first step was too much.".to_owned(), |kept| {
        format!("The knee lies between {kept} and {rate} requests a second.")
    });
    Ok(format!("{}\n{knee}\n\n{}", table(&columns, &rows), mix.describe()))
}

/// Sends requests at a constant rate for a while and waits for their answers.
async fn step(api: &Api, mix: &Arc<Mix>, rate: u32, time: Duration) -> Step {
    let due = (f64::from(rate) * time.as_secs_f64()) as usize;
    let room = Arc::new(Semaphore::new(BOUND));
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let started = Instant::now();
    for place in 0..due {
        let at = started + Duration::from_secs_f64(place as f64 / f64::from(rate));
        sleep_until(at).await;
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (api, mix, sender) = (api.clone(), Arc::clone(mix), sender.clone());
        tokio::spawn(async move {
            let outcome = api.time(&mix.next()).await;
            drop(permit);
            // The other side waits for all of them.
            let _ = sender.send(outcome.map(|_| at.elapsed()).map_err(|error| error.to_string()));
        });
    }
    drop(sender);
    let mut times = Vec::with_capacity(due);
    let mut first_error = None;
    while let Some(outcome) = receiver.recv().await {
        match outcome {
            Ok(time) => times.push(time),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Some(error) = first_error {
        eprintln_progress(&format!("a request failed: {error}"));
    }
    let took = started.elapsed();
    Step { due, failed: due - times.len(), times: Times::from_iter(times), took }
}
