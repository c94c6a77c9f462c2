//! Questions that a replica must answer.

use super::{PortSpec, SpecError, ensure};

/// A question that a replica must answer: exactly one of an http request, a TCP connection and a command.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The port to ask; one of the declared ones.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `GET` this on the port and take 200–399 as success; only connect when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Run this inside the replica instead, and take exit code 0 as success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Seconds from one question to the next; 5 when absent. Before a replica has started it is asked more often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_s: Option<u32>,
    /// How long an answer may take, in seconds; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// How many questions in a row must go wrong before it counts; 3 when absent. One that has not started yet may fail
    /// until its deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
}

/// How a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask<'a> {
    Http { port: u16, path: &'a str },
    Tcp { port: u16 },
    Exec { command: &'a [String] },
}

impl Probe {
    /// Connects to a port.
    pub fn tcp(port: u16) -> Self {
        Self { port: Some(port), ..Self::default() }
    }

    /// Asks for a path.
    pub fn http(port: u16, path: impl Into<String>) -> Self {
        Self { port: Some(port), path: Some(path.into()), ..Self::default() }
    }

    /// Runs a command.
    pub fn exec(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { command: command.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// What is asked; `None` for one that does not say, which [`Self::check`] refuses.
    pub fn ask(&self) -> Option<Ask<'_>> {
        match (self.port, &self.path) {
            (None, _) if self.command.is_empty() => None,
            (None, _) => Some(Ask::Exec { command: &self.command }),
            (Some(port), Some(path)) => Some(Ask::Http { port, path }),
            (Some(port), None) => Some(Ask::Tcp { port }),
        }
    }

    /// Seconds from one question to the next.
    pub fn period_s(&self) -> u32 {
        self.period_s.unwrap_or(5)
    }

    /// How long an answer may take, in seconds.
    pub fn timeout_s(&self) -> u32 {
        self.timeout_s.unwrap_or(5)
    }

    /// How many questions in a row must go wrong before it counts.
    pub fn failures(&self) -> u32 {
        self.failures.unwrap_or(3)
    }

    pub(super) fn check(&self, name: &str, ports: &[PortSpec]) -> Result<(), SpecError> {
        let field = |field: &str| format!("spec.{name}.{field}");
        ensure(self.port.is_some() == self.command.is_empty(), &field("port"), || {
            "give either a port or a command".to_owned()
        })?;
        ensure(self.port.is_some() || self.path.is_none(), &field("path"), || "needs a port".to_owned())?;
        let port = self.port.unwrap_or_default();
        let declared = self.port.is_none() || ports.iter().any(|spec| spec.port == port);
        ensure(declared, &field("port"), || {
            format!("{port} is not among the declared ports: add it to `ports`")
        })?;
        let path = self.path.as_deref().unwrap_or("/");
        let fine =
            path.starts_with('/') && path.len() <= 1024 && path.bytes().all(|byte| byte.is_ascii_graphic());
        ensure(fine, &field("path"), || "must begin with `/` and hold no spaces".to_owned())?;
        let words: usize = self.command.iter().map(String::len).sum();
        let fine = words <= 4096 && !self.command.iter().any(|word| word.contains('\0'));
        ensure(fine, &field("command"), || "contains a zero byte or is over 4096 bytes".to_owned())?;
        for (what, value) in [("period_s", self.period_s()), ("timeout_s", self.timeout_s())] {
            ensure((1..=300).contains(&value), &field(what), || "use 1 to 300 seconds".to_owned())?;
        }
        ensure((1..=100).contains(&self.failures()), &field("failures"), || "use 1 to 100".to_owned())
    }
}
