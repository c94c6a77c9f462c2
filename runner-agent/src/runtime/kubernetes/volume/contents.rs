//! What is in volumes: read, filled, copied, put back. A cluster has no way to hold a replica still, so a snapshot is made while
//! none runs that has the volume.

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, PodSpec};
use kube::api::{Patch, PatchParams};
use patr_models::{
    deployment::FailureKind,
    ids::{SnapshotId, VolumeId},
};
use serde_json::json;
use tracing::warn;

use super::{
    super::{
        Archive, Fault, Kubernetes, beginning, chain, failure,
        manifest::{User, claim_of_snapshot, snapshot_name, volume_name},
        mark, refused, state,
    },
    carrier::{Carrier, Used},
};

const VOLUME: &str = "/volume";
const SNAPSHOT: &str = "/snapshot";

pub(in super::super) async fn read(
    cluster: &Kubernetes,
    volume: VolumeId,
    snapshot: Option<SnapshotId>,
) -> Result<Archive, Fault> {
    const DOING: &str = "reading the volume";
    let name = snapshot.map_or_else(|| volume_name(volume), snapshot_name);
    let users = Users::of(cluster, &found(cluster, &name, DOING).await?).await?;
    Carrier::of(cluster, &[(name, VOLUME)], users.used, DOING).await?.read(VOLUME).await
}

pub(in super::super) async fn fill(
    cluster: &Kubernetes,
    volume: VolumeId,
    archive: Archive,
) -> Result<(), Fault> {
    const DOING: &str = "filling the volume";
    let broken = |error| failure(FailureKind::Runtime, format!("{DOING}: {error}"));
    // A short one is at its end when its beginning was read.
    let mut archive = archive.fuse().boxed();
    let begins = beginning(&mut archive).await.map_err(broken)?;
    let mut claim = found(cluster, &volume_name(volume), DOING).await?;
    if let (None, Some(owner)) = (annotation(&claim), owner(&begins)) {
        is_for(cluster, &claim, &owner).await?;
        claim.metadata.annotations.get_or_insert_default().insert(mark::USER.to_owned(), owner);
    }
    let users = Users::of(cluster, &claim).await?;
    let carrier = Carrier::of(cluster, &[(volume_name(volume), VOLUME)], users.used, DOING).await?;
    let whole = stream::iter([Ok(begins.into())]).chain(archive);
    carrier.fill(VOLUME, whole.boxed(), DOING).await
}

pub(in super::super) async fn snapshot(
    cluster: &Kubernetes,
    volume: VolumeId,
    snapshot: SnapshotId,
) -> Result<u64, Fault> {
    const DOING: &str = "making the snapshot";
    let (name, copy) = (volume_name(volume), snapshot_name(snapshot));
    let claim = found(cluster, &name, DOING).await?;
    let users = Users::of(cluster, &claim).await?;
    users.must_not_run(DOING)?;
    let there = cluster.api::<PersistentVolumeClaim>().get_opt(&copy).await;
    if there.map_err(|error| refused(DOING, &error))?.is_some() {
        return Err(failure(FailureKind::Runtime, "there is this snapshot already").into());
    }
    let runner = runner(&claim);
    cluster.apply(&claim_of_snapshot(snapshot, &claim, (&runner, volume)), &runner).await?;
    let copied = async {
        let claims = [(name, VOLUME), (copy.clone(), SNAPSHOT)];
        Carrier::of(cluster, &claims, users.used, DOING).await?.copy(VOLUME, SNAPSHOT, DOING).await
    };
    let copied = copied.await;
    if copied.is_err()
        && let Err(error) = cluster.delete::<PersistentVolumeClaim>(&copy).await
    {
        warn!("removing half of a snapshot, {copy}: {}", chain(&error));
    }
    copied
}

pub(in super::super) async fn restore(
    cluster: &Kubernetes,
    volume: VolumeId,
    snapshot: SnapshotId,
) -> Result<(), Fault> {
    const DOING: &str = "putting the volume back";
    let (name, copy) = (volume_name(volume), snapshot_name(snapshot));
    let users = Users::of(cluster, &found(cluster, &name, DOING).await?).await?;
    let of = found(cluster, &copy, DOING).await?.metadata.labels.unwrap_or_default();
    if of.get(mark::SNAPSHOT_OF) != Some(&volume.to_string()) {
        return Err(failure(FailureKind::Runtime, "the snapshot is one of another volume").into());
    }
    users.must_not_run(DOING)?;
    let claims = [(name, VOLUME), (copy, SNAPSHOT)];
    let carrier = Carrier::of(cluster, &claims, users.used, DOING).await?;
    carrier.copy(SNAPSHOT, VOLUME, DOING).await.map(drop)
}

pub(in super::super) async fn forget(cluster: &Kubernetes, snapshot: SnapshotId) -> Result<(), Fault> {
    let deleted = cluster.delete::<PersistentVolumeClaim>(&snapshot_name(snapshot)).await;
    deleted.map_err(|error| refused("removing the snapshot", &error))
}

