//! The life of a replica.

use std::time::Duration;

use k8s_openapi::api::{
    core::v1::{PersistentVolumeClaim, Pod, Service},
    policy::v1::PodDisruptionBudget,
};
use kube::api::PostParams;
use patr_models::{
    deployment::{FailureKind, WorkloadSpec},
    ids::DeploymentId,
};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{
    Fault, Kubernetes, NewReplica, Workload, chain, failure,
    manifest::{
        Content, Making, content, disruption_budget, disruption_budget_name, network_policy, service,
        volume_name,
    },
    mark, pull, refused, volume,
    words::{is_over_quota, not_admitted},
};

/// How often it is looked whether something has gone.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often it is asked whether there is room by now.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long a namespace may take to see that something has gone.
const QUOTA_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn start(cluster: &Kubernetes, new: &NewReplica, runner: &str) -> Result<(), Fault> {
    volumes_are_here(cluster, &new.desired.spec).await?;
    cluster.apply(&network_policy(runner, cluster.0.agents.as_deref()), runner).await?;
    let image = pull::reference(cluster, &new.desired.spec.image, &new.digest).await;
    // The first letters are all that is shown of an id, so it is made of nothing but chance.
    let id = format!("{:012x}", rand::random::<u64>() >> 16);
    let security = cluster.0.options.security;
    let making = Making { new, id: &id, runner, image: &image, security };
    // Without a pod, until all that it reads is there. What an agent leaves here that ends now is found and removed.
    let made = cluster.apply_workload(&making.workload(0)?, runner).await?;
    let started = fill_and_start(cluster, &making, &made).await;
    if started.is_err() {
        // Should this fail too, it is found by its labels, and removed as one that was never started.
        let _ = cluster.delete_workload(&made).await;
    }
    started
}

async fn fill_and_start(cluster: &Kubernetes, making: &Making<'_>, made: &Workload) -> Result<(), Fault> {
    knows_the_signal(making, made)?;
    is_admitted(cluster, made).await?;
    let Content { files, secrets } = content(making, &made.owner())?;
    if let Some(files) = files {
        cluster.apply(&files, making.runner).await?;
    }
    if let Some(secrets) = secrets {
        cluster.apply(&secrets, making.runner).await?;
    }
    cluster.apply_workload(&making.workload(1)?, making.runner).await.map(drop)
}

/// A cluster that does not know a field leaves it out without a word.
fn knows_the_signal(making: &Making<'_>, made: &Workload) -> Result<(), Fault> {
    let Some(wanted) = &making.new.desired.spec.stop_signal else { return Ok(()) };
    let containers = made.template().and_then(|template| template.spec.as_ref()).map(|pod| &pod.containers);
    let lifecycles = containers.into_iter().flatten().filter_map(|one| one.lifecycle.as_ref());
    if wanted == "SIGTERM" || lifecycles.filter_map(|one| one.stop_signal.as_ref()).any(|one| one == wanted) {
        return Ok(());
    }
    let message = format!(
        "its stop signal is {wanted}, and this cluster cannot be told one (its feature `ContainerStopSignals` is \
         off): say it in the image, with `STOPSIGNAL`"
    );
    Err(failure(FailureKind::Runtime, message).into())
}

/// Whether its namespace allows its pod. It is asked without making one: of a StatefulSet nobody hears why it has none.
async fn is_admitted(cluster: &Kubernetes, made: &Workload) -> Result<(), Fault> {
    let Some(pod) = made.pod() else { return Ok(()) };
    let asking = PostParams { dry_run: true, field_manager: None };
    let begun = Instant::now();
    loop {
        let said = match cluster.api::<Pod>().create(&asking, &pod).await {
            Err(kube::Error::Api(status)) if status.code == 403 => status.message,
            // Something in between may not know the question.
            _ => return Ok(()),
        };
        // What the one before it took comes back a moment after that has gone.
        if !is_over_quota(&said) || begun.elapsed() > QUOTA_WITHIN {
            return Err(not_admitted(&said).into());
        }
        sleep(ASK_EVERY).await;
    }
}

