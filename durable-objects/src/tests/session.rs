//! Stories of a session. Each runs a second time with the object put to sleep before every event.

use patr_models::{
    deployment::{Failure, FailureKind},
    ids::Id,
    wire::{HostHealth, ObservedVolume, Snapshot, Tombstone, Usage},
};

use super::*;

/// A session, and what a shell would have done.
struct Story {
    core: Core,
    hibernates: bool,
    now: Millis,
}

fn runner() -> RunnerId {
    RunnerId::from_parts(Millis(1), 1)
}

fn deployment() -> DeploymentId {
    DeploymentId::from_parts(Millis(1), 2)
}

fn hello() -> FromAgent {
    let agent = "0.1.0".to_owned();
    FromAgent::Hello { protocol: PROTOCOL, agent, host: None, clock: Millis(1_000), revision: None }
}

fn report(phase: Phase) -> Report {
    let observed = ObservedDeployment {
        id: deployment(),
        generation: 1,
        release: 1,
        digest: None,
        phase,
        ready: 1,
        wanted: None,
        replicas: vec![],
        trouble: None,
    };
    Report { revision: 1, deployments: vec![observed], ..Report::default() }
}

fn passed(snapshot: &Snapshot) -> Passed {
    Passed::try_from(snapshot).unwrap()
}

impl Story {
    fn new(hibernates: bool) -> Self {
        Self { core: Core::restore(Saved::default()), hibernates, now: Millis(1_000) }
    }

    fn core(&mut self) -> &mut Core {
        if self.hibernates {
            let text = serde_json::to_string(self.core.save()).unwrap();
            self.core = Core::restore(serde_json::from_str(&text).unwrap());
        }
        &mut self.core
    }

    fn connect(&mut self) -> Epoch {
        let now = self.now;
        let (epoch, _) = self.core().accepted(runner(), now);
        self.core().received(epoch, hello(), now);
        epoch
    }

    fn report(&mut self, epoch: Epoch, seq: Seq, phase: Phase) -> Effects {
        let now = self.now;
        self.core().received(epoch, FromAgent::Report { seq, report: report(phase) }, now)
    }
}

fn both(story: impl Fn(Story)) {
    story(Story::new(false));
    story(Story::new(true));
}

fn sends(effects: &Effects) -> Vec<&ToAgent<Passed>> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Send(message) = effect { Some(message) } else { None })
        .collect()
}

#[test]
fn an_agent_is_welcomed_before_anything_else_and_the_desired_state_is_fetched() {
    both(|mut story| {
        let (epoch, _) = story.core().accepted(runner(), Millis(1_000));
        let effects = story.core().received(epoch, hello(), Millis(1_000));
        assert!(matches!(effects[0], Effect::Send(ToAgent::Welcome { epoch: 1, .. })));
        assert!(effects.contains(&Effect::Fetch(runner())));
    });
}

#[test]
fn the_newest_socket_wins_and_the_older_one_is_told() {
    both(|mut story| {
        let old = story.connect();
        let (new, effects) = story.core().accepted(runner(), Millis(2_000));
        assert_eq!(effects, [Effect::CloseOlder(new)]);
        assert_eq!(story.report(old, 1, Phase::Settled), [replaced(old)]);
        assert_eq!(
            story.core().disconnected(old, Millis(3_000)),
            [],
            "its end says nothing about the new one"
        );
    });
}

#[test]
fn a_report_is_acknowledged_only_when_d1_has_its_facts() {
    both(|mut story| {
        let epoch = story.connect();
        let effects = story.report(epoch, 1, Phase::Settled);
        assert!(sends(&effects).is_empty());
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Record { of: ReportId { epoch: 1, seq: 1 }, .. }))
        );
        assert_eq!(
            story.core().recorded(ReportId { epoch, seq: 1 }),
            [Effect::Send(ToAgent::Stored { through: 1 })]
        );
    });
}

#[test]
fn a_report_without_news_for_d1_is_acknowledged_at_once() {
    both(|mut story| {
        let epoch = story.connect();
        let effects = story.report(epoch, 1, Phase::Starting);
        assert_eq!(sends(&effects), [&ToAgent::Stored { through: 1 }]);
    });
}

#[test]
fn d1_hears_the_same_fact_once() {
    both(|mut story| {
        let epoch = story.connect();
        story.report(epoch, 1, Phase::Settled);
        story.core().recorded(ReportId { epoch, seq: 1 });
        let again = story.report(epoch, 2, Phase::Settled);
        assert!(!again.iter().any(|effect| matches!(effect, Effect::Record { .. })));
    });
}

