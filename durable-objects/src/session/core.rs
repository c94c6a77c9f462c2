//! The state machine of a session: events in, effects out.
//!
//! ```text
//!             accepted                   Hello                      socket gone
//!  Never ───────────────▶ (greeting) ───────────────▶ Online ───────────────────────▶ Offline
//!                              ▲                        │ accepted again: epoch + 1,      │
//!                              └────────────────────────┴─ the older socket is closed ◀───┘
//! ```
//!
//! Memory is only a cache of [`Saved`] and of the sockets: the object may have been asleep between any two events.
//! Nothing here awaits. What needs an answer from elsewhere is an [`Effect`], and its outcome an event of its own,
//! because other events come in between.

use std::{collections::BTreeMap, time::Duration};

use patr_models::{
    ids::{DeploymentId, RunnerId},
    internal::{Ended, Facts, ReleaseFact, observe::Observed},
    limits::TUNNEL_LANES,
    runner::Connection,
    time::Millis,
    wire::{
        self, Epoch, FromAgent, ObservedDeployment, PROTOCOL, Phase, Report, Revision, SILENCE_S, Seq,
        Snapshot, ToAgent,
    },
};
use serde::{Deserialize, Serialize};

/// What survives hibernation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    pub runner: Option<RunnerId>,
    pub epoch: Epoch,
    /// Grows with each change that [`Core::observe`] shows.
    pub version: u64,
    pub connection: Connection,
    /// Of the current epoch: reports up to this one are kept.
    pub seq: Seq,
    pub reported_at: Option<Millis>,
    pub report: Option<Report>,
    /// The newest snapshot that was fetched.
    pub snapshot: Option<Snapshot>,
    /// What D1 was told, so that it hears each thing once.
    pub recorded: BTreeMap<DeploymentId, ReleaseFact>,
    /// What D1 has not confirmed.
    pub pending: Option<Pending>,
    /// The desired state could not be fetched; try again then.
    pub fetch_at: Option<Millis>,
}

/// Facts on their way to D1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub facts: Facts,
    /// Acknowledged to the agent once D1 has the facts.
    pub seq: Seq,
    pub attempt: u32,
    pub retry_at: Millis,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            runner: None,
            epoch: 0,
            version: 0,
            connection: Connection::Never,
            seq: 0,
            reported_at: None,
            report: None,
            snapshot: None,
            recorded: BTreeMap::new(),
            pending: None,
            fetch_at: None,
        }
    }
}

/// What the shell has to do, in order. State is saved before any of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// To the socket of the current epoch.
    Send(ToAgent),
    /// Close the socket of this epoch.
    Close { epoch: Epoch, code: u16, reason: &'static str },
    /// Close every socket of an older epoch than this.
    CloseOlder(Epoch),
    /// Ask `worker` what is desired; answer with [`Core::desired`] or [`Core::not_fetched`].
    Fetch(RunnerId),
    /// Tell `worker`; answer with [`Core::recorded`] or [`Core::not_recorded`].
    Record { runner: RunnerId, seq: Seq, facts: Facts },
    /// Answer whoever waits for news.
    Wake,
}

/// In the order in which they are to be performed.
pub type Effects = Vec<Effect>;

/// Longest pause before something that failed is tried again.
const RETRY_MAX: Duration = Duration::from_secs(60);

fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(6)).min(RETRY_MAX)
}

/// One runner's session.
#[derive(Debug, Clone, PartialEq)]
pub struct Core {
    saved: Saved,
}

impl Core {
    /// After waking up, or for the first time.
    pub fn restore(saved: Saved) -> Self {
        Self { saved }
    }

    /// What to keep.
    pub fn save(&self) -> &Saved {
        &self.saved
    }

    /// A socket with a good token. It gets the returned epoch; older ones lose.
    pub fn accepted(&mut self, runner: RunnerId, _now: Millis) -> (Epoch, Effects) {
        self.saved.runner = Some(runner);
        self.saved.epoch += 1;
        self.saved.seq = 0;
        (self.saved.epoch, vec![Effect::CloseOlder(self.saved.epoch)])
    }

    /// A message from the socket of `epoch`.
    pub fn received(&mut self, epoch: Epoch, message: FromAgent, now: Millis) -> Effects {
        if epoch != self.saved.epoch {
            return vec![replaced(epoch)];
        }
        match message {
            FromAgent::Hello { protocol, .. } if protocol != PROTOCOL => vec![Effect::Close {
                epoch,
                code: wire::close::PROTOCOL,
                reason: "this protocol is not spoken here: install the agent of this version of Patr",
            }],
            FromAgent::Hello { agent, host, clock, .. } => self.greet(agent, host, clock, now),
            FromAgent::Report { seq, report } => self.reported(seq, report, now),
        }
    }