/// A pod with a claim that is not there would wait for ever. Whom a volume is for is noted: a snapshot is read and put back
/// when no replica is there to tell.
async fn volumes_are_here(cluster: &Kubernetes, spec: &WorkloadSpec) -> Result<(), Fault> {
    for mount in spec.volumes.values() {
        let missing =
            |why: &str| failure(FailureKind::VolumeMissing, format!("its volume `{}` {why}", mount.volume));
        let id = mount.id.ok_or_else(|| missing("has not been made"))?;
        let claim = cluster.api::<PersistentVolumeClaim>().get_opt(&volume_name(id)).await;
        let claim = claim.map_err(|error| refused("looking for its volumes", &error))?;
        let claim = claim.ok_or_else(|| missing("is not in this cluster"))?;
        if let Some(user) = spec.user.as_deref().filter(|_| !mount.read_only) {
            volume::is_for(cluster, &claim, user).await?;
        }
    }
    Ok(())
}

/// It has answered: from now on others reach it by the name of its deployment.
pub(super) async fn keep(cluster: &Kubernetes, id: &str) -> Result<(), Fault> {
    let doing = "keeping its pod";
    let (workload, _) = cluster.found(id, doing).await?;
    introduce(cluster, &workload).await?;
    if workload.is_proven() {
        return Ok(());
    }
    // Last: who sees the mark takes all of this for done.
    let proven = json!({ "metadata": { "annotations": { mark::PROVEN: "true" } } });
    cluster.change(&workload, &proven).await.map_err(|error| refused(doing, &error))
}

pub(super) async fn introduce(cluster: &Kubernetes, workload: &Workload) -> Result<(), Fault> {
    let Some(runner) = workload.label(mark::RUNNER) else { return Ok(()) };
    if let Some(service) = service(workload) {
        cluster.apply(&service, runner).await?;
    }
    if let Some(budget) = disruption_budget(workload) {
        cluster.apply(&budget, runner).await?;
    }
    Ok(())
}

pub(super) async fn stop(cluster: &Kubernetes, id: &str) -> Result<(), Fault> {
    let doing = "stopping its pod";
    let (workload, _) = cluster.found(id, doing).await?;
    if workload.replicas() > 0 {
        cluster.save_logs(&workload, id).await;
        scale(cluster, &workload, 0, doing).await?;
    }
    while !cluster.found(id, doing).await?.1.is_empty() {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

pub(super) async fn start_again(cluster: &Kubernetes, id: &str) -> Result<(), Fault> {
    let doing = "starting its pod again";
    let (workload, _) = cluster.found(id, doing).await?;
    scale(cluster, &workload, 1, doing).await?;
    introduce(cluster, &workload).await
}

pub(super) async fn scale(
    cluster: &Kubernetes,
    workload: &Workload,
    to: i32,
    doing: &str,
) -> Result<(), Fault> {
    let change = json!({ "spec": { "replicas": to } });
    cluster.change(workload, &change).await.map_err(|error| refused(doing, &error))
}

pub(super) async fn remove(cluster: &Kubernetes, id: &str) -> Result<(), Fault> {
    let doing = "removing its pod";
    let refuse = |error: kube::Error| refused(doing, &error);
    let Some((workload, pods)) = cluster.find(id).await.map_err(refuse)? else { return Ok(()) };
    if !pods.is_empty() && !workload.is_going() {
        cluster.save_logs(&workload, id).await;
    }
    cluster.delete_workload(&workload).await.map_err(refuse)?;
    // How long that may take is the step's to say.
    while cluster.find(id).await.map_err(refuse)?.is_some() {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// What a deployment had one of goes with the last of its replicas.
pub(super) async fn forget(cluster: &Kubernetes, deployment: DeploymentId) {
    let selector = mark::selector(mark::DEPLOYMENT, &deployment.to_string());
    let removing = async {
        for service in cluster.list::<Service>(&selector).await? {
            cluster.delete::<Service>(service.metadata.name.as_deref().unwrap_or_default()).await?;
        }
        cluster.delete::<PodDisruptionBudget>(&disruption_budget_name(deployment)).await
    };
    if let Err(error) = removing.await {
        warn!("removing what is left of {deployment}: {}", chain(&error));
    }
}
