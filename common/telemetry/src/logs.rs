//! The other lines of the log.

use mixtape_settings::LogLevel;
use tracing::Level;

/// Writes what is logged to the standard output, a JSON object a line, each with the ids of its invocation.
pub(crate) fn write_json(level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
    };
    let lines =
        tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    lines.with_max_level(level).init();
}