#[test]
fn facts_that_d1_refused_are_told_again_by_the_alarm_and_survive_newer_reports() {
    both(|mut story| {
        let epoch = story.connect();
        story.report(epoch, 1, Phase::Settled);
        let now = story.now;
        story.core().not_recorded(ReportId { epoch, seq: 1 }, now);
        let at = story.core().deadline().unwrap();
        assert!(at > now);
        let again = story.core().alarm(at);
        assert!(
            matches!(&again[..], [Effect::Record { of: ReportId { seq: 1, .. }, facts, .. }] if facts.releases.len() == 1)
        );
        let newer = story.report(epoch, 2, Phase::Starting);
        let told = newer.iter().find_map(|effect| match effect {
            Effect::Record { facts, .. } => Some(facts.releases.len()),
            _ => None,
        });
        assert_eq!(told, Some(1), "the fact of the older report is not lost");
    });
}

#[test]
fn a_repeated_report_changes_nothing_and_is_acknowledged_again() {
    both(|mut story| {
        let epoch = story.connect();
        story.report(epoch, 1, Phase::Starting);
        let before = story.core().save().version;
        assert_eq!(story.report(epoch, 1, Phase::Starting), [Effect::Send(ToAgent::Stored { through: 1 })]);
        assert_eq!(story.core().save().version, before);
    });
}

#[test]
fn an_older_snapshot_never_replaces_a_newer_one() {
    both(|mut story| {
        story.connect();
        let at = |revision| passed(&Snapshot { revision, ..Snapshot::default() });
        assert_eq!(story.core().desired(at(5)).len(), 1);
        assert_eq!(story.core().desired(at(4)), []);
        assert_eq!(story.core().save().snapshot, Some(at(5)));
    });
}

#[test]
fn an_agent_that_returns_while_worker_is_away_gets_the_last_known_snapshot() {
    both(|mut story| {
        let epoch = story.connect();
        story.core().desired(passed(&Snapshot { revision: 5, ..Snapshot::default() }));
        story.core().disconnected(epoch, Millis(2_000));
        let (epoch, _) = story.core().accepted(runner(), Millis(3_000));
        let effects = story.core().received(epoch, hello(), Millis(3_000));
        assert!(sends(&effects).iter().any(|message| matches!(message, ToAgent::Desired { .. })));
        story.core().not_fetched(Millis(3_000));
        let at = story.core().deadline().unwrap();
        assert_eq!(story.core().alarm(at), [Effect::Fetch(runner())]);
    });
}

#[test]
fn silence_counts_as_absence_although_the_socket_looks_open() {
    both(|mut story| {
        story.connect();
        let soon = Millis(2_000);
        let late = Millis(1_000) + Duration::from_secs(SILENCE_S + 1);
        assert!(matches!(story.core().observe(None, soon).connection, Connection::Online { .. }));
        assert_eq!(story.core().observe(None, late).connection, Connection::Offline { since: Millis(1_000) });
        assert!(matches!(story.core().observe(Some(late), late).connection, Connection::Online { .. }));
    });
}

#[test]
fn another_protocol_is_refused_by_code() {
    both(|mut story| {
        let (epoch, _) = story.core().accepted(runner(), Millis(0));
        let FromAgent::Hello { agent, host, clock, revision, .. } = hello() else { unreachable!() };
        let hello = FromAgent::Hello { protocol: PROTOCOL + 1, agent, host, clock, revision };
        let effects = story.core().received(epoch, hello, Millis(0));
        assert!(matches!(effects[..], [Effect::Close { code: wire::close::PROTOCOL, .. }]));
    });
}

#[test]
fn a_tombstone_that_was_carried_out_is_told_to_d1() {
    both(|mut story| {
        let epoch = story.connect();
        let tombstones = vec![Tombstone { deployment: deployment(), generation: 2 }];
        story.core().desired(passed(&Snapshot { revision: 2, tombstones, ..Snapshot::default() }));
        let report =
            Report { revision: 2, deployments: vec![], gone: vec![deployment()], ..Report::default() };
        let effects = story.core().received(epoch, FromAgent::Report { seq: 1, report }, Millis(5));
        let gone = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Record { facts, .. } if facts.gone == [deployment()]));
        assert!(gone);
    });
}

#[test]
fn an_agent_with_a_wrong_clock_is_served_and_the_difference_is_shown() {
    both(|mut story| {
        let hour = Duration::from_secs(3600);
        story.now = Millis(1_000) + hour;
        story.connect();
        let now = story.now;
        let Connection::Online { clock_skew_ms, .. } = story.core().observe(None, now).connection else {
            panic!("it is online")
        };
        assert_eq!(clock_skew_ms, -3_600_000);
    });
}

