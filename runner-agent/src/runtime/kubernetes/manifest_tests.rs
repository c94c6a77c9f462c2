//! Manifests, held to golden files: a change of one is a change of every cluster. `GOLDEN=overwrite` writes them anew.

use std::{fs, path::PathBuf};

use patr_models::{
    deployment::{
        Digest, FailureKind, PortSpec, Power,
        spec::{FileContent, FileSpec, Mount, PortProtocol, Probe, SecretUse, Strategy},
    },
    ids::{DeploymentId, Id, WorkspaceId},
    secret::{SecretValue, Secrets},
    time::Millis,
    wire::{DesiredDeployment, DesiredVolume},
};
use proptest::prelude::*;

use super::{super::mark, *};
use crate::runtime::NewReplica;
use patr_models::deployment::WorkloadSpec;

pub(in crate::runtime::kubernetes) fn plain() -> NewReplica {
    let mut spec = WorkloadSpec::of("registry.example/web:1".parse().unwrap());
    spec.ports = vec![PortSpec { port: 80, protocol: PortProtocol::Http }];
    let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
    let desired = DesiredDeployment {
        id: DeploymentId::from_parts(Millis(0), 1),
        workspace: WorkspaceId::from_parts(Millis(0), 1),
        name: "web".parse().unwrap(),
        generation: 5,
        release: 2,
        power: Power::Running,
        replicas: 1,
        autoscale: None,
        restart: 0,
        spec,
        digest: None,
        sealed: None,
    };
    NewReplica { desired, digest, hash: "hash".to_owned(), secrets: Secrets::default() }
}

fn volume(number: u128) -> VolumeId {
    VolumeId::from_parts(Millis(0), number)
}

fn used() -> SecretUse {
    SecretUse { secret: "key".parse().unwrap(), version: Some(3) }
}

/// A replica with all that a specification can say.
pub(in crate::runtime::kubernetes) fn everything() -> NewReplica {
    let mut new = plain();
    let value = SecretValue::Text("hunter2".to_owned());
    new.secrets.0.entry("key".parse().unwrap()).or_default().insert(3, value);
    let spec = &mut new.desired.spec;
    spec.entrypoint = vec!["/serve".to_owned()];
    spec.command = vec!["--greeting".to_owned(), "$(HOME) costs $5".to_owned()];
    spec.user = Some("1000:2000".to_owned());
    spec.working_dir = Some("/srv".parse().unwrap());
    spec.platform = Some("linux/arm64/v8".parse().unwrap());
    spec.env.insert("PRICE".parse().unwrap(), "$$(X)".to_owned());
    spec.secrets.insert("KEY".parse().unwrap(), used());
    let file = |content, mode| FileSpec { content, mode };
    let text = FileContent::Text("hello".to_owned());
    spec.files.insert("/etc/app.toml".parse().unwrap(), file(text, Some(0o644)));
    spec.files.insert("/run/key".parse().unwrap(), file(FileContent::Secret(used()), Some(0o400)));
    let mount = |number, read_only| Mount {
        volume: format!("data{number}").parse().unwrap(),
        read_only,
        id: Some(volume(number)),
        shared: false,
    };
    spec.volumes.insert("/var/lib/app".parse().unwrap(), mount(1, false));
    spec.volumes.insert("/var/lib/more".parse().unwrap(), mount(2, true));
    spec.ports.push(PortSpec { port: 53, protocol: PortProtocol::Udp });
    spec.ports.push(PortSpec { port: 5432, protocol: PortProtocol::Tcp });
    spec.resources.cpu_millis = Some(250);
    spec.resources.memory_bytes = Some(64 << 20);
    spec.startup_probe = Some(Probe::exec(["/check", "--all"]));
    spec.readiness_probe = Some(Probe { period_s: Some(7), ..Probe::http(80, "/ready") });
    spec.liveness_probe = Some(Probe { failures: Some(9), ..Probe::tcp(5432) });
    spec.start_deadline_s = Some(120);
    spec.stop_signal = Some("SIGQUIT".to_owned());
    spec.stop_grace_s = Some(45);
    spec.labels.insert("team".to_owned(), "shop".to_owned());
    spec.labels.insert("a note".to_owned(), "with words".to_owned());
    spec.hosts.insert("db".parse().unwrap(), [10, 0, 0, 7].into());
    spec.hosts.insert("cache".parse().unwrap(), [10, 0, 0, 7].into());
    new
}

pub(in crate::runtime::kubernetes) fn making(new: &NewReplica) -> Making<'_> {
    let (id, runner) = ("0123456789ab", "run_x");
    Making { new, id, runner, image: "registry.example/web@sha256:aa", security: Security::Restricted }
}

fn is_golden(name: &str, object: &impl serde::Serialize) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/runtime/kubernetes/golden")
        .join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(object).unwrap() + "\n";
    if std::env::var("GOLDEN").is_ok_and(|value| value == "overwrite") {
        fs::write(&file, &text).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, golden, "{}", file.display());
}

fn object(workload: &Workload) -> serde_json::Value {
    match workload {
        Workload::Deployment(one) => serde_json::to_value(one),
        Workload::StatefulSet(one) => serde_json::to_value(one),
    }
    .unwrap()
}

