//! Probes of replicas that serve, secrets, volumes, scaling and the machine.

use patr_models::{
    deployment::{
        Autoscale, FailureKind, Strategy,
        spec::{Mount, Probe, SecretUse},
    },
    ids::VolumeId,
    wire::{HostHealth, ObservedVolume},
};

use super::*;
use crate::{
    runtime::{
        Health, VolumesSeen, failure,
        fake::{Behaviour, Fate},
    },
    vault,
};

fn watched(number: ReleaseNumber) -> DesiredDeployment {
    let mut desired = release(1, number);
    desired.spec.readiness_probe = Some(Probe::http(80, "/ready"));
    desired
}

fn alive(number: ReleaseNumber, strategy: Strategy) -> DesiredDeployment {
    let mut desired = release(1, number);
    desired.spec.liveness_probe = Some(Probe::exec(["check"]));
    desired.spec.strategy = Some(strategy);
    desired
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_not_ready_gets_no_requests_until_it_is() {
    let mut story = Story::with(watched(1)).await;
    story.fake.forget_calls();
    story.fake.behaves("web:1", Behaviour::Deaf);
    let begun = Instant::now();
    let seen = story.sees(1, |seen| seen.ready == 0).await;
    assert!((10..=15).contains(&begun.elapsed().as_secs()), "three in a row: {:?}", begun.elapsed());
    assert_eq!(seen.trouble.unwrap().kind, FailureKind::PortClosed);
    assert!(story.backends.pick(id(1), 80).is_none());
    later(60).await;
    story.fake.behaves("web:1", Behaviour::Serves);
    let seen = story.is_live(&watched(1)).await;
    assert_eq!((seen.trouble, story.changes()), (None, vec![]), "and the replica was left alone");
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_asks_probes_itself_is_believed() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.forget_calls();
    let why = failure(FailureKind::ProbeFailed, "its readiness probe does not succeed");
    story.fake.finds("c1", Health::Unready(why.clone()));
    let seen = story.sees(1, |seen| seen.ready == 0).await;
    assert_eq!(seen.trouble, Some(why));
    assert!(story.backends.pick(id(1), 80).is_none());
    story.fake.finds("c1", Health::Ready);
    let seen = story.is_live(&release(1, 1)).await;
    assert_eq!((seen.trouble, story.changes()), (None, vec![]), "and the replica was left alone");
}

#[tokio::test(start_paused = true)]
async fn probes_that_the_runtime_asks_are_not_asked_by_the_agent_too() {
    let mut story = Story::with(watched(1)).await;
    story.fake.finds("c1", Health::Ready);
    // What was begun to be asked before goes on.
    story.restart_agent();
    story.is_live(&watched(1)).await;
    story.fake.forget_calls();
    later(60).await;
    assert_eq!(story.fake.calls(&[Verb::Ask]), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_not_alive_is_replaced_by_another_first() {
    let mut story = Story::with(alive(1, Strategy::Rolling)).await;
    story.fake.forget_calls();
    story.fake.behaves("web:1", Behaviour::Deaf);
    let seen = story.sees(1, |seen| seen.trouble.is_some()).await;
    let trouble = seen.trouble.unwrap();
    assert_eq!((trouble.kind, seen.ready), (FailureKind::NotAlive, 1), "{}", trouble.message);
    story.fake.behaves("web:1", Behaviour::Serves);
    let gone = |seen: &ObservedDeployment| seen.replicas.len() == 1 && seen.replicas[0].id != "c1";
    let seen = story.sees(1, gone).await;
    assert_eq!((seen.phase, seen.trouble), (Phase::Settled, None));
    let changes = story.changes();
    let start = changes.iter().position(|call| call == "start web:1").unwrap();
    assert!(start < changes.iter().position(|call| call == "remove c1").unwrap(), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_may_not_run_twice_is_stopped_before_it_is_replaced() {
    let mut story = Story::with(alive(1, Strategy::Recreate)).await;
    story.fake.forget_calls();
    story.fake.behaves("web:1", Behaviour::Deaf);
    story.sees(1, |seen| seen.ready == 0).await;
    story.fake.behaves("web:1", Behaviour::Serves);
    let seen = story.sees(1, |seen| seen.ready == 1 && seen.replicas.len() == 1).await;
    assert_eq!(seen.replicas[0].id, "c2");
    let changes = story.changes();
    let stop = changes.iter().position(|call| call == "stop c1").unwrap();
    assert!(stop < changes.iter().position(|call| call == "start web:1").unwrap(), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_held_still_for_a_snapshot_is_not_given_up() {
    let mut story = Story::with(alive(1, Strategy::Rolling)).await;
    story.fake.holds("c1");
    story.fake.behaves("web:1", Behaviour::Deaf);
    later(600).await;
    let seen = story.sees(1, |_| true).await;
    assert_eq!((seen.trouble, story.names()), (None, vec!["c1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn probes_ask_on_while_a_step_hangs() {
    let mut story = Story::with(watched(1)).await;
    story.fake.then(Verb::Pull, 0, Fate::Hangs);
    story.wants([watched(2)]);
    story.sees(1, |seen| seen.phase == Phase::Pulling).await;
    story.fake.behaves("web:1", Behaviour::Deaf);
    let begun = Instant::now();
    story.sees(1, |seen| seen.replicas.iter().all(|replica| !replica.ready)).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

fn secretive(sealed: Option<String>) -> DesiredDeployment {
    let mut desired = release(1, 1);
    let used = SecretUse { secret: "key".parse().unwrap(), version: Some(1) };
    desired.spec.secrets.insert("KEY".parse().unwrap(), used);
    DesiredDeployment { sealed, ..desired }
}

#[tokio::test(start_paused = true)]
async fn secrets_that_cannot_be_opened_are_waited_for_and_not_a_failure() {
    let mut story = Story::new();
    story.wants([secretive(None)]);
    let seen = story.sees(1, |seen| seen.trouble.is_some()).await;
    assert_eq!(seen.trouble.unwrap().kind, FailureKind::SecretSealed);
    assert!(!matches!(seen.phase, Phase::Failed { .. }));
    later(600).await;
    let begun = Instant::now();
    let sealed = vault::tests::seal(&story.vault.public(), "key", "hunter22");
    story.wants([secretive(Some(sealed))]);
    story.is_live(&release(1, 1)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "a newer snapshot is tried at once");
    let secrets = story.fake.secrets();
    assert_eq!(secrets[0].get(&"key".parse().unwrap(), 1).unwrap(), b"hunter22");
}

#[tokio::test(start_paused = true)]
async fn a_recreation_stops_nothing_for_secrets_that_cannot_be_opened() {
    let mut story = Story::with(release(1, 1)).await;
    let mut sealed = DesiredDeployment { generation: 2, release: 2, ..secretive(None) };
    sealed.spec.strategy = Some(Strategy::Recreate);
    story.wants([sealed]);
    story.sees(1, |seen| seen.trouble.is_some()).await;
    assert_eq!(story.serving(1), [1]);
}

fn with_volume(number: ReleaseNumber, volume: VolumeId) -> DesiredDeployment {
    let mut desired = release(1, number);
    let mount = Mount { volume: "data".parse().unwrap(), read_only: false, id: Some(volume), shared: false };
    desired.spec.volumes.insert("/data".parse().unwrap(), mount);
    desired
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_missing_fails_the_release_and_touches_nothing() {
    let volume = VolumeId::from_parts(Millis(0), 1);
    let mut story = Story::with(with_volume(1, volume)).await;
    story.fake.has_volumes(VolumesSeen { missing: vec![volume], ..VolumesSeen::default() });
    story.fake.forget_calls();
    story.wants([with_volume(2, volume)]);
    let seen = story.sees(1, |seen| matches!(seen.phase, Phase::Failed { .. })).await;
    let Phase::Failed { failure, serving } = seen.phase else { unreachable!() };
    assert_eq!((failure.kind, serving), (FailureKind::VolumeMissing, Some(1)));
    assert!(failure.message.contains("`data`"), "{}", failure.message);
    assert_eq!(story.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn volumes_and_the_health_of_the_machine_are_reported() {
    let mut story = Story::new();
    let (here, gone) = (VolumeId::from_parts(Millis(0), 1), VolumeId::from_parts(Millis(0), 2));
    let there = ObservedVolume { id: here, bytes: Some(7) };
    let seen = VolumesSeen { here: vec![there.clone()], gone: vec![gone], ..VolumesSeen::default() };
    story.fake.has_volumes(seen);
    let health = HostHealth { disk_total: Some(100), disk_free: Some(50), trouble: None, away_since: None };
    story.fake.does(health.clone());
    story.wants([]);
    let heard = story.hears("all of it", |report| report.health.is_some()).await;
    assert_eq!((heard.volumes, heard.gone_volumes, heard.health), (vec![there], vec![gone], Some(health)));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_is_said_and_what_was_seen_last_stays() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.is_away(true);
    let away = |report: &Report| report.health.as_ref().is_some_and(|health| health.trouble.is_some());
    let heard = story.hears("it is away", away).await;
    assert_eq!(heard.deployments[0].ready, 1);
    story.fake.is_away(false);
    story.hears("it is back", |report| !away(report)).await;
}

fn scaling(replicas: u32) -> DesiredDeployment {
    let autoscale = Some(Autoscale { max: 4, cpu_percent: Some(20), idle_s: Some(60) });
    DesiredDeployment { replicas, autoscale, ..release(1, 1) }
}

#[tokio::test(start_paused = true)]
async fn more_replicas_run_when_those_that_do_are_busy() {
    let mut story = Story::new();
    // Each uses half of a processor, which is more than twice of what it should.
    story.wants([scaling(1)]);
    let seen = story.sees(1, |seen| seen.ready == 4).await;
    assert_eq!(seen.wanted, Some(4));
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_asks_for_goes_and_comes_back_for_a_request() {
    let mut story = Story::new();
    story.wants([scaling(0)]);
    story.sees(1, |seen| seen.phase == Phase::Settled && seen.ready == 1).await;
    let seen = story.sees(1, |seen| seen.wanted == Some(0) && seen.replicas.is_empty()).await;
    assert_eq!(seen.phase, Phase::Settled);
    let begun = Instant::now();
    let request = story.backends.acquire(id(1), 80).await.expect("a replica starts for it");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    later(300).await;
    assert!(!story.names().is_empty(), "a request goes on");
    drop(request);
    story.sees(1, |seen| seen.replicas.is_empty()).await;
}
