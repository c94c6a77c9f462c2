//! Whether a volume is there: a pure function of what was once known, what was last seen, and the connection.

use patr_models::{
    ids::VolumeId, internal::observe::Observed, runner::Connection, time::Millis, volume::VolumeState,
    wire::ObservedVolume,
};

/// The volume as its runner saw it last.
pub(super) fn seen(id: VolumeId, observed: &Observed) -> Option<&ObservedVolume> {
    observed.report.as_ref()?.volumes.iter().find(|seen| seen.id == id)
}

/// `made` says whether its runner had it once, with all that belongs into it.
pub(super) fn derive(made: bool, seen: bool, observed: &Observed, now: Millis) -> VolumeState {
    let health = observed.report.as_ref().and_then(|report| report.health.as_ref());
    if let (true, Some(since)) = (made, observed.connection.runtime_away_since(health)) {
        return VolumeState::Unknown { since };
    }
    match (&observed.connection, &observed.report) {
        _ if !made => VolumeState::Waiting,
        // It has connected, or nothing would be made: the session cannot be asked.
        (Connection::Never, _) => VolumeState::Unknown { since: now },
        (Connection::Offline { since }, _) | (Connection::Online { since, .. }, None) => {
            VolumeState::Unknown { since: *since }
        }
        (Connection::Online { .. }, Some(_)) if seen => VolumeState::Ready,
        (Connection::Online { .. }, Some(_)) => VolumeState::Missing,
    }
}

#[cfg(test)]
mod tests {
    use patr_models::wire::{HostHealth, Report};

    use super::*;

    fn observed(connection: Connection, report: Option<Report>) -> Observed {
        Observed { version: 1, connection, reported_at: None, report }
    }

    #[test]
    fn a_volume_is_missing_only_when_its_runner_says_what_it_has_and_had_this_one_before() {
        let since = Millis(5);
        let online = Connection::Online { since, agent: "1".to_owned(), host: None, clock_skew_ms: 0 };
        let says = |connection: &Connection| observed(connection.clone(), Some(Report::default()));
        let derive = |made, seen, observed: &Observed| derive(made, seen, observed, Millis(9));
        assert_eq!(derive(true, true, &says(&online)), VolumeState::Ready);
        assert_eq!(derive(true, false, &says(&online)), VolumeState::Missing);
        assert_eq!(derive(false, false, &says(&online)), VolumeState::Waiting);
        assert_eq!(derive(true, false, &observed(online.clone(), None)), VolumeState::Unknown { since });
        let health =
            HostHealth { disk_total: None, disk_free: None, trouble: None, away_since: Some(Millis(7)) };
        let away = observed(online, Some(Report { health: Some(health), ..Report::default() }));
        assert_eq!(derive(true, true, &away), VolumeState::Unknown { since: Millis(7) });
        assert_eq!(derive(false, false, &away), VolumeState::Waiting);
        let offline = Connection::Offline { since };
        assert_eq!(derive(true, true, &says(&offline)), VolumeState::Unknown { since });
        assert_eq!(derive(false, false, &says(&offline)), VolumeState::Waiting);
        let unasked = observed(Connection::Never, None);
        assert_eq!(derive(true, false, &unasked), VolumeState::Unknown { since: Millis(9) });
        assert_eq!(derive(false, false, &unasked), VolumeState::Waiting);
    }
}
