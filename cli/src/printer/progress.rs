//! What changes in place on a terminal: a line that says what goes on, and a bar that counts bytes.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Printer;
use crate::text::escape;

impl Printer {
    /// A line that changes while something goes on: in place on a terminal, else a new line per change.
    pub(crate) fn status(&self) -> StatusLine {
        let bar = self.animated().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style("{spinner} {msg} ({elapsed})"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        StatusLine { printer: self.clone(), bar, last: String::new() }
    }

    /// Counts bytes of which nobody knows how many there will be; nothing without a terminal.
    pub(crate) fn bytes_counter(&self, heading: &str) -> BytesBar {
        if !self.animated() {
            return BytesBar(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {msg} {bytes} {bytes_per_sec}"));
        bar.set_message(heading.to_owned());
        BytesBar(Some(bar))
    }

    /// A bar that counts bytes; nothing but its heading without a terminal.
    pub(crate) fn bytes_bar(&self, heading: &str, total: u64) -> BytesBar {
        if !self.animated() {
            self.note(heading);
            return BytesBar(None);
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        bar.set_style(style("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"));
        bar.set_message(heading.to_owned());
        BytesBar(Some(bar))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// See [`Printer::status`].
pub(crate) struct StatusLine {
    printer: Printer,
    bar: Option<ProgressBar>,
    last: String,
}

impl StatusLine {
    /// Shows `text`, unless it is what is shown.
    pub(crate) fn set(&mut self, text: &str) {
        if self.last == text {
            return;
        }
        text.clone_into(&mut self.last);
        match &self.bar {
            Some(bar) => bar.set_message(escape(text)),
            None => self.printer.note(text),
        }
    }

    /// A hint above the line, which stays.
    pub(crate) fn hint(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.hint(text)),
            None => self.printer.hint(text),
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// See [`Printer::bytes_bar`].
pub(crate) struct BytesBar(Option<ProgressBar>);

impl BytesBar {
    pub(crate) fn add(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

impl Drop for BytesBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
