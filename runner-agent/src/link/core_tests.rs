use patr_models::{ids::Id, wire::Snapshot};

use super::*;

const CLOCK: Millis = Millis(1_000_000_000);

fn runner() -> RunnerId {
    RunnerId::from_parts(Millis(0), 0)
}

fn opened(now: Instant) -> Core {
    Core::open(Timing::default(), "a machine".to_owned(), None, CLOCK, now).0
}

fn welcome(clock: Millis) -> String {
    let protocol = PROTOCOL;
    text(&ToAgent::Welcome { runner: runner(), protocol, epoch: 3, now: clock, lanes: 2, metrics: true })
}

fn text(message: &ToAgent) -> String {
    serde_json::to_string(message).unwrap()
}

fn snapshot(revision: Revision) -> String {
    text(&ToAgent::Desired { snapshot: Snapshot { revision, ..Snapshot::default() } })
}

fn stored(through: Seq) -> String {
    text(&ToAgent::Stored { through })
}

fn report(revision: Revision) -> Report {
    Report { revision, ..Report::default() }
}

fn sends(seq: Seq, revision: Revision) -> Vec<Effect> {
    vec![Effect::Send(FromAgent::Report { seq, report: report(revision) })]
}

/// A connection that was welcomed.
fn welcomed(now: Instant) -> Core {
    let mut core = opened(now);
    core.received(&welcome(CLOCK), CLOCK, now).unwrap();
    core
}

#[test]
fn nothing_is_reported_or_taken_before_the_welcome() {
    let now = Instant::now();
    let mut core = opened(now);
    assert_eq!(core.reported(report(1), now), []);
    assert_eq!(core.received(&snapshot(1), CLOCK, now).unwrap(), []);
    let effects = core.received(&welcome(CLOCK), CLOCK, now).unwrap();
    assert!(effects.ends_with(&sends(1, 1)), "{effects:?}");
}

#[test]
fn the_newest_report_is_sent_once_the_one_before_is_stored() {
    let now = Instant::now();
    let mut core = welcomed(now);
    assert_eq!(core.reported(report(1), now), sends(1, 1));
    assert_eq!(core.reported(report(2), now), []);
    assert_eq!(core.reported(report(3), now), []);
    assert_eq!(core.received(&stored(1), CLOCK, now).unwrap(), sends(2, 3));
    assert_eq!(core.received(&stored(1), CLOCK, now).unwrap(), [], "heard before");
}

#[test]
fn a_report_that_is_not_acknowledged_is_said_again_or_the_one_after_it() {
    let now = Instant::now();
    let mut core = welcomed(now);
    core.reported(report(1), now);
    let later = now + Timing::default().resend;
    let again = core.elapsed(later).unwrap();
    assert!(again.ends_with(&sends(1, 1)), "{again:?}");
    core.reported(report(2), later);
    core.heard(later);
    let newer = core.elapsed(later + Timing::default().resend).unwrap();
    assert!(newer.ends_with(&sends(2, 2)), "{newer:?}");
}

#[test]
fn an_older_snapshot_is_not_taken_and_an_equal_one_is() {
    let now = Instant::now();
    let mut core = welcomed(now);
    let takes = |core: &mut Core, revision| core.received(&snapshot(revision), CLOCK, now).unwrap().len();
    assert_eq!((takes(&mut core, 5), takes(&mut core, 4), takes(&mut core, 5)), (1, 0, 1));
}

#[test]
fn a_snapshot_of_another_runner_replaces_one_with_a_higher_revision() {
    let now = Instant::now();
    let other = RunnerId::from_parts(Millis(1), 1);
    let known = Known { runner: other, snapshot: Snapshot { revision: 9, ..Snapshot::default() } };
    let (mut core, _) = Core::open(Timing::default(), String::new(), Some(&known), CLOCK, now);
    core.received(&welcome(CLOCK), CLOCK, now).unwrap();
    assert_eq!(core.received(&snapshot(1), CLOCK, now).unwrap().len(), 1);
}

#[test]
fn silence_ends_the_link_and_anything_heard_puts_that_off() {
    let now = Instant::now();
    let mut core = welcomed(now);
    let silence = Timing::default().silence;
    core.received(PONG, CLOCK, now + silence / 2).unwrap();
    assert_eq!(core.elapsed(now + silence).unwrap(), [Effect::Ping]);
    assert!(core.elapsed(now + silence / 2 + silence).is_err());
}

#[test]
fn heartbeats_without_a_welcome_are_not_enough() {
    let now = Instant::now();
    let mut core = opened(now);
    let late = now + Timing::default().welcome;
    core.received(PONG, CLOCK, late).unwrap();
    assert_eq!(core.deadline(), late);
    assert!(matches!(core.elapsed(late), Err(Ended::Lost { why, .. }) if why.contains("welcome")));
}

#[test]
fn a_clock_that_is_an_hour_wrong_is_named_and_changes_nothing_else() {
    let hour = Duration::from_secs(3600);
    for theirs in [CLOCK + hour, CLOCK - hour] {
        let now = Instant::now();
        let mut core = opened(now);
        let effects = core.received(&welcome(theirs), CLOCK, now).unwrap();
        assert!(matches!(&effects[1], Effect::Warn(text) if text.contains("3600 s")), "{effects:?}");
        assert_eq!(effects[2], Effect::Lanes(2));
        assert_eq!(core.received(&snapshot(1), CLOCK, now).unwrap().len(), 1);
        assert_eq!(core.reported(report(1), now), sends(1, 1));
    }
}

#[test]
fn what_is_not_understood_is_passed_over_and_another_protocol_is_refused() {
    let now = Instant::now();
    let mut core = welcomed(now);
    for strange in ["{", r#"{"type":"praise"}"#, "PONG"] {
        assert!(matches!(*core.received(strange, CLOCK, now).unwrap(), [Effect::Warn(_)]), "{strange}");
    }
    let other =
        ToAgent::Welcome { runner: runner(), protocol: 99, epoch: 1, now: CLOCK, lanes: 1, metrics: true };
    let refused = core.received(&text(&other), CLOCK, now);
    assert!(matches!(refused, Err(Ended::Stopped(Stopped::Protocol))));
}
