//! A pod that holds volumes while something is read from them or written to them.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use patr_models::deployment::{Failure, FailureKind, logs::LogStream};
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc,
    time::{Instant, sleep},
};
use tracing::warn;

use super::super::{
    Archive, Exec, Fault, Kubernetes, ReplicaState, chain, exec, failure,
    manifest::{User, carrying},
    refused, state,
};

/// How often the pod is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long it may take to begin.
const PATIENCE: Duration = Duration::from_secs(120);
/// Chunks that wait for their reader.
const WAITING: usize = 16;

/// Whose volumes they are, and where they are used.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) user: User,
    pub(super) node: Option<String>,
}

/// A pod with volumes. It goes when this does.
pub(super) struct Carrier {
    cluster: Kubernetes,
    name: String,
}

impl Carrier {
    /// Takes claims, each into a folder.
    pub(super) async fn of(
        cluster: &Kubernetes,
        claims: &[(String, &str)],
        used: Used,
        doing: &str,
    ) -> Result<Self, Fault> {
        let options = &cluster.0.options;
        let image = options.image.as_deref().ok_or_else(|| {
            let message =
                format!("{doing}: this runner's agent does not know its own image: start it with `--image`");
            failure(FailureKind::Runtime, message)
        })?;
        let name = format!("patr-carrier-{:012x}", rand::random::<u64>() >> 16);
        let pod = carrying(name.clone(), image, claims, (used.user, used.node), options.security);
        let made = cluster.api::<Pod>().create(&Default::default(), &pod).await;
        made.map_err(|error| refused(doing, &error))?;
        let carrier = Self { cluster: cluster.clone(), name };
        carrier.begin(doing).await?;
        Ok(carrier)
    }

    /// Waits until its container runs.
    async fn begin(&self, doing: &str) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            let pod =
                self.cluster.api::<Pod>().get(&self.name).await.map_err(|error| refused(doing, &error))?;
            let seen = state::of_pod(&pod, false);
            if matches!(seen.state, ReplicaState::Running(_)) {
                return Ok(());
            }
            if seen.stuck || matches!(seen.state, ReplicaState::Exited) || begun.elapsed() > PATIENCE {
                let why = seen.why.map_or_else(|| "its pod does not begin".to_owned(), |why| why.message);
                return Err(failure(FailureKind::Runtime, format!("{doing}: {why}")).into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn run(&self, words: &[&str]) -> Result<Exec, Fault> {
        let command = ["/patr-runner", "volume"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        exec::in_pod(&self.cluster, &self.name, command, None).await
    }

    /// An archive of a folder. The pod stays until the archive has been read, or nobody reads it any more.
    pub(super) async fn read(self, folder: &str) -> Result<Archive, Fault> {
        let running = self.run(&["read", folder]).await?;
        let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(WAITING);
        tokio::spawn(async move {
            let heard = listen(running, |bytes| sender.send(Ok(bytes))).await;
            if let Err(why) = heard {
                let _ = sender.send(Err(io::Error::other(why))).await;
            }
            drop(self);
        });
        Ok(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).boxed())
    }

    /// Unpacks an archive into a folder, which must be empty.
    pub(super) async fn fill(&self, folder: &str, mut archive: Archive, doing: &str) -> Result<(), Fault> {
        let mut running = self.run(&["fill", folder]).await?;
        let mut input = std::mem::replace(&mut running.input, Box::pin(tokio::io::sink()));
        let writing = async move {
            while let Some(chunk) = archive.next().await {
                let chunk = chunk.map_err(|error| error.to_string())?;
                // One that does not read any more says why at its end.
                if input.write_all(&chunk).await.is_err() {
                    break;
                }
            }
            let _ = input.shutdown().await;
            Ok::<_, String>(())
        };
        let heard = listen(running, |_| std::future::ready(Ok::<_, ()>(())));
        // What breaks off in the middle takes the command with it: it sees the end of its input.
        let (written, heard) = tokio::join!(writing, heard);
        written.and(heard.map(drop)).map_err(|why| failed(doing, &why).into())
    }

    /// Makes a folder what another one is; how many bytes that is as an archive.
    pub(super) async fn copy(&self, from: &str, to: &str, doing: &str) -> Result<u64, Fault> {
        let running = self.run(&["copy", from, to]).await?;
        let mut said = Vec::new();
        let heard = listen(running, |bytes| {
            said.extend_from_slice(&bytes);
            std::future::ready(Ok::<_, ()>(()))
        });
        heard.await.map_err(|why| failed(doing, &why))?;
        let bytes = String::from_utf8_lossy(&said).trim().parse();
        bytes.map_err(|_| failed(doing, "it does not say how many bytes that are").into())
    }
}

fn failed(doing: &str, why: &str) -> Failure {
    failure(FailureKind::Runtime, format!("{doing}: {why}"))
}

/// Hears a command to its end, which must be a good one; what it says on stderr is why it is not.
async fn listen<F, E>(mut running: Exec, mut take: impl FnMut(Bytes) -> F) -> Result<(), String>
where
    F: Future<Output = Result<(), E>>,
{
    let mut complaint = Vec::new();
    while let Some((from, bytes)) = running.output.recv().await {
        match from {
            LogStream::Stderr => complaint.extend_from_slice(&bytes),
            _ if take(bytes).await.is_err() => return Ok(()),
            _ => {}
        }
    }
    match running.ended.await {
        Ok(0) => Ok(()),
        Ok(_) if !complaint.is_empty() => Err(String::from_utf8_lossy(&complaint).into_owned()),
        Ok(code) => Err(format!("it ended with exit code {code}")),
        Err(_) => Err("the connection to its pod was lost".to_owned()),
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let (cluster, name) = (self.cluster.clone(), std::mem::take(&mut self.name));
        tokio::spawn(async move {
            if let Err(error) = cluster.delete::<Pod>(&name).await {
                warn!("removing a carrier of a volume: {}", chain(&error));
            }
        });
    }
}
