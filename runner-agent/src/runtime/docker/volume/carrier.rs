//! Reading and writing volumes without any tool in any image: a container that is made with the volume and never
//! started, and the Engine's own way to copy files out of containers and into them.

use std::{collections::HashMap, io, path::Component, sync::Arc, time::Duration};

use bollard::{
    models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions},
    query_parameters::{
        CreateContainerOptions, CreateImageOptions, DownloadFromContainerOptions, ListContainersOptions,
        RemoveContainerOptions, UploadToContainerOptions,
    },
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patr_models::deployment::FailureKind;
use tokio::sync::mpsc;
use tracing::warn;

use super::super::{
    Archive, Docker, Fault, beginning,
    container::label,
    failure,
    words::{chain, is_answer, is_missing, refused},
};

/// An image of nothing, made when it is needed.
const IMAGE: &str = "patr-empty";
const TAG: &str = "1";
/// Where the volume is in the container.
const FOLDER: &str = "/volume";
/// An archive without entries: two blocks of zeros.
const EMPTY: &[u8] = &[0; 1024];
/// How long copying a whole volume may take.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// Chunks that wait for their reader.
const WAITING: usize = 16;

/// A container that holds a volume. It goes when nothing reads or writes any more.
pub(super) struct Carrier(Arc<Held>);

struct Held {
    docker: Docker,
    id: String,
}

impl Carrier {
    /// Takes a volume, or a snapshot, by its name; `noun` is what people call it.
    pub(super) async fn of(docker: &Docker, volume: &str, noun: &str) -> Result<Self, Fault> {
        let doing = format!("opening {noun}");
        let found = match docker.api.inspect_volume(volume).await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => {
                let message = format!("{noun} is not on this machine");
                return Err(failure(FailureKind::VolumeMissing, message).into());
            }
            Err(error) => return Err(refused(&doing, &error)),
        };
        ensure_image(docker).await?;
        let runner = found.labels.get(label::RUNNER).cloned().unwrap_or_default();
        let name = format!("patr-carrier-{:016x}", rand::random::<u64>());
        let options = CreateContainerOptions { name: Some(name), ..Default::default() };
        let made = docker.api.create_container(Some(options), body(docker, volume, runner)).await;
        let id = made.map_err(|error| refused(&doing, &error))?.id;
        Ok(Self(Arc::new(Held { docker: docker.clone(), id })))
    }

    /// All that is in it.
    pub(super) fn read(&self) -> Archive {
        let held = Arc::clone(&self.0);
        let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(WAITING);
        tokio::spawn(async move {
            let api = held.docker.api.clone().with_timeout(PATIENCE);
            let options = DownloadFromContainerOptions { path: format!("{FOLDER}/.") };
            let mut archive = std::pin::pin!(api.download_from_container(&held.id, Some(options)));
            while let Some(chunk) = archive.next().await {
                if sender.send(chunk.map_err(|error| io::Error::other(chain(&error)))).await.is_err() {
                    return;
                }
            }
        });
        stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).boxed()
    }

    /// Puts all that is in an archive into it.
    pub(super) async fn write(&self, archive: Archive, noun: &str) -> Result<(), Fault> {
        // A short one is at its end when its beginning was read.
        let mut archive = archive.fuse().boxed();
        let broken = |error| failure(FailureKind::Runtime, format!("filling {noun}: {error}"));
        let begins = beginning(&mut archive).await.map_err(broken)?;
        let folder = own_folder(&begins);
        let whole = stream::iter([Ok(begins.into())]).chain(archive);
        self.upload(FOLDER, whole.boxed(), noun).await?;
        match folder {
            Some(folder) => self.upload("/", stream::iter([Ok(folder.into())]).boxed(), noun).await,
            None => Ok(()),
        }
    }

    async fn upload(&self, path: &str, archive: Archive, noun: &str) -> Result<(), Fault> {
        let api = self.0.docker.api.clone().with_timeout(PATIENCE);
        let options = UploadToContainerOptions { path: path.to_owned(), ..Default::default() };
        let archive = bollard::body_try_stream(archive);
        let written = api.upload_to_container(&self.0.id, Some(options), archive).await;
        written.map_err(|error| match refused(&format!("filling {noun}"), &error) {
            // An archive that breaks off takes the request with it: that says nothing about the Engine.
            Fault::Away(_) if !is_answer(&error) => {
                failure(FailureKind::Runtime, format!("filling {noun}: {}", chain(&error))).into()
            }
            fault => fault,
        })
    }

    /// Lets go of the volume now.
    pub(super) async fn close(self) {
        discard(&self.0.docker, &self.0.id).await;
    }
}

