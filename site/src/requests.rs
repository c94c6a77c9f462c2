//! Which requests to a deployment are looked for, and how one is said.

use patr_models::deployment::requests::RequestLine;

use crate::{format, spec::visible, status::Tone, text::deployments as words};

/// What somebody looks for in what is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// A part of what was asked, or of who has asked.
    pub text: String,
    /// Only what was refused, failed, or was not answered at all.
    pub only_failed: bool,
}

impl Filter {
    /// Whether a request is looked for.
    pub fn finds(&self, line: &RequestLine) -> bool {
        let is_failed = line.status == 0 || line.status >= 400;
        if self.only_failed && !is_failed {
            return false;
        }
        let id = line.id.as_deref().unwrap_or_default();
        let parts = [&*asked(line), &line.client, &line.replica, id];
        parts.iter().any(|part| part.contains(&self.text))
    }
}

/// What was asked: method, host, path and query.
pub fn asked(line: &RequestLine) -> String {
    visible(&format!("{} {}{}", line.method, line.host, line.target))
}

/// The status; `---` where nobody was answered.
pub fn status(line: &RequestLine) -> String {
    if line.status == 0 { "---".to_owned() } else { line.status.to_string() }
}

/// How that looks.
pub fn tone(line: &RequestLine) -> Tone {
    match line.status {
        0 | 500.. => Tone::Bad,
        400..500 => Tone::Warning,
        _ => Tone::Quiet,
    }
}

/// How it went: how long it took, how much was answered, to whom, and by which replica.
pub fn details(line: &RequestLine) -> String {
    let replica = if line.replica.is_empty() { words::NO_REPLICA } else { &line.replica };
    let took = words::took(line.total_ms, line.first_byte_ms);
    visible(&format!("{took}, {}, {}, {replica}", format::bytes(line.bytes), line.client))
}

#[cfg(test)]
mod tests {
    use patr_models::time::Millis;

    use super::*;

    fn line(status: u16, target: &str) -> RequestLine {
        RequestLine {
            at: Millis(1),
            method: "GET".to_owned(),
            host: "web-acme.example".to_owned(),
            target: target.to_owned(),
            status,
            first_byte_ms: 8,
            total_ms: 12,
            bytes: 1536,
            client: "192.0.2.7".to_owned(),
            replica: "4e1b".to_owned(),
            id: Some("req-1".to_owned()),
            missed: 0,
        }
    }

    #[test]
    fn a_request_is_found_by_what_was_asked_by_whom_and_by_the_id_that_a_client_quotes() {
        let of = |text: &str| Filter { text: text.to_owned(), only_failed: false };
        for text in ["", "GET web-acme", "/pay?x", "192.0.2", "req-1", "4e1b"] {
            assert!(of(text).finds(&line(200, "/pay?x=1")), "{text}");
        }
        assert!(!of("/other").finds(&line(200, "/pay")));
    }

    #[test]
    fn what_was_not_answered_has_failed_too() {
        let failed = Filter { only_failed: true, ..Filter::default() };
        let found = [0, 101, 200, 302, 399, 400, 404, 500].map(|status| failed.finds(&line(status, "/")));
        assert_eq!(found, [true, false, false, false, false, true, true, true]);
        let tones = [0, 200, 404, 503].map(|status| tone(&line(status, "/")));
        assert_eq!(tones, [Tone::Bad, Tone::Quiet, Tone::Warning, Tone::Bad]);
    }

    #[test]
    fn a_request_is_said_without_what_would_command_a_terminal() {
        let mut line = line(0, "/\u{1b}]0;title\u{7}");
        line.replica.clear();
        assert_eq!(status(&line), "---");
        assert!(!asked(&line).contains(['\u{1b}', '\u{7}']));
        assert_eq!(details(&line), "12 ms (8 ms until it began), 1.5 KiB, 192.0.2.7, no replica");
    }
}
