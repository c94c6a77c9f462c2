//! What to run, whatever runs it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{Digest, ImageRef};
use crate::{
    limits::{ENV_BYTES_MAX, ENV_MAX, PORTS_MAX},
    name::string_type,
};

/// What one replica runs. Equal specifications with equal digests are never restarted.
///
/// Optional fields are left out when they have their default: a field added later must not change the hash of
/// what runs already.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSpec {
    pub image: ImageRef,
    /// Replaces the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Replaces the image's command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<EnvName, String>,
    /// The first http port answers at the automatic managed URL; the first port of all is probed when no
    /// probe is declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortSpec>,
    #[serde(default, skip_serializing_if = "Resources::is_none")]
    pub resources: Resources,
    /// Must succeed once before a replica serves. A TCP connection to the first port when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    /// How long a new release may take to start before it has failed, in seconds; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_deadline_s: Option<u32>,
    /// How long a replica may take to stop before it is killed, in seconds; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_grace_s: Option<u32>,
}

/// A port that a replica listens on.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct PortSpec {
    #[schemars(range(min = 1))]
    pub port: u16,
    #[serde(default)]
    pub protocol: PortProtocol,
}

/// What is spoken on a port.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PortProtocol {
    #[default]
    Http,
    Tcp,
}

/// Upper bounds for one replica.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Thousandths of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<u32>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

impl Resources {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A question that a replica must answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    #[schemars(range(min = 1))]
    pub port: u16,
    /// `GET` this and take 200–399 as success; only connect when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Text is not the name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of an environment variable: use letters, digits, `_`, `.` and `-`, no digit first"
)]
pub struct EnvNameError(String);

fn env_name(text: &str) -> Result<String, EnvNameError> {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let rest = |byte: u8| first(byte) || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let fine = text.bytes().next().is_some_and(first) && text.bytes().all(rest) && text.len() <= 128;
    if fine { Ok(text.to_owned()) } else { Err(EnvNameError(text.chars().take(64).collect())) }
}

string_type! {
    /// The name of an environment variable, as Kubernetes allows it.
    EnvName, EnvNameError, env_name,
    { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]{0,127}$" }
}

/// A specification that is well-formed but cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct SpecError {
    /// As in the JSON, such as `spec.ports[1].port`.
    pub field: String,
    pub problem: String,
}

/// Docker refuses less (daemon limit of `--memory`).
const MEMORY_MIN: u64 = 6 * 1024 * 1024;

impl WorkloadSpec {
    /// A specification of only an image.
    pub fn of(image: ImageRef) -> Self {
        Self {
            image,
            entrypoint: Vec::new(),
            command: Vec::new(),
            env: BTreeMap::new(),
            ports: Vec::new(),
            resources: Resources::default(),
            startup_probe: None,
            start_deadline_s: None,
            stop_grace_s: None,
        }
    }

