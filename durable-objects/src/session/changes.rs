//! What of a workspace looks different after something has happened to a session. Who hears of it reads again what is
//! named here, so naming too much only costs a request; naming too little leaves somebody with what is not true any more.

use std::collections::{BTreeMap, BTreeSet};

use patr_models::{
    auth::ResourceType,
    ids::{DeploymentId, RunnerId, VolumeId},
    internal::Facts,
    live::Changed,
    wire::{HostHealth, Report},
};

use super::saved::Saved;

/// Names of resources.
pub type Changes = BTreeSet<Changed>;

/// The runner came, or went: what runs on it has another status, whatever it was.
pub fn connection(saved: &Saved) -> Changes {
    let mut all = runner(saved.runner);
    match &saved.snapshot {
        Some(here) => {
            all.extend(here.deployments().map(deployment));
            all.extend(here.volumes().map(volume));
        }
        // It is not known yet what is there.
        None => all.extend([ResourceType::Deployment, ResourceType::Volume].map(Changed::any)),
    }
    all
}

/// The runner says something else than before. Before it is kept.
pub fn report(saved: &Saved, new: &Report) -> Changes {
    let none = Report::default();
    let old = saved.report.as_ref().unwrap_or(&none);
    let away = |health: &Option<HostHealth>| health.as_ref().and_then(|health| health.away_since);
    // Nothing on it is known to be as it was seen while the runtime does not answer.
    let mut all = if away(&old.health) == away(&new.health) { Changes::new() } else { connection(saved) };
    if old.health != new.health {
        all.extend(runner(saved.runner));
    }
    all.extend(differ(&old.deployments, &new.deployments, |it| it.id).into_iter().map(deployment));
    all.extend(differ(&old.volumes, &new.volumes, |it| it.id).into_iter().map(volume));
    all.extend(new.gone.iter().filter(|id| !old.gone.contains(id)).copied().map(deployment));
    all.extend(new.gone_volumes.iter().filter(|id| !old.gone_volumes.contains(id)).copied().map(volume));
    all
}

/// D1 knows something new: how a release ended, or what its image is.
pub fn facts(facts: &Facts) -> Changes {
    let Facts { releases, gone, volumes, gone_volumes } = facts;
    let mut all: Changes = releases.iter().map(|fact| deployment(fact.deployment)).collect();
    all.extend(gone.iter().copied().map(deployment));
    all.extend(volumes.iter().chain(gone_volumes).copied().map(volume));
    all
}

/// Those that are in one of the lists only, or not the same in both.
fn differ<T: PartialEq, I: Ord>(old: &[T], new: &[T], id: impl Fn(&T) -> I) -> BTreeSet<I> {
    let known: BTreeMap<I, &T> = old.iter().map(|it| (id(it), it)).collect();
    let named: BTreeMap<I, &T> = new.iter().map(|it| (id(it), it)).collect();
    let other = |(at, it): (&I, &&T), there: &BTreeMap<I, &T>| there.get(at) != Some(it);
    let gone = old.iter().filter(|it| !named.contains_key(&id(it)));
    let changed = named.iter().filter(|&(at, it)| other((at, it), &known)).map(|(_, it)| *it);
    gone.chain(changed).map(&id).collect()
}

fn runner(id: Option<RunnerId>) -> Changes {
    id.map(|id| Changed::one(ResourceType::Runner, id)).into_iter().collect()
}

fn deployment(id: DeploymentId) -> Changed {
    Changed::one(ResourceType::Deployment, id)
}

fn volume(id: VolumeId) -> Changed {
    Changed::one(ResourceType::Volume, id)
}

#[cfg(test)]
mod tests {
    use patr_models::{
        ids::{Id, WorkspaceId},
        internal::desired::Passed,
        time::Millis,
        wire::{FromAgent, ObservedDeployment, ObservedVolume, PROTOCOL, Phase, Snapshot},
    };

    use super::*;
    use crate::session::{
        core::{Core, Effect, Effects},
        saved::ReportId,
    };

    const NOW: Millis = Millis(1_000);

    fn workspace() -> WorkspaceId {
        Id::from_parts(Millis(1), 1)
    }

    fn box_id() -> RunnerId {
        Id::from_parts(Millis(1), 2)
    }

    fn dep(n: u128) -> DeploymentId {
        Id::from_parts(Millis(1), n)
    }

    fn vol() -> VolumeId {
        Id::from_parts(Millis(1), 9)
    }

    fn observed(n: u128, phase: Phase) -> ObservedDeployment {
        ObservedDeployment {
            id: dep(n),
            generation: 1,
            release: 1,
            digest: None,
            phase,
            ready: 0,
            wanted: None,
            replicas: Vec::new(),
            trouble: None,
        }
    }

    fn report(deployments: Vec<ObservedDeployment>) -> Report {
        Report { deployments, ..Report::default() }
    }

