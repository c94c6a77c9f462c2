//! What the reconciler and the proxy ask of it.

use std::time::Duration;

use futures_util::{Stream, stream};
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, WorkloadSpec,
        exec::Size,
        logs::{LogLine, LogStream},
        spec::Probe,
    },
    ids::{DeploymentId, SnapshotId, VolumeId},
    time::Millis,
    wire::{DesiredVolume, HostHealth},
};
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, oneshot},
};

use super::{Fake, Verb, World, address};
use crate::runtime::{
    Address, Archive, Checked, Exec, Fault, LogsFrom, NewReplica, Replica, ReplicaState, Runtime, Totals,
    Unavailable, VolumesSeen, failure,
};

/// No test asks for it yet.
fn unscripted() -> Failure {
    failure(FailureKind::Runtime, "nothing is scripted")
}

impl Runtime for Fake {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let look = |_: &mut World| Ok(());
        match self.call(Verb::Observe, "observe".to_owned(), look).await {
            Ok(()) => Ok(self.containers(runner)),
            Err(Fault::Away(error)) => Err(error),
            Err(Fault::Failed(failure)) => Err(Unavailable(failure.message)),
            Err(Fault::Gone(why)) => Err(Unavailable(why)),
        }
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Fault> {
        let image = spec.image.to_string();
        self.call(Verb::Pull, format!("pull {image}"), |world| {
            let found = known.or_else(|| world.images.get(&image)).cloned();
            found.ok_or_else(|| failure(FailureKind::ImageNotFound, "there is no such image").into())
        })
        .await
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<(), Fault> {
        let words = format!("start {}", new.desired.spec.image);
        self.call(Verb::Start, words, |world| {
            world.make(new, runner);
            Ok(())
        })
        .await
    }

    async fn keep(&self, id: &str) -> Result<(), Fault> {
        self.call(Verb::Keep, format!("keep {id}"), |world| {
            if let Some(container) = world.find(id) {
                container.replica.proven = true;
            }
            Ok(())
        })
        .await
    }

    async fn check(&self, id: &str) -> Result<Checked, Fault> {
        self.call(Verb::Check, format!("check {id}"), |world| world.check(id)).await
    }

    async fn ask(&self, _: &str, at: &Address, _: &Probe) -> Result<(), Failure> {
        let deaf = || failure(FailureKind::PortClosed, "nothing listens on port 80");
        let asked = self.call(Verb::Ask, "ask".to_owned(), |world| Ok(world.answers(at))).await;
        if asked.is_ok_and(|answers| answers) { Ok(()) } else { Err(deaf()) }
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        vec![format!("the last line of {id}")]
    }

    async fn remove(&self, id: &str) -> Result<(), Fault> {
        self.call(Verb::Remove, format!("remove {id}"), |world| {
            world.containers.retain(|container| container.replica.id != id);
            Ok(())
        })
        .await
    }

    fn logs(&self, id: &str, _: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
        let lines = self.world().lines.clone();
        let id = id.to_owned();
        stream::iter(lines.into_iter().filter(move |line| line.replica == id))
    }

    fn is_held(&self, id: &str) -> bool {
        self.world().held.iter().any(|held| held == id)
    }

    async fn exec_probe(&self, id: &str, command: &[String], _: Duration) -> Result<(), Failure> {
        let words = format!("exec {id} {}", command.join(" "));
        let asked = self.call(Verb::Ask, words, |world| Ok(world.hears(id))).await;
        if asked.is_ok_and(|hears| hears) {
            return Ok(());
        }
        Err(failure(FailureKind::ProbeFailed, "the command ended with exit code 1"))
    }

    /// A command that writes back what it is told, and its words to the other output when that is over.
    async fn exec(&self, _: &str, command: Vec<String>, _: Option<Size>) -> Result<Exec, Fault> {
        let (mut said, input) = tokio::io::simplex(1024);
        let (sender, output) = mpsc::channel(1);
        let ((sizes, _), (code, ended)) = (mpsc::channel(1), oneshot::channel());
        tokio::spawn(async move {
            let mut heard = Vec::new();
            let _ = said.read_to_end(&mut heard).await;
            let _ = sender.send((LogStream::Stdout, heard.into())).await;
            let _ = sender.send((LogStream::Stderr, command.join(" ").into())).await;
            let _ = code.send(7);
        });
        Ok(Exec { input: Box::pin(input), output, sizes, ended })
    }

    /// Half of a processor's time since the last call, and a second for each.
    async fn usage(&self, id: &str) -> Result<Totals, Fault> {
        let mut world = self.world();
        let used = world.used.entry(id.to_owned()).or_default();
        *used += 500_000_000;
        Ok(Totals {
            at: Millis(*used / 500_000),
            cpu_ns: *used,
            memory_bytes: 1 << 20,
            received_bytes: 0,
            sent_bytes: 0,
            read_bytes: 0,
            written_bytes: 0,
        })
    }

    async fn stop(&self, id: &str) -> Result<(), Fault> {
        self.call(Verb::Stop, format!("stop {id}"), |world| {
            if let Some(container) = world.find(id) {
                container.replica.state = ReplicaState::Exited;
            }
            Ok(())
        })
        .await
    }

    async fn start_again(&self, id: &str) -> Result<(), Fault> {
        self.call(Verb::StartAgain, format!("start again {id}"), |world| {
            world.made += 1;
            let running = ReplicaState::Running(address(world.made));
            if let Some(container) = world.find(id) {
                container.replica.state = running;
            }
            Ok(())
        })
        .await
    }

    async fn secrets_in(&self, _: &str) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(Vec::new())
    }

    async fn past_logs(&self, _: DeploymentId) -> Vec<LogLine> {
        let world = self.world();
        let here = |id: &str| world.containers.iter().any(|container| container.replica.id == id);
        world.lines.iter().filter(|line| !here(&line.replica)).cloned().collect()
    }

    async fn forget(&self, _: DeploymentId) {}

    async fn volumes(
        &self,
        _: &str,
        _: &[DesiredVolume],
        _: &[VolumeId],
    ) -> Result<VolumesSeen, Unavailable> {
        let VolumesSeen { here, gone, missing } = &self.world().volumes;
        Ok(VolumesSeen { here: here.clone(), gone: gone.clone(), missing: missing.clone() })
    }

    async fn volume_read(&self, _: VolumeId, _: Option<SnapshotId>) -> Result<Archive, Fault> {
        Err(unscripted().into())
    }

    async fn volume_fill(&self, _: VolumeId, _: Archive) -> Result<(), Fault> {
        Err(unscripted().into())
    }

    async fn volume_snapshot(&self, _: VolumeId, _: SnapshotId) -> Result<u64, Fault> {
        Err(unscripted().into())
    }

    async fn volume_restore(&self, _: VolumeId, _: SnapshotId) -> Result<(), Fault> {
        Err(unscripted().into())
    }

    async fn volume_forget(&self, _: SnapshotId) -> Result<(), Fault> {
        Err(unscripted().into())
    }

    async fn health(&self) -> HostHealth {
        let healthy = HostHealth { disk_total: None, disk_free: None, trouble: None, away_since: None };
        self.world().health.clone().unwrap_or(healthy)
    }

    async fn collect_images(&self, _: &[Digest]) {}

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        let changed = self.changed.subscribe();
        stream::unfold(changed, async |mut changed| {
            changed.changed().await.ok()?;
            Some(((), changed))
        })
    }
}
