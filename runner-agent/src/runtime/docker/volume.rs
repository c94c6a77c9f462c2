//! Volumes: each is a volume of the Engine's, known by the id in its name.

mod carrier;
pub(super) mod contents;
mod sizes;
pub(super) mod still;

use std::collections::HashMap;

use bollard::{
    errors::Error,
    models::{ContainerSummary, Volume, VolumeCreateRequest},
    query_parameters::{ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions},
};
use patr_models::{
    ids::{SnapshotId, VolumeId},
    wire::{DesiredVolume, ObservedVolume},
};
use tracing::{info, warn};

use super::{
    Docker, Unavailable, VolumesSeen,
    container::label,
    words::{chain, is_answer, is_missing},
};
pub(super) use carrier::sweep;
pub(super) use sizes::Sizes;

pub(super) fn name(volume: VolumeId) -> String {
    format!("patr-{volume}")
}

fn snapshot_name(snapshot: SnapshotId) -> String {
    format!("patr-{snapshot}")
}

pub(super) async fn look(
    docker: &Docker,
    runner: &str,
    desired: &[DesiredVolume],
    buried: &[VolumeId],
) -> Result<VolumesSeen, Unavailable> {
    let all = all(docker).await.map_err(|error| Unavailable(chain(&error)))?;
    if !all.is_empty() {
        sizes::measure_when_due(docker).await;
    }
    let mut seen = VolumesSeen::default();
    for volume in desired {
        if all.contains_key(&name(volume.id)) {
            docker.remember_made(volume.id).await;
            seen.here.push(observed(docker, volume.id).await);
        } else if volume.made || docker.shared.made.get().await.contains(&volume.id) {
            seen.missing.push(volume.id);
        } else if make(docker, runner, volume).await? {
            docker.remember_made(volume.id).await;
            seen.here.push(observed(docker, volume.id).await);
        }
    }
    for volume in buried {
        if bury(docker, *volume, &all).await? {
            seen.gone.push(*volume);
        }
    }
    Ok(seen)
}

async fn observed(docker: &Docker, id: VolumeId) -> ObservedVolume {
    ObservedVolume { id, bytes: docker.shared.sizes.of(&name(id)).await }
}

/// Volumes and snapshots, by name.
async fn all(docker: &Docker) -> Result<HashMap<String, Volume>, Error> {
    let ours = HashMap::from([("label".to_owned(), vec![label::VOLUME.to_owned()])]);
    let found = docker.api.list_volumes(Some(ListVolumesOptions { filters: Some(ours) })).await?;
    Ok(found.volumes.into_iter().flatten().map(|volume| (volume.name.clone(), volume)).collect())
}

/// Whether it could be made.
async fn make(docker: &Docker, runner: &str, volume: &DesiredVolume) -> Result<bool, Unavailable> {
    let labels = [
        (label::RUNNER, runner.to_owned()),
        (label::WORKSPACE, volume.workspace.to_string()),
        (label::VOLUME, volume.id.to_string()),
        (label::VOLUME_NAME, volume.name.to_string()),
    ];
    let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match create(docker, name(volume.id), labels).await {
        Ok(()) => {
            info!("made the volume {} ({})", volume.name, volume.id);
            Ok(true)
        }
        Err(error) if is_answer(&error) => {
            warn!("making the volume {} ({}): {}", volume.name, volume.id, chain(&error));
            Ok(false)
        }
        Err(error) => Err(Unavailable(chain(&error))),
    }
}

async fn create(docker: &Docker, name: String, labels: HashMap<String, String>) -> Result<(), Error> {
    let request = VolumeCreateRequest { name: Some(name), labels: Some(labels), ..Default::default() };
    docker.api.create_volume(request).await.map(drop)
}

/// Whether nothing is left of it. One that a container uses stays until that has gone.
async fn bury(docker: &Docker, volume: VolumeId, all: &HashMap<String, Volume>) -> Result<bool, Unavailable> {
    let id = volume.to_string();
    for (name, _) in all.iter().filter(|(_, found)| found.labels.get(label::VOLUME) == Some(&id)) {
        match remove(docker, name).await {
            Ok(()) => info!("removed the volume {name}"),
            Err(error) if is_answer(&error) => {
                warn!("removing the volume {name}: {}", chain(&error));
                return Ok(false);
            }
            Err(error) => return Err(Unavailable(chain(&error))),
        }
    }
    docker.shared.made.change(|made| made.remove(&volume)).await;
    Ok(true)
}

/// Already gone is success. Without force: one that is used is refused.
async fn remove(docker: &Docker, name: &str) -> Result<(), Error> {
    match docker.api.remove_volume(name, None::<RemoveVolumeOptions>).await {
        Err(error) if !is_missing(&error) => Err(error),
        _ => Ok(()),
    }
}

/// The containers that mount it, those that only carry its contents left out.
async fn users(docker: &Docker, volume: &str, statuses: &[&str]) -> Result<Vec<ContainerSummary>, Error> {
    let statuses = statuses.iter().map(|status| (*status).to_owned()).collect();
    let filters =
        HashMap::from([("volume".to_owned(), vec![volume.to_owned()]), ("status".to_owned(), statuses)]);
    let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
    let mut found = docker.api.list_containers(Some(options)).await?;
    let carries = |labels: &HashMap<String, String>| labels.contains_key(label::CARRIER);
    found.retain(|container| !container.labels.as_ref().is_some_and(carries));
    Ok(found)
}

impl Docker {
    /// From now on its absence is a loss, even before the edge knows that it was made.
    async fn remember_made(&self, volume: VolumeId) {
        if !self.shared.made.get().await.contains(&volume) {
            self.shared.made.change(|made| made.insert(volume)).await;
        }
    }
}
