//! Process 1 of the cluster. The kernel ends everything else when it ends.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{WaitOptions, wait};

use super::layout::{Layout, NAME};
use super::services::{self, Service};
use super::{image, programs};
use crate::sh;

/// How long the services of a stage may take.
const STAGE: Duration = Duration::from_secs(120);

/// What a kubelet sets for the whole machine if they are not as it likes.
const KERNEL: [&str; 6] = [
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
];

/// Runs until it is killed.
///
/// # Errors
/// A service does not start.
pub(super) fn run(layout: &Layout) -> anyhow::Result<()> {
    if std::process::id() != 1 {
        bail!("this is started by `cargo xtask cluster up`, in namespaces of its own");
    }
    furnish(layout)?;
    let mut running = Vec::new();
    for (number, stage) in services::stages(layout).into_iter().enumerate() {
        begin(layout, stage, &mut running)?;
        if number == 0 {
            image::import(layout, "pause")?;
        }
    }
    fs::write(layout.ready(), "").context("saying that the cluster is ready")?;
    watch(layout, running)
}

/// Makes the namespaces what the services expect.
fn furnish(layout: &Layout) -> anyhow::Result<()> {
    // Pods may ask for volumes in which mounts appear later.
    mount(&["--make-rshared", "/"])?;
    for (folder, place) in layout.mounts() {
        fs::create_dir_all(place).with_context(|| format!("making {place}"))?;
        mount(&["--bind", &folder.to_string_lossy(), place])?;
    }
    shield_kernel(&layout.folder.join("kernel"))?;
    control_groups()?;
    for (setting, is_needed) in [("ipv4/ip_forward", true), ("bridge/bridge-nf-call-iptables", false)] {
        // Where the second is missing, bridges do not pass packets to iptables, and there is nothing to set.
        let written = fs::write(format!("/proc/sys/net/{setting}"), "1");
        written.or_else(|error| if is_needed { Err(error) } else { Ok(()) }).context(setting)?;
    }
    Ok(())
}

/// Lays copies over the settings of the machine: a kubelet may set those.
fn shield_kernel(folder: &Path) -> anyhow::Result<()> {
    for setting in KERNEL {
        let (copy, place) = (folder.join(setting), Path::new("/proc/sys").join(setting));
        fs::create_dir_all(copy.parent().context("a setting is in a folder")?)?;
        fs::write(&copy, fs::read(&place).with_context(|| format!("reading {}", place.display()))?)?;
        mount(&["--bind", &copy.to_string_lossy(), &place.to_string_lossy()])?;
    }
    Ok(())
}

/// The kubelet wants its root to be there. `down` removes it.
fn control_groups() -> anyhow::Result<()> {
    super::host::hierarchies()
        .iter()
        .try_for_each(|folder| fs::create_dir_all(folder.join(NAME)).context("making the control group"))
}

fn mount(arguments: &[&str]) -> anyhow::Result<()> {
    sh::quietly(Command::new("mount").args(arguments))
}

fn begin(layout: &Layout, stage: Vec<Service>, running: &mut Vec<(Child, Service)>) -> anyhow::Result<()> {
    let first = running.len();
    for service in stage {
        running.push((spawn(layout, &service)?, service));
    }
    let deadline = Instant::now() + STAGE;
    for at in first..running.len() {
        while !running[at].1.is_ready(layout) {
            for (child, service) in running.iter_mut() {
                if let Some(status) = child.try_wait()? {
                    bail!("{} ended: {status}{}", service.name, tail(layout, service.name));
                }
            }
            if Instant::now() > deadline {
                let name = running[at].1.name;
                bail!("{name} is not ready after {} s{}", STAGE.as_secs(), tail(layout, name));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("{} is ready", running[at].1.name);
    }
    Ok(())
}

/// Appends to the service's log.
fn spawn(layout: &Layout, service: &Service) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(layout.log(service.name))?;
    Command::new(&service.program)
        .args(&service.arguments)
        .env("PATH", programs::path())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("starting {}", service.program.display()))
}

/// The last lines of a log.
fn tail(layout: &Layout, name: &str) -> String {
    let log = fs::read_to_string(layout.log(name)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(10).collect();
    let lines = lines.iter().rev().map(|line| format!("\n  {line}"));
    lines.collect()
}

/// Starts again what ends. What lost its parent ends here too, and is only taken note of.
fn watch(layout: &Layout, mut running: Vec<(Child, Service)>) -> anyhow::Result<()> {
    while let Some((pid, status)) = wait(WaitOptions::empty())? {
        let ended = |(child, _): &&mut (Child, Service)| {
            i64::from(child.id()) == i64::from(pid.as_raw_nonzero().get())
        };
        if let Some((child, service)) = running.iter_mut().find(ended) {
            println!("{} ended, {status:?}: it is started again", service.name);
            // One that cannot run does not keep the machine busy.
            std::thread::sleep(Duration::from_secs(1));
            *child = spawn(layout, service)?;
        }
    }
    bail!("no service runs")
}
