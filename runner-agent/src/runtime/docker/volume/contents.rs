//! What is in volumes: read, filled, copied, put back.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bollard::errors::Error;
use futures_util::StreamExt;
use patr_models::{
    deployment::FailureKind,
    ids::{SnapshotId, VolumeId},
};
use tracing::warn;

use super::{
    super::{
        Archive, Docker, Fault, beginning,
        container::label,
        failure,
        words::{chain, is_missing, refused},
    },
    carrier::Carrier,
    create, name, remove, snapshot_name,
    still::Still,
    users,
};

const ANY_STATUS: &[&str] = &["created", "running", "paused", "restarting", "removing", "exited", "dead"];

pub(in super::super) async fn read(
    docker: &Docker,
    volume: VolumeId,
    snapshot: Option<SnapshotId>,
) -> Result<Archive, Fault> {
    let carrier = match snapshot {
        Some(snapshot) => Carrier::of(docker, &snapshot_name(snapshot), "the snapshot").await?,
        None => Carrier::of(docker, &name(volume), "the volume").await?,
    };
    Ok(carrier.read())
}

pub(in super::super) async fn fill(docker: &Docker, volume: VolumeId, archive: Archive) -> Result<(), Fault> {
    let carrier = Carrier::of(docker, &name(volume), "the volume").await?;
    let begins = beginning(&mut carrier.read()).await;
    let begins =
        begins.map_err(|error| failure(FailureKind::Runtime, format!("looking into the volume: {error}")))?;
    if !is_empty(&begins) {
        return Err(failure(FailureKind::Runtime, "the volume is not empty").into());
    }
    let filled = carrier.write(archive, "the volume").await;
    carrier.close().await;
    if filled.is_err()
        && let Err(error) = empty(docker, &name(volume), None).await
    {
        // Half of it keeps it from being filled again.
        warn!("emptying the volume {volume} after it could not be filled: {}", chain(&error));
    }
    filled
}

/// Whether an archive holds nothing but the folder itself.
fn is_empty(archive: &[u8]) -> bool {
    tar::Archive::new(archive).entries().is_ok_and(|entries| entries.count() <= 1)
}

/// Makes a volume as new. The Engine can only remove and make it.
async fn empty(docker: &Docker, volume: &str, labels: Option<HashMap<String, String>>) -> Result<(), Error> {
    let labels = match docker.api.inspect_volume(volume).await {
        Ok(found) => found.labels,
        Err(error) if is_missing(&error) => labels.unwrap_or_default(),
        Err(error) => return Err(error),
    };
    remove(docker, volume).await?;
    create(docker, volume.to_owned(), labels).await
}

pub(in super::super) async fn snapshot(
    docker: &Docker,
    volume: VolumeId,
    snapshot: SnapshotId,
) -> Result<u64, Fault> {
    const DOING: &str = "making the snapshot";
    let copy = snapshot_name(snapshot);
    match docker.api.inspect_volume(&copy).await {
        Ok(_) => return Err(failure(FailureKind::Runtime, "there is this snapshot already").into()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refused(DOING, &error)),
    }
    let source = Carrier::of(docker, &name(volume), "the volume").await?;
    let labels =
        docker.api.inspect_volume(&name(volume)).await.map_err(|error| refused(DOING, &error))?.labels;
    let labels = labels.into_iter().chain([(label::SNAPSHOT.to_owned(), snapshot.to_string())]).collect();
    create(docker, copy.clone(), labels).await.map_err(|error| refused(DOING, &error))?;
    let _one_at_a_time = docker.shared.held.one_at_a_time().await;
    let copied = async {
        let target = Carrier::of(docker, &copy, "the snapshot").await?;
        let _still = Still::hold(docker, &name(volume)).await?;
        let (archive, count) = counted(source.read());
        let written = target.write(archive, "the snapshot").await;
        target.close().await;
        written.map(|()| count.load(Ordering::Relaxed))
    };
    let copied = copied.await;
    if copied.is_err()
        && let Err(error) = remove(docker, &copy).await
    {
        warn!("removing half of a snapshot, {copy}: {}", chain(&error));
    }
    copied
}

fn counted(archive: Archive) -> (Archive, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let counting = archive.inspect(move |chunk| {
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        counter.fetch_add(length, Ordering::Relaxed);
    });
    (counting.boxed(), count)
}

pub(in super::super) async fn restore(
    docker: &Docker,
    volume: VolumeId,
    snapshot: SnapshotId,
) -> Result<(), Fault> {
    const DOING: &str = "putting the volume back";
    let refused = |error: Error| refused(DOING, &error);
    let source = Carrier::of(docker, &snapshot_name(snapshot), "the snapshot").await?;
    let mut labels = docker.api.inspect_volume(&snapshot_name(snapshot)).await.map_err(refused)?.labels;
    labels.remove(label::SNAPSHOT);
    if labels.get(label::VOLUME) != Some(&volume.to_string()) {
        return Err(failure(FailureKind::Runtime, "the snapshot is one of another volume").into());
    }
    let _one_at_a_time = docker.shared.held.one_at_a_time().await;
    if let Some(user) = users(docker, &name(volume), ANY_STATUS).await.map_err(refused)?.into_iter().next() {
        let user = user.names.unwrap_or_default().concat();
        let message = format!("the container `{}` uses the volume", user.trim_start_matches('/'));
        return Err(failure(FailureKind::Runtime, message).into());
    }
    // A volume that was lost is made again here: the snapshot says what it was.
    empty(docker, &name(volume), Some(labels)).await.map_err(refused)?;
    let target = Carrier::of(docker, &name(volume), "the volume").await?;
    target.write(source.read(), "the volume").await
}

pub(in super::super) async fn forget(docker: &Docker, snapshot: SnapshotId) -> Result<(), Fault> {
    let removed = remove(docker, &snapshot_name(snapshot)).await;
    removed.map_err(|error| refused("removing the snapshot", &error))
}
