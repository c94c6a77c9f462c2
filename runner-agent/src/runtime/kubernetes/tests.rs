//! The verbs, against an API server in memory.

mod lease;
mod rights;
mod server;

use patr_models::{
    ids::{Id, VolumeId},
    time::Millis,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    manifest::{
        tests::{everything, plain},
        volume_name,
    },
    *,
};
use server::{AGENTS, NAMESPACE, Server};

const RUNNER: &str = "run_x";

struct Cluster {
    server: Server,
    runtime: Kubernetes,
    state: TempDir,
}

fn cluster() -> Cluster {
    let (server, state) = (Server::default(), tempfile::tempdir().unwrap());
    let options = Options {
        kubeconfig: None,
        namespace: None,
        security: Security::Restricted,
        volume_size: "1Gi".to_owned(),
        storage_class: None,
        image: Some("patr-runner:1".to_owned()),
        forward: false,
    };
    let about = ("a cluster".to_owned(), false);
    let namespaces = (NAMESPACE.to_owned(), Some(AGENTS.to_owned()));
    let runtime = Kubernetes::over(server.client(), namespaces, about, options, state.path());
    Cluster { server, runtime, state }
}

impl Cluster {
    async fn starts(&self, new: &NewReplica) -> Replica {
        self.runtime.start(new, RUNNER).await.unwrap();
        self.replica().await
    }

    /// The only replica.
    async fn replica(&self) -> Replica {
        let here = self.runtime.observe(RUNNER).await.unwrap();
        assert_eq!(here.len(), 1, "{here:?}");
        here.into_iter().next().unwrap()
    }

    /// The pod of the only replica runs.
    fn has_a_pod(&self, id: &str, container: Value) {
        let mut container_status =
            json!({ "name": "app", "image": "web:1", "imageID": "x", "ready": true, "restartCount": 0 });
        container_status.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        self.server.puts(
            "pods",
            json!({
                "metadata": { "name": "pod", "labels": { mark::RUNNER: RUNNER, mark::REPLICA: id } },
                "status": { "phase": "Running", "podIP": "10.1.0.5", "containerStatuses": [container_status] },
            }),
        );
    }
}

fn message(fault: Fault) -> String {
    match fault {
        Fault::Failed(failure) => failure.message,
        other => panic!("{other:?}"),
    }
}

fn volume(number: u128) -> VolumeId {
    VolumeId::from_parts(Millis(0), number)
}

fn claim_of(volume: VolumeId) -> Value {
    let labels = json!({ mark::RUNNER: RUNNER, mark::VOLUME: volume.to_string() });
    json!({ "metadata": { "name": volume_name(volume), "labels": labels } })
}

#[tokio::test]
async fn a_pod_is_asked_for_when_all_that_it_reads_is_there() {
    let cluster = cluster();
    cluster.server.puts("persistentvolumeclaims", claim_of(volume(1)));
    cluster.server.puts("persistentvolumeclaims", claim_of(volume(2)));
    let replica = cluster.starts(&everything()).await;
    let changes = cluster.server.changes();
    let applied = ["networkpolicies", "statefulsets", "configmaps", "secrets", "statefulsets"];
    let applied = applied.map(|one| format!("apply {one}"));
    assert_eq!(changes, [&["change persistentvolumeclaims".to_owned()][..], &applied].concat());
    let set = &cluster.server.all("statefulsets")[0];
    assert_eq!(set["spec"]["replicas"], 1);
    for kind in ["configmaps", "secrets"] {
        let owner = &cluster.server.all(kind)[0]["metadata"]["ownerReferences"][0];
        assert_eq!((&owner["kind"], &owner["uid"]), (&json!("StatefulSet"), &set["metadata"]["uid"]));
    }
    assert_eq!(cluster.runtime.secrets_in(&replica.id).await.unwrap(), [b"hunter2", b"hunter2"]);
    assert_eq!(replica.state, ReplicaState::Restarting, "its pod is still to come");
}

