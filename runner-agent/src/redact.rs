//! Replaces the values of secrets in what people read.

use aho_corasick::{AhoCorasick, MatchKind};
use patr_models::deployment::{Failure, logs::LogLine};

/// What stands where a value was.
const REDACTED: &str = "[secret]";
/// A shorter value is found in any text, and replacing it would tell more than it hides.
const SHORTEST: usize = 4;

/// Finds the values of some secrets.
#[derive(Debug, Default)]
pub(crate) struct Redactor(Option<AhoCorasick>);

impl Redactor {
    /// Logs come line by line, so each line of a value counts as one.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let lines = values.into_iter().flat_map(|value| value.split(|&byte| byte == b'\n'));
        let lines = lines.map(<[u8]>::trim_ascii).filter(|line| line.len() >= SHORTEST);
        let mut needles: Vec<&[u8]> = lines.collect();
        needles.sort_unstable();
        needles.dedup();
        if needles.is_empty() {
            return Self(None);
        }
        // Where one value begins with another, all of it goes.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(needles);
        Self(finder.ok())
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let Some(finder) = self.0.as_ref().filter(|finder| finder.is_match(text)) else {
            return text.to_owned();
        };
        let mut clean = Vec::with_capacity(text.len());
        finder.replace_all_with_bytes(text.as_bytes(), &mut clean, |_, _, clean| {
            clean.extend_from_slice(REDACTED.as_bytes());
            true
        });
        // A value that is no text may have been cut out of the middle of a character.
        String::from_utf8_lossy(&clean).into_owned()
    }

    pub(crate) fn line(&self, line: LogLine) -> LogLine {
        if self.0.is_none() {
            return line;
        }
        LogLine { text: self.text(&line.text), ..line }
    }

    pub(crate) fn lines(&self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| self.text(line)).collect()
    }

    pub(crate) fn failure(&self, failure: Failure) -> Failure {
        let Failure { kind, message, logs } = failure;
        Failure { kind, message: self.text(&message), logs: self.lines(&logs) }
    }
}

#[cfg(test)]
mod tests {
    use patr_models::deployment::FailureKind;

    use super::*;

    fn of(values: &[&str]) -> Redactor {
        Redactor::new(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn values_are_replaced_wherever_they_stand_and_the_longest_first() {
        let redactor = of(&["hunter2", "hunter22"]);
        assert_eq!(redactor.text("a=hunter22,b=hunter2hunter2"), "a=[secret],b=[secret][secret]");
    }

    #[test]
    fn every_line_of_a_value_is_replaced() {
        let redactor = of(&["-----BEGIN KEY-----\r\nMIIEabcd\n-----END KEY-----\n"]);
        assert_eq!(redactor.text("read MIIEabcd"), "read [secret]");
    }

    #[test]
    fn very_short_values_are_left() {
        assert_eq!(of(&["1", "abc", ""]).text("1 abc"), "1 abc");
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let redactor = Redactor::new([&[0xa4, 0xc3, 0xa4, 0xc3][..]]);
        assert_eq!(redactor.text("ää"), "ää");
    }

    #[test]
    fn a_failure_shows_none_in_its_message_and_lines() {
        let logs = vec!["key hunter22".to_owned()];
        let failure = Failure { kind: FailureKind::Exited, message: "ended: hunter22".to_owned(), logs };
        let clean = of(&["hunter22"]).failure(failure);
        assert_eq!(
            (clean.message.as_str(), clean.logs),
            ("ended: [secret]", vec!["key [secret]".to_owned()])
        );
    }
}
