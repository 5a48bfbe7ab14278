//! A server under constant load for long, to see whether its memory grows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::mix::Mix;
use super::step;
use crate::Failure;
use crate::api::Api;
use crate::programs::{Server, eprintln_progress, megabytes};
use crate::report::{millis, table};
use crate::scenario::Scenario;
use crate::times::Times;

/// The memory is looked at so often.
const EVERY: Duration = Duration::from_secs(5);
/// The token is renewed so often; it expires after three times as long.
const RENEWED: Duration = Duration::from_secs(300);
/// Times that somebody signs in before the memory is looked at.
const SIGN_INS: usize = 20;
/// Growth in the second half, as a share of the memory in its middle, that counts as none.
const TOLERATED: f64 = 0.05;

pub(crate) async fn run(minutes: u32, rate: u32) -> Result<String, Failure> {
    let server = Server::start().await?;
    let api = Api::new(&server.url);
    let scenario = Scenario::prepare(&api).await?;
    scenario.settle(&api).await?;
    let mix = Arc::new(Mix::new(scenario));
    // Hashing a password takes memory that the allocator keeps; that is no growth.
    for _ in 0..SIGN_INS {
        mix.renew(&api).await?;
    }
    let started = Instant::now();
    let length = Duration::from_secs(u64::from(minutes) * 60);
    let mut renewed = Instant::now();
    let mut samples: Vec<(f64, f64)> = Vec::new();
    let (mut failed, mut all) = (0, Vec::new());
    while started.elapsed() < length {
        let done = step(&api, &mix, rate, EVERY).await;
        failed += done.failed;
        all.push(done.times);
        samples.push((started.elapsed().as_secs_f64() / 60.0, server.resident()? as f64));
        if samples.len().is_multiple_of(12) {
            eprintln_progress(&format!("soak: minute {}", samples.len() / 12));
        }
        if renewed.elapsed() > RENEWED {
            mix.renew(&api).await?;
            renewed = Instant::now();
        }
    }
    Ok(report(&samples, &all, failed, rate))
}

fn report(samples: &[(f64, f64)], all: &[Times], failed: usize, rate: u32) -> String {
    let later = &samples[samples.len() / 2..];
    let slope = slope(later);
    let middle = later.iter().map(|(_, bytes)| bytes).sum::<f64>() / later.len().max(1) as f64;
    let length = later.last().map_or(0.0, |(end, _)| end - later[0].0);
    let grown = slope * length / middle;
    let verdict = if grown <= TOLERATED { "it does not grow" } else { "it grows" };
    let p99 = Times::from_iter(all.iter().map(|times| times.quantile(0.99)));
    let at = |share: f64| {
        let place = (share * (samples.len() - 1) as f64) as usize;
        samples.get(place).map_or_else(String::new, |(_, bytes)| megabytes(*bytes as u64))
    };
    let rows = [
        ("requests a second", rate.to_string()),
        ("answered", all.iter().map(Times::count).sum::<usize>().to_string()),
        ("failed", failed.to_string()),
        ("p99 of five seconds, median", millis(p99.median())),
        ("p99 of five seconds, worst", millis(p99.quantile(1.0))),
        (
            "resident at the start, a quarter, half, three quarters, the end",
            [0.0, 0.25, 0.5, 0.75, 1.0].map(at).join(", "),
        ),
        ("growth in the second half, least squares", format!("{:.2} MB a minute", slope / 1e6)),
        ("verdict", format!("{verdict}: {:.1} % in {length:.0} minutes", grown * 100.0)),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect();
    table(&["", "measured"], &rows)
}

/// Slope of the line with the least squares of distances.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let mean = |value: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}
