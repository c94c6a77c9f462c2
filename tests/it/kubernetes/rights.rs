//! The rights that the manifest of `patr runner add --runtime kubernetes` grants are those that an agent needs: the API
//! server's own notes say what it asked for.

use std::collections::BTreeSet;

use patr_models::deployment::{
    WorkloadSpec,
    spec::{FileContent, FileSpec, Mount, SecretUse},
};
use patr_stories::{caller::live, eventually, host::OnKubernetes};
use serde_json::Value;

use super::desk;
use crate::runtimes::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_uses_each_right_of_its_manifest_and_is_refused_nothing() {
    let Some(mut desk) = desk().await else { return };
    does_everything(&mut desk).await;
    let granted = granted(&desk.host);
    eventually("the use of each right, and of no other", async || {
        let used = used(&desk.host);
        if used == granted { Ok(()) } else { Err(Difference::between(&used, &granted)) }
    })
    .await;
}

#[derive(Debug)]
#[expect(dead_code, reason = "it is printed")]
struct Difference {
    beyond: Vec<String>,
    idle: Vec<String>,
}

impl Difference {
    fn between(used: &BTreeSet<String>, granted: &BTreeSet<String>) -> Self {
        let without = |these: &BTreeSet<String>, those| these.difference(those).cloned().collect();
        Self { beyond: without(used, granted), idle: without(granted, used) }
    }
}

/// Has the agent do all that it can do.
async fn does_everything(desk: &mut Desk<OnKubernetes>) {
    desk.patr.run(&["volume", "create", "data", "--runner", "box"]).await;
    let set = desk.patr.with_input(&["secret", "set", "key"], b"a value").await;
    assert_eq!(set.code, Some(0), "{set:?}");
    desk.deployed(2).await;
    desk.owner.deploy("store", "box", with_everything(desk)).await.unwrap();
    desk.owner.sees("store", live(1)).await;
    let program = "/patr-example-web";
    desk.patr.run(&["exec", "store", "--", program, "write", "/data/bird", "wren"]).await;
    desk.patr.run(&["logs", "store"]).await;
    desk.patr.run(&["deployment", "show", "store", "--metrics"]).await;
    desk.owner.scale("web", 1).await;
    desk.owner.sees("web", live(1)).await;
    desk.owner.update("web", desk.release(1)).await;
    desk.owner.sees("web", live(1)).await;
    patr_stories::Host::upgrade_agent(&mut desk.host).await;
    for name in ["store", "web"] {
        desk.owner.delete(name).await;
    }
    eventually("the end of the volume, which nothing uses any more", async || {
        let ended = desk.patr.try_run(&["volume", "delete", "data", "--yes"]).await;
        if ended.code == Some(0) { Ok(()) } else { Err(ended) }
    })
    .await;
}

fn with_everything(desk: &Desk<OnKubernetes>) -> WorkloadSpec {
    let mut spec = desk.release(0);
    let data = Mount { volume: "data".parse().unwrap(), read_only: false, id: None, shared: false };
    spec.volumes.insert("/data".parse().unwrap(), data);
    let file = FileSpec { content: FileContent::Text("a file".to_owned()), mode: None };
    spec.files.insert("/etc/bird".parse().unwrap(), file);
    spec.secrets.insert("KEY".parse().unwrap(), SecretUse::newest("key".parse().unwrap()));
    spec
}

/// Of everything that runs in a namespace the name says nothing; of what the agents have, it does.
fn right(host: &OnKubernetes, namespace: &str, verb: &str, kind: &str, name: Option<&str>) -> String {
    match name.filter(|_| namespace == host.agents) {
        Some(name) => format!("{verb} {kind} {name}"),
        None => format!("{verb} {kind}"),
    }
}

fn granted(host: &OnKubernetes) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
    };
    for role in host.manifest.iter().filter(|object| object["kind"] == "Role") {
        let namespace = role["metadata"]["namespace"].as_str().unwrap();
        for rule in role["rules"].as_array().into_iter().flatten() {
            let (verbs, kinds) = (strings(&rule["verbs"]), strings(&rule["resources"]));
            let (group, names) = (strings(&rule["apiGroups"]), strings(&rule["resourceNames"]));
            for (verb, kind) in verbs.iter().flat_map(|verb| kinds.iter().map(move |kind| (verb, kind))) {
                let kind = format!("{}/{kind}", group[0]);
                let name = names.first().map(String::as_str);
                rights.insert(right(host, namespace, verb, &kind, name));
            }
        }
    }
    // From 1.35 on a command is run by `create`, however it is asked for; this cluster is older.
    assert!(rights.remove("create /pods/exec"));
    rights
}

fn used(host: &OnKubernetes) -> BTreeSet<String> {
    let account = format!("system:serviceaccount:{}:patr-runner", host.agents);
    let asked = host.cluster.asked_by(&account);
    assert!(!asked.is_empty(), "the API server notes nothing of {account}");
    asked.iter().flat_map(|event| of_request(host, event)).collect()
}

fn of_request(host: &OnKubernetes, event: &Value) -> Vec<String> {
    let (of, code) = (&event["objectRef"], event["responseStatus"]["code"].as_u64());
    assert_ne!(code, Some(403), "{event}");
    // Which kinds and versions there are may be asked by anybody.
    let Some(resource) = of["resource"].as_str() else { return Vec::new() };
    let group = of["apiGroup"].as_str().unwrap_or_default();
    let part = of["subresource"].as_str().map(|part| format!("/{part}")).unwrap_or_default();
    let kind = format!("{group}/{resource}{part}");
    let namespace = of["namespace"].as_str().unwrap_or_default();
    let mut verbs = vec![event["verb"].as_str().unwrap()];
    // Applying what is not there makes it, which is a right of its own.
    if verbs[0] == "patch" && code == Some(201) {
        verbs.push("create");
    }
    verbs.into_iter().map(|verb| right(host, namespace, verb, &kind, of["name"].as_str())).collect()
}
