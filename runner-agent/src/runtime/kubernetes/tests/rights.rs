//! What the manifest of `patr runner add --runtime kubernetes` lets an agent do, and whether it needs all of that.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role};
use serde_json::Value;

use super::{server::NAMESPACE, *};

const MANIFEST: &str = include_str!("../../../../../cli/src/commands/runner/cluster.yaml");

/// A right in words. Where nothing else is in a namespace, the name of an object says nothing.
pub(super) fn right(
    namespace: &str,
    (group, kind, of): (&str, &str, Option<&str>),
    name: Option<&str>,
    verb: &str,
) -> String {
    let of = of.map(|of| format!("/{of}")).unwrap_or_default();
    let name = name.filter(|_| namespace != NAMESPACE).map(|name| format!(" {name}")).unwrap_or_default();
    format!("{namespace}: {verb} {group}/{kind}{of}{name}")
}

pub(super) fn granted() -> BTreeSet<String> {
    let text = MANIFEST.replace("{namespace}", NAMESPACE).replace("{token}", "x").replace("{url}", "x");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let roles = documents.into_iter().filter(|one| one["kind"] == "Role");
    let roles = roles.map(|role| serde_json::from_value::<Role>(role).unwrap());
    roles
        .flat_map(|role| {
            let namespace = role.metadata.namespace.unwrap();
            role.rules
                .into_iter()
                .flatten()
                .flat_map(move |rule| of_rule(&namespace, &rule))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn of_rule(namespace: &str, rule: &PolicyRule) -> Vec<String> {
    let (groups, kinds) = (rule.api_groups.iter().flatten(), rule.resources.iter().flatten());
    let group = groups.map(String::as_str).next().unwrap();
    let names = rule.resource_names.iter().flatten().map(|name| Some(name.as_str())).collect::<Vec<_>>();
    let names = if names.is_empty() { vec![None] } else { names };
    let mut rights = Vec::new();
    for kind in kinds {
        let (kind, of) = kind.split_once('/').map_or((kind.as_str(), None), |(kind, of)| (kind, Some(of)));
        for name in &names {
            rights.extend(rule.verbs.iter().map(|verb| right(namespace, (group, kind, of), *name, verb)));
        }
    }
    rights
}

/// Whatever an agent asks of a cluster, once. The server refuses what is not granted.
async fn does_everything(cluster: &Cluster, new: &NewReplica) {
    let runtime = &cluster.runtime;
    let image = got(&format!("registry.example/web@{}", new.digest));
    cluster.server.runs("Always registry.example/web:1", image);
    runtime.pull(&new.desired.spec, None).await.unwrap();
    runtime.volumes(RUNNER, &[desired(1, false), desired(2, false)], &[]).await.unwrap();
    let Replica { id, deployment, .. } = cluster.starts(new).await;
    runtime.keep(&id).await.unwrap();
    cluster.has_a_pod(&id, json!({ "state": { "running": {} } }));
    // There is no process behind these: asking is what counts.
    runtime.last_lines(&id).await;
    assert!(runtime.exec(&id, vec!["true".to_owned()], None).await.is_err());
    assert!(runtime.usage(&id).await.is_err());
    runtime.delete::<Pod>("pod").await.unwrap();
    runtime.stop(&id).await.unwrap();
    runtime.start_again(&id).await.unwrap();
    runtime.remove(&id).await.unwrap();
    runtime.forget(deployment).await;
    runtime.volumes(RUNNER, &[], &[volume(1), volume(2)]).await.unwrap();
    assert_eq!(runtime.volumes(RUNNER, &[], &[volume(1), volume(2)]).await.unwrap().gone.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_agent_may_do_what_it_does_and_nothing_else() {
    let cluster = cluster();
    cluster.server.puts("leases", json!({ "metadata": { "name": "patr-runner" } }));
    cluster.server.puts("secrets", json!({ "metadata": { "name": "patr-runner-state" } }));
    let clients = (cluster.server.client(), cluster.server.client());
    let common = Common::new(clients, Term::default(), AGENTS, cluster.state.path());
    cluster.runtime.begin(Some(&common)).await.unwrap();
    let (_, unchanged) = tokio::sync::watch::channel(());
    common.saved.keep(unchanged).await;
    common.lease.release().await;
    let mut changes = std::pin::pin!(cluster.runtime.changes());
    while cluster.server.used().iter().filter(|right| right.contains(" watch ")).count() < 3 {
        changes.next().await.unwrap();
    }
    does_everything(&cluster, &plain()).await;
    does_everything(&cluster, &everything()).await;

    let mut used = cluster.server.used();
    // From 1.35 on running a command is `create`, however it is asked for.
    used.insert(right(NAMESPACE, ("", "pods", Some("exec")), None, "create"));
    assert_eq!(used, granted());
}
