use patr_models::{
    deployment::spec::{EnvName, FileContent, FileSpec, ReplicaPath},
    ids::Id,
    time::Millis,
};

use super::*;

fn spec() -> WorkloadSpec {
    WorkloadSpec::of("web:1".parse().unwrap())
}

fn found(name: &str, asked: Option<SecretVersion>, version: SecretVersion, bytes: usize) -> Found {
    Found { name: name.parse().unwrap(), asked, secret_id: 1, version, bytes }
}

fn uses(used: &SecretUse) -> WorkloadSpec {
    let name: EnvName = "DB".parse().unwrap();
    WorkloadSpec { secrets: [(name, used.clone())].into(), ..spec() }
}

fn mounts(mount: Mount) -> WorkloadSpec {
    let path: ReplicaPath = "/data".parse().unwrap();
    WorkloadSpec { volumes: [(path, mount)].into(), ..spec() }
}

fn mount(name: &str) -> Mount {
    Mount { volume: name.parse().unwrap(), read_only: false, id: None, shared: false }
}

fn problem(outcome: Result<(), SpecError>) -> String {
    outcome.err().map(|error| error.field).unwrap_or_default()
}

#[test]
fn a_use_without_a_version_gets_the_newest_and_one_with_a_version_keeps_it() {
    let newest = SecretUse::newest("db".parse().unwrap());
    let first = SecretUse { version: Some(1), ..newest.clone() };
    let mut both = uses(&newest);
    let content = FileContent::Secret(first);
    both.files.insert("/db".parse().unwrap(), FileSpec { content, mode: None });
    let pinned = pin(&mut both, &[found("db", Some(1), 1, 5), found("db", None, 3, 5)]);
    assert_eq!(pinned.map_err(|_| ()).unwrap(), [(1, 1), (1, 3)].into());
    let versions: Vec<_> = both.secrets_used().map(|used| used.version).collect();
    assert_eq!(versions, [Some(3), Some(1)]);
}

#[test]
fn a_use_that_means_nothing_is_named() {
    let named = |used: &SecretUse| match pin(&mut uses(used), &[found("other", None, 1, 1)]) {
        Err(Unfit::NoSecret(name)) => name,
        _ => String::new(),
    };
    let newest = SecretUse::newest("db".parse().unwrap());
    assert_eq!(named(&newest), "secret `db`");
    assert_eq!(named(&SecretUse { version: Some(7), ..newest }), "version 7 of the secret `db`");
}

#[test]
fn the_secrets_of_a_deployment_have_a_size_together_and_each_value_counts_once() {
    let newest = SecretUse::newest("db".parse().unwrap());
    let pinned = |bytes| pin(&mut uses(&newest), &[found("db", None, 1, bytes)]).is_ok();
    assert!(pinned(SECRETS_BYTES_MAX) && !pinned(SECRETS_BYTES_MAX + 1));
    let mut twice = uses(&newest);
    twice.secrets.insert("AGAIN".parse().unwrap(), newest);
    assert!(pin(&mut twice, &[found("db", None, 1, SECRETS_BYTES_MAX)]).is_ok());
}

#[test]
fn what_a_caller_says_of_a_volume_is_not_believed() {
    let id = VolumeId::from_parts(Millis(1), 1);
    let mut spec = mounts(Mount { id: Some(id), shared: true, ..mount("data") });
    let runner = RunnerId::from_parts(Millis(1), 1);
    assert!(place(&mut spec, runner, &[], &BTreeMap::new()).is_ok());
    let mount = spec.volumes.values().next().unwrap();
    assert_eq!((mount.id, mount.shared), (None, false));
}

#[test]
fn one_writer_at_a_time_holds_at_every_scale_and_at_every_moment_of_a_rollout() {
    let scaled = |max| Some(Autoscale { max, cpu_percent: None, idle_s: None });
    let exclusive = mounts(mount("data"));
    assert_eq!(problem(check_writers(&exclusive, 1, None)), "");
    assert_eq!(problem(check_writers(&exclusive, 0, scaled(1))), "");
    assert_eq!(problem(check_writers(&exclusive, 2, None)), "replicas");
    assert_eq!(problem(check_writers(&exclusive, 1, scaled(2))), "replicas");
    let rolling = WorkloadSpec { strategy: Some(Strategy::Rolling), ..exclusive };
    assert_eq!(problem(check_writers(&rolling, 1, None)), "spec.strategy");
    for many in [Mount { shared: true, ..mount("data") }, Mount { read_only: true, ..mount("data") }] {
        assert_eq!(problem(check_writers(&mounts(many), 9, None)), "");
    }
}
