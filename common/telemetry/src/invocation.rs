//! The invocation that is going on, where whatever it calls can count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::Metric;
use crate::trace::{Call, Trace};

tokio::task_local! {
    static CURRENT: Invocation;
}

/// What one invocation has counted so far.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    values: Arc<Mutex<BTreeMap<Metric, f64>>>,
    trace: Option<Trace>,
}

impl Invocation {
    pub(crate) fn new(trace: Option<Trace>) -> Self {
        Self { values: Arc::default(), trace }
    }

    /// Lets `future` count here.
    pub(crate) async fn scope<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(self.clone(), future).await
    }

    pub(crate) fn into_values(self) -> Vec<(Metric, f64)> {
        std::mem::take(&mut *self.values.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }

    fn change(&self, metric: Metric, change: impl FnOnce(f64) -> f64) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values.entry(metric).or_default();
        *value = change(*value);
    }
}

/// Adds to a metric of the invocation that is going on; does nothing outside of one, and in tasks and threads that one
/// has started.
pub fn add(metric: Metric, value: f64) {
    let _ = CURRENT.try_with(|invocation| invocation.change(metric, |before| before + value));
}

/// As [`add`], for a value that replaces the one before.
pub fn set(metric: Metric, value: f64) {
    let _ = CURRENT.try_with(|invocation| invocation.change(metric, |_| value));
}

/// Tells the trace of the invocation that is going on, if it has one, of a call that has just ended.
pub fn called(call: &Call<'_>) {
    let _ = CURRENT.try_with(|invocation| {
        if let Some(trace) = &invocation.trace {
            trace.tell(call, SystemTime::now());
        }
    });
}
