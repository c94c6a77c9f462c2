//! What a process has used, from `/proc` (proc(5)).

use std::fs;

use patr_runner::runtime::Totals;

use crate::logs::now;

/// Nothing when it has ended.
pub(crate) fn of(pid: u32) -> Option<Totals> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before is in parentheses and may hold anything.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
    let (user, system, resident_pages) = (fields.get(10)?, fields.get(11)?, fields.get(20)?);
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let counted = |name: &str| {
        let line = io.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    };
    Some(Totals {
        at: now(),
        cpu_ns: (user + system) * 1_000_000_000 / rustix::param::clock_ticks_per_second(),
        memory_bytes: resident_pages * rustix::param::page_size() as u64,
        received_bytes: 0,
        sent_bytes: 0,
        read_bytes: counted("read_bytes:"),
        written_bytes: counted("write_bytes:"),
    })
}
