//! The probes of a specification, asked by the kubelet.

use k8s_openapi::{
    api::core::v1::{ExecAction, HTTPGetAction, Probe, TCPSocketAction},
    apimachinery::pkg::util::intstr::IntOrString,
};
use patr_models::deployment::{
    WorkloadSpec,
    spec::{self, Ask},
};

/// How long a replica may take to start when the specification does not say, in seconds.
const START_S: u32 = 60;
/// How much longer than the agent the kubelet waits for a replica to start, in seconds: it would start it again, and nobody
/// could say any more why it did not answer.
const LONGER_S: u32 = 60;

/// Must succeed before the others are asked. A replica that is starting is asked each second.
pub(super) fn startup(spec: &WorkloadSpec) -> Option<Probe> {
    let probe = asking(&spec.effective_probe()?)?;
    let seconds = spec.start_deadline_s.unwrap_or(START_S) + LONGER_S;
    Some(Probe { period_seconds: Some(1), failure_threshold: i32::try_from(seconds).ok(), ..probe })
}

pub(super) fn going_on(probe: Option<&spec::Probe>) -> Option<Probe> {
    asking(probe?)
}

fn asking(probe: &spec::Probe) -> Option<Probe> {
    let asked = Probe {
        period_seconds: i32::try_from(probe.period_s()).ok(),
        timeout_seconds: i32::try_from(probe.timeout_s()).ok(),
        failure_threshold: i32::try_from(probe.failures()).ok(),
        ..Default::default()
    };
    let port = |port: u16| IntOrString::Int(port.into());
    Some(match probe.ask()? {
        Ask::Http { port: at, path } => {
            let get = HTTPGetAction { path: Some(path.to_owned()), port: port(at), ..Default::default() };
            Probe { http_get: Some(get), ..asked }
        }
        Ask::Tcp { port: at } => {
            Probe { tcp_socket: Some(TCPSocketAction { port: port(at), host: None }), ..asked }
        }
        Ask::Exec { command } => {
            Probe { exec: Some(ExecAction { command: Some(command.to_vec()) }), ..asked }
        }
    })
}
