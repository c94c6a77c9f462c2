//! Processes that a killed edge left behind: they hold the port and the files of the state folder.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Set for node and, through it, for workerd: the state folder they belong to.
pub(super) const MARK: &str = "PATR_EDGE_STATE";

/// The file with the process id, and a word of the command line.
const KINDS: [(&str, &str); 2] = [("node.pid", "edge.mjs"), ("workerd.pid", "workerd")];

/// Remembers the node of this run; workerd.sh does it for workerd.
pub(super) fn note(state: &Path, node: u32) -> anyhow::Result<()> {
    fs::write(state.join("node.pid"), node.to_string()).context("noting the process id of node")
}

/// Ends what an earlier edge on this folder left running.
///
/// # Errors
/// A process does not end.
pub(super) fn end(state: &Path) -> anyhow::Result<()> {
    for (file, word) in KINDS {
        let file = state.join(file);
        let id = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = id.and_then(Pid::from_raw) {
            end_process(pid, word, state)?;
        }
        let _ = fs::remove_file(file);
    }
    Ok(())
}

fn end_process(pid: Pid, word: &str, state: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_ours(pid, word, state) {
        // Gone meanwhile is as good.
        let _ = kill_process(pid, Signal::KILL);
        if Instant::now() > deadline {
            bail!("process {} of an earlier edge does not end", pid.as_raw_nonzero());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// An id alone proves nothing, the system gives it to somebody else later: command line and environment must fit.
/// Where there is no /proc nothing is proved, so nothing is ended.
fn is_ours(pid: Pid, word: &str, state: &Path) -> bool {
    let proc = Path::new("/proc").join(pid.as_raw_nonzero().to_string());
    let read = |name| String::from_utf8_lossy(&fs::read(proc.join(name)).unwrap_or_default()).into_owned();
    let mark = format!("{MARK}={}", state.display());
    read("cmdline").contains(word) && read("environ").split('\0').any(|entry| entry == mark)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use super::*;

    /// A process that looks like a node of an edge on `state`.
    fn node_of(state: &Path) -> Child {
        Command::new("sleep").arg0("edge.mjs").arg("600").env(MARK, state).spawn().unwrap()
    }

    #[test]
    fn what_an_earlier_edge_left_behind_is_ended() {
        let state = tempfile::tempdir().unwrap();
        let mut left = node_of(state.path());
        note(state.path(), left.id()).unwrap();
        // Just after its start a process has no command line yet.
        let pid = Pid::from_raw(i32::try_from(left.id()).unwrap()).unwrap();
        while !is_ours(pid, "edge.mjs", state.path()) {
            std::thread::yield_now();
        }
        end(state.path()).unwrap();
        assert!(!left.wait().unwrap().success());
    }

    #[test]
    fn a_process_of_somebody_else_is_left_alone() {
        let (state, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut theirs = node_of(other.path());
        note(state.path(), theirs.id()).unwrap();
        end(state.path()).unwrap();
        assert!(theirs.try_wait().unwrap().is_none());
        theirs.kill().unwrap();
        theirs.wait().unwrap();
    }
}
