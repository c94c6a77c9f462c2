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

use std::{collections::BTreeSet, time::Duration};

use patr_models::{
    ids::{DeploymentId, RunnerId, VolumeId, WorkspaceId},
    internal::{Ended, Facts, ReleaseFact, desired::Passed, observe::Observed},
    limits::TUNNEL_LANES,
    runner::Connection,
    time::Millis,
    wire::{
        self, Epoch, FromAgent, ObservedDeployment, PROTOCOL, Phase, Report, Revision, SILENCE_S, Sample,
        Seq, ToAgent,
    },
};

use super::{
    changes::{self, Changes},
    saved::{Pending, ReportId, Retry, Saved},
};

/// What the shell has to do, in order. State is saved before any of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// To the socket of the current epoch.
    Send(ToAgent<Passed>),
    /// Close the socket of this epoch.
    Close { epoch: Epoch, code: u16, reason: &'static str },
    /// Close every socket of an older epoch than this.
    CloseOlder(Epoch),
    /// Ask `worker` what is desired; answer with [`Core::desired`] or [`Core::not_fetched`].
    Fetch(RunnerId),
    /// Tell `worker`; answer with [`Core::recorded`] or [`Core::not_recorded`].
    Record { runner: RunnerId, of: ReportId, facts: Facts },
    /// Keep what replicas used. Nothing is decided by it, so it is no part of the state.
    Keep(Vec<Sample>),
    /// Answer whoever waits for news.
    Wake,
    /// Say to the feed of the workspace what is to be read again.
    Tell(WorkspaceId, Changes),
}

/// Samples that are taken of one message: every replica of some deployments.
const SAMPLES_MAX: usize = 1000;

/// Longest name of a replica, in bytes; whole ids of containers have 64.
const REPLICA_NAME_MAX: usize = 64;

