//! Processor time and peak memory of a server, as Linux counts them (proc(5)).

use std::fs;

use anyhow::{Context, bail};

/// Clock ticks per second of `/proc/PID/stat`; 100 on every Linux since 2.6 as far as programs see (proc(5)).
const TICKS: f64 = 100.0;

/// The resident set of a process now, in MB.
pub(super) fn resident_mb(pid: u32) -> Option<f64> {
    field_kb(pid, "VmRSS:").map(|kb| kb / 1000.0)
}

/// A server and the processes that it started.
pub(super) struct Watched {
    pids: Vec<u32>,
    cpu_before: f64,
}

/// What was used since [`Watched::new`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub(super) cpu_s: f64,
    /// The largest resident set that any of the processes had, in MB.
    pub(super) peak_mb: f64,
}

impl Watched {
    /// Begins to count, and forgets earlier peaks.
    pub(super) fn new(pid: u32) -> anyhow::Result<Self> {
        let mut pids = vec![pid];
        pids.extend(children(pid));
        for pid in &pids {
            // Refused in some containers; then the peak counts from the start of the process.
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
        let cpu_before = cpu(&pids)?;
        Ok(Self { pids, cpu_before })
    }

    pub(super) fn used(&self) -> anyhow::Result<Used> {
        let peaks = self.pids.iter().filter_map(|pid| peak_kb(*pid));
        let peak_mb = peaks.map(|kb| kb / 1000.0).fold(0.0, f64::max);
        Ok(Used { cpu_s: cpu(&self.pids)? - self.cpu_before, peak_mb })
    }
}

fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn cpu(pids: &[u32]) -> anyhow::Result<f64> {
    pids.iter().map(|&pid| cpu_of(pid)).sum()
}

fn cpu_of(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("a measured server is gone")?;
    // The name may have spaces; what follows its parenthesis begins with field 3.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    match (fields.get(11).map(|f| f.parse::<f64>()), fields.get(12).map(|f| f.parse::<f64>())) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) / TICKS),
        _ => bail!("/proc/{pid}/stat cannot be read: {stat}"),
    }
}

fn peak_kb(pid: u32) -> Option<f64> {
    field_kb(pid, "VmHWM:")
}

fn field_kb(pid: u32, label: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_is_read() {
        let watched = Watched::new(std::process::id()).unwrap();
        let used = watched.used().unwrap();
        assert!(used.cpu_s >= 0.0 && used.peak_mb > 1.0, "{used:?}");
    }
}
