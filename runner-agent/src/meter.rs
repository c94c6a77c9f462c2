//! What the replicas use: measured for autoscaling, and once a minute for people.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use patr_models::{
    ids::DeploymentId,
    wire::{Sample, Usage},
};
use tokio::{
    sync::{mpsc, watch},
    time::{self, MissedTickBehavior, timeout},
};

use crate::runtime::{Runtime, Totals};

/// How often those are measured that scale.
const OFTEN: Duration = Duration::from_secs(10);
/// Of so many measurements, one is told to the edge, and only then those are measured that do not scale.
const SELDOM: u32 = 6;
/// How long measuring one replica may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A replica that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) deployment: DeploymentId,
    pub(crate) replica: String,
    /// Whether its use decides how many there are.
    pub(crate) scales: bool,
}

/// Where measurements go. Whoever is not ready to take them misses them: a gap is a gap.
pub(crate) struct Readers {
    pub(crate) reconciler: mpsc::Sender<Vec<Sample>>,
    pub(crate) edge: mpsc::Sender<Vec<Sample>>,
}

/// Measures until the reconciler ends.
pub(crate) async fn run<R: Runtime>(runtime: R, running: watch::Receiver<Vec<Running>>, readers: Readers) {
    let (mut often, mut seldom) = (Ledger::default(), Ledger::default());
    let mut ticks = time::interval(OFTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0_u32.. {
        ticks.tick().await;
        if running.has_changed().is_err() {
            return;
        }
        let all = running.borrow().clone();
        let for_people = tick.is_multiple_of(SELDOM);
        let (mut scaling, mut everything) = (Vec::new(), Vec::new());
        for one in &all {
            // One that is new is measured at once, so that its first figures come with the next minute.
            let for_people = for_people || !seldom.last.contains_key(&one.replica);
            if !(one.scales || for_people) {
                continue;
            }
            let measured = timeout(PATIENCE, runtime.usage(&one.replica)).await;
            // One that has just ended, or an Engine that is away, has nothing to say.
            let Ok(Ok(totals)) = measured else { continue };
            if one.scales {
                scaling.extend(often.take(one, totals));
            }
            if for_people {
                everything.extend(seldom.take(one, totals));
            }
        }
        let here: HashSet<&str> = all.iter().map(|one| one.replica.as_str()).collect();
        often.last.retain(|replica, _| here.contains(replica.as_str()));
        seldom.last.retain(|replica, _| here.contains(replica.as_str()));
        tell(&readers.reconciler, scaling);
        tell(&readers.edge, everything);
    }
}

fn tell(reader: &mpsc::Sender<Vec<Sample>>, samples: Vec<Sample>) {
    if !samples.is_empty() {
        let _ = reader.try_send(samples);
    }
}

/// What was measured last, by replica.
#[derive(Debug, Default)]
struct Ledger {
    last: HashMap<String, Totals>,
}

impl Ledger {
    /// What was used since the last time; nothing the first time, and when a replica has started anew.
    fn take(&mut self, one: &Running, now: Totals) -> Option<Sample> {
        let last = self.last.insert(one.replica.clone(), now)?;
        let usage = since(&last, &now)?;
        let replica = one.replica.chars().take(12).collect();
        Some(Sample { at: now.at, deployment: one.deployment, replica, usage })
    }
}

fn since(last: &Totals, now: &Totals) -> Option<Usage> {
    let millis = u64::try_from(now.at.since(last.at).as_millis()).ok().filter(|millis| *millis > 0)?;
    let cpu_ns = now.cpu_ns.checked_sub(last.cpu_ns)?;
    Some(Usage {
        cpu_millis: u32::try_from(cpu_ns / (millis * 1000)).unwrap_or(u32::MAX),
        memory_bytes: now.memory_bytes,
        received_bytes: now.received_bytes.saturating_sub(last.received_bytes),
        sent_bytes: now.sent_bytes.saturating_sub(last.sent_bytes),
        read_bytes: now.read_bytes.saturating_sub(last.read_bytes),
        written_bytes: now.written_bytes.saturating_sub(last.written_bytes),
    })
}

#[cfg(test)]
mod tests {
    use patr_models::{ids::Id, time::Millis};

    use super::*;
    use crate::runtime::fake::Fake;

    fn id() -> DeploymentId {
        DeploymentId::from_parts(Millis(0), 1)
    }

    fn one(replica: &str, scales: bool) -> Running {
        Running { deployment: id(), replica: replica.to_owned(), scales }
    }

    fn totals(seconds: u64, cpu_ns: u64, sent: u64) -> Totals {
        Totals {
            at: Millis(seconds * 1000),
            cpu_ns,
            memory_bytes: 7,
            received_bytes: 0,
            sent_bytes: sent,
            read_bytes: 0,
            written_bytes: 0,
        }
    }

    #[test]
    fn use_is_the_difference_of_two_measurements() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.take(&one("c1", true), totals(0, 0, 100)), None);
        let usage = ledger.take(&one("c1", true), totals(10, 5_000_000_000, 250)).unwrap().usage;
        assert_eq!((usage.cpu_millis, usage.memory_bytes, usage.sent_bytes), (500, 7, 150));
    }

    #[test]
    fn a_replica_that_has_started_anew_has_used_nothing_yet() {
        let mut ledger = Ledger::default();
        ledger.take(&one("c1", true), totals(0, 9_000_000_000, 100));
        assert_eq!(ledger.take(&one("c1", true), totals(10, 1, 0)), None);
        assert_eq!(ledger.take(&one("c1", true), totals(10, 2, 0)), None, "no time has passed");
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_scale_are_measured_often_and_all_of_them_once_a_minute() {
        let (running, running_rx) = watch::channel(vec![one("c1", true), one("c2", false)]);
        let (reconciler, mut often) = mpsc::channel(1);
        let (edge, mut seldom) = mpsc::channel(1);
        let begun = time::Instant::now();
        let meter = tokio::spawn(run(Fake::new(), running_rx, Readers { reconciler, edge }));
        let scaling = often.recv().await.unwrap();
        assert_eq!((scaling.len(), begun.elapsed().as_secs()), (1, 10));
        let all = seldom.recv().await.unwrap();
        let replicas: Vec<_> = all.iter().map(|sample| sample.replica.as_str()).collect();
        assert_eq!((replicas, begun.elapsed().as_secs()), (vec!["c1", "c2"], 60));
        drop(running);
        meter.await.unwrap();
    }
}
