//! Containers held still while a volume of theirs is copied, so that the copy is of one moment.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bollard::errors::Error;
use tracing::warn;

use super::{
    super::{
        Docker, Fault,
        words::{chain, is_missing, refused},
    },
    users,
};

/// The containers that are held still now.
#[derive(Default)]
pub(in super::super) struct Held {
    containers: Mutex<HashSet<String>>,
    copying: tokio::sync::Mutex<()>,
}

impl Held {
    pub(in super::super) fn contains(&self, id: &str) -> bool {
        self.lock().contains(id)
    }

    /// What one copy holds still, another must not let go on.
    pub(super) async fn one_at_a_time(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.copying.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        // Nothing in here panics halfway through a change.
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The containers that use a volume, paused; they go on when the value goes.
pub(in super::super) struct Still {
    docker: Docker,
    containers: Vec<String>,
}

impl Still {
    pub(in super::super) async fn hold(docker: &Docker, volume: &str) -> Result<Self, Fault> {
        const DOING: &str = "pausing what uses the volume";
        let running = users(docker, volume, &["running"]).await.map_err(|error| refused(DOING, &error))?;
        let mut still = Self { docker: docker.clone(), containers: Vec::new() };
        for id in running.into_iter().filter_map(|container| container.id) {
            docker.shared.held.lock().insert(id.clone());
            still.containers.push(id.clone());
            match docker.api.pause_container(&id).await {
                // Or it has just ended: it writes nothing.
                Ok(()) | Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
                Err(error) => return Err(refused(DOING, &error)),
            }
        }
        Ok(still)
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        let (docker, containers) = (self.docker.clone(), std::mem::take(&mut self.containers));
        tokio::spawn(async move {
            for id in containers {
                match docker.api.unpause_container(&id).await {
                    // It has ended, or was never paused.
                    Err(error) if !is_missing(&error) => warn!("letting {id} go on: {}", chain(&error)),
                    _ => {}
                }
                docker.shared.held.lock().remove(&id);
            }
        });
    }
}