#[test]
fn manifests_are_as_they_were() {
    let (plain, everything) = (plain(), everything());
    let deployment = making(&plain).workload(1).unwrap();
    let set = making(&everything).workload(0).unwrap();
    is_golden("deployment", &object(&deployment));
    is_golden("stateful-set", &object(&set));
    let content = content(&making(&everything), &set.owner()).unwrap();
    is_golden("config-map", &content.files);
    is_golden("secret", &content.secrets);
    is_golden("service", &service(&set));
    is_golden("disruption-budget", &disruption_budget(&deployment));
    is_golden("network-policy", &network_policy("run_x", Some("patr-agents")));
    let desired = DesiredVolume {
        id: volume(1),
        workspace: plain.desired.workspace,
        name: "data".parse().unwrap(),
        made: false,
    };
    is_golden("claim", &claim(&desired, "run_x", ("10Gi", Some("fast"))));
    let pull = ("patr-pull-0".to_owned(), ("registry.example/web:1", "Always"), "registry.example/web:1");
    let pod = pulling(pull.0, pull.1, pull.2, &plain.desired.spec, Security::Restricted);
    is_golden("pull", &pod.unwrap());
}

#[test]
fn a_replica_without_files_has_no_objects_for_them() {
    let new = plain();
    let workload = making(&new).workload(1).unwrap();
    let content = content(&making(&new), &workload.owner()).unwrap();
    assert_eq!(content, Content { files: None, secrets: None });
}

#[test]
fn no_value_of_a_secret_is_anywhere_but_in_its_secret() {
    let new = everything();
    let set = making(&new).workload(1).unwrap();
    let content = content(&making(&new), &set.owner()).unwrap();
    let all = format!("{}{}", object(&set), serde_json::to_string(&content.files).unwrap());
    // As text, and as base64.
    assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMg"), "{all}");
}

#[test]
fn a_secret_that_has_not_come_is_no_empty_one() {
    let mut new = everything();
    new.secrets = Secrets::default();
    let failed = content(&making(&new), &making(&new).workload(1).unwrap().owner()).unwrap_err();
    assert_eq!(failed.kind, FailureKind::SecretSealed);
}

#[test]
fn one_that_may_not_run_twice_is_a_stateful_set() {
    let mut new = everything();
    assert!(matches!(making(&new).workload(1).unwrap(), Workload::StatefulSet(_)));
    new.desired.spec.volumes.retain(|_, mount| mount.read_only);
    assert!(matches!(making(&new).workload(1).unwrap(), Workload::Deployment(_)));
}

#[test]
fn users_are_numbers_and_root_is_for_those_who_say_so() {
    let mut new = plain();
    let mut made = |user: &str, security| {
        new.desired.spec.user = Some(user.to_owned());
        Making { security, ..making(&new) }.workload(1).map_err(|failure| failure.message)
    };
    assert!(made("1000", Security::Restricted).is_ok());
    assert!(made("0", Security::Baseline).is_ok());
    assert!(made("0:5", Security::Restricted).unwrap_err().contains("--pod-security baseline"));
    assert!(made("postgres", Security::Baseline).unwrap_err().contains("only by number"));
}

#[test]
fn a_deployment_without_ports_needs_no_service_and_one_that_no_service_can_be_called_gets_none() {
    let mut new = plain();
    new.desired.name = "1st".parse().unwrap();
    assert_eq!(service(&making(&new).workload(1).unwrap()), None);
    new.desired.name = "first".parse().unwrap();
    assert!(service(&making(&new).workload(1).unwrap()).is_some());
    new.desired.spec.ports.clear();
    assert_eq!(service(&making(&new).workload(1).unwrap()), None);
}

#[test]
fn a_service_leads_to_all_of_a_deployment_or_to_one_specification_at_once() {
    let mut new = plain();
    let mut selected = |strategy| {
        new.desired.spec.strategy = strategy;
        let selector = service(&making(&new).workload(1).unwrap()).unwrap().spec.unwrap().selector.unwrap();
        selector.contains_key(mark::SPEC)
    };
    assert!(!selected(None) && !selected(Some(Strategy::Recreate)) && selected(Some(Strategy::BlueGreen)));
}

#[test]
fn names_leave_room_for_what_kubernetes_adds() {
    let mut new = everything();
    new.desired.name = "a-name-that-is-as-long-as-na-mes-may".parse().unwrap();
    new.desired.release = u32::MAX;
    let name = making(&new).name();
    // A label of a StatefulSet's pod is its name, a hyphen and ten characters.
    assert!(name.len() <= 52, "{name}");
    assert!(name.starts_with("a-name-that-is-as-long-as-na-"), "{name}");
}

/// What the kubelet makes of a value (k8s.io/kubernetes/third_party/forked/golang/expansion): `$$` is `$`, and `$(NAME)` the
/// value of a variable.
fn expanded(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((_, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            out.push_str("EXPANDED");
            rest = after;
        } else {
            out.push('$');
        }
    }
    out + rest
}

proptest! {
    #[test]
    fn a_value_arrives_as_it_was_written(text in "[$()A-Za-z ]{0,24}") {
        prop_assert_eq!(expanded(&pod::literally(&text)), text);
    }

    #[test]
    fn equal_specifications_make_equal_manifests(name in "[a-z][a-z0-9]{0,20}", port in 1_u16..) {
        let mut new = plain();
        new.desired.name = name.parse().unwrap();
        new.desired.spec.ports[0].port = port;
        prop_assert_eq!(making(&new).workload(1).unwrap(), making(&new.clone()).workload(1).unwrap());
    }
}

#[test]
fn what_a_replica_carries_says_what_it_is() {
    let new = plain();
    let workload = making(&new).workload(1).unwrap();
    assert_eq!(workload.label(mark::RUNNER), Some("run_x"));
    assert_eq!(workload.label(mark::SPEC), Some("hash"));
    assert!(!workload.is_proven());
    let pod = workload.template().unwrap().metadata.clone().unwrap();
    assert_eq!(pod.labels.unwrap()[mark::REPLICA], "0123456789ab");
}
