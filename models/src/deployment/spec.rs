//! What to run, whatever runs it.

mod content;
mod labels;
mod probe;
mod strategy;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use sha2::{Digest as _, Sha256};

use super::{Digest, ImageRef};
use crate::{
    limits::{ENV_BYTES_MAX, ENV_MAX, PORTS_MAX},
    name::string_type,
};

pub use content::{FileContent, FileSpec, Mount, ReplicaPath, ReplicaPathError, SecretUse};
pub use labels::{HostAlias, HostAliasError, Platform, PlatformError};
pub use probe::{Ask, Probe};
pub use strategy::{Autoscale, Strategy};

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
    /// Replaces the image's user: a name or number, and a group after a colon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Replaces the image's working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<ReplicaPath>,
    /// Which of an image's platforms to run; the machine's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<EnvName, String>,
    /// Environment variables whose values are secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<EnvName, SecretUse>,
    /// Files, by their paths in a replica.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<ReplicaPath, FileSpec>,
    /// Volumes, by the folders that they are in a replica.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<ReplicaPath, Mount>,
    /// The first http port answers at the automatic managed URL; the first http or tcp port is probed when no probe is
    /// declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortSpec>,
    #[serde(default, skip_serializing_if = "Resources::is_none")]
    pub resources: Resources,
    /// Must succeed once before a replica serves. The readiness probe when absent, and without that a TCP connection to
    /// the first port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    /// Asked from then on: a replica that does not answer gets no requests until it does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// Asked from then on: a replica that does not answer is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// How long a new release may take to start before it has failed, in seconds; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_deadline_s: Option<u32>,
    /// How long a replica that is taken out has for the requests and WebSockets that it holds, in seconds; 30 when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_s: Option<u32>,
    /// What a replica is told to stop with, as `SIGTERM`; what the image says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// How long a replica may take to stop before it is killed, in seconds; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_grace_s: Option<u32>,
    /// Labels of the containers, beside Patr's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Lines of the replicas' `/etc/hosts`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<HostAlias, IpAddr>,
    /// How one release follows another; [`Self::strategy`] decides when absent. No part of what a replica is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
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
    Udp,
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
            user: None,
            working_dir: None,
            platform: None,
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            files: BTreeMap::new(),
            volumes: BTreeMap::new(),
            ports: Vec::new(),
            resources: Resources::default(),
            startup_probe: None,
            readiness_probe: None,
            liveness_probe: None,
            start_deadline_s: None,
            drain_s: None,
            stop_signal: None,
            stop_grace_s: None,
            labels: BTreeMap::new(),
            hosts: BTreeMap::new(),
            strategy: None,
        }
    }

    /// The first problem, if there is one.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_ports()?;
        self.check_env()?;
        self.check_secrets()?;
        self.check_files()?;
        self.check_volumes()?;
        self.check_process()?;
        self.check_labels()?;
        self.check_bounds()?;
        self.check_probes()
    }

    /// The port that the automatic managed URL leads to.
    pub fn first_http_port(&self) -> Option<u16> {
        self.ports.iter().find(|port| port.protocol == PortProtocol::Http).map(|port| port.port)
    }

    /// The probe that decides when a replica has started.
    pub fn effective_probe(&self) -> Option<Probe> {
        let reachable = |port: &&PortSpec| port.protocol != PortProtocol::Udp;
        let default = || self.ports.iter().find(reachable).map(|port| Probe::tcp(port.port));
        self.startup_probe.clone().or_else(|| self.readiness_probe.clone()).or_else(default)
    }

    /// What identifies a replica's content: containers carry it as a label, and equal hashes are left alone.
    /// `restart` changes it when a person asks for a restart.
    pub fn hash(&self, digest: &Digest, restart: u64) -> String {
        let mut hasher = Sha256::new();
        // The specification is plain data with string keys: it cannot fail to serialise.
        let content = Self { strategy: None, ..self.clone() };
        hasher.update(serde_json::to_vec(&content).unwrap_or_default());
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
        ensure(grace <= 3600, "spec.stop_grace_s", || "use 0 to 3600 seconds".to_owned())?;
        let drain = self.drain_s.unwrap_or(30);
        ensure(drain <= 3600, "spec.drain_s", || "use 0 to 3600 seconds".to_owned())
    }

    fn check_probes(&self) -> Result<(), SpecError> {
        let probes = [
            ("startup_probe", &self.startup_probe),
            ("readiness_probe", &self.readiness_probe),
            ("liveness_probe", &self.liveness_probe),
        ];
        probes
            .into_iter()
            .filter_map(|(name, probe)| Some((name, probe.as_ref()?)))
            .try_for_each(|(name, probe)| probe.check(name, &self.ports))
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
        probe.startup_probe = Some(Probe::tcp(81));
        assert_eq!(probe.check().unwrap_err().field, "spec.startup_probe.port");
    }
}
