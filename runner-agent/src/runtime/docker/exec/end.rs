//! Ending commands that nobody waits for any more. The Engine has no way to; where its processes are ours to signal, we do
//! it. Elsewhere they go on until they end by themselves.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::{fs, time::sleep};
use tracing::debug;

use super::Docker;

/// How often it is looked for: the Engine says that a command is on its way a little before it has begun.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn end(docker: &Docker, exec: &str, signal: Signal) {
    if !docker.shared.disk.is_here() {
        return;
    }
    let Some((container, pid)) = process(docker, exec).await else { return };
    if is_of(pid, &container).await
        && let Err(error) = kill_process(pid, signal)
    {
        debug!("ending a command in {container}: {error}");
    }
}

/// The container and the process of a command that runs; `None` when it has ended.
async fn process(docker: &Docker, exec: &str) -> Option<(String, Pid)> {
    for _ in 0..TRIES {
        let found = docker.api.inspect_exec(exec).await.ok()?;
        if found.exit_code.is_some() && found.running != Some(true) {
            return None;
        }
        if let Some(pid) = found.pid.and_then(|pid| Pid::from_raw(pid.try_into().ok()?)) {
            return Some((found.container_id?, pid));
        }
        sleep(PAUSE).await;
    }
    None
}

/// Whether a process of this machine is one of a container: in another namespace, or a moment too late, the number means
/// something else.
async fn is_of(pid: Pid, container: &str) -> bool {
    let cgroup = fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero())).await;
    !container.is_empty() && cgroup.is_ok_and(|cgroup| cgroup.contains(container))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_process_is_of_no_container_of_ours() {
        let own = rustix::process::getpid();
        assert!(!is_of(own, &"f".repeat(64)).await);
        assert!(!is_of(own, "").await);
    }
}
