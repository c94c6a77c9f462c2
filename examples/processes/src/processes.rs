//! The runtime.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use futures_util::{Stream, stream};
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, ImageRef, WorkloadSpec, exec::Size, logs::LogLine, spec::Probe,
    },
    ids::{DeploymentId, SnapshotId, VolumeId},
    wire::{DesiredVolume, HostHealth},
};
use patr_runner::runtime::{
    Address, Archive, Checked, Exec, Fault, Health, LogsFrom, NewReplica, Replica, ReplicaState, Runtime,
    Totals, Unavailable, VolumesSeen, exit, failure, probe,
};
use sha2::{Digest as _, Sha256};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{
    exec,
    folder::{self, Folder, Record, STATE},
    logs, usage,
};

/// How often it is looked whether something has changed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a keeper may take beyond what it gives its program.
const LEEWAY: Duration = Duration::from_secs(10);
/// The grace of a program that says none, in seconds.
const GRACE_S: u32 = 10;
/// How many last lines are said with a failure.
const LAST_LINES: usize = 20;

/// Programs of a folder, as processes of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Processes(Arc<Places>);

#[derive(Debug)]
struct Places {
    programs: PathBuf,
    replicas: PathBuf,
}

impl Processes {
    /// # Errors
    /// A folder is not there.
    pub(crate) fn open(programs: PathBuf, state: &Path) -> anyhow::Result<Self> {
        let programs = fs::canonicalize(&programs)
            .with_context(|| format!("--programs: there is no folder {}", programs.display()))?;
        let replicas = state.join("replicas");
        fs::create_dir_all(&replicas).with_context(|| format!("making {}", replicas.display()))?;
        let replicas = fs::canonicalize(replicas)?;
        Ok(Self(Arc::new(Places { programs, replicas })))
    }

    fn folder(&self, id: &str) -> Folder {
        Folder::at(self.0.replicas.join(id))
    }

    fn found(&self, id: &str) -> Result<(Folder, Record), Fault> {
        let folder = self.folder(id);
        let record = folder.record();
        record.map(|record| (folder, record)).ok_or_else(|| Fault::Gone(format!("there is no replica {id}")))
    }

    /// The program that an image names.
    fn program(&self, image: &ImageRef) -> PathBuf {
        self.0.programs.join(image.repository().rsplit('/').next().unwrap_or_default())
    }
}

/// What a program is. Reading it takes a while, and the agent has requests to pass on meanwhile.
async fn digest(program: PathBuf) -> Result<Digest, Failure> {
    let missing = {
        let program = program.display().to_string();
        move |why: String| {
            failure(FailureKind::ImageNotFound, format!("there is no program {program}: {why}"))
        }
    };
    let hashing = spawn_blocking(move || {
        let hash = Sha256::digest(fs::read(program)?);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok::<_, io::Error>(format!("sha256:{hex}"))
    });
    let hashed = hashing.await.map_err(io::Error::other).and_then(|hashed| hashed);
    let digest = hashed.map_err(|error| missing(error.to_string()))?.parse();
    digest.map_err(|_| missing("it has no digest".to_owned()))
}

/// What this runner cannot do is refused, not left out.
fn check(spec: &WorkloadSpec) -> Result<(), Failure> {
    let beyond = [
        (!spec.files.is_empty(), "files"),
        (!spec.volumes.is_empty(), "volumes"),
        (spec.user.is_some(), "another user"),
        (spec.working_dir.is_some(), "a working directory"),
        (spec.resources.memory_bytes.is_some(), "a limit of memory"),
        (spec.resources.cpu_millis.is_some(), "a limit of processors"),
        (!spec.hosts.is_empty(), "lines of /etc/hosts"),
        (spec.platform.is_some(), "another platform"),
        (spec.stop_signal.is_some(), "another signal to stop"),
    ];
    match beyond.into_iter().find(|(wanted, _)| *wanted) {
        Some((_, what)) => {
            Err(failure(FailureKind::Runtime, format!("plain processes cannot have {what}: leave it out")))
        }
        None => Ok(()),
    }
}

/// A free port of loopback for each declared one.
fn free_ports(spec: &WorkloadSpec) -> io::Result<BTreeMap<u16, u16>> {
    // All are held until all are found: no two are the same.
    let bound = spec.ports.iter().map(|port| Ok((port.port, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)));
    let bound = bound.collect::<io::Result<Vec<_>>>()?;
    bound.iter().map(|(port, listener)| Ok((*port, listener.local_addr()?.port()))).collect()
}

