//! A deployment as a list of fields. What can be typed for `patr deploy` is written as it is typed.

use std::time::Duration;

use patr_models::deployment::{
    Autoscale, Deployment, Placed, Power, Strategy, WorkloadSpec,
    spec::{Ask, FileContent, FileSpec, Mount, PortProtocol, Probe, SecretUse},
};

use crate::{status, text};

pub(super) fn fields(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", deployment.name.to_string()),
        ("id", deployment.id.to_string()),
        ("status", status::words(&deployment.status)),
        ("url", text::or_dash(deployment.url.as_ref())),
        ("runner", runners(&deployment.runners)),
        ("release", deployment.release.to_string()),
        ("should be", should_be(deployment)),
        ("strategy", strategy(&deployment.spec)),
        ("digest", text::or_dash(deployment.digest.as_ref())),
        ("updated", text::time(deployment.updated_at)),
        ("image", deployment.spec.image.to_string()),
        ("ports", ports(&deployment.spec)),
    ];
    let mut add = |name, value: String| {
        if !value.is_empty() {
            fields.push((name, value));
        }
    };
    content(&deployment.spec, &mut add);
    process(&deployment.spec, &mut add);
    bounds(&deployment.spec, &mut add);
    fields
}

/// With several of them, as they are given to `patr deploy`.
fn runners(placed: &[Placed]) -> String {
    match placed {
        [only] => only.name.to_string(),
        several => joined(several.iter().map(|placed| format!("{}={}", placed.name, placed.weight))),
    }
}

fn should_be(deployment: &Deployment) -> String {
    let power = match deployment.power {
        Power::Running => "running",
        Power::Stopped => "stopped",
    };
    let replicas = match &deployment.autoscale {
        None => text::counted(deployment.replicas as usize, "replica"),
        Some(autoscale) => between(deployment.replicas, autoscale),
    };
    format!("{power}, {replicas}")
}

fn between(least: u32, autoscale: &Autoscale) -> String {
    let (max, percent) = (autoscale.max, autoscale.cpu_percent());
    format!("{least} to {max} replicas at {percent} % of cpu, fewer after {}", time(autoscale.idle_s()))
}

/// Where it is not the ordinary one and nobody asked for it, the reason.
fn strategy(spec: &WorkloadSpec) -> String {
    let why = if spec.strategy.is_none() { ", for a volume has one writer at a time" } else { "" };
    match spec.strategy() {
        Strategy::Rolling => "rolling".to_owned(),
        Strategy::BlueGreen => "blue-green".to_owned(),
        Strategy::Recreate => format!("recreate{why}"),
    }
}

/// Values of variables are not shown: some are secrets that nobody has made one yet.
fn content(spec: &WorkloadSpec, add: &mut impl FnMut(&'static str, String)) {
    add("environment", joined(spec.env.keys()));
    add("secrets", joined(spec.secrets.iter().map(|(name, used)| format!("{name}={}", secret(used)))));
    add("files", joined(spec.files.iter().map(|(path, content)| format!("{path}{}", file(content)))));
    add("volumes", joined(spec.volumes.iter().map(|(path, at)| format!("{}:{path}{}", at.volume, mode(at)))));
}

fn process(spec: &WorkloadSpec, add: &mut impl FnMut(&'static str, String)) {
    let words = |words: &Vec<String>| if words.is_empty() { String::new() } else { format!("{words:?}") };
    add("entry point", words(&spec.entrypoint));
    add("command", words(&spec.command));
    add("user", spec.user.clone().unwrap_or_default());
    add("folder", spec.working_dir.as_ref().map(ToString::to_string).unwrap_or_default());
    add("platform", spec.platform.as_ref().map(ToString::to_string).unwrap_or_default());
    add("labels", joined(spec.labels.iter().map(|(name, value)| format!("{name}={value}"))));
    add("hosts", joined(spec.hosts.iter().map(|(name, address)| format!("{name}={address}"))));
}

fn bounds(spec: &WorkloadSpec, add: &mut impl FnMut(&'static str, String)) {
    add("cores", spec.resources.cpu_millis.map(cores).unwrap_or_default());
    add("memory", spec.resources.memory_bytes.map(text::bytes).unwrap_or_default());
    add("startup probe", spec.startup_probe.as_ref().map(probe).unwrap_or_default());
    add("readiness probe", spec.readiness_probe.as_ref().map(probe).unwrap_or_default());
    add("liveness probe", spec.liveness_probe.as_ref().map(probe).unwrap_or_default());
    add("start deadline", spec.start_deadline_s.map(time).unwrap_or_default());
    add("drain", spec.drain_s.map(time).unwrap_or_default());
    add("stop signal", spec.stop_signal.clone().unwrap_or_default());
    add("stop grace", spec.stop_grace_s.map(time).unwrap_or_default());
}

fn joined(all: impl Iterator<Item = impl ToString>) -> String {
    all.map(|one| one.to_string()).collect::<Vec<_>>().join(" ")
}

fn secret(used: &SecretUse) -> String {
    used.version.map_or_else(|| used.secret.to_string(), |version| format!("{}@{version}", used.secret))
}

fn file(file: &FileSpec) -> String {
    match &file.content {
        FileContent::Secret(used) => format!("={}", secret(used)),
        FileContent::Text(_) | FileContent::Base64(_) => String::new(),
    }
}

fn mode(mount: &Mount) -> &'static str {
    if mount.read_only { ":ro" } else { "" }
}

/// Thousandths as a person writes them, such as `0.5`.
pub(super) fn cores(millis: u32) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn time(seconds: u32) -> String {
    humantime::format_duration(Duration::from_secs(seconds.into())).to_string()
}

fn ports(spec: &WorkloadSpec) -> String {
    let protocol = |protocol: PortProtocol| match protocol {
        PortProtocol::Http => "http",
        PortProtocol::Tcp => "tcp",
        PortProtocol::Udp => "udp",
    };
    let all = joined(spec.ports.iter().map(|spec| format!("{}/{}", spec.port, protocol(spec.protocol))));
    if all.is_empty() { "-".to_owned() } else { all }
}

/// What is asked, and when, as far as that is not the default.
fn probe(probe: &Probe) -> String {
    let question = match probe.ask() {
        Some(Ask::Http { port, path }) => format!("{port}{path}"),
        Some(Ask::Tcp { port }) => port.to_string(),
        Some(Ask::Exec { command }) => format!("exec:{}", command.join(" ")),
        None => String::new(),
    };
    let timing = [
        probe.period_s.map(|seconds| format!("every {seconds} s")),
        probe.timeout_s.map(|seconds| format!("timeout {seconds} s")),
        probe.failures.map(|failures| format!("{failures} failures count")),
    ];
    let timing: Vec<String> = timing.into_iter().flatten().collect();
    if timing.is_empty() { question } else { format!("{question} ({})", timing.join(", ")) }
}
