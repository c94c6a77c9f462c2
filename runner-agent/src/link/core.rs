//! The deciding part of the session: events in, effects out. It does no IO, and is told what time it is.

use std::{sync::Arc, time::Duration};

use patr_models::{
    ids::RunnerId,
    time::Millis,
    wire::{
        FromAgent, PING, PING_EVERY_S, PONG, PROTOCOL, Report, Revision, SILENCE_S, Sample, Seq, ToAgent,
    },
};
use tokio::time::Instant;

use super::connect::{Ended, Stopped};
use crate::store::Known;

/// What the shell has to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    Send(FromAgent),
    Ping,
    /// Keep it on disk, and then let it be what should run.
    Take(Arc<Known>),
    /// How many lanes the edge wants.
    Lanes(u8),
    /// For the log.
    Warn(String),
    Info(String),
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) ping_every: Duration,
    /// Without anything at all the link is dead, whatever the socket says.
    pub(super) silence: Duration,
    /// Heartbeats are answered by the platform: they do not prove that the session itself is there.
    pub(super) welcome: Duration,
    /// A report that is not acknowledged is said again.
    pub(super) resend: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_every: Duration::from_secs(PING_EVERY_S),
            silence: Duration::from_secs(SILENCE_S),
            welcome: Duration::from_secs(20),
            resend: Duration::from_secs(30),
        }
    }
}

/// A connection, from its hello to its end.
#[derive(Debug)]
pub(super) struct Core {
    timing: Timing,
    /// What is kept already: an older snapshot is not taken.
    known: Option<(RunnerId, Revision)>,
    /// As which runner; known since the welcome.
    runner: Option<RunnerId>,
    /// Whether the edge takes what replicas use.
    metrics: bool,
    /// Until when the welcome must have come, or anything at all be heard.
    welcome_by: Instant,
    silent_at: Instant,
    ping_at: Instant,
    reports: Reports,
}

/// Reports of one connection: one on its way at a time, the newest next. Each says everything, so those in between
/// need not be sent.
#[derive(Debug, Default)]
struct Reports {
    seq: Seq,
    /// Sent and not yet acknowledged, and when to say it again.
    unstored: Option<(Report, Instant)>,
    waiting: Option<Report>,
}

impl Core {
    /// A connection that has just been opened, and the hello.
    pub(super) fn open(
        timing: Timing,
        host: String,
        known: Option<&Known>,
        clock: Millis,
        now: Instant,
    ) -> (Self, Vec<Effect>) {
        let known = known.map(|known| (known.runner, known.snapshot.revision));
        let hello = FromAgent::Hello {
            protocol: PROTOCOL,
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            host: Some(host),
            clock,
            revision: known.map(|(_, revision)| revision),
        };
        let core = Self {
            timing,
            known,
            runner: None,
            metrics: false,
            welcome_by: now + timing.welcome,
            silent_at: now + timing.silence,
            ping_at: now + timing.ping_every,
            reports: Reports::default(),
        };
        (core, vec![Effect::Send(hello)])
    }

    /// Something was heard that says nothing.
    pub(super) fn heard(&mut self, now: Instant) {
        self.silent_at = now + self.timing.silence;
    }

