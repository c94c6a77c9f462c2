//! The life of a volume.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use patr_models::{
    deployment::{FailureKind, spec::Mount},
    ids::{Id, SnapshotId},
};

use super::{
    bench::{Bench, WAIT, docker, docker_says, eventually},
    *,
};

fn desired(bench: &Bench) -> DesiredVolume {
    let id = VolumeId::from_parts(Millis(0), rand::random());
    DesiredVolume { id, workspace: bench.workspace, name: "data".parse().unwrap(), made: false }
}

async fn look(docker: &Docker, bench: &Bench, desired: &[DesiredVolume]) -> VolumesSeen {
    docker.volumes(&bench.runner, desired, &[]).await.unwrap()
}

fn ids(seen: &VolumesSeen) -> Vec<VolumeId> {
    seen.here.iter().map(|volume| volume.id).collect()
}

/// A replica that has the volume at `/data`.
async fn user(bench: &Bench, volume: VolumeId, read_only: bool) -> String {
    let mut new = bench.replica("db", WAIT).await;
    let mount = Mount { volume: "data".parse().unwrap(), read_only, id: Some(volume), shared: true };
    new.desired.spec.volumes.insert("/data".parse().unwrap(), mount);
    bench.start(&new).await
}

fn words(fault: Fault) -> String {
    let Fault::Failed(failure) = fault else { panic!("{fault:?}") };
    failure.message
}

