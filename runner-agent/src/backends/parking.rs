//! Requests that wait for a replica.
//!
//! A deployment may have none for a moment although it should: it is started anew, it is started from zero, its only
//! replica restarts. Whoever asks then waits. Where nothing is coming nobody waits.

use std::{collections::HashMap, time::Duration};

use patr_models::ids::DeploymentId;
use tokio::time::{Instant, timeout_at};

use super::{Backends, Expected, InFlight};

/// How long a request waits.
const WAITS: Duration = Duration::from_secs(30);
/// How many wait for one deployment: each is a stream of a lane, which has 1024.
const PARKED_MAX: usize = 256;

/// How much a deployment is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Want {
    /// When it was asked for last, if it ever was.
    pub(crate) asked: Option<Instant>,
    /// Requests that go on or wait.
    pub(crate) requests: usize,
}

enum Turn {
    Go(InFlight),
    Wait,
    Nothing,
}

impl Backends {
    /// A replica for a request, which waits for one if one is to come.
    pub(crate) async fn acquire(&self, deployment: DeploymentId, port: u16) -> Option<InFlight> {
        match self.turn(deployment, port) {
            Turn::Go(picked) => return Some(picked),
            Turn::Nothing => return None,
            Turn::Wait => {}
        }
        let _parked = Parked::new(self, deployment)?;
        self.0.asked.notify_one();
        let mut changed = self.0.changed.subscribe();
        let deadline = Instant::now() + WAITS;
        loop {
            match self.turn(deployment, port) {
                Turn::Go(picked) => return Some(picked),
                Turn::Nothing => return None,
                Turn::Wait => {}
            }
            timeout_at(deadline, changed.changed()).await.ok()?.ok()?;
        }
    }

    fn turn(&self, deployment: DeploymentId, port: u16) -> Turn {
        let mut table = self.lock();
        let (looked, now) = (table.looked, Instant::now());
        let Some(pool) = table.pools.get_mut(&deployment) else {
            return if looked { Turn::Nothing } else { Turn::Wait };
        };
        pool.asked = Some(now);
        match pool.pick(port, None, now) {
            Some(picked) => Turn::Go(picked),
            // It is no port of the replicas that there are.
            None if pool.serves() => Turn::Nothing,
            None if pool.expected || !looked => Turn::Wait,
            None => Turn::Nothing,
        }
    }

    /// Says of every deployment that there is what is to be expected of it.
    pub(crate) fn expect(&self, expected: HashMap<DeploymentId, Expected>) {
        let mut table = self.lock();
        table.looked = true;
        table.pools.retain(|id, pool| expected.contains_key(id) || pool.serves() || pool.parked > 0);
        table.pools.values_mut().for_each(|pool| pool.expected = false);
        self.0.log.keep(|id| expected.contains_key(&id));
        for (id, expected) in expected {
            table.pools.entry(id).or_default().expect(expected);
        }
        drop(table);
        self.0.changed.send_replace(());
    }

    /// How much a deployment is asked for.
    pub(crate) fn want(&self, deployment: DeploymentId) -> Want {
        let table = self.lock();
        let pool = table.pools.get(&deployment);
        let requests = pool.map_or(0, |pool| pool.parked + pool.in_flight());
        Want { asked: pool.and_then(|pool| pool.asked), requests }
    }

    /// Waits until somebody asks for a deployment that has no replica.
    pub(crate) async fn asked(&self) {
        self.0.asked.notified().await;
    }
}

/// A request that waits; counted until it is dropped.
struct Parked<'a>(&'a Backends, DeploymentId);

impl<'a> Parked<'a> {
    fn new(backends: &'a Backends, deployment: DeploymentId) -> Option<Self> {
        let mut table = backends.lock();
        let pool = table.pools.entry(deployment).or_default();
        if pool.parked >= PARKED_MAX {
            return None;
        }
        pool.parked += 1;
        drop(table);
        Some(Self(backends, deployment))
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.0.lock().pools.get_mut(&self.1) {
            pool.parked = pool.parked.saturating_sub(1);
        }
    }
}
