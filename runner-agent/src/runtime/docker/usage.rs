//! What containers use.

use bollard::{
    models::{ContainerBlkioStats, ContainerMemoryStats, ContainerStatsResponse},
    query_parameters::StatsOptions,
};
use futures_util::StreamExt;
use patr_models::deployment::FailureKind;

use super::{Docker, Fault, Totals, failure, words::refused};
use crate::runtime::moment;

/// The Engine writes this as the time of a container that does not run.
const NEVER: &str = "0001-";

pub(super) async fn usage(docker: &Docker, id: &str) -> Result<Totals, Fault> {
    let options = StatsOptions { stream: false, one_shot: true };
    let mut stats = std::pin::pin!(docker.api.stats(id, Some(options)));
    let nothing = || failure(FailureKind::Runtime, "measuring its container: it does not run");
    let found = stats.next().await.ok_or_else(nothing)?;
    let found = found.map_err(|error| refused("measuring its container", &error))?;
    Ok(totals(&found).ok_or_else(nothing)?)
}

fn totals(stats: &ContainerStatsResponse) -> Option<Totals> {
    let at = stats.read.as_deref().filter(|at| !at.starts_with(NEVER))?;
    let networks = || stats.networks.iter().flat_map(|networks| networks.values());
    Some(Totals {
        at: moment(at)?,
        cpu_ns: stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?,
        memory_bytes: stats.memory_stats.as_ref().map(memory).unwrap_or_default(),
        received_bytes: networks().filter_map(|network| network.rx_bytes).sum(),
        sent_bytes: networks().filter_map(|network| network.tx_bytes).sum(),
        read_bytes: stats.blkio_stats.as_ref().map(|disk| moved(disk, "read")).unwrap_or_default(),
        written_bytes: stats.blkio_stats.as_ref().map(|disk| moved(disk, "write")).unwrap_or_default(),
    })
}

/// The kernel counts files that it would give up for free: under one name in cgroups of version 1, under another in
/// those of version 2.
fn memory(memory: &ContainerMemoryStats) -> u64 {
    let stats = memory.stats.as_ref();
    let named = |name| stats.and_then(|stats| stats.get(name)).copied();
    let inactive = named("total_inactive_file").or_else(|| named("inactive_file")).unwrap_or_default();
    memory.usage.unwrap_or_default().saturating_sub(inactive)
}

fn moved(disk: &ContainerBlkioStats, how: &str) -> u64 {
    let entries = disk.io_service_bytes_recursive.iter().flatten();
    let of = entries.filter(|entry| entry.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(how)));
    of.filter_map(|entry| entry.value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(memory: serde_json::Value) -> ContainerStatsResponse {
        serde_json::from_value(serde_json::json!({
            "read": "2026-01-31T12:00:00.25Z",
            "cpu_stats": { "cpu_usage": { "total_usage": 7_000 } },
            "memory_stats": memory,
            "networks": { "eth0": { "rx_bytes": 5, "tx_bytes": 6 }, "eth1": { "rx_bytes": 1, "tx_bytes": 1 } },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "op": "Read", "value": 10 }, { "op": "Write", "value": 20 },
                { "op": "Sync", "value": 30 }, { "op": "read", "value": 1 },
            ] },
        }))
        .unwrap()
    }

    #[test]
    fn totals_are_sums_over_networks_and_disks_and_leave_out_what_is_only_cached() {
        let memory = serde_json::json!({ "usage": 100, "stats": { "inactive_file": 30 } });
        let expected = Totals {
            at: "2026-01-31T12:00:00.250Z".parse().unwrap(),
            cpu_ns: 7_000,
            memory_bytes: 70,
            received_bytes: 6,
            sent_bytes: 7,
            read_bytes: 11,
            written_bytes: 20,
        };
        assert_eq!(totals(&stats(memory)), Some(expected));
        let older =
            serde_json::json!({ "usage": 100, "stats": { "inactive_file": 9, "total_inactive_file": 40 } });
        assert_eq!(totals(&stats(older)).unwrap().memory_bytes, 60);
    }

    #[test]
    fn a_container_that_does_not_run_has_no_totals() {
        let stopped = serde_json::json!({ "read": "0001-01-01T00:00:00Z", "cpu_stats": { "cpu_usage": {} } });
        assert_eq!(totals(&serde_json::from_value(stopped).unwrap()), None);
    }
}
