//! What is known about each invocation of a function: one record when it ends, with what it was, what came of it, how
//! long it took and what it counted on the way.
//!
//! In Lambda a record is one line of JSON on the standard output, which CloudWatch reads as a log event and, by the
//! embedded metric format, as metrics. Elsewhere it is given to whoever runs the functions. It never holds a body, a
//! header, a query or anything else that a caller has sent.

mod invocation;
mod lines;
mod logs;
mod metric;
mod trace;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use invocation::{add, called, set};
pub use metric::{Kind, Metric, Unit};
pub use trace::Call;

use invocation::Invocation;
use mixtape_settings::TelemetrySettings;
use trace::{Daemon, Trace};

/// Observes the invocations of one function. Clones share what is known.
#[derive(Clone)]
pub struct Telemetry {
    function: Arc<str>,
    /// Whether the function was invoked before, in this process.
    is_warm: Arc<AtomicBool>,
    sink: Sink,
    daemon: Option<Arc<Daemon>>,
}

#[derive(Clone)]
enum Sink {
    Lines { service: Option<Arc<str>> },
    Given(Arc<dyn Fn(&Record) + Send + Sync>),
}

/// What is invoked.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    Request {
        method: String,
        /// As the router knows it, `/v1/tracks/{id}`; empty where no route matched.
        route: String,
    },
    Event {
        /// How long ago the oldest of what the event tells of happened.
        age: Option<Duration>,
    },
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Of requests: the status of the answer.
    pub status: Option<u16>,
    /// Why it did not go well: the code of a problem, or what kind of failure an event met.
    pub code: Option<Cow<'static, str>>,
    /// The id under which it can be found elsewhere: the gateway's, or Lambda's.
    pub request_id: String,
}

/// One invocation that has ended.
#[derive(Debug, Clone)]
pub struct Record {
    pub function: Arc<str>,
    pub subject: Subject,
    pub outcome: Outcome,
    /// The header `X-Amzn-Trace-Id`, as Lambda was given it.
    pub trace_id: Option<String>,
    /// Whether it was the first one of this process.
    pub is_cold_start: bool,
    pub duration: Duration,
    /// What was counted on the way, and what follows from the rest.
    pub values: Vec<(Metric, f64)>,
}

impl Telemetry {
    /// Of a function that has this process for itself: records, and whatever else is logged, become lines of JSON on
    /// the standard output.
    ///
    /// # Panics
    /// This process logs already.
    pub fn start(function: &str, settings: &TelemetrySettings) -> Self {
        logs::write_json(settings.log_level);
        let sink = Sink::Lines { service: settings.service.as_deref().map(Into::into) };
        let daemon = settings.xray_daemon.as_deref().and_then(Daemon::at).map(Arc::new);
        Self { daemon, ..Self::new(function, sink) }
    }

    /// Records are given to `sink`.
    pub fn to(function: &str, sink: impl Fn(&Record) + Send + Sync + 'static) -> Self {
        Self::new(function, Sink::Given(Arc::new(sink)))
    }

    fn new(function: &str, sink: Sink) -> Self {
        Self { function: function.into(), is_warm: Arc::new(AtomicBool::new(false)), sink, daemon: None }
    }

    /// Does what `invocation` is, and records it. `outcome` says what came of it.
    pub async fn observe<F: Future>(
        &self,
        subject: Subject,
        trace_id: Option<String>,
        invocation: F,
        outcome: impl FnOnce(&F::Output) -> Outcome,
    ) -> F::Output {
        let started = Instant::now();
        let is_cold_start = !self.is_warm.swap(true, Ordering::Relaxed);
        let trace = trace_id.as_deref().zip(self.daemon.as_ref());
        let counts = Invocation::new(trace.and_then(|(header, daemon)| Trace::read(header, daemon)));
        let output = counts.scope(invocation).await;
        let mut record = Record {
            function: Arc::clone(&self.function),
            subject,
            outcome: outcome(&output),
            trace_id,
            is_cold_start,
            duration: started.elapsed(),
            values: counts.into_values(),
        };
        record.derive();
        match &self.sink {
            Sink::Lines { service } => lines::write(&record, service.as_deref()),
            Sink::Given(take) => take(&record),
        }
        output
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("function", &self.function).finish_non_exhaustive()
    }
}

