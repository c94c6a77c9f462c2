//! The cluster as this machine sees it: a namespace of the network and a link to it, one process, and control groups.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::layout::{self, HOST_ADDRESS, Layout, NAME, NODE_ADDRESS, PODS, PREFIX, SERVICES};
use super::programs;
use crate::{sh, test};

/// How long processes may take to end once they are killed.
const END: Duration = Duration::from_secs(30);

/// The file that says which namespace belongs to a state folder.
const OWNED: &str = "namespace";

/// Makes the namespace of the network, and joins it to this machine.
///
/// # Errors
/// Another cluster runs here, or the kernel refused.
pub(super) fn join(layout: &Layout) -> anyhow::Result<()> {
    if namespace().is_some() {
        bail!(
            "another cluster runs on this machine: end it with `cargo xtask cluster down --state` and its folder"
        );
    }
    ip(&format!("netns add {NAME}"))?;
    fs::write(layout.folder.join(OWNED), namespace().unwrap_or_default().to_string())?;
    for words in [
        format!("link add {NAME} type veth peer name eth0 netns {NAME}"),
        format!("address add {HOST_ADDRESS}/{PREFIX} dev {NAME}"),
        format!("link set {NAME} up"),
        format!("-n {NAME} link set lo up"),
        format!("-n {NAME} address add {NODE_ADDRESS}/{PREFIX} dev eth0"),
        format!("-n {NAME} link set eth0 up"),
        format!("-n {NAME} route add default via {HOST_ADDRESS}"),
        // What is asked of a Service or a pod goes to the cluster and nowhere else, even while nobody answers.
        format!("route add {SERVICES} via {NODE_ADDRESS}"),
        format!("route add {PODS} via {NODE_ADDRESS}"),
    ] {
        ip(&words)?;
    }
    Ok(())
}

/// The namespace of a cluster on this machine, of whichever state folder.
fn namespace() -> Option<u64> {
    fs::metadata(Path::new("/run/netns").join(NAME)).ok().map(|file| file.ino())
}

/// Whether it is the one that was made for this folder, before this machine started anew at least.
fn owns_namespace(folder: &Path) -> bool {
    let owned = fs::read_to_string(folder.join(OWNED)).ok().and_then(|text| text.parse().ok());
    namespace().is_some() && namespace() == owned
}

fn ip(words: &str) -> anyhow::Result<()> {
    sh::quietly(Command::new("ip").args(words.split_whitespace()).env("PATH", programs::path()))
}

