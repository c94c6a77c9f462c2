//! A cluster is for many: what is not the runner's stays as it is, also where it looks like the runner's.

use patr_models::deployment::{Status, spec::Mount};
use patr_stories::{Host, caller::live, host::Cluster};
use serde_json::{Value, json};

use super::desk;

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_in_the_cluster_stays_as_it_is() {
    let Some(mut desk) = desk().await else { return };
    let id = desk.deployed(1).await;
    let cluster = desk.host.cluster.clone();
    let ours = desk.host.namespace.clone();
    let neighbour = Neighbour::of(&cluster, &ours);
    let copy = copy(&cluster, &ours, &id);
    let lookalike = config(&json!({ "patr.cloud/deployment": id }));
    // In another namespace with the marks of the runner, in its own one without.
    let theirs = [(&neighbour.namespace, vec![copy, lookalike]), (&ours, vec![config(&json!({})), idle()])];
    for (namespace, objects) in &theirs {
        apply(&cluster, namespace, objects);
    }
    let look = || -> Vec<[Value; 4]> {
        let each = theirs
            .iter()
            .flat_map(|(namespace, objects)| objects.iter().map(move |object| (namespace, object)));
        each.map(|(namespace, object)| seen(&cluster, namespace, object)).collect()
    };
    let before = look();

    desk.owner.update("web", desk.release(1)).await;
    desk.owner.sees("web", live(1)).await;
    desk.owner.scale("web", 2).await;
    desk.owner.sees("web", live(2)).await;
    desk.host.kill_agent().await;
    desk.owner.delete("web").await;
    desk.finds(&id, 0).await;
    assert_eq!(look(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_with_a_quota_takes_a_replica_and_what_copies_its_volume() {
    let Some(desk) = desk().await else { return };
    let quota = json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": { "name": "theirs" },
        "spec": { "hard": { "requests.cpu": "1", "requests.memory": "512Mi", "limits.cpu": "2", "limits.memory": "1Gi" } },
    });
    apply(&desk.host.cluster, &desk.host.namespace, &[quota]);
    desk.patr.run(&["volume", "create", "data", "--runner", "box"]).await;
    let mut spec = desk.release(0);
    let data = Mount { volume: "data".parse().unwrap(), read_only: false, id: None, shared: false };
    spec.volumes.insert("/data".parse().unwrap(), data);
    (spec.resources.cpu_millis, spec.resources.memory_bytes) = (Some(100), Some(64 << 20));
    desk.owner.deploy("store", "box", spec).await.unwrap();
    desk.owner.sees("store", live(1)).await;
    desk.patr.run(&["exec", "store", "--", &desk.host.program(), "write", "/data/bird", "wren"]).await;
    desk.patr.run(&["deployment", "stop", "store"]).await;
    desk.owner.sees("store", |status| matches!(status, Status::Stopped)).await;
    let snapshot = desk.patr.run(&["volume", "snapshot", "data"]).await;
    desk.patr.run(&["volume", "restore", "data", snapshot.trim(), "--yes"]).await;
    let archive = desk.patr.run(&["volume", "download", "data"]).await;
    assert!(archive.contains("wren"), "{archive:?}");
}

/// Somebody with a namespace in the same cluster.
struct Neighbour<'a> {
    namespace: String,
    cluster: &'a Cluster,
}

impl<'a> Neighbour<'a> {
    fn of(cluster: &'a Cluster, namespace: &str) -> Self {
        let namespace = format!("{namespace}-theirs");
        cluster.run(&["create", "namespace", &namespace], "");
        Self { namespace, cluster }
    }
}

impl Drop for Neighbour<'_> {
    fn drop(&mut self) {
        let _ = self.cluster.command(&["delete", "namespace", &self.namespace, "--wait=false"]).output();
    }
}

/// What somebody gets who copies a workload of ours by hand, without its pods.
fn copy(cluster: &Cluster, namespace: &str, deployment: &str) -> Value {
    let ours = cluster.list(namespace, "deployments", &format!("patr.cloud/deployment={deployment}"));
    let mut spec = ours[0]["spec"].clone();
    spec["replicas"] = json!(0);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": ours[0]["metadata"]["name"], "labels": ours[0]["metadata"]["labels"] },
        "spec": spec,
    })
}

fn config(labels: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "theirs", "labels": labels },
        "data": { "bird": "wren" },
    })
}

fn idle() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "theirs" },
        "spec": {
            "replicas": 0,
            "selector": { "matchLabels": { "app": "theirs" } },
            "template": {
                "metadata": { "labels": { "app": "theirs" } },
                "spec": { "containers": [{ "name": "app", "image": "theirs" }] },
            },
        },
    })
}

fn apply(cluster: &Cluster, namespace: &str, objects: &[Value]) {
    let with_namespace = |object: &Value| {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    cluster.apply(&objects.iter().map(with_namespace).collect::<Vec<_>>());
}

/// Whether an object is the same one, and what is in it. Its status is written by the cluster's controllers.
fn seen(cluster: &Cluster, namespace: &str, object: &Value) -> [Value; 4] {
    let [kind, name] = [&object["kind"], &object["metadata"]["name"]].map(|value| value.as_str().unwrap());
    let there = cluster.get(namespace, &format!("{kind}/{name}"));
    let of = &there["metadata"];
    [of["uid"].clone(), of["labels"].clone(), there["spec"].clone(), there["data"].clone()]
}
