//! The replicas that serve: written by the reconciler, read by the proxy.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use patr_models::ids::DeploymentId;

/// A replica that serves.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) container: String,
    pub(crate) address: IpAddr,
    in_flight: Arc<AtomicUsize>,
}

/// The replicas of every deployment. Changes take effect with the next request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backends(Arc<Mutex<HashMap<DeploymentId, Vec<Backend>>>>);

/// A request on its way through a replica; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) address: IpAddr,
    count: Arc<AtomicUsize>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Backends {
    /// The replica with least in flight.
    pub(crate) fn pick(&self, deployment: DeploymentId) -> Option<InFlight> {
        let table = self.lock();
        let least =
            table.get(&deployment)?.iter().min_by_key(|backend| backend.in_flight.load(Ordering::Relaxed))?;
        least.in_flight.fetch_add(1, Ordering::Relaxed);
        Some(InFlight { address: least.address, count: Arc::clone(&least.in_flight) })
    }

    /// Lets a replica serve.
    pub(crate) fn add(&self, deployment: DeploymentId, container: &str, address: IpAddr) {
        let mut table = self.lock();
        let backends = table.entry(deployment).or_default();
        match backends.iter_mut().find(|backend| backend.container == container) {
            Some(known) => known.address = address,
            None => {
                backends.push(Backend { container: container.to_owned(), address, in_flight: Arc::default() })
            }
        }
    }

    /// Takes a replica out. The returned counter says when its last request is answered.
    pub(crate) fn remove(&self, deployment: DeploymentId, container: &str) -> Option<Arc<AtomicUsize>> {
        let mut table = self.lock();
        let backends = table.get_mut(&deployment)?;
        let at = backends.iter().position(|backend| backend.container == container)?;
        Some(backends.remove(at).in_flight)
    }

    /// Forgets replicas that are not here any more.
    pub(crate) fn retain(&self, alive: &[&str]) {
        for backends in self.lock().values_mut() {
            backends.retain(|backend| alive.contains(&backend.container.as_str()));
        }
    }

    /// Whether a replica serves.
    pub(crate) fn contains(&self, deployment: DeploymentId, container: &str) -> bool {
        self.lock()
            .get(&deployment)
            .is_some_and(|all| all.iter().any(|backend| backend.container == container))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Vec<Backend>>> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{ids::Id, time::Millis};

    use super::*;

    #[test]
    fn the_replica_with_least_in_flight_is_picked_and_freed_again() {
        let (backends, id) = (Backends::default(), DeploymentId::from_parts(Millis(0), 0));
        let address = |last| IpAddr::from([127, 0, 0, last]);
        backends.add(id, "a", address(1));
        backends.add(id, "b", address(2));
        let first = backends.pick(id).unwrap();
        let second = backends.pick(id).unwrap();
        assert_ne!(first.address, second.address);
        let freed = first.address;
        drop(first);
        assert_eq!(backends.pick(id).unwrap().address, freed);
    }

    #[test]
    fn a_replica_that_was_taken_out_still_counts_what_it_serves() {
        let (backends, id) = (Backends::default(), DeploymentId::from_parts(Millis(0), 0));
        backends.add(id, "a", IpAddr::from([127, 0, 0, 1]));
        let request = backends.pick(id).unwrap();
        let left = backends.remove(id, "a").unwrap();
        assert!(backends.pick(id).is_none());
        assert_eq!(left.load(Ordering::Relaxed), 1);
        drop(request);
        assert_eq!(left.load(Ordering::Relaxed), 0);
    }
}
