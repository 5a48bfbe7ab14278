//! How far a command is: a bar on a terminal, a line at each tenth elsewhere.

use std::sync::Mutex;
use std::time::Instant;

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

use crate::cli::complain;

/// What is counted beside the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    Tracks,
    /// In place of bytes.
    Listens,
    /// Files, and how many there are in total.
    Files(u64),
}

/// Progress over bytes. It can be shared; dropping it takes the bar away.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    unit: Unit,
    size: u64,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    count: u64,
    /// Tenths that were reported.
    tenths: u64,
}

impl Progress {
    pub(crate) fn new(size: u64, unit: Unit) -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let template = match unit {
            Unit::Tracks | Unit::Listens => "{bar:40} {percent:>3} %  {msg}  {eta} left",
            Unit::Files(_) => "{bar:30} {percent:>3} %  {msg}  {decimal_bytes_per_sec}  {eta} left",
        };
        let bar = is_terminal.then(|| {
            let style = ProgressStyle::with_template(template);
            ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, unit, size: size.max(1), started: Instant::now(), state: Mutex::default() }
    }

    /// Says something beside the bar.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => complain(text),
        }
    }

    /// Some more bytes, and so many tracks or files that are done with them.
    pub(crate) fn advance(&self, bytes: u64, count: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.bytes += bytes;
        state.count += count;
        let tenths = (u128::from(state.bytes) * 10 / u128::from(self.size)).min(10) as u64;
        if let Some(bar) = &self.bar {
            bar.set_position(state.bytes);
            if count > 0 {
                bar.set_message(self.counted(state.count));
            }
        } else if tenths > state.tenths {
            state.tenths = tenths;
            let rate = match self.unit {
                Unit::Tracks | Unit::Listens => String::new(),
                Unit::Files(_) => format!("  {}/s", DecimalBytes(self.per_second(state.bytes) as u64)),
            };
            complain(&format!("{:>3} %  {}{rate}", tenths * 10, self.counted(state.count)));
        }
    }

    /// Bytes that were counted but have to be sent again.
    pub(crate) fn take_back(&self, bytes: u64) {
        if let Ok(mut state) = self.state.lock() {
            state.bytes = state.bytes.saturating_sub(bytes);
        }
    }

    fn counted(&self, count: u64) -> String {
        match self.unit {
            Unit::Tracks => format!("{count} tracks"),
            Unit::Listens => format!("{count} listens"),
            Unit::Files(total) => {
                format!("{count} of {total} files  {:.1} files/s", self.per_second(count))
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    fn per_second(&self, amount: u64) -> f64 {
        amount as f64 / self.started.elapsed().as_secs_f64().max(0.001)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