    /// A text of the edge.
    pub(super) fn received(&mut self, text: &str, clock: Millis, now: Instant) -> Result<Vec<Effect>, Ended> {
        self.heard(now);
        if text == PONG {
            return Ok(Vec::new());
        }
        // A newer edge may say more than is known here.
        let message: ToAgent = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                return Ok(vec![Effect::Warn(format!("a message of the edge was not understood: {error}"))]);
            }
        };
        match message {
            ToAgent::Welcome { protocol, .. } if protocol != PROTOCOL => {
                Err(Ended::Stopped(Stopped::Protocol))
            }
            ToAgent::Welcome { epoch, runner, now: theirs, lanes, metrics, .. } => {
                self.runner = Some(runner);
                self.metrics = metrics;
                let mut effects = vec![Effect::Info(format!("connected as {runner}, epoch {epoch}"))];
                effects.extend(clock_warning(clock, theirs));
                effects.push(Effect::Lanes(lanes));
                effects.extend(self.next_report(now));
                Ok(effects)
            }
            ToAgent::Desired { snapshot } => {
                let Some(runner) = self.runner else { return Ok(Vec::new()) };
                Ok(self.take(Known { runner, snapshot }).into_iter().collect())
            }
            ToAgent::Stored { through } => {
                if through >= self.reports.seq {
                    self.reports.unstored = None;
                }
                Ok(self.next_report(now))
            }
        }
    }

    /// The reconciler has a new report.
    pub(super) fn reported(&mut self, report: Report, now: Instant) -> Vec<Effect> {
        self.reports.waiting = Some(report);
        self.next_report(now)
    }

    /// The replicas were measured.
    pub(super) fn sampled(&self, samples: Vec<Sample>) -> Vec<Effect> {
        self.metrics.then_some(Effect::Send(FromAgent::Metrics { samples })).into_iter().collect()
    }

    /// When to call [`Self::elapsed`].
    pub(super) fn deadline(&self) -> Instant {
        let welcome = self.runner.is_none().then_some(self.welcome_by);
        let resend = self.reports.unstored.as_ref().map(|(_, at)| *at);
        let others = welcome.into_iter().chain(resend);
        others.fold(self.silent_at.min(self.ping_at), Instant::min)
    }

    /// The deadline has come.
    pub(super) fn elapsed(&mut self, now: Instant) -> Result<Vec<Effect>, Ended> {
        if now >= self.silent_at {
            return Err(Ended::lost(format!("nothing was heard for {} s", self.timing.silence.as_secs())));
        }
        if self.runner.is_none() && now >= self.welcome_by {
            return Err(Ended::lost(format!("no welcome within {} s", self.timing.welcome.as_secs())));
        }
        let mut effects = Vec::new();
        if now >= self.ping_at {
            self.ping_at = now + self.timing.ping_every;
            effects.push(Effect::Ping);
        }
        if self.reports.unstored.as_ref().is_some_and(|(_, at)| now >= *at) {
            effects.push(self.resend(now));
        }
        Ok(effects)
    }

    fn next_report(&mut self, now: Instant) -> Vec<Effect> {
        if self.runner.is_none() || self.reports.unstored.is_some() {
            return Vec::new();
        }
        self.reports.waiting.take().map(|report| self.send(report, now)).into_iter().collect()
    }

    fn send(&mut self, report: Report, now: Instant) -> Effect {
        self.reports.seq += 1;
        self.reports.unstored = Some((report.clone(), now + self.timing.resend));
        Effect::Send(FromAgent::Report { seq: self.reports.seq, report })
    }

    /// What was not acknowledged is said again, under its number; or what is newer, for that says more.
    fn resend(&mut self, now: Instant) -> Effect {
        let newer = self.reports.waiting.take();
        match (newer, &mut self.reports.unstored) {
            (None, Some((report, at))) => {
                *at = now + self.timing.resend;
                Effect::Send(FromAgent::Report { seq: self.reports.seq, report: report.clone() })
            }
            (newer, _) => self.send(newer.unwrap_or_default(), now),
        }
    }

    /// A snapshot that is not older than the one there is.
    fn take(&mut self, news: Known) -> Option<Effect> {
        let older = |&(runner, revision): &(RunnerId, Revision)| {
            runner == news.runner && revision > news.snapshot.revision
        };
        if self.known.as_ref().is_some_and(older) {
            return None;
        }
        self.known = Some((news.runner, news.snapshot.revision));
        Some(Effect::Take(Arc::new(news)))
    }
}

impl Effect {
    /// The text to send, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            // Messages are plain data with string keys: they cannot fail to serialise.
            Self::Send(message) => serde_json::to_string(message).ok(),
            Self::Ping => Some(PING.to_owned()),
            Self::Take(_) | Self::Lanes(_) | Self::Warn(_) | Self::Info(_) => None,
        }
    }
}

fn clock_warning(ours: Millis, theirs: Millis) -> Option<Effect> {
    let apart = ours.since(theirs).max(theirs.since(ours));
    let warning = || {
        Effect::Warn(format!(
            "this machine's clock is {} s away from the edge's: set it right (certificates depend on it)",
            apart.as_secs()
        ))
    };
    (apart > Duration::from_secs(60)).then(warning)
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
