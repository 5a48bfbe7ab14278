//! What is printed: tables in Markdown, and what they were measured on.

use std::fmt::Write as _;

use mixtape_domain::Clock;

/// A table in Markdown; all columns but the first hold numbers.
pub(crate) fn table<S: AsRef<str>>(columns: &[&str], rows: &[Vec<S>]) -> String {
    let mut text = format!("| {} |\n| --- |{}\n", columns.join(" | "), " ---: |".repeat(columns.len() - 1));
    for row in rows {
        let cells: Vec<&str> = row.iter().map(AsRef::as_ref).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// The machine and the day, as one sentence.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field("model name").unwrap_or_else(|| "an unnamed processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
    let memory = kilobytes.map_or(String::new(), |kilobytes| format!(", {} GB", kilobytes.div_ceil(1 << 20)));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let date: String = Clock::system().now().to_string().chars().take(10).collect();
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!(
        "{date}, {model}, {cores} cores{memory}, {} {}, load {load} at the start, {profile} build.",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// Milliseconds with as many digits as they are worth.
pub(crate) fn millis(time: std::time::Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{millis:.0} ms") }
}
