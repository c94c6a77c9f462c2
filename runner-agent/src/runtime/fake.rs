//! A runtime that a test scripts: containers are rows of a table, and any call may fail, hang or be lost.

mod verbs;

use std::{
    collections::{BTreeMap, HashMap},
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use patr_models::{
    deployment::{Digest, FailureKind, logs::LogLine},
    secret::Secrets,
    wire::HostHealth,
};
use tokio::{sync::watch, time::sleep};

use super::{
    Address, Checked, Fault, Health, NewReplica, Replica, ReplicaState, Unavailable, VolumesSeen, failure,
};

/// What the reconciler can ask of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Observe,
    Pull,
    Start,
    Keep,
    Check,
    Ask,
    Stop,
    StartAgain,
    Remove,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is done: the runtime does not answer.
    Away,
    /// It is done, and the answer is lost.
    Lost,
    /// The runtime refuses.
    Fails,
    /// There is never an answer.
    Hangs,
}

/// How the containers of an image behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Serves,
    /// Runs, and answers no probe.
    Deaf,
    /// Ends as soon as it is started.
    Crashes,
}

/// How long a call takes.
const CALL: Duration = Duration::from_millis(1);

struct Container {
    runner: String,
    image: String,
    replica: Replica,
    restarts: u32,
}

/// Sees the world before each call.
type Witness = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct World {
    containers: Vec<Container>,
    made: u8,
    images: HashMap<String, Digest>,
    behaviours: BTreeMap<String, Behaviour>,
    /// Of the calls of a verb, the one after so many meets its fate.
    fates: Vec<(Verb, usize, Fate)>,
    calls: Vec<(Verb, String)>,
    away: bool,
    witness: Option<Witness>,
    volumes: VolumesSeen,
    health: Option<HostHealth>,
    /// Processor time that a container was said to have used, in nanoseconds.
    used: HashMap<String, u64>,
    /// What was started with which secrets.
    secrets: Vec<Secrets>,
    /// What containers wrote, those that are gone too.
    lines: Vec<LogLine>,
    held: Vec<String>,
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    changed: watch::Sender<()>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self { world: Arc::default(), changed: watch::Sender::new(()) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The registry answers a name with this digest.
    pub(crate) fn tag(&self, image: &str, digest: &Digest) {
        self.world().images.insert(image.to_owned(), digest.clone());
    }

    pub(crate) fn behaves(&self, image: &str, behaviour: Behaviour) {
        self.world().behaviours.insert(image.to_owned(), behaviour);
    }

    /// One call of a verb, after `skip` more of them, meets a fate.
    pub(crate) fn then(&self, verb: Verb, skip: usize, fate: Fate) {
        self.world().fates.push((verb, skip, fate));
    }

    /// From now on nothing is answered, or everything is again.
    pub(crate) fn is_away(&self, away: bool) {
        self.world().away = away;
    }

    pub(crate) fn witness(&self, witness: impl FnMut() + Send + 'static) {
        self.world().witness = Some(Box::new(witness));
    }

    /// Every call of these verbs so far, such as `start web:1`.
    pub(crate) fn calls(&self, verbs: &[Verb]) -> Vec<String> {
        let world = self.world();
        world.calls.iter().filter(|(verb, _)| verbs.contains(verb)).map(|(_, words)| words.clone()).collect()
    }

    /// Whether a scripted fate has not been met yet.
    pub(crate) fn waits_for_fate(&self) -> bool {
        !self.world().fates.is_empty()
    }

    pub(crate) fn forget_calls(&self) {
        self.world().calls.clear();
    }

    /// The containers of a runner.
    pub(crate) fn containers(&self, runner: &str) -> Vec<Replica> {
        let world = self.world();
        world.containers.iter().filter(|one| one.runner == runner).map(|one| one.replica.clone()).collect()
    }

    /// A container of somebody else.
    pub(crate) fn foreign(&self, runner: &str, replica: Replica) {
        let (runner, image) = (runner.to_owned(), "foreign".to_owned());
        self.world().containers.push(Container { runner, image, replica, restarts: 0 });
    }

    /// The runtime says how a container answers its probes, which it asks itself.
    pub(crate) fn finds(&self, id: &str, health: Health) {
        self.change(id, |container| container.replica.health = health);
    }

    /// The process of a container ends; if it is kept, it is about to be started again.
    pub(crate) fn crash(&self, id: &str) {
        self.change(id, |container| {
            let kept = container.replica.proven;
            container.replica.state = if kept { ReplicaState::Restarting } else { ReplicaState::Exited };
        });
    }

    /// What the runtime says of volumes.
    pub(crate) fn has_volumes(&self, volumes: VolumesSeen) {
        self.world().volumes = volumes;
    }

    /// How the runtime says that the machine does.
    pub(crate) fn does(&self, health: HostHealth) {
        self.world().health = Some(health);
    }

    /// A container has written a line.
    pub(crate) fn writes(&self, line: LogLine) {
        self.world().lines.push(line);
    }

    /// A container is held still from now on.
    pub(crate) fn holds(&self, id: &str) {
        self.world().held.push(id.to_owned());
    }

    /// The secrets that containers were started with.
    pub(crate) fn secrets(&self) -> Vec<Secrets> {
        self.world().secrets.clone()
    }

    /// Someone stops a container by hand; it is not started again.
    pub(crate) fn halt(&self, id: &str) {
        self.change(id, |container| container.replica.state = ReplicaState::Exited);
    }

    /// A container is running again, elsewhere.
    pub(crate) fn recover(&self, id: &str) {
        let made = self.next();
        self.change(id, |container| {
            container.restarts += 1;
            container.replica.state = ReplicaState::Running(address(made));
        });
    }

    /// Someone removes a container by hand.
    pub(crate) fn vanish(&self, id: &str) {
        self.world().containers.retain(|container| container.replica.id != id);
        self.changed.send_replace(());
    }

    fn next(&self) -> u8 {
        let mut world = self.world();
        world.made += 1;
        world.made
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Container)) {
        self.world().find(id).map(change).expect("the container is here");
        self.changed.send_replace(());
    }

    /// A call, and what comes of it.
    async fn call<T>(
        &self,
        verb: Verb,
        words: String,
        act: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let witness = self.world().witness.take();
        if let Some(mut witness) = witness {
            witness();
            self.world().witness = Some(witness);
        }
        sleep(CALL).await;
        let away = || Fault::Away(Unavailable("as scripted".to_owned()));
        let fate = self.world().fate(verb, words);
        match fate {
            None => act(&mut self.world()),
            Some(Fate::Away) => Err(away()),
            Some(Fate::Lost) => {
                act(&mut self.world())?;
                Err(away())
            }
            Some(Fate::Fails) => Err(failure(FailureKind::Runtime, "as scripted").into()),
            Some(Fate::Hangs) => pending().await,
        }
    }
}