#[test]
fn a_socket_that_has_not_said_hello_is_told_nothing_and_its_reports_are_refused() {
    both(|mut story| {
        let old = story.connect();
        story.report(old, 1, Phase::Settled);
        let (new, _) = story.core().accepted(runner(), Millis(2_000));
        assert_eq!(story.core().desired(passed(&Snapshot { revision: 5, ..Snapshot::default() })), []);
        assert_eq!(story.core().recorded(ReportId { epoch: old, seq: 1 }), []);
        let refused = story.report(new, 1, Phase::Settled);
        assert!(matches!(refused[..], [Effect::Close { code: wire::close::MALFORMED, .. }]));
    });
}

#[test]
fn an_answer_to_a_report_of_an_earlier_connection_acknowledges_none_of_this_one() {
    both(|mut story| {
        let old = story.connect();
        story.report(old, 1, Phase::Starting);
        let first = story.report(old, 2, Phase::Settled);
        assert!(first.iter().any(|effect| matches!(effect, Effect::Record { .. })));
        let new = story.connect();
        story.report(new, 1, Phase::Starting);
        story.report(new, 2, Phase::Settled);
        assert_eq!(story.core().recorded(ReportId { epoch: old, seq: 2 }), []);
        assert!(story.core().save().pending.is_some(), "what this connection said still waits for D1");
        let stored = story.core().recorded(ReportId { epoch: new, seq: 2 });
        assert_eq!(stored, [Effect::Send(ToAgent::Stored { through: 2 })]);
    });
}

#[test]
fn a_failure_that_waits_for_d1_is_not_forgotten_when_the_release_starts_anew() {
    both(|mut story| {
        let epoch = story.connect();
        let failure = Failure { kind: FailureKind::Exited, message: "it ended".to_owned(), logs: vec![] };
        story.report(epoch, 1, Phase::Failed { failure: failure.clone(), serving: None });
        let mut again = report(Phase::Starting);
        again.deployments[0].digest = Some(format!("sha256:{}", "0".repeat(64)).parse().unwrap());
        let now = story.now;
        story.core().received(epoch, FromAgent::Report { seq: 2, report: again }, now);
        let pending = story.core().save().pending.clone().unwrap();
        assert_eq!(pending.facts.releases[0].ended, Some(Ended::Failed { failure }));
        assert!(pending.facts.releases[0].digest.is_some());
    });
}

#[test]
fn an_answer_that_was_lost_with_the_object_is_asked_for_again() {
    both(|mut story| {
        let epoch = story.connect();
        story.core().desired(passed(&Snapshot::default()));
        assert_eq!(story.core().deadline(), None);
        let now = story.now;
        assert_eq!(story.core().woken(now), [Effect::Fetch(runner())]);
        story.report(epoch, 1, Phase::Settled);
        let at = story.core().deadline().unwrap();
        let again = story.core().alarm(at);
        assert!(matches!(again[..], [Effect::Fetch(_), Effect::Record { .. }]), "{again:?}");
        assert!(story.core().deadline() > Some(at), "there is an alarm before anything is tried");
    });
}

#[test]
fn questions_are_asked_at_growing_intervals_and_only_while_an_agent_is_there() {
    both(|mut story| {
        let epoch = story.connect();
        let mut waits = vec![];
        for _ in 0..8 {
            let now = story.now;
            story.core().not_fetched(now);
            let at = story.core().deadline().unwrap();
            waits.push(at.since(now).as_secs());
            story.now = at;
            assert_eq!(story.core().alarm(at), [Effect::Fetch(runner())]);
        }
        assert_eq!(waits, [2, 8, 32, 60, 60, 60, 60, 60]);
        let now = story.now;
        story.core().disconnected(epoch, now);
        story.core().not_fetched(now);
        assert_eq!(story.core().deadline(), None);
    });
}

#[test]
fn a_runner_that_was_removed_while_the_word_of_it_was_lost_is_let_go() {
    both(|mut story| {
        let epoch = story.connect();
        story.report(epoch, 1, Phase::Settled);
        let effects = story.core().removed(Millis(2_000));
        let close = Effect::Close { epoch, code: wire::close::REVOKED, reason: "the token was revoked" };
        assert!(effects.contains(&close));
        assert_eq!(story.core().deadline(), None);
    });
}

#[test]
fn what_an_older_script_kept_is_read() {
    let text = r#"{"runner":null,"epoch":4,"version":9,"connection":{"state":"never"},"seq":2}"#;
    let saved: Saved = serde_json::from_str(text).unwrap();
    assert_eq!((saved.epoch, saved.version, saved.seq, saved.pending), (4, 9, 2, None));
}

fn volume(number: u128) -> VolumeId {
    VolumeId::from_parts(Millis(1), number)
}

fn with_volumes(ids: &[VolumeId], bytes: u64) -> Report {
    let volumes = ids.iter().map(|&id| ObservedVolume { id, bytes: Some(bytes) }).collect();
    Report { revision: 1, volumes, ..Report::default() }
}

