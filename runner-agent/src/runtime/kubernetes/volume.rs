//! Volumes: each is a claim, known by the id in its name. So is each snapshot of one.

mod carrier;
mod contents;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use patr_models::{
    ids::VolumeId,
    wire::{DesiredVolume, ObservedVolume},
};
use tracing::{info, warn};

pub(super) use contents::{fill, forget, is_for, read, restore, snapshot};

use super::{
    Fault, Kubernetes, Unavailable, VolumesSeen, Workload, chain,
    manifest::{claim, volume_name},
    mark,
};

/// What is in the namespace, once per look.
struct Here {
    claims: Vec<PersistentVolumeClaim>,
    workloads: Vec<Workload>,
}

pub(super) async fn look(
    cluster: &Kubernetes,
    runner: &str,
    desired: &[DesiredVolume],
    buried: &[VolumeId],
) -> Result<VolumesSeen, Unavailable> {
    if desired.is_empty() && buried.is_empty() {
        return Ok(VolumesSeen::default());
    }
    let unavailable = |error: kube::Error| Unavailable(chain(&error));
    let selector = mark::selector(mark::RUNNER, runner);
    let here = Here {
        claims: cluster.list(&selector).await.map_err(unavailable)?,
        workloads: cluster.workloads(&selector).await.map_err(unavailable)?,
    };
    let mut seen = VolumesSeen::default();
    for volume in desired {
        let was_made = volume.made || cluster.0.made.get().await.contains(&volume.id);
        let is_here = match here.claim(volume.id) {
            Some(claim) => !is_lost(claim),
            None => !was_made && make(cluster, volume, runner).await?,
        };
        if is_here {
            cluster.remember_made(volume.id).await;
            seen.here.push(ObservedVolume { id: volume.id, bytes: None });
        } else if was_made {
            seen.missing.push(volume.id);
        }
    }
    for volume in buried {
        if bury(cluster, *volume, &here).await? {
            seen.gone.push(*volume);
        }
    }
    Ok(seen)
}

impl Here {
    fn claim(&self, volume: VolumeId) -> Option<&PersistentVolumeClaim> {
        let name = volume_name(volume);
        self.claims.iter().find(|claim| claim.metadata.name.as_ref() == Some(&name))
    }

    /// Whether a replica would need it, if only to be started again.
    fn uses(&self, volume: VolumeId) -> bool {
        let name = volume_name(volume);
        let pods = self.workloads.iter().filter_map(|one| one.template()?.spec.as_ref());
        let volumes = pods.flat_map(|pod| pod.volumes.iter().flatten());
        let mut claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
        claims.any(|claim| claim.claim_name == name)
    }
}

/// What it was bound to is not there any more.
fn is_lost(claim: &PersistentVolumeClaim) -> bool {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Lost")
}

/// Whether it could be made.
async fn make(cluster: &Kubernetes, volume: &DesiredVolume, runner: &str) -> Result<bool, Unavailable> {
    let options = &cluster.0.options;
    let claim = claim(volume, runner, (&options.volume_size, options.storage_class.as_deref()));
    match cluster.apply(&claim, runner).await {
        Ok(_) => {
            info!("made the volume {} ({})", volume.name, volume.id);
            Ok(true)
        }
        Err(Fault::Failed(why)) => {
            warn!("making the volume {} ({}): {}", volume.name, volume.id, why.message);
            Ok(false)
        }
        Err(Fault::Away(error)) => Err(error),
        Err(Fault::Gone(why)) => Err(Unavailable(why)),
    }
}

/// Whether nothing is left of it. One that a replica uses stays until that has gone: a claim that was once asked to go cannot
/// be kept any more.
async fn bury(cluster: &Kubernetes, volume: VolumeId, here: &Here) -> Result<bool, Unavailable> {
    if here.uses(volume) {
        return Ok(false);
    }
    if here.claim(volume).is_some() {
        let deleted = cluster.delete::<PersistentVolumeClaim>(&volume_name(volume)).await;
        deleted.map_err(|error| Unavailable(chain(&error)))?;
        // It is gone when it is not seen any more.
        return Ok(false);
    }
    cluster.0.made.change(|made| made.remove(&volume)).await;
    Ok(true)
}

impl Kubernetes {
    /// From now on its absence is a loss, even before the edge knows that it was made.
    async fn remember_made(&self, volume: VolumeId) {
        if !self.0.made.get().await.contains(&volume) {
            self.0.made.change(|made| made.insert(volume)).await;
        }
    }
}