#[tokio::test]
async fn a_replica_runs_when_its_pod_does() {
    let cluster = cluster();
    let Replica { id, .. } = cluster.starts(&plain()).await;
    cluster.has_a_pod(&id, json!({ "state": { "running": {} } }));
    let replica = cluster.replica().await;
    assert_eq!(replica.state, ReplicaState::Running(Address::Network([10, 1, 0, 5].into())));
    assert_eq!(replica.health, super::super::Health::Ready);
    cluster.server.changes();
    assert_eq!(cluster.runtime.exec_probe(&id, &["true".to_owned()], Duration::ZERO).await, Ok(()));
    assert_eq!(cluster.runtime.check(&id).await.unwrap().state, replica.state);
    cluster.runtime.volumes(RUNNER, &[], &[]).await.unwrap();
    assert_eq!(cluster.server.changes(), [""; 0], "whoever only looks writes nothing");
}

#[tokio::test]
async fn a_volume_that_is_lost_is_no_pod_that_waits_for_ever() {
    let cluster = cluster();
    let why = message(cluster.runtime.start(&everything(), RUNNER).await.unwrap_err());
    assert_eq!(why, "its volume `data1` is not in this cluster");
    assert_eq!(cluster.server.changes(), [""; 0]);
}

#[tokio::test]
async fn a_cluster_that_cannot_send_a_signal_says_so_and_nothing_is_left() {
    let cluster = cluster();
    cluster.server.forgets_signals();
    let mut new = plain();
    new.desired.spec.stop_signal = Some("SIGQUIT".to_owned());
    let why = message(cluster.runtime.start(&new, RUNNER).await.unwrap_err());
    assert!(why.contains("its stop signal is SIGQUIT"), "{why}");
    assert_eq!(cluster.runtime.observe(RUNNER).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_a_namespace_does_not_allow_fails_at_once_and_room_is_waited_for() {
    let cluster = cluster();
    cluster
        .server
        .refuses("pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": seccompProfile");
    let begun = Instant::now();
    let why = message(cluster.runtime.start(&plain(), RUNNER).await.unwrap_err());
    assert!(why.starts_with("its namespace does not allow it: "), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(cluster.runtime.observe(RUNNER).await.unwrap(), []);

    cluster.server.refuses("pods \"web\" is forbidden: exceeded quota: q, requested: cpu=1");
    let new = plain();
    let starting = cluster.runtime.start(&new, RUNNER);
    let room = async {
        sleep(Duration::from_secs(3)).await; // On the paused clock.
        cluster.server.admits();
    };
    tokio::join!(starting, room).0.unwrap();

    cluster.server.refuses("pods \"web\" is forbidden: exceeded quota: q, requested: cpu=1");
    let why = message(cluster.runtime.start(&plain(), RUNNER).await.unwrap_err());
    assert!(why.starts_with("the quota of its namespace is used up: "), "{why}");
}

#[tokio::test]
async fn one_that_is_proved_is_found_by_the_name_of_its_deployment() {
    let cluster = cluster();
    let Replica { id, .. } = cluster.starts(&plain()).await;
    assert_eq!(cluster.server.all("services"), [] as [Value; 0]);
    cluster.runtime.keep(&id).await.unwrap();
    assert!(cluster.replica().await.proven);
    let service = &cluster.server.all("services")[0];
    assert_eq!(
        (&service["metadata"]["name"], &service["spec"]["ports"][0]["port"]),
        (&json!("web"), &json!(80))
    );
    assert_eq!(cluster.server.all("poddisruptionbudgets").len(), 1);
    let before = cluster.server.all("services");
    cluster.server.changes();
    cluster.runtime.keep(&id).await.unwrap();
    assert_eq!(
        cluster.server.changes(),
        ["apply services", "apply poddisruptionbudgets"],
        "it is marked once"
    );
    assert_eq!(cluster.server.all("services"), before);
}

#[tokio::test]
async fn what_is_somebody_elses_is_left_alone() {
    let cluster = cluster();
    let theirs = json!({ "metadata": { "name": "web" }, "spec": { "clusterIP": "10.96.0.9" } });
    cluster.server.puts("services", theirs.clone());
    let Replica { id, deployment, .. } = cluster.starts(&plain()).await;
    let why = message(cluster.runtime.keep(&id).await.unwrap_err());
    assert!(why.contains("`web`") && why.contains("not this runner's"), "{why}");
    cluster.runtime.remove(&id).await.unwrap();
    cluster.runtime.forget(deployment).await;
    assert_eq!(cluster.server.all("services"), [theirs]);
    let another = cluster.runtime.observe("run_y").await.unwrap();
    assert_eq!(another, []);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_takes_away_or_scales_up_is_put_right() {
    let cluster = cluster();
    let Replica { id, .. } = cluster.starts(&plain()).await;
    cluster.runtime.keep(&id).await.unwrap();
    let around = ["services", "poddisruptionbudgets", "networkpolicies"];
    let before = around.map(|kind| cluster.server.all(kind).len());
    for kind in around {
        cluster.server.loses(kind);
    }
    cluster.server.change("deployments", |one| one["spec"]["replicas"] = json!(3));
    cluster.server.changes();
    cluster.replica().await;
    assert_eq!(cluster.server.changes(), [""; 0], "it is not looked for at every look");
    later().await;
    cluster.replica().await;
    assert_eq!(around.map(|kind| cluster.server.all(kind).len()), before);
    assert_eq!(cluster.server.all("deployments")[0]["spec"]["replicas"], 1);
    cluster.server.changes();
    later().await;
    cluster.replica().await;
    assert_eq!(cluster.server.changes(), [""; 0], "and then nothing is written");
}

async fn later() {
    sleep(drift::LOOK_EVERY).await; // On the paused clock.
}

#[tokio::test]
async fn a_stopped_one_is_kept_and_runs_again_as_it_was() {
    let cluster = cluster();
    let Replica { id, .. } = cluster.starts(&plain()).await;
    cluster.runtime.keep(&id).await.unwrap();
    cluster.runtime.stop(&id).await.unwrap();
    assert_eq!(cluster.replica().await.state, ReplicaState::Exited);
    cluster.runtime.start_again(&id).await.unwrap();
    assert_eq!(cluster.replica().await.state, ReplicaState::Restarting);
    assert_eq!(cluster.server.all("deployments")[0]["spec"]["replicas"], 1);
}

#[tokio::test]
async fn one_that_is_removed_takes_along_what_it_owns_and_nothing_else() {
    let cluster = cluster();
    let mut new = everything();
    new.desired.spec.volumes.clear();
    let Replica { id, deployment, .. } = cluster.starts(&new).await;
    cluster.runtime.keep(&id).await.unwrap();
    cluster.runtime.remove(&id).await.unwrap();
    for kind in ["deployments", "configmaps", "secrets"] {
        assert_eq!(cluster.server.all(kind), [] as [Value; 0], "{kind}");
    }
    assert_eq!(cluster.server.all("services").len(), 1, "another replica may be there");
    cluster.runtime.forget(deployment).await;
    for kind in ["services", "poddisruptionbudgets"] {
        assert_eq!(cluster.server.all(kind), [] as [Value; 0], "{kind}");
    }
    assert_eq!(cluster.server.all("networkpolicies").len(), 1);
    cluster.runtime.remove(&id).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_says_nothing_about_replicas() {
    let cluster = cluster();
    let Replica { id, .. } = cluster.starts(&plain()).await;
    cluster.server.is_away();
    assert!(cluster.runtime.observe(RUNNER).await.is_err());
    assert!(matches!(cluster.runtime.check(&id).await, Err(Fault::Away(_))));
    assert!(matches!(cluster.runtime.start(&plain(), RUNNER).await, Err(Fault::Away(_))));
}

fn desired(number: u128, made: bool) -> DesiredVolume {
    let workspace = plain().desired.workspace;
    DesiredVolume { id: volume(number), workspace, name: "data".parse().unwrap(), made }
}

#[tokio::test]
async fn a_volume_is_made_once_and_a_loss_is_a_loss() {
    let cluster = cluster();
    let look = async |made| cluster.runtime.volumes(RUNNER, &[desired(1, made)], &[]).await.unwrap();
    assert_eq!(look(false).await.here.len(), 1);
    assert_eq!(look(true).await.here.len(), 1);
    assert_eq!(cluster.server.changes(), ["apply persistentvolumeclaims"]);
    cluster.server.change("persistentvolumeclaims", |claim| claim["status"] = json!({ "phase": "Lost" }));
    assert_eq!(look(true).await.missing, [volume(1)]);
    cluster
        .runtime
        .delete::<k8s_openapi::api::core::v1::PersistentVolumeClaim>(&volume_name(volume(1)))
        .await
        .unwrap();
    // Even before the edge knows that it was made.
    assert_eq!(look(false).await.missing, [volume(1)]);
    assert_eq!(cluster.server.all("persistentvolumeclaims"), [] as [Value; 0]);
}

#[tokio::test]
async fn a_buried_volume_goes_when_no_replica_needs_it() {
    let cluster = cluster();
    let (first, second) = (desired(1, false), desired(2, false));
    cluster.runtime.volumes(RUNNER, &[first, second], &[]).await.unwrap();
    let Replica { id, .. } = cluster.starts(&everything()).await;
    let bury = async || cluster.runtime.volumes(RUNNER, &[], &[volume(1)]).await.unwrap().gone;
    assert_eq!(bury().await, []);
    cluster.runtime.remove(&id).await.unwrap();
    // Asked to go, and then gone.
    assert_eq!(bury().await, []);
    assert_eq!(bury().await, [volume(1)]);
    assert_eq!(cluster.server.all("persistentvolumeclaims").len(), 1, "nobody buried the other");
}

/// A container that got its image and could not run what is in no image.
fn got(id: &str) -> Value {
    let state =
        json!({ "terminated": { "exitCode": 128, "reason": "StartError", "message": "no such file" } });
    json!({ "imageID": id, "state": state })
}

fn has_not(reason: &str, message: &str) -> Value {
    json!({ "imageID": "", "state": { "waiting": { "reason": reason, "message": message } } })
}

const TAG: &str = "registry.example/web:1";

#[tokio::test]
async fn a_node_says_what_a_tag_means_and_replicas_run_that() {
    let cluster = cluster();
    let (new, digest) = (plain(), plain().digest);
    cluster.server.runs(&format!("Always {TAG}"), got(&format!("registry.example/web@{digest}")));
    assert_eq!(cluster.runtime.pull(&new.desired.spec, None).await.unwrap(), digest);
    assert_eq!(cluster.server.all("pods"), [] as [Value; 0], "nothing of it is left");
    cluster.starts(&new).await;
    let container = &cluster.server.all("deployments")[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], format!("registry.example/web@{digest}"));
}

#[tokio::test]
async fn an_image_that_only_nodes_have_is_run_by_its_tag() {
    let cluster = cluster();
    let (new, digest) = (plain(), plain().digest);
    let pinned = format!("IfNotPresent registry.example/web@{digest}");
    cluster.server.runs(&format!("Always {TAG}"), has_not("ErrImagePull", "not found"));
    cluster.server.runs(&pinned, has_not("ErrImagePull", "not found"));
    cluster.server.runs(&format!("Never {TAG}"), got(digest.as_str()));
    assert_eq!(cluster.runtime.pull(&new.desired.spec, None).await.unwrap(), digest);
    // As after a restart of the agent, when only the digest is known.
    cluster.runtime.0.images.lock().await.clear();
    assert_eq!(cluster.runtime.pull(&new.desired.spec, Some(&digest)).await.unwrap(), digest);
    cluster.starts(&new).await;
    let container = &cluster.server.all("deployments")[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], TAG);
}

#[tokio::test]
async fn an_old_image_is_not_run_in_the_place_of_one_that_cannot_be_had() {
    let cluster = cluster();
    let new = plain();
    cluster.server.runs(&format!("Always {TAG}"), has_not("ErrImagePull", "401 Unauthorized"));
    cluster.server.runs(&format!("Never {TAG}"), got(&format!("registry.example/web@{}", new.digest)));
    let Fault::Failed(why) = cluster.runtime.pull(&new.desired.spec, None).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(why.kind, FailureKind::PullDenied);
    assert!(why.message.contains("patr-registry"), "{}", why.message);
}