/// Starts process 1 of the cluster. It goes on when we end.
///
/// # Errors
/// A program is missing.
pub(super) fn launch(layout: &Layout) -> anyhow::Result<()> {
    let log = File::create(layout.log("supervisor")).context("making the supervisor's log")?;
    // `cargo xtask test` may have built this program anew since it began.
    let own = Some(std::env::current_exe()?).filter(|own| own.exists());
    let child = Command::new("nsenter")
        .arg(format!("--net=/run/netns/{NAME}"))
        .args(["unshare", "--mount", "--propagation=private"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(own.unwrap_or_else(|| test::program("xtask")))
        .arg("cluster")
        .arg("--state")
        .arg(&layout.folder)
        .arg("supervise")
        .arg("--programs")
        .arg(layout.programs())
        .env("PATH", programs::path())
        // Ctrl-C is for what runs in the foreground.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting the cluster's first process")?;
    fs::write(pid_file(&layout.folder), child.id().to_string()).context("noting the cluster's process id")
}

fn pid_file(folder: &Path) -> PathBuf {
    folder.join("pid")
}

/// Whether the cluster of this folder runs.
pub(super) fn runs(folder: &Path) -> bool {
    process(folder).is_some()
}

/// The process that waits for process 1. An id alone proves nothing, the system gives it to somebody else later.
fn process(folder: &Path) -> Option<Pid> {
    let pid: i32 = fs::read_to_string(pid_file(folder)).ok()?.trim().parse().ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let words: Vec<&str> = line.split('\0').collect();
    (words.contains(&"supervise") && words.contains(&&*folder.to_string_lossy()))
        .then(|| Pid::from_raw(pid))?
}

fn children(pid: Pid) -> Vec<Pid> {
    let pid = pid.as_raw_nonzero();
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect()
}

/// Runs a program in the cluster to its end.
///
/// # Errors
/// It did not end well.
pub(super) fn inside(layout: &Layout, command: &[OsString]) -> anyhow::Result<()> {
    let first = process(&layout.folder).into_iter().flat_map(children).next();
    let first = first.context("the cluster has no first process")?;
    let target = first.as_raw_nonzero().to_string();
    sh::run(
        Command::new("nsenter")
            .args(["--target", &target, "--net", "--mount", "--pid"])
            .args(command)
            .env("PATH", programs::path()),
    )
}

/// Kills a service; the supervisor starts it again.
///
/// # Errors
/// There is none of this name.
pub(super) fn restart(layout: &Layout, service: &str) -> anyhow::Result<()> {
    let services = process(&layout.folder).into_iter().flat_map(children).flat_map(children);
    let is_it = |pid: &Pid| {
        let program = fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero()));
        program.is_ok_and(|program| program.file_name().is_some_and(|name| name == service))
    };
    let found =
        services.into_iter().find(is_it).with_context(|| format!("no `{service}` runs in the cluster"))?;
    kill_process(found, Signal::KILL).with_context(|| format!("ending {service}"))
}

/// Ends the cluster and removes what it left, whatever of it is there.
///
/// # Errors
/// Something does not end, or cannot be removed.
pub(super) fn down(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    if !folder.join(layout::MARK).exists() {
        bail!("{} is no cluster's: it is left as it is", folder.display());
    }
    let deadline = Instant::now() + END;
    while let Some(parent) = process(folder) {
        for pid in children(parent).into_iter().chain([parent]) {
            // Gone meanwhile is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
        if Instant::now() > deadline {
            bail!("the cluster does not end: process {}", parent.as_raw_nonzero());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if owns_namespace(folder) {
        part()?;
        for hierarchy in hierarchies() {
            remove_group(&hierarchy.join(NAME), deadline)?;
        }
    }
    fs::remove_dir_all(folder).with_context(|| format!("deleting {}", folder.display()))
}

/// Takes the link and the namespace away; the routes go with them.
fn part() -> anyhow::Result<()> {
    if Path::new("/sys/class/net").join(NAME).exists() {
        ip(&format!("link delete {NAME}"))?;
    }
    ip(&format!("netns delete {NAME}"))
}

/// The roots of control groups: one for each controller of version 1, the only one of version 2.
pub(super) fn hierarchies() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    roots(&mounts)
}

fn roots(mounts: &str) -> Vec<PathBuf> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let groups = fields.filter(|fields| matches!(fields.get(2), Some(&("cgroup" | "cgroup2"))));
    groups.map(|fields| PathBuf::from(fields[1])).collect()
}

/// Children first. A group whose last process has just ended is busy for a moment.
fn remove_group(group: &Path, deadline: Instant) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(group) else { return Ok(()) };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir()) {
        remove_group(&entry.path(), deadline)?;
    }
    while let Err(error) = fs::remove_dir(group) {
        if !group.exists() {
            break;
        }
        if Instant::now() > deadline {
            return Err(error).with_context(|| format!("removing the control group {}", group.display()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_found() {
        let mounts = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\nproc /proc proc rw 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(roots(mounts), ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"].map(PathBuf::from));
    }

    #[test]
    fn a_process_of_somebody_else_is_not_the_cluster() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(pid_file(folder.path()), std::process::id().to_string()).unwrap();
        assert!(!runs(folder.path()));
    }

    #[test]
    fn a_folder_of_somebody_else_is_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        assert!(down(folder.path()).is_err());
        assert!(folder.path().exists());
    }
}
