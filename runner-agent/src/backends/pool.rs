//! The replicas of one deployment, and which of them the next request goes to.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use patr_models::deployment::WorkloadSpec;
use tokio::time::Instant;

use super::{InFlight, Load};
use crate::runtime::{Address, Replica};

/// Connections that fail in a row before a replica is left out.
const REFUSALS: u32 = 3;
/// For how long it is left out the first time, and at most.
const LEFT_OUT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pool {
    backends: Vec<Backend>,
    /// Whether a replica serves or will, without anybody changing anything.
    pub(super) expected: bool,
    http: HttpPorts,
    /// Requests that wait for a replica.
    pub(super) parked: usize,
    /// When it was asked for last.
    pub(super) asked: Option<Instant>,
}

/// What the reconciler knows of a deployment.
#[derive(Debug)]
pub(crate) struct Expected {
    serves: bool,
    /// The first http port of the current release.
    current: Option<u16>,
    /// That of each replica's own release.
    own: HashMap<String, u16>,
}

impl Expected {
    /// Of a deployment that serves or will, by its specification and what is here of it.
    pub(crate) fn of(serves: bool, spec: &WorkloadSpec, here: &[&Replica]) -> Self {
        let own = here.iter().filter_map(|replica| Some((replica.id.clone(), replica.http_port?))).collect();
        Self { serves, current: spec.first_http_port(), own }
    }
}

/// A managed URL leads to the first http port of the current release. While replicas of another release serve, or the
/// edge has not heard of the current one, that is another port than theirs.
#[derive(Debug, Default)]
struct HttpPorts {
    /// By replica.
    own: HashMap<String, u16>,
    /// Those of every release that was here.
    first: HashSet<u16>,
}

impl HttpPorts {
    /// What a replica calls the port that is asked for.
    fn of(&self, container: &str, asked: u16) -> u16 {
        self.own.get(container).copied().filter(|_| self.first.contains(&asked)).unwrap_or(asked)
    }
}

/// A replica that is in.
#[derive(Debug)]
struct Backend {
    container: String,
    address: Address,
    /// When it was let in, by the count of those that were.
    mark: u64,
    ready: bool,
    /// Connections that failed in a row.
    refusals: u32,
    left_out_until: Option<Instant>,
    load: Arc<Load>,
}

impl Backend {
    fn is_left_out(&self, now: Instant) -> bool {
        self.left_out_until.is_some_and(|until| now < until)
    }
}

impl Pool {
    /// The one with least in flight. One that is left out serves only if all others are too.
    pub(super) fn pick(&self, port: u16, except: Option<&str>, now: Instant) -> Option<InFlight> {
        let fit = self
            .backends
            .iter()
            .filter(|backend| backend.ready && except != Some(backend.container.as_str()));
        let least = fit.min_by_key(|backend| (backend.is_left_out(now), backend.load.count()))?;
        let port = self.http.of(&least.container, port);
        Some(InFlight::new(least.address.port(port)?, &least.container, &least.load))
    }

    pub(super) fn expect(&mut self, Expected { serves, current, own }: Expected) {
        self.expected = serves;
        self.http.first.extend(own.values().copied().chain(current));
        self.http.own = own;
    }

    /// Whether a replica is there that could be asked at all.
    pub(super) fn serves(&self) -> bool {
        self.backends.iter().any(|backend| backend.ready)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.backends.iter().map(|backend| backend.load.count()).sum()
    }

    pub(super) fn connected(&mut self, container: &str, worked: bool, now: Instant) {
        let Some(backend) = self.find(container) else { return };
        if worked {
            (backend.refusals, backend.left_out_until) = (0, None);
            return;
        }
        backend.refusals = backend.refusals.saturating_add(1);
        if let Some(times) = backend.refusals.checked_sub(REFUSALS) {
            let pause = LEFT_OUT.0.saturating_mul(1 << times.min(10)).min(LEFT_OUT.1);
            backend.left_out_until = Some(now + pause);
        }
    }

    /// Whether a replica serves that was in already at a moment.
    pub(super) fn was_ready(&self, container: &str, mark: u64) -> Option<bool> {
        let was_in = |backend: &&Backend| backend.container == container && backend.mark <= mark;
        self.backends.iter().find(was_in).map(|backend| backend.ready)
    }

    pub(super) fn add(&mut self, container: &str, address: Address, mark: u64) {
        if let Some(known) = self.find(container) {
            (known.address, known.mark, known.ready) = (address, mark, true);
            return;
        }
        self.backends.push(Backend {
            container: container.to_owned(),
            address,
            mark,
            ready: true,
            refusals: 0,
            left_out_until: None,
            load: Arc::default(),
        });
    }

    pub(super) fn remove(&mut self, container: &str) -> Option<Arc<Load>> {
        let at = self.backends.iter().position(|backend| backend.container == container)?;
        Some(self.backends.remove(at).load)
    }

    pub(super) fn set_ready(&mut self, container: &str, ready: bool) {
        if let Some(backend) = self.find(container) {
            backend.ready = ready;
        }
    }

    pub(super) fn follow(&mut self, mark: u64, running: impl Fn(&str) -> Option<Address>) {
        self.backends.retain_mut(|backend| {
            if backend.mark > mark {
                return true;
            }
            // One that was started again may be elsewhere now.
            running(&backend.container).map(|address| backend.address = address).is_some()
        });
    }

    pub(super) fn is_ready(&self, container: &str) -> Option<bool> {
        let backend = self.backends.iter().find(|backend| backend.container == container)?;
        Some(backend.ready)
    }

    pub(super) fn address(&self, container: &str) -> Option<Address> {
        let backend = self.backends.iter().find(|backend| backend.container == container)?;
        Some(backend.address.clone())
    }

    fn find(&mut self, container: &str) -> Option<&mut Backend> {
        self.backends.iter_mut().find(|backend| backend.container == container)
    }
}
