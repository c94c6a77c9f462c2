//! Room for images and volumes.

use std::{fmt, path::PathBuf};

use patr_models::wire::HostHealth;

use super::{Docker, words::chain};

/// Below this much nothing more is pulled: the containers that run need room for what they write. A share of the
/// disk, but of a large one no more than that takes: a twentieth of a terabyte would only be out of use.
const WATERMARK_PERCENT: u64 = 5;
const WATERMARK: std::ops::RangeInclusive<u64> = 512 * 1024 * 1024..=2 * 1024 * 1024 * 1024;

/// How much fits where the Engine keeps its data, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) total: u64,
    pub(super) free: u64,
}

impl Space {
    fn watermark(self) -> u64 {
        (self.total / 100 * WATERMARK_PERCENT).clamp(*WATERMARK.start(), *WATERMARK.end())
    }

    pub(super) fn is_low(&self) -> bool {
        self.free < self.watermark()
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [free, total, watermark] = [self.free, self.total, self.watermark()].map(in_words);
        write!(f, "only {free} of {total} of disk are free, and {watermark} must be left for what runs")
    }
}

/// Bytes for people.
pub(super) fn in_words(bytes: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")];
    let (size, unit) = units.into_iter().find(|(size, _)| bytes >= *size).unwrap_or((1000, "kB"));
    let tenths = bytes / (size / 10);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole >= 10 || tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

/// Where the Engine keeps its data; `None` when that is not on this machine, or hidden from this process.
pub(super) struct Disk(pub(super) Option<PathBuf>);

impl Disk {
    /// Whether the Engine is on this machine.
    pub(super) fn is_here(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn space(&self) -> Option<Space> {
        let found = rustix::fs::statvfs(self.0.as_deref()?).ok()?;
        Some(Space { total: found.f_blocks * found.f_frsize, free: found.f_bavail * found.f_frsize })
    }
}

pub(super) async fn health(docker: &Docker) -> HostHealth {
    let space = docker.shared.disk.space();
    let away =
        docker.api.ping().await.err().map(|error| format!("Docker does not answer: {}", chain(&error)));
    let low = || {
        space.filter(Space::is_low).map(|_| "the disk of Docker is nearly full: nothing is pulled".to_owned())
    };
    HostHealth {
        disk_total: space.map(|space| space.total),
        disk_free: space.map(|space| space.free - space.free % (space.total / 100).max(1)),
        trouble: away.or_else(low),
        away_since: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    #[test]
    fn a_small_disk_keeps_half_a_gibibyte_free_a_large_one_two_and_others_a_twentieth() {
        let low = |total, free| Space { total, free }.is_low();
        assert!(low(4 * GB, GB / 2));
        assert!(!low(4 * GB, GB));
        assert!(low(20 * GB, GB - 1));
        assert!(!low(20 * GB, GB));
        assert!(low(2000 * GB, 2 * GB));
        assert!(!low(2000 * GB, 3 * GB));
    }

    #[test]
    fn bytes_are_said_as_people_say_them() {
        let said = [0, 999, 1_500_000, 25_000_000, 2_000_000_000].map(in_words);
        assert_eq!(said, ["0 kB", "0.9 kB", "1.5 MB", "25 MB", "2 GB"]);
        let space = Space { total: 10 * GB, free: 200_000_000 };
        assert_eq!(
            space.to_string(),
            "only 200 MB of 10 GB of disk are free, and 536 MB must be left for what runs"
        );
    }

    #[test]
    fn the_disk_of_an_engine_elsewhere_is_unknown() {
        assert_eq!(Disk(None).space(), None);
        assert_eq!(Disk(Some("/no/such/folder".into())).space(), None);
        assert!(Disk(Some("/".into())).space().is_some_and(|space| space.total > 0));
    }
}
