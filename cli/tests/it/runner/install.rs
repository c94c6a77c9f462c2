//! What is printed to be pasted, read by the programs that it is for.

use std::process::Command;

use super::*;

/// What is printed for a machine.
fn printed() -> String {
    let t = TestContext::new();
    t.edge.answers::<CreateRunner>(Created(runner_with_token("home")));
    t.patr("runner add home").run().stderr
}

/// What is printed from one line to the one before another.
fn part<'p>(printed: &'p str, first: &str, after: &str) -> &'p str {
    let begun = &printed[printed.find(first).unwrap()..];
    &begun[..begun.find(after).unwrap_or(begun.len())]
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(program: &Command) {
    eprintln!("SKIPPED: {:?} is not installed here", program.get_program());
}

/// Runs a program that reads a file: whether it succeeds, and what it says is wrong. `None`, said loudly, where it is not
/// installed.
fn read_by(command: &mut Command) -> Option<(bool, String)> {
    let Ok(ended) = command.output() else {
        skipped(command);
        return None;
    };
    Some((ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned()))
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let printed = printed();
    let unit = part(&printed, "[Unit]", "EOF");
    // Only a program that is there passes; the agent is not.
    let unit = unit.replace("ExecStart=/usr/local/bin/patr-runner", "ExecStart=/bin/true");
    assert!(unit.contains("/bin/true docker --url "), "{unit}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("patr-runner.service");
    std::fs::write(&file, unit).unwrap();
    let Some((_, said)) = read_by(Command::new("systemd-analyze").arg("verify").arg(&file)) else { return };
    // It reads the units of this machine as well, which may be as they like.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("patr-runner")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn the_compose_file_is_one_that_compose_takes() {
    let printed = printed();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, part(&printed, "services:", "\n\n")).unwrap();
    let mut compose = Command::new("docker-compose");
    let Some((fine, said)) = read_by(compose.arg("--file").arg(&file).args(["config", "--quiet"])) else {
        return;
    };
    assert!(fine, "{said}");
}

#[test]
fn a_cluster_gets_one_manifest_that_can_be_piped() {
    let t = TestContext::new();
    let mut made = runner_with_token("cluster");
    made.runner.runtime = RuntimeKind::Kubernetes;
    t.edge.answers::<CreateRunner>(Created(made));
    let ran = t.patr("runner add cluster --runtime kubernetes --image registry.example/agent:1").run();
    let kinds: Vec<&str> = ran.stdout.lines().filter_map(|line| line.strip_prefix("kind: ")).collect();
    let identity = ["Namespace", "Namespace", "ServiceAccount", "Secret"];
    let shared = ["Secret", "Lease", "Role", "RoleBinding"];
    let agent = ["Role", "RoleBinding", "Deployment", "PodDisruptionBudget"];
    assert_eq!(kinds, [identity, shared, agent].concat());
    assert!(ran.stdout.contains("  token: patr_r_secret\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("image: registry.example/agent:1\n"), "{}", ran.stdout);
    let left = ["{namespace}", "{image}", "{url}", "{token}"].iter().any(|name| ran.stdout.contains(name));
    assert!(!left, "{}", ran.stdout);
    assert!(!ran.stderr.contains("patr_r_secret"), "{}", ran.stderr);
    // What is granted is granted in one namespace.
    assert!(!ran.stdout.contains("ClusterRole"), "{}", ran.stdout);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("runner.yaml"), &ran.stdout).unwrap();
    std::fs::write(folder.path().join("kustomization.yaml"), "resources: [runner.yaml]\n").unwrap();
    // It reads every object, and asks no cluster.
    let Some((fine, said)) = read_by(Command::new("kubectl").arg("kustomize").arg(folder.path())) else {
        return;
    };
    assert!(fine, "{said}");
}

/// What each role of a manifest grants, as it is written there.
fn rules(manifest: &str) -> Vec<&str> {
    let roles = manifest.split("\n---\n").filter(|object| object.contains("\nkind: Role\n"));
    roles.map(|role| &role[role.find("\nrules:\n").unwrap()..]).collect()
}

#[test]
fn the_chart_grants_what_the_manifest_grants() {
    let granted = rules(include_str!("../../../src/commands/runner/cluster.yaml"));
    assert_eq!(granted.len(), 2);
    assert_eq!(rules(include_str!("../../../../docs/helm/patr-runner/templates/runner.yaml")), granted);
}
