//! One batch on its way to a function: partial answers, retries with growing pauses, halving, and giving up.

use std::time::Duration;

use mixtape_events::EventError;
use serde_json::{Value, json};

use super::Events;

/// Pauses between attempts double up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a mapping delivers.
pub(super) struct Delivery {
    pub(super) function: String,
    pub(super) timeout: Duration,
    pub(super) bisects: bool,
    pub(super) max_retries: u32,
    pub(super) events: Events,
}

/// Records that still have to be delivered, and how often that was tried.
struct Pending {
    records: Vec<Value>,
    failures: u32,
}

enum Outcome {
    Done,
    /// Nothing from this place on was handled.
    FailedFrom(usize, String),
    /// It is not known what was handled.
    Failed(String),
}

impl Delivery {
    /// Delivers the records in their order until all were handled or given up. Answers false when it was stopped before.
    pub(super) async fn deliver(&self, records: Vec<Value>) -> bool {
        // The next to deliver is the last one.
        let mut stack = vec![Pending { records, failures: 0 }];
        while let Some(pending) = stack.pop() {
            if self.events.shutdown.is_started() {
                return false;
            }
            let (reason, pending) = match self.invoke(&pending.records).await {
                Outcome::Done => continue,
                Outcome::FailedFrom(place, reason) => {
                    let failures = if place == 0 { pending.failures + 1 } else { 1 };
                    let records = pending.records.into_iter().skip(place).collect();
                    (reason, Pending { records, failures })
                }
                Outcome::Failed(reason) => (reason, Pending { failures: pending.failures + 1, ..pending }),
            };
            if self.bisects && pending.records.len() > 1 {
                let mut first = pending.records;
                let second = first.split_off(first.len() / 2);
                stack.push(Pending { records: second, failures: 0 });
                stack.push(Pending { records: first, failures: 0 });
            } else if pending.failures > self.max_retries {
                self.give_up(&pending, &reason).await;
                continue;
            } else {
                stack.push(pending);
            }
            let failures = stack.last().map_or(0, |pending| pending.failures);
            if !self.pause(failures, &reason).await {
                return false;
            }
        }
        true
    }

    async fn invoke(&self, records: &[Value]) -> Outcome {
        let event = json!({ "Records": records });
        let invocation = self.events.functions.invoke(&self.function, event);
        let answer = match tokio::time::timeout(self.timeout, invocation).await {
            Err(_) => return Outcome::Failed(format!("took more than {} s", self.timeout.as_secs())),
            Ok(Err(EventError::Malformed(reason) | EventError::Retryable(reason))) => {
                return Outcome::Failed(reason);
            }
            Ok(Ok(answer)) => answer,
        };
        let failed: Vec<&Value> = answer["batchItemFailures"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|failure| &failure["itemIdentifier"])
            .collect();
        if failed.is_empty() {
            return Outcome::Done;
        }
        // As Lambda does: the first failed record becomes the checkpoint, and an unknown one fails the whole batch.
        let place = records.iter().position(|record| failed.contains(&&record["dynamodb"]["SequenceNumber"]));
        match place {
            Some(place) => Outcome::FailedFrom(place, "the function reported the record as failed".into()),
            None => Outcome::Failed("the function reported a record that it was not given".into()),
        }
    }

    /// Rests before the next attempt; answers whether to go on.
    async fn pause(&self, failures: u32, reason: &str) -> bool {
        tracing::warn!(function = self.function, failures, reason, "a delivery failed and is tried again");
        let pause = self.events.retry_base.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
        self.events.shutdown.sleep(pause).await
    }

    async fn give_up(&self, pending: &Pending, reason: &str) {
        let event = json!({ "Records": pending.records });
        self.events.dead_letters.add(&self.function, event, pending.failures, reason).await;
    }
}
