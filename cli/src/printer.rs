//! The only place that writes: data to stdout, talk to stderr.

mod progress;

use std::io::{IsTerminal, Write};

use patr_models::page::Page;
use serde::Serialize;

use crate::{
    args::ListArgs,
    env_vars,
    failure::{Failure, Outcome, Stop},
    text::{escape, escape_log, table},
};

pub(crate) use progress::{BytesBar, StatusLine};

/// The form of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    // Without help of their own: one value with help makes clap spread every command's help over twice the lines.
    Table,
    Json,
}

/// Where everything is written.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    format: Format,
    quiet: bool,
    color: bool,
    interactive: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        let interactive = std::io::stderr().is_terminal();
        let color = interactive && std::env::var_os(env_vars::NO_COLOR).is_none_or(|value| value.is_empty());
        Self { format, quiet, color, interactive }
    }

    /// Whether data goes out as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A list: a table with `headers`, or the page as the API answers it.
    pub(crate) fn list<T: Serialize, const N: usize>(
        &self,
        page: &Page<T>,
        headers: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Outcome<()> {
        if self.is_json() {
            self.json(page)?;
        } else if page.items.is_empty() {
            self.note("nothing to show");
        } else {
            let rows = page.items.iter().map(|item| row(item).to_vec()).collect::<Vec<_>>();
            self.stdout(&table(&headers, &rows))?;
        }
        if let Some(next) = &page.next {
            self.hint(&format!("there is more: `--after {next}`"));
        }
        Ok(())
    }

    /// How to make the first one, when a list shows nothing although nothing was left out.
    pub(crate) fn first_step<T>(&self, page: &Page<T>, args: &ListArgs, hint: &str) {
        if page.items.is_empty() && !args.is_narrowed() {
            self.hint(hint);
        }
    }

    /// One thing: a line per field, or its JSON.
    pub(crate) fn item<T: Serialize>(&self, item: &T, fields: &[(&str, String)]) -> Outcome<()> {
        if self.is_json() {
            return self.json(item);
        }
        let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let line = |(name, value): &(&str, String)| format!("{name:width$}  {}\n", escape(value));
        self.stdout(&fields.iter().map(line).collect::<String>())
    }

    /// One thing, of which a script mostly wants one line: that line, or the JSON of the whole.
    pub(crate) fn answer<T: Serialize>(&self, item: &T, line: Option<&str>) -> Outcome<()> {
        match line {
            _ if self.is_json() => self.json(item),
            Some(line) => self.stdout(&format!("{}\n", escape(line))),
            None => Ok(()),
        }
    }

    /// A line that a replica wrote. Colors are kept, as is everything when no terminal reads it.
    pub(crate) fn log_line(&self, at: Option<&str>, replica: &str, text: &str) -> Outcome<()> {
        let at = at.map(|at| format!("{at}  ")).unwrap_or_default();
        let replica = escape(replica);
        let text = if std::io::stdout().is_terminal() { escape_log(text) } else { text.to_owned() };
        self.stdout(&format!("{at}{replica} | {text}\n"))
    }

    /// JSON on one line, for streams.
    pub(crate) fn json_line<T: Serialize>(&self, item: &T) -> Outcome<()> {
        let text = serde_json::to_string(item).map_err(|error| Failure::failed(error.to_string()))?;
        self.stdout(&format!("{text}\n"))
    }

    /// Text as it is, such as a completion script.
    pub(crate) fn raw(&self, text: &str) -> Outcome<()> {
        self.stdout(text)
    }

    /// Bytes as they are, such as an archive.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Outcome<()> {
        let mut stdout = std::io::stdout().lock();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// As [`Self::bytes`], to stderr: what a command in a replica writes there is data as well.
    pub(crate) fn error_bytes(&self, bytes: &[u8]) {
        // There is nowhere left to say that stderr is gone.
        let _ = std::io::stderr().lock().write_all(bytes);
    }

    fn json<T: Serialize>(&self, item: &T) -> Outcome<()> {
        let text = serde_json::to_string_pretty(item).map_err(|error| Failure::failed(error.to_string()))?;
        self.stdout(&format!("{text}\n"))
    }

    fn stdout(&self, text: &str) -> Outcome<()> {
        self.bytes(text.as_bytes())
    }

    /// What happens, for people. Lines may be shown several at a time; control characters are escaped.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.stderr(&lines(text));
        }
    }

    /// What a person must know for the command to go on, `--quiet` or not.
    pub(crate) fn announce(&self, text: &str) {
        self.stderr(&lines(text));
    }

    /// The next step.
    pub(crate) fn hint(&self, text: &str) {
        if !self.quiet {
            self.stderr(&format!("{} {}", self.paint("hint:", "36"), lines(text)));
        }
    }

    /// Why the command failed, and what to do.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.stderr(&format!("{} {}", self.paint("error:", "1;31"), lines(&failure.message)));
        if let Some(request) = failure.request {
            self.stderr(&format!("       request {request}"));
        }
        if let Some(hint) = &failure.hint {
            self.stderr(&format!("\n{} {}", self.paint("hint:", "36"), lines(hint)));
        }
    }

    fn paint(&self, text: &str, style: &str) -> String {
        if self.color { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn stderr(&self, text: &str) {
        // There is nowhere left to say that stderr is gone.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Asks for a line of stdin.
    pub(crate) fn ask(&self, question: &str) -> std::io::Result<String> {
        let mut stderr = std::io::stderr().lock();
        stderr.write_all(question.as_bytes())?;
        stderr.flush()?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(line)
    }

    fn animated(&self) -> bool {
        self.interactive && !self.quiet
    }
}

fn written(done: std::io::Result<()>) -> Outcome<()> {
    done.map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Stop::OutputClosed,
        _ => Failure::failed(format!("cannot write to stdout: {error}")).into(),
    })
}

fn lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}
