//! Stands in for EventBridge Scheduler: invokes a function at the start of every slot.
//!
//! Slots are counted from the epoch. The current one is invoked at start, too: the function knows whether it has done
//! it.

use std::time::Duration;

use mixtape_domain::{Clock, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::pump::Events;
use crate::template::Schedule;

/// How often the clock is looked at; tests move it.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// When a function that could only do part of its work, for want of data, is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A running schedule.
pub(crate) struct Scheduler {
    requests: mpsc::Sender<Request>,
}

struct Request {
    /// Whether to invoke the function although the current slot is done.
    again: bool,
    done: oneshot::Sender<()>,
}

struct Runner {
    schedule: Schedule,
    clock: Clock,
    events: Events,
}

impl Scheduler {
    /// Starts the schedule. The task ends after the shutdown signal.
    pub(crate) fn start(schedule: Schedule, clock: &Clock, events: &Events) -> (Self, JoinHandle<()>) {
        let (requests, receiver) = mpsc::channel(16);
        let runner = Runner { schedule, clock: clock.clone(), events: events.clone() };
        (Self { requests }, tokio::spawn(runner.run(receiver)))
    }

    /// Waits until the current slot has been done.
    pub(crate) async fn settle(&self) {
        self.ask(false).await;
    }

    /// Invokes the function for the current slot once more, because there is more data than before.
    pub(crate) async fn again(&self) {
        self.ask(true).await;
    }

    async fn ask(&self, again: bool) {
        let (done, is_done) = oneshot::channel();
        // A schedule that has stopped does nothing more.
        let _ = self.requests.send(Request { again, done }).await;
        let _ = is_done.await;
    }
}

impl Runner {
    async fn run(self, mut requests: mpsc::Receiver<Request>) {
        let mut done_slot: Option<Timestamp> = None;
        let mut incomplete_since: Option<tokio::time::Instant> = None;
        let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
        let mut is_asked = false;
        while !self.events.shutdown.is_started() {
            let slot = self.clock.now().slot(self.schedule.every);
            let is_overdue = incomplete_since.is_some_and(|since| since.elapsed() >= ASK_AGAIN_AFTER);
            if done_slot != Some(slot) || is_overdue || std::mem::take(&mut is_asked) {
                let is_complete = self.invoke(slot).await;
                incomplete_since = (!is_complete).then(tokio::time::Instant::now);
                done_slot = Some(slot);
            }
            for done in waiting.drain(..) {
                // Whoever asked may have given up.
                let _ = done.send(());
            }
            tokio::select! {
                _ = self.events.shutdown.sleep(LOOK_EVERY) => {}
                Some(request) = requests.recv() => {
                    is_asked = request.again;
                    waiting.push(request.done);
                }
            }
        }
    }

    /// Invokes the function for a slot, with retries. Answers whether it could do all of its work.
    async fn invoke(&self, slot: Timestamp) -> bool {
        let input = self.schedule.input.replace("<aws.scheduler.scheduled-time>", &slot.to_string());
        let event: Value = serde_json::from_str(&input).unwrap_or(Value::String(input));
        let mut attempt = 0;
        loop {
            let error = match self.events.functions.invoke(&self.schedule.function, event.clone()).await {
                Ok(answer) => return answer["complete"] != false,
                Err(error) => error.to_string(),
            };
            attempt += 1;
            if attempt > self.schedule.max_retries {
                self.events.dead_letters.add(&self.schedule.function, event, attempt, &error).await;
                return true;
            }
            tracing::warn!(
                function = self.schedule.function,
                attempt,
                error,
                "a schedule failed and is tried again"
            );
            let pause = self.events.retry_base.saturating_mul(1 << attempt.min(10));
            if !self.events.shutdown.sleep(pause.min(ASK_AGAIN_AFTER)).await {
                return true;
            }
        }
    }
}