async fn found(cluster: &Kubernetes, name: &str, doing: &str) -> Result<PersistentVolumeClaim, Fault> {
    let found = cluster.api::<PersistentVolumeClaim>().get_opt(name).await;
    let missing = || failure(FailureKind::VolumeMissing, format!("{doing}: it is not in this cluster"));
    Ok(found.map_err(|error| refused(doing, &error))?.ok_or_else(missing)?)
}

fn runner(claim: &PersistentVolumeClaim) -> String {
    claim.metadata.labels.as_ref().and_then(|labels| labels.get(mark::RUNNER)).cloned().unwrap_or_default()
}

/// Notes whom the files of a volume are for.
pub(in super::super) async fn is_for(
    cluster: &Kubernetes,
    claim: &PersistentVolumeClaim,
    user: &str,
) -> Result<(), Fault> {
    if annotation(claim) == Some(user) {
        return Ok(());
    }
    let change = Patch::Merge(json!({ "metadata": { "annotations": { mark::USER: user } } }));
    let params = PatchParams { field_manager: Some(mark::MANAGER.to_owned()), ..Default::default() };
    let name = claim.metadata.name.as_deref().unwrap_or_default();
    let noted = cluster.api::<PersistentVolumeClaim>().patch(name, &params, &change).await;
    noted.map(drop).map_err(|error| refused("noting whom a volume is for", &error))
}

fn annotation(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.metadata.annotations.as_ref()?.get(mark::USER).map(String::as_str)
}

/// Whom the files of an archive are for, as far as its beginning tells. Root's are anybody's.
fn owner(begins: &[u8]) -> Option<String> {
    let mut archive = tar::Archive::new(begins);
    let entries = archive.entries().ok()?.map_while(Result::ok);
    let owners = entries.filter_map(|entry| Some((entry.header().uid().ok()?, entry.header().gid().ok()?)));
    owners.into_iter().find(|(user, _)| *user != 0).map(|(user, group)| format!("{user}:{group}"))
}

/// Who has a volume, and where.
struct Users {
    /// A deployment of which a replica runs with it, or is about to.
    running: Option<String>,
    used: Used,
}

impl Users {
    async fn of(cluster: &Kubernetes, claim: &PersistentVolumeClaim) -> Result<Self, Fault> {
        const NAME: &str = "app.kubernetes.io/name";
        let failed = |error: kube::Error| refused("finding out who has the volume", &error);
        let (selector, name) = (mark::selector(mark::RUNNER, &runner(claim)), claim.metadata.name.as_deref());
        let has = |pod: &PodSpec| claims(pod).any(|claim| Some(claim) == name);
        let workloads = cluster.workloads(&selector).await.map_err(failed)?;
        let mut workloads = workloads
            .iter()
            .filter(|one| one.replicas() > 0)
            .filter(|one| one.template().and_then(|pod| pod.spec.as_ref()).is_some_and(has));
        let pods = cluster.list::<Pod>(&selector).await.map_err(failed)?;
        let pod = pods.iter().find(|pod| !state::is_over(pod) && pod.spec.as_ref().is_some_and(has));
        let of_pod = pod.and_then(|pod| pod.metadata.labels.as_ref()?.get(NAME).cloned());
        let running = of_pod.or_else(|| workloads.find_map(|one| one.label(NAME).map(str::to_owned)));
        let user = annotation(claim).map(|user| User::named(user, cluster.0.options.security)).transpose()?;
        let node = pod.and_then(|pod| pod.spec.as_ref()?.node_name.clone());
        Ok(Self { running, used: Used { user: user.unwrap_or_default(), node } })
    }

    fn must_not_run(&self, doing: &str) -> Result<(), Fault> {
        let Some(deployment) = &self.running else { return Ok(()) };
        let message = format!(
            "{doing}: `{deployment}` uses the volume, and a cluster cannot hold it still: `patr deployment stop \
             {deployment}` first"
        );
        Err(failure(FailureKind::Runtime, message).into())
    }
}

fn claims(pod: &PodSpec) -> impl Iterator<Item = &str> {
    let claims = pod.volumes.iter().flatten().filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims.map(|claim| claim.claim_name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(owners: &[(u64, u64)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (user, group) in owners {
            let mut header = tar::Header::new_ustar();
            header.set_uid(*user);
            header.set_gid(*group);
            header.set_size(0);
            builder.append_data(&mut header, "file", std::io::empty()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn whom_an_archive_is_for_is_whose_its_first_file_is_that_is_not_roots() {
        assert_eq!(owner(&archive(&[(0, 0), (70, 71), (5, 5)])).as_deref(), Some("70:71"));
        assert_eq!(owner(&archive(&[(0, 0)])), None);
        assert_eq!(owner(b"no archive"), None);
    }
}