/// In the order in which they are to be performed.
pub type Effects = Vec<Effect>;

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
        self.saved.greeted = false;
        self.saved.seq = 0;
        (self.saved.epoch, vec![Effect::CloseOlder(self.saved.epoch)])
    }

    /// The workspace of the runner, as who lets it in knows it.
    pub fn belongs_to(&mut self, workspace: WorkspaceId) {
        self.saved.workspace = Some(workspace);
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
            // Before the hello it is not known which protocol this is of.
            FromAgent::Report { .. } | FromAgent::Metrics { .. } if !self.saved.greeted => {
                self.malformed(epoch)
            }
            FromAgent::Report { seq, report } => self.reported(seq, report, now),
            FromAgent::Metrics { samples } => self.sampled(samples, now),
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
        self.changed(changes::connection(&self.saved))
    }

    /// The token of the runner is no longer good.
    pub fn revoked(&mut self, now: Millis) -> Effects {
        let epoch = self.saved.epoch;
        let mut effects = self.disconnected(epoch, now);
        effects.push(Effect::Close { epoch, code: wire::close::REVOKED, reason: "the token was revoked" });
        effects
    }

    /// `worker` knows no such runner: it was removed, and the word of it was lost.
    pub fn removed(&mut self, now: Millis) -> Effects {
        (self.saved.fetch, self.saved.pending) = (None, None);
        self.revoked(now)
    }

    /// What is desired may have changed.
    pub fn woken(&mut self, now: Millis) -> Effects {
        self.fetch(Retry::first(now))
    }

    /// What is desired, from `worker`.
    pub fn desired(&mut self, snapshot: Passed) -> Effects {
        self.saved.fetch = None;
        if snapshot.revision() < self.revision() {
            return Vec::new();
        }
        self.saved.recorded.retain(|&id, _| snapshot.has(id));
        self.saved.recorded_volumes.retain(|&id| snapshot.has_volume(id));
        self.saved.snapshot = Some(snapshot.clone());
        if self.is_online() { vec![Effect::Send(ToAgent::Desired { snapshot })] } else { Vec::new() }
    }

    /// `worker` could not be asked. The agent has what is known, and the question is asked again while it is there:
    /// one that comes back brings a question of its own.
    pub fn not_fetched(&mut self, now: Millis) -> Effects {
        let online = self.is_online();
        self.saved.fetch = self.saved.fetch.filter(|_| online).map(|retry| retry.failed(now));
        Vec::new()
    }

    /// D1 has the facts of a report.
    pub fn recorded(&mut self, of: ReportId) -> Effects {
        let Some(pending) = self.saved.pending.take_if(|pending| pending.of == of) else {
            return Vec::new();
        };
        let told = self.tell(changes::facts(&pending.facts));
        for fact in pending.facts.releases {
            self.saved.recorded.insert(fact.deployment, fact);
        }
        self.saved.recorded_volumes.extend(pending.facts.volumes);
        // An agent that has connected again since numbers its reports anew, and says this one again.
        let stored = if of.epoch == self.saved.epoch { self.stored(of.seq) } else { Vec::new() };
        stored.into_iter().chain(told).collect()
    }

    /// D1 does not have them; they are told again later.
    pub fn not_recorded(&mut self, of: ReportId, now: Millis) -> Effects {
        if let Some(pending) = self.saved.pending.as_mut().filter(|pending| pending.of == of) {
            pending.retry = pending.retry.failed(now);
        }
        Vec::new()
    }

    /// When [`Self::alarm`] is to be called.
    pub fn deadline(&self) -> Option<Millis> {
        let record = self.saved.pending.as_ref().map(|pending| pending.retry);
        record.into_iter().chain(self.saved.fetch).map(|retry| retry.at).min()
    }

    /// The deadline has come. There is a new one before anything is tried.
    pub fn alarm(&mut self, now: Millis) -> Effects {
        let due = |retry: &Retry| retry.at <= now;
        let mut effects = Vec::new();
        if let Some(retry) = self.saved.fetch.take_if(|retry| due(retry))
            && self.is_online()
        {
            effects.extend(self.fetch(retry.again(now)));
        }
        if let Some(pending) = self.saved.pending.as_mut().filter(|pending| due(&pending.retry)) {
            pending.retry = pending.retry.again(now);
            effects.extend(self.record());
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
        self.saved.greeted && matches!(self.saved.connection, Connection::Online { .. })
    }

    fn revision(&self) -> Revision {
        self.saved.snapshot.as_ref().map_or(0, Passed::revision)
    }

    fn greet(&mut self, agent: String, host: Option<String>, clock: Millis, now: Millis) -> Effects {
        let Some(runner) = self.saved.runner else { return Vec::new() };
        self.saved.greeted = true;
        let clock_skew_ms = i64::try_from(i128::from(clock.0) - i128::from(now.0)).unwrap_or(i64::MAX);
        self.saved.connection = Connection::Online { since: now, agent, host, clock_skew_ms };
        let welcome = ToAgent::Welcome {
            runner,
            protocol: PROTOCOL,
            epoch: self.saved.epoch,
            now,
            lanes: TUNNEL_LANES,
            metrics: true,
        };
        let mut effects = vec![Effect::Send(welcome)];
        // What is known goes at once, in case `worker` cannot be asked; what it answers replaces it.
        if let Some(snapshot) = self.saved.snapshot.clone() {
            effects.push(Effect::Send(ToAgent::Desired { snapshot }));
        }
        effects.extend(self.fetch(Retry::first(now)));
        effects.extend(self.changed(changes::connection(&self.saved)));
        effects
    }

    fn reported(&mut self, seq: Seq, report: Report, now: Millis) -> Effects {
        if seq <= self.saved.seq {
            // Heard before: kept already, or kept as soon as D1 answers.
            return if self.saved.pending.is_some() { Vec::new() } else { self.stored(self.saved.seq) };
        }
        self.saved.seq = seq;
        let (facts, changed) = (self.news(&report), changes::report(&self.saved, &report));
        self.saved.report = Some(report);
        self.saved.reported_at = Some(now);
        let mut effects = self.changed(changed);
        if facts.is_empty() && self.saved.pending.is_none() {
            effects.extend(self.stored(seq));
            return effects;
        }
        // A newer report is about the same deployments as the older one, and says more.
        let of = ReportId { epoch: self.saved.epoch, seq };
        self.saved.pending = Some(Pending { facts, of, retry: Retry::first(now) });
        effects.extend(self.record());
        effects
    }

    /// An agent's clock may be wrong; its samples are put where they belong by ours.
    fn sampled(&self, mut samples: Vec<Sample>, now: Millis) -> Effects {
        let Connection::Online { clock_skew_ms, .. } = self.saved.connection else { return Vec::new() };
        let known = |id| self.saved.snapshot.as_ref().is_some_and(|snapshot| snapshot.has(id));
        samples.retain(|sample| known(sample.deployment) && sample.replica.len() <= REPLICA_NAME_MAX);
        samples.truncate(SAMPLES_MAX);
        for sample in &mut samples {
            sample.at = Millis(sample.at.0.saturating_sub_signed(clock_skew_ms)).min(now);
        }
        if samples.is_empty() { Vec::new() } else { vec![Effect::Keep(samples)] }
    }

    fn fetch(&mut self, retry: Retry) -> Effects {
        let Some(runner) = self.saved.runner else { return Vec::new() };
        self.saved.fetch = Some(retry);
        vec![Effect::Fetch(runner)]
    }

    fn record(&self) -> Effects {
        let (Some(runner), Some(pending)) = (self.saved.runner, self.saved.pending.as_ref()) else {
            return Vec::new();
        };
        vec![Effect::Record { runner, of: pending.of, facts: pending.facts.clone() }]
    }

    fn stored(&self, through: Seq) -> Effects {
        if self.is_online() { vec![Effect::Send(ToAgent::Stored { through })] } else { Vec::new() }
    }

    fn changed(&mut self, what: Changes) -> Effects {
        self.saved.version += 1;
        let mut effects = vec![Effect::Wake];
        effects.extend(self.tell(what));
        effects
    }

    fn tell(&self, what: Changes) -> Option<Effect> {
        let workspace = self.saved.workspace.filter(|_| !what.is_empty())?;
        Some(Effect::Tell(workspace, what))
    }

    /// What D1 has not been told. Facts that still wait for D1 are found again here, from the newer report.
    fn news(&self, report: &Report) -> Facts {
        let told = |fact: &ReleaseFact| self.saved.recorded.get(&fact.deployment) == Some(fact);
        let known = |&id: &DeploymentId| self.saved.snapshot.as_ref().is_some_and(|known| known.buries(id));
        let buried =
            |&id: &VolumeId| self.saved.snapshot.as_ref().is_some_and(|known| known.buries_volume(id));
        let mut facts = Facts {
            releases: report.deployments.iter().filter_map(fact).filter(|fact| !told(fact)).collect(),
            gone: report.gone.iter().copied().filter(known).collect(),
            volumes: self.new_volumes(report),
            gone_volumes: report.gone_volumes.iter().copied().filter(buried).collect(),
        };
        let waiting = self.saved.pending.iter().flat_map(|pending| &pending.facts.releases);
        for old in waiting {
            let same =
                |fact: &&mut ReleaseFact| fact.deployment == old.deployment && fact.release == old.release;
            match facts.releases.iter_mut().find(same) {
                // How a rollout ended is said once, even if the release was started anew since.
                Some(newer) if newer.ended.is_none() => newer.ended.clone_from(&old.ended),
                Some(_) => {}
                None => facts.releases.push(old.clone()),
            }
        }
        facts
    }

    /// Volumes of which D1 has not been told that they are there. One that waits for D1 and is gone by now was there
    /// all the same: without it nobody would miss what it held.
    fn new_volumes(&self, report: &Report) -> Vec<VolumeId> {
        let waiting = self.saved.pending.iter().flat_map(|pending| pending.facts.volumes.iter().copied());
        let there = report.volumes.iter().map(|volume| volume.id).chain(waiting).collect::<BTreeSet<_>>();
        there.difference(&self.saved.recorded_volumes).copied().collect()
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

#[cfg(test)]
#[path = "../tests/faults.rs"]
mod faults;
