//! A record as one line of JSON.
//!
//! What makes it a metric is `_aws`, as the specification of the embedded metric format has it:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::{Metric, Outcome, Record, Subject};

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "Mixtape";

pub(crate) fn write(record: &Record, service: Option<&str>) {
    let mut line = line(record, service, jiff::Timestamp::now()).to_string();
    line.push('\n');
    // Where the log cannot be written, there is nowhere to say so.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn line(record: &Record, service: Option<&str>, now: jiff::Timestamp) -> Value {
    let mut fields = Map::new();
    let mut field = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    field("timestamp", Value::from(format!("{now:.3}")));
    let Outcome { status, code, .. } = &record.outcome;
    let (message, is_failure) = match record.subject {
        Subject::Request { .. } => ("request", status.is_some_and(|status| status >= 500)),
        Subject::Event { .. } => ("event", code.is_some()),
    };
    field("level", Value::from(if is_failure { "ERROR" } else { "INFO" }));
    field("message", Value::from(message));
    field("function", Value::from(&*record.function));
    field("request_id", Value::from(record.outcome.request_id.as_str()));
    if let Some(trace_id) = &record.trace_id {
        field("trace_id", Value::from(root(trace_id)));
    }
    field("cold_start", Value::from(record.is_cold_start));
    field("duration_ms", Value::from(record.milliseconds()));
    if let Subject::Request { method, route } = &record.subject {
        field("method", Value::from(method.as_str()));
        field("route", Value::from(route.as_str()));
    }
    if let Some(status) = status {
        field("status", Value::from(*status));
    }
    if let Some(code) = code {
        field("code", Value::from(&**code));
    }
    for (metric, value) in &record.values {
        field(metric.name(), Value::from(*value));
    }
    if let Some(service) = service {
        field("service", Value::from(service));
        field("_aws", json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives(record) }));
    }
    Value::Object(fields)
}

/// What of the line is a metric. Each combination of a name and values of dimensions is one that costs, so there is one
/// dimension, the deployment, and for errors a second.
fn directives(record: &Record) -> Value {
    let (errors, others): (Vec<Metric>, Vec<Metric>) =
        record.values.iter().map(|(metric, _)| *metric).partition(|metric| *metric == Metric::Errors);
    let directive = |metrics: Vec<Metric>, dimensions: &[&str]| {
        let metrics: Vec<_> = metrics
            .iter()
            .map(|metric| json!({ "Name": metric.name(), "Unit": metric.unit().name() }))
            .collect();
        (!metrics.is_empty())
            .then(|| json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics }))
    };
    [directive(others, &["service"]), directive(errors, &["service", "code"])].into_iter().flatten().collect()
}

/// The id of the whole trace, of a header like
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn root(trace_id: &str) -> &str {
    trace_id.split(';').find_map(|part| part.trim().strip_prefix("Root=")).unwrap_or(trace_id)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(code: Option<&'static str>) -> Record {
        let mut record = Record {
            function: "tracks".into(),
            subject: Subject::Request { method: "GET".into(), route: "/v1/tracks/{id}".into() },
            outcome: Outcome {
                status: Some(if code.is_some() { 404 } else { 200 }),
                code: code.map(Into::into),
                request_id: "JKJaXmPLvHcESHA=".into(),
            },
            trace_id: Some(
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into(),
            ),
            is_cold_start: true,
            duration: Duration::from_micros(12_345),
            values: vec![(Metric::DynamoDbCalls, 2.0), (Metric::DynamoDbReadUnits, 1.5)],
        };
        record.derive();
        record
    }

    #[test]
    fn a_line_is_a_log_event_and_metrics() {
        let now = jiff::Timestamp::from_millisecond(1_790_000_000_123).unwrap();
        assert_eq!(
            line(&record(None), Some("mixtape"), now),
            json!({
                "timestamp": "2026-09-21T14:13:20.123Z",
                "level": "INFO",
                "message": "request",
                "function": "tracks",
                "request_id": "JKJaXmPLvHcESHA=",
                "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
                "cold_start": true,
                "duration_ms": 12.345,
                "method": "GET",
                "route": "/v1/tracks/{id}",
                "status": 200,
                "Requests": 1.0,
                "Latency": 12.345,
                "ColdStarts": 1.0,
                "DynamoDbCalls": 2.0,
                "DynamoDbReadUnits": 1.5,
                "service": "mixtape",
                "_aws": {
                    "Timestamp": 1_790_000_000_123_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Mixtape",
                        "Dimensions": [["service"]],
                        "Metrics": [
                            { "Name": "Requests", "Unit": "Count" },
                            { "Name": "Latency", "Unit": "Milliseconds" },
                            { "Name": "ColdStarts", "Unit": "Count" },
                            { "Name": "DynamoDbCalls", "Unit": "Count" },
                            { "Name": "DynamoDbReadUnits", "Unit": "Count" },
                        ],
                    }],
                },
            })
        );
    }

    #[test]
    fn errors_are_counted_by_their_code() {
        let line = line(&record(Some("not_found")), Some("mixtape"), jiff::Timestamp::now());
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives[1]["Dimensions"], json!([["service", "code"]]));
        assert_eq!(directives[1]["Metrics"], json!([{ "Name": "Errors", "Unit": "Count" }]));
        assert_eq!((&line["code"], &line["Errors"]), (&json!("not_found"), &json!(1.0)));
        // Every dimension and metric that a directive names must stand in the line.
        for directive in directives {
            for name in directive["Dimensions"][0].as_array().unwrap() {
                assert!(line[name.as_str().unwrap()].is_string(), "{name}");
            }
            for metric in directive["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
        }
    }

    #[test]
    fn what_goes_wrong_has_the_level_of_an_error() {
        let level = |subject, status, code: Option<&'static str>| {
            let outcome = Outcome { status, code: code.map(Into::into), ..Outcome::default() };
            let record = Record { subject, outcome, ..record(None) };
            line(&record, None, jiff::Timestamp::now())["level"].clone()
        };
        let request = || record(None).subject;
        assert_eq!(level(request(), Some(404), Some("not_found")), "INFO");
        assert_eq!(level(request(), Some(500), Some("internal")), "ERROR");
        assert_eq!(level(Subject::Event { age: None }, None, None), "INFO");
        assert_eq!(level(Subject::Event { age: None }, None, Some("not_all_handled")), "ERROR");
    }

    #[test]
    fn without_a_service_there_are_no_metrics() {
        let line = line(&record(None), None, jiff::Timestamp::now());
        assert_eq!((line.get("_aws"), &line["DynamoDbCalls"]), (None, &json!(2.0)));
    }
}