/// The facts that are told to D1.
fn told(effects: &Effects) -> Option<&Facts> {
    effects
        .iter()
        .find_map(|effect| if let Effect::Record { facts, .. } = effect { Some(facts) } else { None })
}

fn hear(story: &mut Story, epoch: Epoch, seq: Seq, report: Report) -> Effects {
    let now = story.now;
    story.core().received(epoch, FromAgent::Report { seq, report }, now)
}

#[test]
fn d1_hears_once_that_a_volume_is_there_and_not_how_full_it_is() {
    both(|mut story| {
        let epoch = story.connect();
        let first = hear(&mut story, epoch, 1, with_volumes(&[volume(1)], 10));
        assert_eq!(told(&first).unwrap().volumes, [volume(1)]);
        story.core().recorded(ReportId { epoch, seq: 1 });
        let mut fuller = with_volumes(&[volume(1)], 20);
        fuller.health =
            Some(HostHealth { disk_total: Some(9), disk_free: Some(1), trouble: None, away_since: None });
        let effects = hear(&mut story, epoch, 2, fuller.clone());
        assert_eq!((told(&effects), sends(&effects)), (None, vec![&ToAgent::Stored { through: 2 }]));
        assert_eq!(story.core().save().report, Some(fuller));
        let more = hear(&mut story, epoch, 3, with_volumes(&[volume(1), volume(2)], 20));
        assert_eq!(told(&more).unwrap().volumes, [volume(2)]);
    });
}

#[test]
fn a_volume_that_vanished_before_d1_heard_of_it_was_there_all_the_same() {
    both(|mut story| {
        let epoch = story.connect();
        hear(&mut story, epoch, 1, with_volumes(&[volume(1)], 10));
        let now = story.now;
        story.core().not_recorded(ReportId { epoch, seq: 1 }, now);
        let later = hear(&mut story, epoch, 2, with_volumes(&[], 0));
        assert_eq!(told(&later).unwrap().volumes, [volume(1)]);
    });
}

#[test]
fn a_volume_that_was_to_go_and_is_gone_is_told_to_d1_and_no_other() {
    both(|mut story| {
        let epoch = story.connect();
        let buried_volumes = vec![volume(1)];
        story.core().desired(passed(&Snapshot { revision: 2, buried_volumes, ..Snapshot::default() }));
        let gone_volumes = vec![volume(1), volume(2)];
        let effects = hear(&mut story, epoch, 1, Report { gone_volumes, ..Report::default() });
        assert_eq!(told(&effects).unwrap().gone_volumes, [volume(1)]);
    });
}

fn sample(at: Millis, deployment: DeploymentId) -> Sample {
    Sample { at, deployment, replica: "abc".to_owned(), usage: Usage::default() }
}

/// What is desired: one deployment.
fn one_deployment() -> Passed {
    let document = serde_json::json!({
        "revision": 1, "deployments": [{ "id": deployment() }], "tombstones": [],
    });
    serde_json::from_value(document).unwrap()
}

#[test]
fn samples_are_kept_by_the_edges_clock_and_wake_nobody() {
    both(|mut story| {
        // The agent says that it is 1 s; the edge says 3601 s.
        story.now = Millis(3_601_000);
        let epoch = story.connect();
        story.core().desired(one_deployment());
        let (before, now) = (story.core().save().clone(), story.now);
        let samples = vec![sample(Millis(500), deployment()), sample(Millis(9_000), deployment())];
        let effects = story.core().received(epoch, FromAgent::Metrics { samples }, now);
        let [Effect::Keep(kept)] = &effects[..] else { panic!("{effects:?}") };
        let at: Vec<Millis> = kept.iter().map(|sample| sample.at).collect();
        assert_eq!(at, [Millis(3_600_500), now], "none is from the future");
        assert_eq!(*story.core().save(), before);
    });
}

#[test]
fn samples_of_deployments_that_are_not_desired_here_are_let_go() {
    both(|mut story| {
        let epoch = story.connect();
        story.core().desired(one_deployment());
        let now = story.now;
        let stranger = DeploymentId::from_parts(Millis(1), 77);
        let long = Sample { replica: "x".repeat(65), ..sample(now, deployment()) };
        let samples = vec![sample(now, stranger), long];
        assert_eq!(story.core().received(epoch, FromAgent::Metrics { samples }, now), []);
    });
}

#[test]
fn samples_from_a_socket_that_has_not_said_hello_are_refused() {
    both(|mut story| {
        let (epoch, _) = story.core().accepted(runner(), Millis(1_000));
        let effects = story.core().received(epoch, FromAgent::Metrics { samples: vec![] }, Millis(1_000));
        assert!(matches!(effects[..], [Effect::Close { code: wire::close::MALFORMED, .. }]));
    });
}
