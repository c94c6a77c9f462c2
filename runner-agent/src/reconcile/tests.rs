//! Stories of the loop, on a scripted runtime and a clock that jumps: hours pass in no time.

mod faults;
mod health;
mod rollouts;
mod strategies;
mod trouble;

use std::sync::Arc;

use patr_models::{
    deployment::{Digest, PortSpec, Power, ReleaseNumber, WorkloadSpec},
    ids::{DeploymentId, Id, RunnerId, WorkspaceId},
    time::Millis,
    wire::{DesiredDeployment, ObservedDeployment, Phase, Report, Snapshot, Tombstone},
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::*;
use crate::{
    meter,
    runtime::fake::{Fake, Verb},
};

/// Verbs that change something.
const CHANGES: [Verb; 6] = [Verb::Pull, Verb::Start, Verb::Keep, Verb::Stop, Verb::StartAgain, Verb::Remove];
/// How long anything may take by the clock that jumps.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

fn id(number: u128) -> DeploymentId {
    DeploymentId::from_parts(Millis(0), number)
}

fn runner() -> RunnerId {
    RunnerId::from_parts(Millis(0), 1)
}

fn sha(byte: char) -> Digest {
    format!("sha256:{}", byte.to_string().repeat(64)).parse().unwrap()
}

/// A release of a deployment; its image is `web:` and the release's number.
fn release(number: u128, release: ReleaseNumber) -> DesiredDeployment {
    let mut spec = WorkloadSpec::of(format!("web:{release}").parse().unwrap());
    spec.ports = vec![PortSpec { port: 80, protocol: Default::default() }];
    DesiredDeployment {
        id: id(number),
        workspace: WorkspaceId::from_parts(Millis(0), 1),
        name: format!("web{number}").parse().unwrap(),
        generation: u64::from(release),
        release,
        power: Power::Running,
        replicas: 1,
        autoscale: None,
        restart: 0,
        spec,
        digest: None,
        sealed: None,
    }
}

/// An agent's loop and all that it touches.
struct Story {
    fake: Fake,
    backends: Backends,
    vault: Vault,
    /// As on disk.
    failures: watch::Sender<Failures>,
    desired: watch::Sender<Option<Arc<Known>>>,
    report: watch::Receiver<Option<Report>>,
    agent: JoinHandle<()>,
    revision: u64,
}

impl Drop for Story {
    fn drop(&mut self) {
        self.agent.abort();
    }
}

impl Story {
    /// An agent that has heard of nothing, and a registry with `web:1` to `web:9`.
    fn new() -> Self {
        let fake = Fake::new();
        for release in '1'..='9' {
            fake.tag(&format!("web:{release}"), &sha(release));
        }
        let (desired, backends) = (watch::Sender::new(None), Backends::default());
        let vault = Vault::new([7; 32]);
        let failures = watch::Sender::default();
        let (agent, report) = agent(&fake, &desired, (&backends, &vault), &failures);
        Self { fake, backends, vault, failures, desired, report, agent, revision: 0 }
    }

    /// An agent with one deployment that is live.
    async fn with(deployment: DesiredDeployment) -> Self {
        let mut story = Self::new();
        story.wants([deployment.clone()]);
        story.is_live(&deployment).await;
        story
    }

    /// The agent's process ends and another begins.
    fn restart_agent(&mut self) {
        self.agent.abort();
        self.backends = Backends::default();
        let shared = (&self.backends, &self.vault);
        (self.agent, self.report) = agent(&self.fake, &self.desired, shared, &self.failures);
    }

    fn wants(&mut self, deployments: impl IntoIterator<Item = DesiredDeployment>) {
        self.snapshot(deployments.into_iter().collect(), Vec::new());
    }

    fn snapshot(&mut self, deployments: Vec<DesiredDeployment>, tombstones: Vec<Tombstone>) {
        self.revision += 1;
        let snapshot = Snapshot { revision: self.revision, deployments, tombstones, ..Snapshot::default() };
        self.desired.send_replace(Some(Arc::new(Known { runner: runner(), snapshot })));
    }

    /// Waits for a report, and says what the last one was when there is none in time.
    async fn hears(&mut self, what: &str, wanted: impl Fn(&Report) -> bool) -> Report {
        let revision = self.revision;
        let waiting = self.report.wait_for(|report| {
            report.as_ref().is_some_and(|report| report.revision == revision && wanted(report))
        });
        let heard = timeout(PATIENCE, waiting).await.map(|heard| heard.unwrap().clone().unwrap());
        heard.unwrap_or_else(|_| panic!("not heard: {what}; last: {:#?}", self.report.borrow()))
    }

    /// Waits for a report about one deployment.
    async fn sees(
        &mut self,
        number: u128,
        wanted: impl Fn(&ObservedDeployment) -> bool,
    ) -> ObservedDeployment {
        let about = |report: &Report| report.deployments.iter().find(|one| one.id == id(number)).cloned();
        let heard =
            self.hears("the deployment", |report| about(report).is_some_and(|one| wanted(&one))).await;
        about(&heard).unwrap()
    }

    async fn is_live(&mut self, desired: &DesiredDeployment) -> ObservedDeployment {
        let (generation, replicas) = (desired.generation, desired.replicas);
        let live = |seen: &ObservedDeployment| {
            seen.generation == generation && seen.phase == Phase::Settled && seen.ready == replicas
        };
        let heard = self
            .hears("it is live", |report| {
                report.deployments.iter().any(|one| one.id == desired.id && live(one))
            })
            .await;
        heard.deployments.into_iter().find(|one| one.id == desired.id).unwrap()
    }

    fn here(&self) -> Vec<Replica> {
        self.fake.containers(&runner().to_string())
    }

    /// The containers of the loop's runner, by name.
    fn names(&self) -> Vec<String> {
        self.here().into_iter().map(|replica| replica.id).collect()
    }

    /// The releases that serve, of one deployment.
    fn serving(&self, number: u128) -> Vec<ReleaseNumber> {
        serving(&self.backends, &self.fake, number)
    }

    fn changes(&self) -> Vec<String> {
        self.fake.calls(&CHANGES)
    }
}

/// Lets time pass, on the clock that jumps.
async fn later(seconds: u64) {
    time::sleep(Duration::from_secs(seconds)).await; // On the paused clock.
}

fn serving(backends: &Backends, fake: &Fake, number: u128) -> Vec<ReleaseNumber> {
    let here = fake.containers(&runner().to_string());
    let serves = here.iter().filter(|replica| backends.contains(id(number), &replica.id));
    let mut releases: Vec<_> = serves.map(|replica| replica.release).collect();
    releases.sort_unstable();
    releases
}

fn agent(
    fake: &Fake,
    desired: &watch::Sender<Option<Arc<Known>>>,
    (backends, vault): (&Backends, &Vault),
    failures: &watch::Sender<Failures>,
) -> (JoinHandle<()>, watch::Receiver<Option<Report>>) {
    let (report, heard) = watch::channel(None);
    let (running, running_rx) = watch::channel(Vec::new());
    let (reconciler, samples) = mpsc::channel(1);
    let (edge, _) = mpsc::channel(1);
    tokio::spawn(meter::run(fake.clone(), running_rx, meter::Readers { reconciler, edge }));
    let work = run(Ports {
        runtime: fake.clone(),
        desired: desired.subscribe(),
        report,
        backends: backends.clone(),
        vault: vault.clone(),
        running,
        samples,
        failures: failures.clone(),
    });
    (tokio::spawn(work), heard)
}