fn environment(new: &NewReplica, ports: &BTreeMap<u16, u16>) -> Result<BTreeMap<String, String>, Failure> {
    let spec = &new.desired.spec;
    let mut all: BTreeMap<String, String> =
        spec.env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    for (name, used) in &spec.secrets {
        all.insert(name.to_string(), new.secret_text(name, used)?);
    }
    for (declared, port) in ports {
        all.insert(format!("PORT_{declared}"), port.to_string());
    }
    if let Some(port) = spec.first_http_port().and_then(|port| ports.get(&port)) {
        all.insert("PORT".to_owned(), port.to_string());
    }
    Ok(all)
}

fn broken(error: &io::Error) -> Fault {
    failure(FailureKind::Runtime, format!("the folder of its replica: {error}")).into()
}

/// Starts a keeper, and waits until it is there or has already ended.
async fn kept(folder: &Folder) -> Result<(), Fault> {
    let before = folder.state();
    folder.keep().map_err(|error| broken(&error))?;
    let begins = async {
        while !folder.is_kept() && folder.state() == before {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let late = |_| failure(FailureKind::Runtime, format!("its keeper did not begin within {LEEWAY:?}"));
    timeout(LEEWAY, begins).await.map_err(|elapsed| late(elapsed).into())
}

fn replica(folder: &Folder, record: Record) -> Replica {
    let (state, kept) = (folder.state(), folder.is_kept());
    Replica {
        id: folder.id(),
        deployment: record.deployment,
        generation: record.generation,
        release: record.release,
        hash: record.hash,
        digest: Some(record.digest),
        probe: record.probe,
        http_port: record.http_port,
        proven: folder.has("proven"),
        health: Health::Unasked,
        state: match state.pid {
            Some(_) if kept => ReplicaState::Running(Address::Published(record.ports)),
            None if kept => ReplicaState::Restarting,
            // Its keeper is only about to begin, or was never asked to: whoever made it did not come to that.
            _ if !folder.has(STATE) => ReplicaState::Created,
            _ => ReplicaState::Exited,
        },
    }
}

impl Runtime for Processes {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let all = folder::all(&self.0.replicas).map_err(|error| Unavailable(error.to_string()))?;
        let ours = all.into_iter().filter(|(_, record)| record.runner == runner);
        Ok(ours
            .map(|(folder, record)| {
                // The machine was started anew, and nobody else would start it again.
                if folder.has("proven")
                    && !folder.has("stopped")
                    && !folder.is_kept()
                    && let Err(error) = folder.keep()
                {
                    tracing::warn!("{}: it has no keeper: {error}", folder.id());
                }
                replica(&folder, record)
            })
            .collect())
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Fault> {
        check(spec)?;
        let digest = digest(self.program(&spec.image)).await?;
        match known {
            Some(known) if *known != digest => {
                let message = format!("`{}` is another program by now", spec.image);
                Err(failure(FailureKind::ImageNotFound, message).into())
            }
            _ => Ok(digest),
        }
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<(), Fault> {
        let (desired, spec) = (&new.desired, &new.desired.spec);
        check(spec)?;
        let ports = free_ports(spec).map_err(|error| broken(&error))?;
        let words = [&spec.entrypoint[..], &spec.command[..]].concat();
        let record = Record {
            runner: runner.to_owned(),
            deployment: desired.id,
            generation: desired.generation,
            release: desired.release,
            hash: new.hash.clone(),
            digest: new.digest.clone(),
            probe: spec.effective_probe(),
            http_port: spec.first_http_port(),
            environment: environment(new, &ports)?,
            secrets: spec.secrets.keys().map(ToString::to_string).collect(),
            ports,
            program: self.program(&spec.image),
            arguments: words,
            grace_s: spec.stop_grace_s.unwrap_or(GRACE_S),
        };
        let folder =
            Folder::create(self.0.replicas.join(new_id()), &record).map_err(|error| broken(&error))?;
        kept(&folder).await
    }

    async fn keep(&self, id: &str) -> Result<(), Fault> {
        self.folder(id).mark("proven").map_err(|error| broken(&error))
    }

    async fn check(&self, id: &str) -> Result<Checked, Fault> {
        let (folder, record) = self.found(id)?;
        let (state, known) = (replica(&folder, record).state, folder.state());
        let ended = known.ended.map(exit::with_code);
        match state {
            ReplicaState::Exited => {
                let why = known.broken.unwrap_or_else(|| "its keeper has gone".to_owned());
                Err(ended.unwrap_or_else(|| failure(FailureKind::Runtime, why)).into())
            }
            state => Ok(Checked { state, ended, restarts: known.restarts }),
        }
    }

    async fn ask(&self, _: &str, at: &Address, probe: &Probe) -> Result<(), Failure> {
        probe::ask(at, probe).await
    }

    async fn exec_probe(&self, id: &str, command: &[String], patience: Duration) -> Result<(), Failure> {
        let (folder, record) = self.found(id).map_err(Fault::into_failure)?;
        let mut command = exec::command(&folder, &record, command);
        let ended = timeout(patience, command.kill_on_drop(true).status()).await;
        let failed = |why: String| failure(FailureKind::ProbeFailed, format!("its command {why}"));
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(format!("ended with {status}"))),
            Ok(Err(error)) => Err(failed(format!("could not be started: {error}"))),
            Err(_) => Err(failed(format!("did not end within {} s", patience.as_secs()))),
        }
    }

    async fn exec(&self, id: &str, command: Vec<String>, tty: Option<Size>) -> Result<Exec, Fault> {
        let (folder, record) = self.found(id)?;
        exec::run(&folder, &record, &command, tty)
    }

    async fn usage(&self, id: &str) -> Result<Totals, Fault> {
        let used = self.folder(id).state().pid.and_then(usage::of);
        used.ok_or_else(|| failure(FailureKind::Exited, "it does not run").into())
    }

    async fn stop(&self, id: &str) -> Result<(), Fault> {
        let (folder, record) = self.found(id)?;
        folder.mark("stopped").map_err(|error| broken(&error))?;
        folder.tell_to_stop();
        // By its lock, not by whether there is a keeper: one that is only about to begin sees that it is too late.
        let ends = async {
            while !matches!(folder.lock(), Ok(Some(_))) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let patience = Duration::from_secs(record.grace_s.into()) + LEEWAY;
        let late = |_| failure(FailureKind::Runtime, format!("its keeper did not end within {patience:?}"));
        timeout(patience, ends).await.map_err(|elapsed| late(elapsed).into())
    }

    async fn start_again(&self, id: &str) -> Result<(), Fault> {
        let (folder, _) = self.found(id)?;
        folder.unmark("stopped").map_err(|error| broken(&error))?;
        kept(&folder).await
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        logs::last(&self.folder(id), LAST_LINES).into_iter().map(|line| line.text).collect()
    }

    async fn secrets_in(&self, id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let (_, record) = self.found(id)?;
        let values = record.secrets.iter().filter_map(|name| record.environment.get(name));
        Ok(values.map(|value| value.clone().into_bytes()).collect())
    }

    async fn remove(&self, id: &str) -> Result<(), Fault> {
        if self.folder(id).record().is_none() {
            return Ok(());
        }
        self.stop(id).await?;
        self.folder(id).remove().map_err(|error| broken(&error))
    }

    fn logs(&self, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
        logs::read(self.folder(id), from)
    }

    /// They go with the replica's folder.
    async fn past_logs(&self, _: DeploymentId) -> Vec<LogLine> {
        Vec::new()
    }

    async fn forget(&self, _: DeploymentId) {}

    async fn volumes(
        &self,
        _: &str,
        _: &[DesiredVolume],
        buried: &[VolumeId],
    ) -> Result<VolumesSeen, Unavailable> {
        // None can have been made.
        Ok(VolumesSeen { gone: buried.to_vec(), ..VolumesSeen::default() })
    }

    async fn volume_read(&self, _: VolumeId, _: Option<SnapshotId>) -> Result<Archive, Fault> {
        Err(no_volumes())
    }

    async fn volume_fill(&self, _: VolumeId, _: Archive) -> Result<(), Fault> {
        Err(no_volumes())
    }

    async fn volume_snapshot(&self, _: VolumeId, _: SnapshotId) -> Result<u64, Fault> {
        Err(no_volumes())
    }

    async fn volume_restore(&self, _: VolumeId, _: SnapshotId) -> Result<(), Fault> {
        Err(no_volumes())
    }

    async fn volume_forget(&self, _: SnapshotId) -> Result<(), Fault> {
        Ok(())
    }

    async fn health(&self) -> HostHealth {
        HostHealth { disk_total: None, disk_free: None, trouble: None, away_since: None }
    }

    /// Nothing was pulled.
    async fn collect_images(&self, _: &[Digest]) {}

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        stream::unfold((), async |()| {
            sleep(LOOK_EVERY).await;
            Some(((), ()))
        })
    }
}

fn no_volumes() -> Fault {
    failure(FailureKind::Runtime, "plain processes have no volumes").into()
}

/// Replicas are shown by the first 12 characters, and those have to differ.
fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