    /// What is told, by effects of which one at most tells.
    fn told(effects: &Effects) -> Changes {
        let told = effects.iter().filter_map(|effect| match effect {
            Effect::Tell(at, changes) => Some((at, changes)),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        assert!(told.len() <= 1 && told.iter().all(|(at, _)| **at == workspace()), "{told:?}");
        told.first().map(|(_, changes)| (*changes).clone()).unwrap_or_default()
    }

    fn hello(core: &mut Core) -> Effects {
        let (epoch, _) = core.accepted(box_id(), NOW);
        core.belongs_to(workspace());
        let hello = FromAgent::Hello {
            protocol: PROTOCOL,
            agent: "0.1.0".to_owned(),
            host: None,
            clock: NOW,
            revision: None,
        };
        core.received(epoch, hello, NOW)
    }

    /// A session whose agent is there, with one deployment and one volume.
    fn online() -> Core {
        let mut core = Core::restore(Saved::default());
        hello(&mut core);
        let document = serde_json::json!({
            "revision": 1, "tombstones": [],
            "deployments": [{ "id": dep(1) }], "volumes": [{ "id": vol() }],
        });
        core.desired(Passed::try_from(document).unwrap());
        core
    }

    fn says(core: &mut Core, seq: u64, report: Report) -> Changes {
        told(&core.received(core.save().epoch, FromAgent::Report { seq, report }, NOW))
    }

    fn all_of_it() -> Changes {
        let runner = Changed::one(ResourceType::Runner, box_id());
        [runner, deployment(dep(1)), volume(vol())].into()
    }

    #[test]
    fn when_a_runner_comes_or_goes_it_and_all_that_is_on_it_looks_different() {
        let any = [ResourceType::Deployment, ResourceType::Volume].map(Changed::any);
        let first = told(&hello(&mut Core::restore(Saved::default())));
        assert_eq!(first, runner(Some(box_id())).into_iter().chain(any).collect());
        let mut core = online();
        assert_eq!(told(&core.disconnected(1, NOW)), all_of_it());
        assert_eq!(told(&core.disconnected(1, NOW)), Changes::new(), "it is gone already");
        assert_eq!(told(&hello(&mut core)), all_of_it());
        assert_eq!(told(&core.revoked(NOW)), all_of_it());
    }

    #[test]
    fn a_report_names_what_is_not_as_it_was() {
        let mut core = online();
        let two = || vec![observed(1, Phase::Pulling), observed(2, Phase::Pulling)];
        let both: Changes = [deployment(dep(1)), deployment(dep(2))].into();
        assert_eq!(says(&mut core, 1, report(two())), both);
        assert_eq!(says(&mut core, 2, report(two())), Changes::new());
        let further = vec![observed(2, Phase::Pulling), observed(1, Phase::Starting)];
        assert_eq!(says(&mut core, 3, report(further)), [deployment(dep(1))].into());
        let without = report(vec![observed(1, Phase::Starting)]);
        assert_eq!(says(&mut core, 4, without.clone()), [deployment(dep(2))].into());
        let gone = Report { gone: vec![dep(2)], ..without.clone() };
        assert_eq!(says(&mut core, 5, gone), [deployment(dep(2))].into());
        let there = Report { volumes: vec![ObservedVolume { id: vol(), bytes: None }], ..without };
        assert_eq!(says(&mut core, 6, there), [volume(vol())].into());
    }

    #[test]
    fn a_runtime_that_does_not_answer_is_news_of_everything_and_a_fuller_disk_of_the_runner() {
        let mut core = online();
        let health = |away_since: Option<u64>, disk_free| {
            let away_since = away_since.map(Millis);
            let health = HostHealth { disk_total: Some(9), disk_free, trouble: None, away_since };
            Report { health: Some(health), ..Report::default() }
        };
        assert_eq!(says(&mut core, 1, health(None, Some(8))), runner(Some(box_id())));
        assert_eq!(says(&mut core, 2, health(None, Some(7))), runner(Some(box_id())));
        assert_eq!(says(&mut core, 3, health(Some(900), Some(7))), all_of_it());
        assert_eq!(says(&mut core, 4, health(Some(900), Some(7))), Changes::new());
        assert_eq!(says(&mut core, 5, health(None, Some(7))), all_of_it());
    }

    #[test]
    fn how_a_release_ended_is_told_again_once_d1_knows_it() {
        let mut core = online();
        let settled = report(vec![observed(1, Phase::Settled)]);
        assert_eq!(says(&mut core, 1, settled), [deployment(dep(1))].into());
        let of = ReportId { epoch: 1, seq: 1 };
        assert_eq!(told(&core.recorded(of)), [deployment(dep(1))].into());
        assert_eq!(told(&core.recorded(of)), Changes::new());
    }

    #[test]
    fn a_session_that_does_not_know_its_workspace_tells_nobody() {
        let mut core = Core::restore(Saved::default());
        let (epoch, _) = core.accepted(box_id(), NOW);
        assert_eq!(told(&core.revoked(NOW)), Changes::new());
        let passed = Passed::try_from(&Snapshot::default()).unwrap();
        assert_eq!((told(&core.desired(passed)), epoch), (Changes::new(), 1));
    }
}
