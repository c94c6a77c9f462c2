//! The replicas that serve: written by the reconciler, read by the proxy.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use patr_models::ids::DeploymentId;

use crate::runtime::Address;

/// A replica that serves.
#[derive(Debug, Clone)]
struct Backend {
    container: String,
    address: Address,
    in_flight: Arc<AtomicUsize>,
}

/// The replicas of every deployment. Changes take effect with the next request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backends(Arc<Mutex<HashMap<DeploymentId, Vec<Backend>>>>);

/// A request on its way through a replica; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) address: SocketAddr,
    count: Arc<AtomicUsize>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Backends {
    /// The replica with least in flight, and where its port is.
    pub(crate) fn pick(&self, deployment: DeploymentId, port: u16) -> Option<InFlight> {
        let table = self.lock();
        let least =
            table.get(&deployment)?.iter().min_by_key(|backend| backend.in_flight.load(Ordering::Relaxed))?;
        let address = least.address.port(port)?;
        least.in_flight.fetch_add(1, Ordering::Relaxed);
        Some(InFlight { address, count: Arc::clone(&least.in_flight) })
    }

    /// Lets a replica serve.
    pub(crate) fn add(&self, deployment: DeploymentId, container: &str, address: Address) {
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

    /// Follows what is here: `running` says where a container is, or `None` when it does not run.
    pub(crate) fn follow(&self, running: impl Fn(&str) -> Option<Address>) {
        self.lock().retain(|_, backends| {
            backends.retain_mut(|backend| {
                // One that was started again may be elsewhere now.
                running(&backend.container).map(|address| backend.address = address).is_some()
            });
            !backends.is_empty()
        });
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

    fn address(last: u8) -> Address {
        Address::Network([127, 0, 0, last].into())
    }

    fn id() -> DeploymentId {
        DeploymentId::from_parts(Millis(0), 0)
    }

    #[test]
    fn the_replica_with_least_in_flight_is_picked_and_freed_again() {
        let backends = Backends::default();
        backends.add(id(), "a", address(1));
        backends.add(id(), "b", address(2));
        let first = backends.pick(id(), 80).unwrap();
        let second = backends.pick(id(), 80).unwrap();
        assert_ne!(first.address, second.address);
        let freed = first.address;
        drop(first);
        assert_eq!(backends.pick(id(), 80).unwrap().address, freed);
    }

    #[test]
    fn a_replica_that_was_taken_out_still_counts_what_it_serves() {
        let backends = Backends::default();
        backends.add(id(), "a", address(1));
        let request = backends.pick(id(), 80).unwrap();
        let left = backends.remove(id(), "a").unwrap();
        assert!(backends.pick(id(), 80).is_none());
        assert_eq!(left.load(Ordering::Relaxed), 1);
        drop(request);
        assert_eq!(left.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_replica_that_moved_is_followed_and_one_that_ended_is_dropped() {
        let backends = Backends::default();
        backends.add(id(), "a", address(1));
        backends.add(id(), "b", address(2));
        backends.follow(|container| (container == "a").then(|| address(3)));
        assert_eq!(backends.pick(id(), 80).unwrap().address.to_string(), "127.0.0.3:80");
        assert!(!backends.contains(id(), "b"));
        backends.follow(|_| None);
        assert!(backends.lock().is_empty(), "nothing is remembered of a deployment without replicas");
    }

    #[test]
    fn a_published_port_is_reached_on_loopback() {
        let backends = Backends::default();
        backends.add(id(), "a", Address::Published([(80, 40_080)].into()));
        assert_eq!(backends.pick(id(), 80).unwrap().address.to_string(), "127.0.0.1:40080");
        assert!(backends.pick(id(), 81).is_none());
    }
}
