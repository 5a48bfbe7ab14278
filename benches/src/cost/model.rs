//! The file `prices.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) as_of: String,
    pub(super) prices: BTreeMap<String, Price>,
    pub(super) free: BTreeMap<String, f64>,
    pub(super) billed: Billed,
    pub(super) activity: Activity,
    pub(super) sizes: Sizes,
    pub(super) scales: Vec<Scale>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub(super) dollars: f64,
    pub(super) per: f64,
    pub(super) source: String,
}

/// How long invocations are billed for, and what they log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Billed {
    pub(super) base_ms: f64,
    pub(super) table_call_ms: f64,
    pub(super) object_call_ms: f64,
    pub(super) gateway_line_bytes: f64,
    pub(super) function_line_bytes: f64,
    pub(super) metrics_bytes: f64,
}

/// What a listener does on a day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    pub(super) tracks_heard: f64,
    pub(super) listens_a_request: usize,
    pub(super) requests: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) route: String,
    pub(super) times: f64,
    /// What the function reads from the bucket for them.
    #[serde(default)]
    pub(super) object_gets: f64,
    /// What the client reads from the bucket itself.
    #[serde(default)]
    pub(super) sound_gets: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    pub(super) track_mb: f64,
    pub(super) cover_kb: f64,
    pub(super) track_kb: f64,
    pub(super) listener_kb: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) listeners: f64,
    pub(super) tracks: f64,
    /// The share of them who listen on a day.
    pub(super) active: f64,
}