impl Record {
    /// Adds the metrics that follow from what was invoked and what came of it.
    fn derive(&mut self) {
        let mut derived = Vec::new();
        match &self.subject {
            Subject::Request { .. } => {
                derived.extend([(Metric::Requests, 1.0), (Metric::Latency, self.milliseconds())]);
            }
            Subject::Event { age } => {
                derived.push((Metric::Events, 1.0));
                derived.extend(age.map(|age| (Metric::EventAge, age.as_secs_f64())));
            }
        }
        derived.extend(self.is_cold_start.then_some((Metric::ColdStarts, 1.0)));
        derived.extend(self.outcome.code.is_some().then_some((Metric::Errors, 1.0)));
        self.values.splice(0..0, derived);
    }

    /// How long it took, in milliseconds with three decimals.
    pub fn milliseconds(&self) -> f64 {
        (self.duration.as_secs_f64() * 1e6).round() / 1e3
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn request() -> Subject {
        Subject::Request { method: "GET".into(), route: "/v1/tracks/{id}".into() }
    }

    async fn record(invocations: usize, code: Option<&'static str>) -> Vec<Record> {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&records);
        let telemetry = Telemetry::to("tracks", move |record| kept.lock().unwrap().push(record.clone()));
        for _ in 0..invocations {
            let work = async {
                add(Metric::DynamoDbCalls, 1.0);
                tokio::task::yield_now().await;
                add(Metric::DynamoDbCalls, 2.0);
                set(Metric::IndexBytes, 10.0);
                set(Metric::IndexBytes, 20.0);
            };
            let outcome =
                |(): &()| Outcome { status: Some(200), code: code.map(Into::into), ..Outcome::default() };
            telemetry.observe(request(), None, work, outcome).await;
        }
        records.lock().unwrap().clone()
    }

    fn value(record: &Record, metric: Metric) -> Option<f64> {
        record.values.iter().find(|(other, _)| *other == metric).map(|(_, value)| *value)
    }

    #[tokio::test]
    async fn what_is_counted_belongs_to_one_invocation() {
        let records = record(2, None).await;
        assert_eq!(records.len(), 2);
        for (record, is_cold_start) in records.iter().zip([true, false]) {
            assert_eq!(record.is_cold_start, is_cold_start);
            assert_eq!(value(record, Metric::ColdStarts), is_cold_start.then_some(1.0));
            assert_eq!(value(record, Metric::DynamoDbCalls), Some(3.0));
            assert_eq!(value(record, Metric::IndexBytes), Some(20.0));
            assert_eq!(value(record, Metric::Requests), Some(1.0));
            assert_eq!(value(record, Metric::Errors), None);
        }
        assert_eq!(value(&record(1, Some("not_found")).await[0], Metric::Errors), Some(1.0));
    }

    #[tokio::test]
    async fn invocations_at_the_same_time_are_told_apart() {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&records);
        let telemetry = Telemetry::to("tracks", move |record| kept.lock().unwrap().push(record.clone()));
        let one = |calls: u32| {
            let telemetry = telemetry.clone();
            async move {
                let work = async {
                    for _ in 0..calls {
                        add(Metric::DynamoDbCalls, 1.0);
                        tokio::task::yield_now().await;
                    }
                };
                telemetry.observe(request(), None, work, |(): &()| Outcome::default()).await;
            }
        };
        tokio::join!(one(3), one(7), one(5));
        let mut counted: Vec<_> = records
            .lock()
            .unwrap()
            .iter()
            .filter_map(|record| value(record, Metric::DynamoDbCalls))
            .collect();
        counted.sort_by(f64::total_cmp);
        assert_eq!(counted, [3.0, 5.0, 7.0]);
    }

    #[test]
    fn counting_outside_of_an_invocation_does_nothing() {
        add(Metric::Listens, 1.0);
    }
}