    /// A message from the socket of `epoch` that could not be read.
    pub fn malformed(&mut self, epoch: Epoch) -> Effects {
        vec![Effect::Close { epoch, code: wire::close::MALFORMED, reason: "a message could not be read" }]
    }

    /// The socket of `epoch` is gone.
    pub fn disconnected(&mut self, epoch: Epoch, now: Millis) -> Effects {
        if epoch != self.saved.epoch || !matches!(self.saved.connection, Connection::Online { .. }) {
            return Vec::new();
        }
        self.saved.connection = Connection::Offline { since: now };
        self.changed()
    }

    /// The token of the runner is no longer good.
    pub fn revoked(&mut self, now: Millis) -> Effects {
        let epoch = self.saved.epoch;
        let mut effects = self.disconnected(epoch, now);
        effects.push(Effect::Close { epoch, code: wire::close::REVOKED, reason: "the token was revoked" });
        effects
    }

    /// What is desired may have changed.
    pub fn woken(&mut self) -> Effects {
        self.saved.runner.map(Effect::Fetch).into_iter().collect()
    }

    /// What is desired, from `worker`.
    pub fn desired(&mut self, snapshot: Snapshot) -> Effects {
        self.saved.fetch_at = None;
        if snapshot.revision < self.revision() {
            return Vec::new();
        }
        let gone = |id: &DeploymentId| snapshot.deployments.iter().all(|deployment| deployment.id != *id);
        self.saved.recorded.retain(|id, _| !gone(id));
        self.saved.snapshot = Some(snapshot.clone());
        if self.is_online() { vec![Effect::Send(ToAgent::Desired { snapshot })] } else { Vec::new() }
    }

    /// `worker` could not be asked. The agent gets what is known, and the question is asked again.
    pub fn not_fetched(&mut self, now: Millis) -> Effects {
        self.saved.fetch_at = Some(now + backoff(1));
        Vec::new()
    }

    /// D1 has the facts of report `seq`.
    pub fn recorded(&mut self, seq: Seq) -> Effects {
        let Some(pending) = self.saved.pending.take_if(|pending| pending.seq == seq) else {
            return Vec::new();
        };
        for fact in pending.facts.releases {
            self.saved.recorded.insert(fact.deployment, fact);
        }
        self.stored(seq)
    }

    /// D1 does not have them; they are told again later.
    pub fn not_recorded(&mut self, seq: Seq, now: Millis) -> Effects {
        if let Some(pending) = self.saved.pending.as_mut().filter(|pending| pending.seq == seq) {
            pending.attempt += 1;
            pending.retry_at = now + backoff(pending.attempt);
        }
        Vec::new()
    }

    /// When [`Self::alarm`] is to be called.
    pub fn deadline(&self) -> Option<Millis> {
        let retry = self.saved.pending.as_ref().map(|pending| pending.retry_at);
        retry.into_iter().chain(self.saved.fetch_at).min()
    }

    /// The deadline has come.
    pub fn alarm(&mut self, now: Millis) -> Effects {
        let mut effects = Vec::new();
        if self.saved.fetch_at.is_some_and(|at| at <= now) {
            self.saved.fetch_at = None;
            effects.extend(self.woken());
        }
        if self.saved.pending.as_ref().is_some_and(|pending| pending.retry_at <= now) {
            effects.extend(self.record(now));
        }
        effects
    }

    /// What is known of the runner. `heard` is when the platform last answered a heartbeat for us: a socket may
    /// look open long after its peer is gone, so silence counts as absence.
    pub fn observe(&self, heard: Option<Millis>, now: Millis) -> Observed {
        let mut connection = self.saved.connection.clone();
        if let Connection::Online { since, .. } = connection {
            let last =
                [Some(since), heard, self.saved.reported_at].into_iter().flatten().max().unwrap_or(since);
            if now.since(last) > Duration::from_secs(SILENCE_S) {
                connection = Connection::Offline { since: last };
            }
        }
        Observed {
            version: self.saved.version,
            connection,
            reported_at: self.saved.reported_at,
            report: self.saved.report.clone(),
        }
    }

    fn is_online(&self) -> bool {
        matches!(self.saved.connection, Connection::Online { .. })
    }

    fn revision(&self) -> Revision {
        self.saved.snapshot.as_ref().map_or(0, |snapshot| snapshot.revision)
    }

