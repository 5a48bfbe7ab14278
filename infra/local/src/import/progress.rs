//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::complain;

/// Progress over the bytes of a file.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    size: u64,
    done: u64,
    /// Tenths of the file that were reported.
    tenths: u64,
}

impl Progress {
    pub(super) fn new(size: u64) -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let bar = is_terminal.then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg} tracks  {eta} left");
            ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, size: size.max(1), done: 0, tenths: 0 }
    }

    /// Says something beside the bar.
    pub(super) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => complain(text),
        }
    }

    pub(super) fn advance(&mut self, bytes: u64, tracks: usize) {
        self.done += bytes;
        if let Some(bar) = &self.bar {
            bar.set_message(tracks.to_string());
            bar.set_position(self.done);
            return;
        }
        let tenths = self.done * 10 / self.size;
        if tenths > self.tenths {
            self.tenths = tenths;
            complain(&format!("{:>3} %  {tracks} tracks", (tenths * 10).min(100)));
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
