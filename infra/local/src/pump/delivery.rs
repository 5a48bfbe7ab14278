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
    /// Delivers the records in their order until all were handled or given up. Answers false when it was stopped
    /// before.
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::functions::Functions;
    use crate::pump::DeadLetters;
    use crate::shutdown::Shutdown;

    /// Delivers the records 1 to `count` to a function that is asked for each what becomes of it, and answers the
    /// batches that it was given and the records that were given up.
    async fn deliver(
        count: u64,
        max_retries: u32,
        bisects: bool,
        answer: impl Fn(&[u64]) -> Result<Value, EventError> + Send + Sync + 'static,
    ) -> (Vec<Vec<u64>>, Vec<u64>) {
        let numbers = |event: &Value| -> Vec<u64> {
            let records = event["Records"].as_array().unwrap();
            records.iter().map(|record| record["dynamodb"]["SequenceNumber"].as_u64().unwrap()).collect()
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (Arc::clone(&seen), Arc::new(answer));
        let functions = Functions::only("cleanup", move |event| {
            let batch = numbers(&event);
            noted.lock().unwrap().push(batch.clone());
            let answer = Arc::clone(&answer);
            async move { answer(&batch) }
        });
        let folder = tempfile::tempdir().unwrap();
        let dead_letters = DeadLetters::open(folder.path()).unwrap();
        let events = Events {
            functions,
            dead_letters: dead_letters.clone(),
            retry_base: Duration::from_micros(10),
            shutdown: Shutdown::default(),
        };
        let timeout = Duration::from_millis(200);
        let delivery = Delivery { function: "cleanup".into(), timeout, bisects, max_retries, events };
        let record = |number: u64| json!({ "dynamodb": { "SequenceNumber": number } });
        assert!(delivery.deliver((1..=count).map(record).collect()).await);
        let given_up =
            dead_letters.list().unwrap().iter().flat_map(|letter| numbers(&letter.event)).collect();
        let seen = seen.lock().unwrap().clone();
        (seen, given_up)
    }

    fn failed(number: u64) -> Result<Value, EventError> {
        Ok(json!({ "batchItemFailures": [{ "itemIdentifier": number }] }))
    }

    #[tokio::test]
    async fn a_batch_that_was_handled_is_delivered_once() {
        for answer in [json!({ "batchItemFailures": [] }), json!({}), Value::Null] {
            let (seen, given_up) = deliver(3, 2, true, move |_| Ok(answer.clone())).await;
            assert_eq!((seen, given_up), (vec![vec![1, 2, 3]], vec![]));
        }
    }

    #[tokio::test]
    async fn what_comes_after_the_first_failed_record_is_delivered_again() {
        let attempts = Mutex::new(0);
        let answer = move |_: &[u64]| {
            let mut attempts = attempts.lock().unwrap();
            *attempts += 1;
            if *attempts == 1 { failed(2) } else { Ok(Value::Null) }
        };
        let (seen, given_up) = deliver(3, 2, false, answer).await;
        assert_eq!((seen, given_up), (vec![vec![1, 2, 3], vec![2, 3]], vec![]));
    }

    #[tokio::test]
    async fn halving_gives_up_only_the_record_that_cannot_be_handled() {
        let answer = |batch: &[u64]| {
            if batch.contains(&3) { Err(EventError::Retryable("three".into())) } else { Ok(Value::Null) }
        };
        let (seen, given_up) = deliver(4, 2, true, answer).await;
        assert_eq!(given_up, [3]);
        let handled: Vec<u64> = seen.iter().filter(|batch| !batch.contains(&3)).flatten().copied().collect();
        assert_eq!(handled, [1, 2, 4], "each other record is handled once, in order");
        assert_eq!(seen.iter().filter(|batch| **batch == [3]).count(), 3, "tried once and twice more");
    }

    #[tokio::test]
    async fn without_halving_a_batch_is_given_up_as_a_whole() {
        let (seen, given_up) = deliver(2, 1, false, |_| Err(EventError::Malformed("no".into()))).await;
        assert_eq!((seen, given_up), (vec![vec![1, 2], vec![1, 2]], vec![1, 2]));
    }

    #[tokio::test]
    async fn a_panic_or_an_unknown_record_fails_the_batch() {
        let (seen, given_up) = deliver(1, 0, true, |_| panic!("a bug")).await;
        assert_eq!((seen, given_up), (vec![vec![1]], vec![1]));
        let (seen, given_up) = deliver(1, 0, true, |_| failed(99)).await;
        assert_eq!((seen, given_up), (vec![vec![1]], vec![1]));
    }
}