fn address(number: u8) -> Address {
    Address::Network([10, 0, 0, number].into())
}

impl World {
    fn find(&mut self, id: &str) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| container.replica.id == id)
    }

    fn fate(&mut self, verb: Verb, words: String) -> Option<Fate> {
        self.calls.push((verb, words));
        if self.away {
            return Some(Fate::Away);
        }
        let mut met = None;
        self.fates.retain_mut(|(scripted, skip, fate)| {
            if *scripted != verb || met.is_some() {
                return true;
            }
            if *skip == 0 {
                met = Some(*fate);
            }
            let waits = *skip > 0;
            *skip = skip.saturating_sub(1);
            waits
        });
        met
    }

    fn make(&mut self, new: &NewReplica, runner: &str) {
        self.made += 1;
        self.secrets.push(new.secrets.clone());
        let image = new.desired.spec.image.to_string();
        let crashes = self.behaviours.get(&image) == Some(&Behaviour::Crashes);
        let running = ReplicaState::Running(address(self.made));
        let replica = Replica {
            id: format!("c{}", self.made),
            deployment: new.desired.id,
            generation: new.desired.generation,
            release: new.desired.release,
            hash: new.hash.clone(),
            digest: Some(new.digest.clone()),
            probe: new.desired.spec.effective_probe(),
            http_port: new.desired.spec.first_http_port(),
            proven: false,
            health: Health::Unasked,
            state: if crashes { ReplicaState::Exited } else { running },
        };
        self.containers.push(Container { runner: runner.to_owned(), image, replica, restarts: 0 });
    }

    fn check(&mut self, id: &str) -> Result<Checked, Fault> {
        let ended = || failure(FailureKind::Exited, "it ended with exit code 3");
        let container = self.find(id).ok_or_else(|| Fault::Gone("no such container".to_owned()))?;
        let (state, restarts) = (container.replica.state.clone(), container.restarts);
        match state {
            ReplicaState::Exited => Err(ended().into()),
            ReplicaState::Restarting => Ok(Checked { state, ended: Some(ended()), restarts }),
            ReplicaState::Created | ReplicaState::Running(_) => Ok(Checked { state, ended: None, restarts }),
        }
    }

    fn hears(&self, id: &str) -> bool {
        let there = self.containers.iter().find(|container| container.replica.id == id);
        there.is_some_and(|container| self.behaviours.get(&container.image) != Some(&Behaviour::Deaf))
    }

    fn answers(&self, at: &Address) -> bool {
        let there = self
            .containers
            .iter()
            .find(|container| container.replica.state == ReplicaState::Running(at.clone()));
        there.is_some_and(|container| self.behaviours.get(&container.image) != Some(&Behaviour::Deaf))
    }
}
