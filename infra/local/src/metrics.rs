//! `/metrics`: what the functions count, for Prometheus. In a deployment the same goes to CloudWatch.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mixtape_telemetry::{Kind, Metric, Record, Subject, Telemetry};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::pump::DeadLetters;

/// Upper ends of the buckets of a histogram, in seconds.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// As [`text::encode`] writes it.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Gauges<N, A> = Family<Labels, Gauge<N, A>>;

/// The metrics of all functions of one stack. Clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    families: Vec<(Metric, Values)>,
    dead_letters: Gauge,
}

enum Values {
    Counters(Family<Labels, Counter<f64>>),
    Gauges(Gauges<f64, std::sync::atomic::AtomicU64>),
    Histograms(Family<Labels, Histogram>),
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let families = Metric::ALL.map(|metric| {
            let values = match metric.kind() {
                Kind::Counter => Values::Counters(Family::default()),
                Kind::Gauge => Values::Gauges(Family::default()),
                Kind::Histogram => {
                    Values::Histograms(Family::new_with_constructor(|| Histogram::new(BUCKETS)))
                }
            };
            let (name, help) = (metric.prometheus(), metric.help());
            match &values {
                Values::Counters(family) => registry.register(name, help, family.clone()),
                Values::Gauges(family) => registry.register(name, help, family.clone()),
                Values::Histograms(family) => registry.register(name, help, family.clone()),
            }
            (metric, values)
        });
        let dead_letters = Gauge::default();
        registry.register(
            "mixtape_dead_letters",
            "Events that were given up and not delivered again",
            dead_letters.clone(),
        );
        Self { shared: Arc::new(Shared { registry, families: families.into(), dead_letters }) }
    }

    /// What a function of this stack reports to.
    pub(crate) fn telemetry(&self, function: &str) -> Telemetry {
        let metrics = self.clone();
        Telemetry::to(function, move |record| {
            log(record);
            metrics.take(record);
        })
    }

    fn take(&self, record: &Record) {
        for (metric, value) in &record.values {
            let family = self.shared.families.iter().find(|(other, _)| other == metric);
            let Some((_, values)) = family else { continue };
            let labels = labels(*metric, record);
            match values {
                Values::Counters(family) => drop(family.get_or_create(&labels).inc_by(*value)),
                Values::Gauges(family) => drop(family.get_or_create(&labels).set(*value)),
                Values::Histograms(family) => family.get_or_create(&labels).observe(seconds(*metric, *value)),
            }
        }
    }

    fn text(&self, dead_letters: usize) -> Result<String, std::fmt::Error> {
        self.shared.dead_letters.set(i64::try_from(dead_letters).unwrap_or(i64::MAX));
        let mut text = String::new();
        text::encode(&mut text, &self.shared.registry)?;
        Ok(text)
    }
}

/// Answers `GET /metrics`.
pub(crate) async fn get(State((metrics, dead_letters)): State<(Metrics, DeadLetters)>) -> Response {
    let count = dead_letters.count().map_err(|error| error.to_string());
    match count.and_then(|count| metrics.text(count).map_err(|error| error.to_string())) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(error, "the metrics cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn seconds(metric: Metric, value: f64) -> f64 {
    if metric == Metric::Latency { value / 1e3 } else { value }
}

/// What the values of a metric are told apart by. None of it is chosen by a caller: a path that is none has no route.
fn labels(metric: Metric, record: &Record) -> Labels {
    let mut labels = vec![("function", record.function.to_string())];
    if let (Metric::Requests | Metric::Latency, Subject::Request { method, route }) =
        (metric, &record.subject)
    {
        labels.push(("method", known_method(method).to_owned()));
        labels.push(("route", route.clone()));
    }
    if let (Metric::Requests, Some(status)) = (metric, record.outcome.status) {
        labels.push(("status", status.to_string()));
    }
    if let (Metric::Errors, Some(code)) = (metric, &record.outcome.code) {
        labels.push(("code", code.to_string()));
    }
    labels
}

fn known_method(method: &str) -> &str {
    const KNOWN: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}

fn log(record: &Record) {
    let (function, duration_ms) = (&*record.function, record.milliseconds());
    let Subject::Request { method, route } = &record.subject else {
        // What an event did, its function says in words of its own.
        return;
    };
    tracing::info!(
        target: "mixtape_requests",
        function,
        request.id = %record.outcome.request_id,
        http.method = method,
        http.route = route,
        http.status = record.outcome.status,
        duration_ms,
        "request"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mixtape_telemetry::Outcome;

    use super::*;

    #[tokio::test]
    async fn what_callers_choose_makes_no_series() {
        let metrics = Metrics::new();
        let telemetry = metrics.telemetry("tracks");
        for method in ["GET", "BREW", "GET\"} 1"] {
            let subject = Subject::Request { method: method.into(), route: String::new() };
            let outcome =
                |(): &()| Outcome { status: Some(404), code: Some("not_found".into()), ..Outcome::default() };
            telemetry.observe(subject, None, async {}, outcome).await;
        }
        let text = metrics.text(2).unwrap();
        let requests: Vec<_> =
            text.lines().filter(|line| line.starts_with("mixtape_requests_total{")).collect();
        assert_eq!(requests.len(), 2, "{text}");
        assert!(text.contains(r#"mixtape_errors_total{function="tracks",code="not_found"} 3.0"#), "{text}");
        assert!(text.contains("\nmixtape_dead_letters 2\n"), "{text}");
    }

    #[test]
    fn a_latency_is_told_in_seconds() {
        let metrics = Metrics::new();
        metrics.take(&Record {
            function: "home".into(),
            subject: Subject::Request { method: "GET".into(), route: "/v1/home".into() },
            outcome: Outcome { status: Some(200), ..Outcome::default() },
            trace_id: None,
            is_cold_start: false,
            duration: Duration::from_millis(30),
            values: vec![(Metric::Latency, 30.0)],
        });
        let text = metrics.text(0).unwrap();
        let labels = r#"function="home",method="GET",route="/v1/home""#;
        for line in [
            format!("mixtape_latency_seconds_sum{{{labels}}} 0.03"),
            format!(r#"mixtape_latency_seconds_bucket{{le="0.025",{labels}}} 0"#),
            format!(r#"mixtape_latency_seconds_bucket{{le="0.05",{labels}}} 1"#),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
}