async fn paths(archive: Archive) -> Vec<String> {
    let bytes: Vec<Bytes> = archive.try_collect().await.unwrap();
    let bytes = bytes.concat();
    let mut archive = tar::Archive::new(bytes.as_slice());
    archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn a_volume_is_made_once_and_a_lost_one_is_not_made_again() {
    let Some(bench) = Bench::new().await else { return };
    let volume = desired(&bench);
    let seen = look(&bench.docker, &bench, std::slice::from_ref(&volume)).await;
    assert_eq!(ids(&seen), [volume.id]);
    docker(&["volume", "rm", &volume::name(volume.id)]);
    // The edge has not heard of it yet, and the agent is another.
    let next = bench.successor().await;
    let seen = look(&next, &bench, std::slice::from_ref(&volume)).await;
    assert_eq!((ids(&seen), seen.missing), (vec![], vec![volume.id]));
    let lost = DesiredVolume { made: true, ..desired(&bench) };
    assert_eq!(look(&bench.docker, &bench, std::slice::from_ref(&lost)).await.missing, [lost.id]);
}

#[tokio::test]
async fn what_a_replica_writes_is_there_for_the_next_and_is_measured() {
    let Some(bench) = Bench::new().await else { return };
    let volume = desired(&bench);
    look(&bench.docker, &bench, std::slice::from_ref(&volume)).await;
    let first = user(&bench, volume.id, false).await;
    bench.run(&first, "echo kept >/data/f").await;
    bench.docker.remove(&first).await.unwrap();
    let second = user(&bench, volume.id, true).await;
    let words = "cat /data/f; (echo no >/data/g) 2>/dev/null || echo read-only";
    assert_eq!(bench.run(&second, words).await.0, "kept\nread-only");
    let next = bench.successor().await;
    eventually("its size", async || {
        let seen = look(&next, &bench, std::slice::from_ref(&volume)).await;
        if seen.here[0].bytes.is_some_and(|bytes| bytes >= 5) { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_is_what_a_volume_was_and_can_be_put_back() {
    let Some(bench) = Bench::new().await else { return };
    let volume = desired(&bench);
    look(&bench.docker, &bench, std::slice::from_ref(&volume)).await;
    let id = user(&bench, volume.id, false).await;
    bench.run(&id, "mkdir -m 700 /data/d; echo old >/data/d/f").await;
    let snapshot = SnapshotId::from_parts(Millis(0), rand::random());
    let bytes = bench.docker.volume_snapshot(volume.id, snapshot).await.unwrap();
    assert!(bytes >= 2048, "{bytes}");
    eventually("the replica goes on", async || {
        let status = docker(&["inspect", "--format", "{{.State.Status}}", &id]);
        if status == "running" { Ok(()) } else { Err(status) }
    })
    .await;
    bench.run(&id, "echo new >/data/d/f; echo new >/data/g").await;
    let again = bench.docker.volume_snapshot(volume.id, snapshot).await.unwrap_err();
    assert!(words(again).contains("already"));
    let used = bench.docker.volume_restore(volume.id, snapshot).await.unwrap_err();
    assert!(words(used).contains("uses the volume"));
    bench.docker.remove(&id).await.unwrap();
    bench.docker.volume_restore(volume.id, snapshot).await.unwrap();
    // Should it be lost, it comes back as well.
    eventually("nothing carries it", async || docker_says(&["volume", "rm", &volume::name(volume.id)])).await;
    bench.docker.volume_restore(volume.id, snapshot).await.unwrap();
    assert_eq!(ids(&look(&bench.docker, &bench, std::slice::from_ref(&volume)).await), [volume.id]);
    let id = user(&bench, volume.id, false).await;
    assert_eq!(bench.run(&id, "cat /data/d/f; ls /data; stat -c %a /data/d").await.0, "old\nd\n700");
    bench.docker.volume_forget(snapshot).await.unwrap();
    bench.docker.volume_forget(snapshot).await.unwrap();
    let gone = bench.docker.volume_read(volume.id, Some(snapshot)).await.err().unwrap();
    assert!(matches!(gone, Fault::Failed(failure) if failure.kind == FailureKind::VolumeMissing));
}

#[tokio::test]
async fn what_uses_a_volume_is_held_still_while_it_is_copied_and_known_to_be() {
    let Some(bench) = Bench::new().await else { return };
    let (volume, other) = (desired(&bench), desired(&bench));
    look(&bench.docker, &bench, &[volume.clone(), other.clone()]).await;
    let [user, other] = [user(&bench, volume.id, false).await, user(&bench, other.id, false).await];
    let status = |id: &str| docker(&["inspect", "--format", "{{.State.Status}}", id]);
    let still = volume::still::Still::hold(&bench.docker, &volume::name(volume.id)).await.ok().unwrap();
    assert_eq!([status(&user), status(&other)], ["paused", "running"]);
    assert_eq!([&user, &other].map(|id| bench.docker.is_held(id)), [true, false]);
    drop(still);
    eventually("it goes on", async || if bench.docker.is_held(&user) { Err(status(&user)) } else { Ok(()) })
        .await;
    assert_eq!(status(&user), "running");
}

#[tokio::test]
async fn a_copy_has_the_files_and_the_owner_of_the_original() {
    let Some(bench) = Bench::new().await else { return };
    let (from, to) = (desired(&bench), desired(&bench));
    look(&bench.docker, &bench, &[from.clone(), to.clone()]).await;
    let id = user(&bench, from.id, false).await;
    bench
        .run(&id, "mkdir -m 750 /data/d; echo text >/data/d/f; chown 1000:1000 /data; chmod 700 /data")
        .await;
    let archive = bench.docker.volume_read(from.id, None).await.unwrap();
    bench.docker.volume_fill(to.id, archive).await.unwrap();
    let copied = paths(bench.docker.volume_read(to.id, None).await.unwrap()).await;
    assert_eq!(copied, ["./", "./d/", "./d/f"]);
    let id = user(&bench, to.id, true).await;
    assert_eq!(
        bench.run(&id, "stat -c '%a %u' /data /data/d; cat /data/d/f").await.0,
        "700 1000\n750 0\ntext"
    );
    let archive = bench.docker.volume_read(from.id, None).await.unwrap();
    assert_eq!(words(bench.docker.volume_fill(to.id, archive).await.unwrap_err()), "the volume is not empty");
}

#[tokio::test]
async fn an_archive_that_breaks_off_leaves_an_empty_volume() {
    let Some(bench) = Bench::new().await else { return };
    let (from, to) = (desired(&bench), desired(&bench));
    look(&bench.docker, &bench, &[from.clone(), to.clone()]).await;
    let id = user(&bench, from.id, false).await;
    bench.run(&id, "echo text >/data/f").await;
    let archive: Vec<Bytes> =
        bench.docker.volume_read(from.id, None).await.unwrap().try_collect().await.unwrap();
    let half = archive.concat()[..1100].to_vec();
    let broken = stream::iter([Ok(Bytes::from(half)), Err(std::io::Error::other("the caller has left"))]);
    let failed = words(bench.docker.volume_fill(to.id, broken.boxed()).await.unwrap_err());
    assert!(failed.starts_with("filling the volume: "), "{failed}");
    let archive = bench.docker.volume_read(from.id, None).await.unwrap();
    bench.docker.volume_fill(to.id, archive).await.unwrap();
    let copied = paths(bench.docker.volume_read(to.id, None).await.unwrap()).await;
    assert_eq!(copied, ["./", "./f"]);
}

#[tokio::test]
async fn a_buried_volume_goes_with_its_snapshots_once_nothing_uses_it_and_those_of_others_stay() {
    let Some(bench) = Bench::new().await else { return };
    let other = format!("patr-test-{:08x}", rand::random::<u32>());
    docker(&["volume", "create", &other]);
    let volume = desired(&bench);
    look(&bench.docker, &bench, std::slice::from_ref(&volume)).await;
    let id = user(&bench, volume.id, false).await;
    let snapshot = SnapshotId::from_parts(Millis(0), rand::random());
    bench.docker.volume_snapshot(volume.id, snapshot).await.unwrap();
    let bury = async || bench.docker.volumes(&bench.runner, &[], &[volume.id]).await.unwrap().gone;
    assert_eq!(bury().await, []);
    bench.docker.remove(&id).await.unwrap();
    eventually("it is gone", async || {
        let gone = bury().await;
        if gone == [volume.id] { Ok(()) } else { Err(format!("{gone:?}")) }
    })
    .await;
    assert_eq!(
        docker(&[
            "volume",
            "ls",
            "--quiet",
            "--filter",
            &format!("label={}={}", label::RUNNER, bench.runner)
        ]),
        ""
    );
    docker(&["volume", "rm", &other]);
    assert_eq!(bury().await, [volume.id], "and stays gone");
}

#[tokio::test]
async fn what_a_crash_has_left_behind_is_put_right_by_the_next_agent() {
    let Some(bench) = Bench::new().await else { return };
    let volume = desired(&bench);
    look(&bench.docker, &bench, std::slice::from_ref(&volume)).await;
    let id = user(&bench, volume.id, false).await;
    let mut held = bench.docker.volume_read(volume.id, None).await.unwrap();
    docker(&["pause", &id]);
    let carriers = || {
        docker(&["ps", "--all", "--quiet", "--filter", &format!("label={}={}", label::CARRIER, bench.runner)])
    };
    assert_ne!(carriers(), "");
    look(&bench.docker, &bench, &[]).await;
    assert_eq!(docker(&["inspect", "--format", "{{.State.Status}}", &id]), "paused", "it is of this agent");
    look(&bench.successor().await, &bench, &[]).await;
    assert_eq!(carriers(), "");
    assert_eq!(docker(&["inspect", "--format", "{{.State.Status}}", &id]), "running");
    drop(held.next().await);
}