    /// The first problem, if there is one.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_ports()?;
        self.check_env()?;
        self.check_bounds()?;
        self.check_probe()
    }

    /// The port that the automatic managed URL leads to.
    pub fn first_http_port(&self) -> Option<u16> {
        self.ports.iter().find(|port| port.protocol == PortProtocol::Http).map(|port| port.port)
    }

    /// The probe that decides when a replica has started.
    pub fn effective_probe(&self) -> Option<Probe> {
        let default = || self.ports.first().map(|port| Probe { port: port.port, path: None });
        self.startup_probe.clone().or_else(default)
    }

    /// What identifies a replica's content: containers carry it as a label, and equal hashes are left alone.
    /// `restart` changes it when a person asks for a restart.
    pub fn hash(&self, digest: &Digest, restart: u64) -> String {
        let mut hasher = Sha256::new();
        // The specification is plain data with string keys: it cannot fail to serialise.
        hasher.update(serde_json::to_vec(self).unwrap_or_default());
        hasher.update(digest.as_str());
        hasher.update(restart.to_le_bytes());
        hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn check_ports(&self) -> Result<(), SpecError> {
        ensure(self.ports.len() <= PORTS_MAX, "spec.ports", || format!("at most {PORTS_MAX} are possible"))?;
        let mut seen = BTreeSet::new();
        for (at, port) in self.ports.iter().enumerate() {
            let field = format!("spec.ports[{at}].port");
            ensure(port.port != 0, &field, || "0 is not a port: use 1 to 65535".to_owned())?;
            ensure(seen.insert(port.port), &field, || format!("{} is declared twice", port.port))?;
        }
        Ok(())
    }

    fn check_env(&self) -> Result<(), SpecError> {
        ensure(self.env.len() <= ENV_MAX, "spec.env", || {
            format!("at most {ENV_MAX} variables are possible")
        })?;
        let bytes: usize = self.env.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        ensure(bytes <= ENV_BYTES_MAX, "spec.env", || {
            format!("{bytes} bytes are over the limit of {ENV_BYTES_MAX}")
        })?;
        let zero = self.env.iter().find(|(_, value)| value.contains('\0'));
        ensure(zero.is_none(), "spec.env", || "a value contains a zero byte".to_owned())?;
        let words = self.entrypoint.iter().chain(&self.command);
        let bad = words.clone().any(|word| word.contains('\0'))
            || words.map(String::len).sum::<usize>() > ENV_BYTES_MAX;
        ensure(!bad, "spec.command", || format!("contains a zero byte or is over {ENV_BYTES_MAX} bytes"))
    }

    fn check_bounds(&self) -> Result<(), SpecError> {
        let cpu = self.resources.cpu_millis.unwrap_or(1000);
        ensure((10..=1_000_000).contains(&cpu), "spec.resources.cpu_millis", || {
            "use 10 to 1000000".to_owned()
        })?;
        let memory = self.resources.memory_bytes.unwrap_or(MEMORY_MIN);
        ensure((MEMORY_MIN..=1 << 50).contains(&memory), "spec.resources.memory_bytes", || {
            format!("use at least {MEMORY_MIN} (6 MiB)")
        })?;
        let start = self.start_deadline_s.unwrap_or(60);
        ensure((1..=3600).contains(&start), "spec.start_deadline_s", || "use 1 to 3600 seconds".to_owned())?;
        let grace = self.stop_grace_s.unwrap_or(10);
        ensure(grace <= 3600, "spec.stop_grace_s", || "use 0 to 3600 seconds".to_owned())
    }

    fn check_probe(&self) -> Result<(), SpecError> {
        let Some(probe) = &self.startup_probe else { return Ok(()) };
        let declared = self.ports.iter().any(|port| port.port == probe.port);
        ensure(declared, "spec.startup_probe.port", || {
            format!("{} is not among the declared ports: add it to `ports`", probe.port)
        })?;
        let path = probe.path.as_deref().unwrap_or("/");
        let fine =
            path.starts_with('/') && path.len() <= 1024 && path.bytes().all(|byte| byte.is_ascii_graphic());
        ensure(fine, "spec.startup_probe.path", || "must begin with `/` and hold no spaces".to_owned())
    }
}

fn ensure(fine: bool, field: &str, problem: impl FnOnce() -> String) -> Result<(), SpecError> {
    if fine { Ok(()) } else { Err(SpecError { field: field.to_owned(), problem: problem() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> WorkloadSpec {
        WorkloadSpec::of("nginx:1".parse().unwrap())
    }

    fn digest() -> Digest {
        format!("sha256:{}", "0".repeat(64)).parse().unwrap()
    }

    #[test]
    fn the_hash_of_what_runs_already_never_changes() {
        // Pinned: a new optional field must leave this alone, or every container of an upgraded agent restarts.
        assert_eq!(spec().hash(&digest(), 0), "11df320767937eb9791fa95e4028c51d");
    }

    #[test]
    fn the_hash_follows_content_digest_and_restart() {
        let mut other = spec();
        other.env.insert("A".parse().unwrap(), "1".to_owned());
        assert_ne!(spec().hash(&digest(), 0), other.hash(&digest(), 0));
        assert_ne!(spec().hash(&digest(), 0), spec().hash(&digest(), 1));
    }

    #[test]
    fn a_problem_names_its_field() {
        let mut twice = spec();
        twice.ports = vec![PortSpec { port: 80, protocol: PortProtocol::Http }; 2];
        assert_eq!(twice.check().unwrap_err().field, "spec.ports[1].port");
        let mut probe = spec();
        probe.startup_probe = Some(Probe { port: 81, path: None });
        assert_eq!(probe.check().unwrap_err().field, "spec.startup_probe.port");
    }
}