    fn greet(&mut self, agent: String, host: Option<String>, clock: Millis, now: Millis) -> Effects {
        let Some(runner) = self.saved.runner else { return Vec::new() };
        let clock_skew_ms = i64::try_from(i128::from(clock.0) - i128::from(now.0)).unwrap_or(i64::MAX);
        self.saved.connection = Connection::Online { since: now, agent, host, clock_skew_ms };
        let welcome = ToAgent::Welcome {
            runner,
            protocol: PROTOCOL,
            epoch: self.saved.epoch,
            now,
            lanes: TUNNEL_LANES,
        };
        let mut effects = vec![Effect::Send(welcome)];
        // What is known goes at once, in case `worker` cannot be asked; what it answers replaces it.
        if let Some(snapshot) = self.saved.snapshot.clone() {
            effects.push(Effect::Send(ToAgent::Desired { snapshot }));
        }
        effects.push(Effect::Fetch(runner));
        effects.extend(self.changed());
        effects
    }

    fn reported(&mut self, seq: Seq, report: Report, now: Millis) -> Effects {
        if seq <= self.saved.seq {
            // Heard before: kept already, or kept as soon as D1 answers.
            return if self.saved.pending.is_some() { Vec::new() } else { self.stored(self.saved.seq) };
        }
        self.saved.seq = seq;
        let facts = self.news(&report);
        self.saved.report = Some(report);
        self.saved.reported_at = Some(now);
        let mut effects = self.changed();
        if facts.is_empty() && self.saved.pending.is_none() {
            effects.extend(self.stored(seq));
            return effects;
        }
        // A newer report is about the same deployments as the older one, and says more.
        self.saved.pending = Some(Pending { facts, seq, attempt: 0, retry_at: now });
        effects.extend(self.record(now));
        effects
    }

    fn record(&mut self, now: Millis) -> Effects {
        let (Some(runner), Some(pending)) = (self.saved.runner, self.saved.pending.as_mut()) else {
            return Vec::new();
        };
        // Should the answer be lost with this object, the alarm tells them again.
        pending.retry_at = now + backoff(pending.attempt + 3);
        vec![Effect::Record { runner, seq: pending.seq, facts: pending.facts.clone() }]
    }

    fn stored(&self, through: Seq) -> Effects {
        if self.is_online() { vec![Effect::Send(ToAgent::Stored { through })] } else { Vec::new() }
    }

    fn changed(&mut self) -> Effects {
        self.saved.version += 1;
        vec![Effect::Wake]
    }

    /// What D1 has not been told. Facts that still wait for D1 are found again here, from the newer report.
    fn news(&self, report: &Report) -> Facts {
        let told = |fact: &ReleaseFact| self.saved.recorded.get(&fact.deployment) == Some(fact);
        let known = |id: &DeploymentId| {
            let tombstones = self.saved.snapshot.as_ref().map(|snapshot| snapshot.tombstones.as_slice());
            tombstones.unwrap_or_default().iter().any(|tombstone| tombstone.deployment == *id)
        };
        let mut facts = Facts {
            releases: report.deployments.iter().filter_map(fact).filter(|fact| !told(fact)).collect(),
            gone: report.gone.iter().copied().filter(known).collect(),
        };
        let waiting = self.saved.pending.iter().flat_map(|pending| &pending.facts.releases);
        for old in waiting {
            let newer = |fact: &ReleaseFact| fact.deployment == old.deployment && fact.release == old.release;
            if !facts.releases.iter().any(newer) {
                facts.releases.push(old.clone());
            }
        }
        facts
    }
}

fn replaced(epoch: Epoch) -> Effect {
    Effect::Close {
        epoch,
        code: wire::close::REPLACED,
        reason: "another agent connected with the same token",
    }
}

/// What outlives the session, if the observation holds anything of the kind.
fn fact(observed: &ObservedDeployment) -> Option<ReleaseFact> {
    let ended = match &observed.phase {
        Phase::Settled => Some(Ended::Live),
        Phase::Failed { failure, .. } => Some(Ended::Failed { failure: failure.clone() }),
        Phase::Pulling | Phase::Starting | Phase::Draining | Phase::Stopped => None,
    };
    if ended.is_none() && observed.digest.is_none() {
        return None;
    }
    Some(ReleaseFact {
        deployment: observed.id,
        generation: observed.generation,
        release: observed.release,
        digest: observed.digest.clone(),
        ended,
    })
}

#[cfg(test)]
#[path = "../tests/session.rs"]
mod tests;