/// An archive of only the folder that an archive is of. The Engine leaves it out when it puts one into a folder, and with
/// it the owner and the mode that PostgreSQL, for one, insists on.
fn own_folder(begins: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(begins);
    let first = archive.entries().ok()?.next()?.ok()?;
    let is_own = first.path().ok()?.components().all(|part| part == Component::CurDir);
    let mut header = first.header().clone();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, FOLDER.trim_start_matches('/'), io::empty()).ok()?;
    builder.into_inner().ok().filter(|_| is_own && header.entry_type().is_dir())
}

impl Drop for Held {
    fn drop(&mut self) {
        let (docker, id) = (self.docker.clone(), std::mem::take(&mut self.id));
        tokio::spawn(async move { discard(&docker, &id).await });
    }
}

async fn discard(docker: &Docker, id: &str) {
    // Not `v`: the volume stays.
    let options = RemoveContainerOptions { force: true, ..Default::default() };
    match docker.api.remove_container(id, Some(options)).await {
        Err(error) if !is_missing(&error) => warn!("removing a carrier of a volume: {}", chain(&error)),
        _ => {}
    }
}

fn body(docker: &Docker, volume: &str, runner: String) -> ContainerCreateBody {
    let mount = Mount {
        target: Some(FOLDER.to_owned()),
        source: Some(volume.to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
        ..Default::default()
    };
    let labels = [(label::CARRIER, runner), (label::AGENT, docker.shared.agent.clone())];
    ContainerCreateBody {
        image: Some(format!("{IMAGE}:{TAG}")),
        cmd: Some(vec!["never-started".to_owned()]),
        labels: Some(labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![mount]),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn ensure_image(docker: &Docker) -> Result<(), Fault> {
    if docker.local(&format!("{IMAGE}:{TAG}")).await?.is_some() {
        return Ok(());
    }
    let options = CreateImageOptions {
        from_src: Some("-".to_owned()),
        repo: Some(IMAGE.to_owned()),
        tag: Some(TAG.to_owned()),
        ..Default::default()
    };
    let empty = bollard::body_full(Bytes::from_static(EMPTY));
    let mut importing = docker.api.create_image(Some(options), Some(empty), None);
    while let Some(progress) = importing.next().await {
        progress.map_err(|error| refused("making an empty image", &error))?;
    }
    Ok(())
}

/// Removes what an agent of this runner has left behind that did not come to its end: its carriers, and the pauses of
/// containers whose volume it was copying.
pub(in super::super) async fn sweep(docker: &Docker, runner: &str) -> Result<(), bollard::errors::Error> {
    let with = |key: &str, value: String| {
        let filters = HashMap::from([(key.to_owned(), vec![value])]);
        ListContainersOptions { all: true, filters: Some(filters), ..Default::default() }
    };
    let carriers = with("label", format!("{}={runner}", label::CARRIER));
    for carrier in docker.api.list_containers(Some(carriers)).await? {
        let agent = carrier.labels.as_ref().and_then(|labels| labels.get(label::AGENT));
        if agent != Some(&docker.shared.agent) {
            discard(docker, &carrier.id.unwrap_or_default()).await;
        }
    }
    let mut paused = with("label", format!("{}={runner}", label::RUNNER));
    paused.filters.get_or_insert_default().insert("status".to_owned(), vec!["paused".to_owned()]);
    for container in docker.api.list_containers(Some(paused)).await? {
        let _ = docker.api.unpause_container(&container.id.unwrap_or_default()).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(first: &str, mode: u32) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(mode);
        header.set_uid(70);
        header.set_size(0);
        builder.append_data(&mut header, first, io::empty()).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn the_folder_that_an_archive_is_of_keeps_its_owner_and_mode() {
        let folder = own_folder(&archive("./", 0o700)).unwrap();
        let mut folder = tar::Archive::new(folder.as_slice());
        let entry = folder.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_string_lossy(), "volume");
        assert_eq!((entry.header().mode().unwrap(), entry.header().uid().unwrap()), (0o700, 70));
        assert_eq!(own_folder(&archive("./data", 0o700)), None);
        assert_eq!(own_folder(b""), None);
    }
}
