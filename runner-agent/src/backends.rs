//! The replicas that serve: written by the reconciler, read by the proxy.

mod parking;
mod pool;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use patr_models::ids::DeploymentId;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{access_log::AccessLog, runtime::Address};
use pool::Pool;

pub(crate) use parking::Want;
pub(crate) use pool::Expected;

/// The replicas of every deployment. Changes take effect with the next request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backends(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    /// Requests that wait look again.
    changed: watch::Sender<()>,
    /// Somebody asks for a deployment that has no replica.
    asked: Notify,
    /// What they were asked.
    log: AccessLog,
}

#[derive(Debug, Default)]
struct Table {
    pools: HashMap<DeploymentId, Pool>,
    /// Whether the reconciler has looked once. Before that, anything may be about to be adopted.
    looked: bool,
    /// Counts the replicas that were let in.
    admitted: u64,
}

/// What goes on at a replica, seen by those who serve through it and by who waits for them to end.
#[derive(Debug, Default)]
pub(crate) struct Load {
    count: AtomicUsize,
    idle: Notify,
    cut: watch::Sender<bool>,
}

impl Load {
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until nothing goes on.
    pub(crate) async fn ended(&self) {
        while self.count() > 0 {
            self.idle.notified().await;
        }
    }

    /// The time is up: WebSockets are to be closed.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }
}

/// A request on its way through a replica; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) address: SocketAddr,
    pub(crate) container: String,
    load: Arc<Load>,
}

impl InFlight {
    fn new(address: SocketAddr, container: &str, load: &Arc<Load>) -> Self {
        load.count.fetch_add(1, Ordering::Relaxed);
        Self { address, container: container.to_owned(), load: Arc::clone(load) }
    }

    /// Waits until the replica's time is up.
    pub(crate) async fn cut(&self) {
        let mut cut = self.load.cut.subscribe();
        // The sender is in `load`, which is held here.
        drop(cut.wait_for(|cut| *cut).await);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.load.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.load.idle.notify_one();
        }
    }
}

impl Backends {
    /// The replica with least in flight, and where its port is.
    #[cfg(test)]
    pub(crate) fn pick(&self, deployment: DeploymentId, port: u16) -> Option<InFlight> {
        self.lock().pools.get(&deployment)?.pick(port, None, Instant::now())
    }

    /// As it was picked, but another one.
    pub(crate) fn another(&self, deployment: DeploymentId, port: u16, than: &str) -> Option<InFlight> {
        self.lock().pools.get(&deployment)?.pick(port, Some(than), Instant::now())
    }

    /// Whether a connection to a replica could be made. One that refuses again and again is left out for a while.
    pub(crate) fn connected(&self, deployment: DeploymentId, container: &str, worked: bool) {
        if let Some(pool) = self.lock().pools.get_mut(&deployment) {
            pool.connected(container, worked, Instant::now());
        }
    }

    /// Lets a replica serve.
    #[cfg(test)]
    pub(crate) fn add(&self, deployment: DeploymentId, container: &str, address: Address) {
        self.add_all(deployment, [(container, address)]);
    }

    /// Lets replicas serve, all with the same request.
    pub(crate) fn add_all<'a>(
        &self,
        deployment: DeploymentId,
        replicas: impl IntoIterator<Item = (&'a str, Address)>,
    ) {
        let mut table = self.lock();
        for (container, address) in replicas {
            table.admitted += 1;
            let mark = table.admitted;
            table.pools.entry(deployment).or_default().add(container, address, mark);
        }
        drop(table);
        self.0.changed.send_replace(());
    }

    /// Takes a replica out. What is returned says when its last request is answered.
    pub(crate) fn remove(&self, deployment: DeploymentId, container: &str) -> Option<Arc<Load>> {
        self.lock().pools.get_mut(&deployment)?.remove(container)
    }

    /// Lets a replica be asked, or not, without taking it out.
    pub(crate) fn set_ready(&self, deployment: DeploymentId, container: &str, ready: bool) {
        if let Some(pool) = self.lock().pools.get_mut(&deployment) {
            pool.set_ready(container, ready);
        }
        self.0.changed.send_replace(());
    }

    /// A moment: what is let in later is newer than what is looked at from now on.
    pub(crate) fn mark(&self) -> u64 {
        self.lock().admitted
    }

    /// Follows what was here when it was looked at, after `mark`: `running` says where a container is, or `None` when
    /// it does not run. One that was let in since is where it was found then, and not where it may have been before:
    /// that address may be somebody else's by now.
    pub(crate) fn follow(&self, mark: u64, running: impl Fn(&str) -> Option<Address>) {
        self.lock().pools.values_mut().for_each(|pool| pool.follow(mark, &running));
    }

    /// What the replicas were asked.
    pub(crate) fn log(&self) -> &AccessLog {
        &self.0.log
    }

    /// Whether a replica is in, and whether it serves.
    pub(crate) fn is_ready(&self, deployment: DeploymentId, container: &str) -> Option<bool> {
        self.lock().pools.get(&deployment)?.is_ready(container)
    }

    /// As [`Self::is_ready`], of one that was in at a moment: of others nothing that was seen then is true any more.
    pub(crate) fn was_ready(&self, deployment: DeploymentId, container: &str, mark: u64) -> Option<bool> {
        self.lock().pools.get(&deployment)?.was_ready(container, mark)
    }

    /// Whether a replica serves.
    #[cfg(test)]
    pub(crate) fn contains(&self, deployment: DeploymentId, container: &str) -> bool {
        self.is_ready(deployment, container) == Some(true)
    }

    /// Where a replica is that is in.
    pub(crate) fn address(&self, deployment: DeploymentId, container: &str) -> Option<Address> {
        self.lock().pools.get(&deployment)?.address(container)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics halfway through a change.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
