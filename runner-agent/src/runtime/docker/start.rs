//! From a specification to a container that runs.

use bollard::query_parameters::CreateContainerOptions;
use patr_models::deployment::{FailureKind, WorkloadSpec};

use super::{
    Docker, Fault, NewReplica, container, failure, files,
    image::pinned,
    network, volume,
    words::{is_missing, refused},
};

pub(super) async fn start(docker: &Docker, new: &NewReplica, runner: &str) -> Result<(), Fault> {
    let spec = &new.desired.spec;
    volumes_are_here(docker, spec).await?;
    let reference = pinned(&spec.image, &new.digest);
    // An image made here is known by its id only.
    let here = docker.local(&reference).await?.is_some();
    let image = if here { reference } else { new.digest.to_string() };
    let options = CreateContainerOptions {
        name: Some(container::unproven_name(new, rand::random())),
        platform: spec.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let id = {
        let _stays = docker.shared.networks.read().await;
        let network = network::ensure(docker, new.desired.workspace, runner).await?;
        let body = container::create(new, image, network, runner, docker.publish)?;
        let made = docker.api.create_container(Some(options), body).await;
        made.map_err(|error| refused("making its container", &error))?.id
    };
    let started = fill_and_start(docker, &id, new).await;
    if started.is_err() {
        // Should this fail too, the container is found by its labels and removed as one that has ended.
        let _ = docker.discard(&id).await;
    }
    started
}

async fn fill_and_start(docker: &Docker, id: &str, new: &NewReplica) -> Result<(), Fault> {
    files::put(docker, id, new).await?;
    let started = docker.api.start_container(id, None).await;
    started.map_err(|error| refused("starting its container", &error))
}

/// The Engine would make an empty one in the place of one that is lost.
async fn volumes_are_here(docker: &Docker, spec: &WorkloadSpec) -> Result<(), Fault> {
    for mount in spec.volumes.values() {
        let missing =
            |why: &str| failure(FailureKind::VolumeMissing, format!("its volume `{}` {why}", mount.volume));
        let id = mount.id.ok_or_else(|| missing("has not been made"))?;
        match docker.api.inspect_volume(&volume::name(id)).await {
            Ok(_) => {}
            Err(error) if is_missing(&error) => return Err(missing("is not on this machine").into()),
            Err(error) => return Err(refused("looking for its volumes", &error)),
        }
    }
    Ok(())
}
