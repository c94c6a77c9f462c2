//! `patr logs`.

use patr_models::{
    deployment::{
        list::ListDeployments,
        logs::{self, LogLine, LogStream, ReadLogs},
    },
    error::Common,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    context::{TestContext, patr_snapshot},
    edge::Answer,
    sample::{at, deployment, page},
};

/// One line of each replica, as the edge streams them.
fn lines(texts: &[(&str, u64, &str)]) -> Answer {
    let line = |&(replica, minute, text): &(&str, u64, &str)| LogLine {
        at: at(minute),
        replica: replica.to_owned(),
        stream: LogStream::Stdout,
        text: text.to_owned(),
    };
    let lines = texts.iter().map(line).map(|line| serde_json::to_string(&line).unwrap() + "\n");
    Answer::raw(200, &lines.collect::<String>())
}

#[test]
fn each_line_says_which_replica_wrote_it() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[("3f9a", 1, "listening on 80"), ("b071", 2, "GET /")]));
    patr_snapshot!(t.patr("logs web --tail 20"), @"
    exit code: 0
    ----- stdout -----
    3f9a | listening on 80
    b071 | GET /
    ");
    let query = t.edge.asked_once::<ReadLogs>().call.query;
    assert_eq!((query.follow, query.tail), (false, Some(20)));
}

#[test]
fn logs_as_json_are_one_object_a_line() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[("3f9a", 1, "listening on 80"), ("b071", 2, "GET /")]));
    patr_snapshot!(t.patr("logs web -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {"at":"2026-01-31T12:01:00.000Z","replica":"3f9a","stream":"stdout","text":"listening on 80"}
    {"at":"2026-01-31T12:02:00.000Z","replica":"b071","stream":"stdout","text":"GET /"}
    "#);
}

#[test]
fn a_deployment_that_has_written_nothing_is_not_an_error() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[]));
    patr_snapshot!(t.patr("logs web"), @"exit code: 0");
}

#[test]
fn a_file_gets_what_was_written_byte_for_byte() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[("3f9a", 1, "\x1b[31mred\x1b[0m")]));
    assert_eq!(t.patr("logs web").run().stdout, "3f9a | \x1b[31mred\x1b[0m\n");
}

#[test]
fn a_log_that_breaks_off_is_an_error_unless_it_is_followed() {
    let t = TestContext::new();
    let Answer::Whole(beginning) = lines(&[("3f9a", 1, "listening on 80")]) else { unreachable!() };
    t.edge.says::<ReadLogs>(Answer::CutOff(beginning));
    patr_snapshot!(t.patr("logs web"), @"
    exit code: 1
    ----- stdout -----
    3f9a | listening on 80
    ----- stderr -----
    error: the log broke off: unexpected EOF during chunk size line
    ");
}

#[test]
fn following_goes_on_after_a_loss_shows_nothing_twice_and_ends_with_ctrl_c() {
    let t = TestContext::new();
    let first = [("3f9a", 1, "one"), ("3f9a", 2, "two")];
    let Answer::Whole(beginning) = lines(&first) else { unreachable!() };
    t.edge.says::<ReadLogs>(Answer::CutOff(beginning));
    t.edge.says::<ReadLogs>(lines(&[first[0], first[1], ("3f9a", 3, "three")]));
    t.edge.says::<ReadLogs>(Answer::Silence);
    let mut patr = t.patr("logs web -f");
    let child = patr.start();
    t.edge.wait_for::<ReadLogs>(3);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    insta::assert_snapshot!(patr.ended(child), @"
    exit code: 0
    ----- stdout -----
    3f9a | one
    3f9a | two
    3f9a | three
    ----- stderr -----
    the log broke off; reading on
    ");
}

#[test]
fn a_runner_that_is_away_has_no_logs_to_give() {
    let t = TestContext::new();
    t.edge.refuses::<ReadLogs>(&logs::Error::RunnerAway { runner: "home".to_owned() });
    patr_snapshot!(t.patr("logs web"), @"
    exit code: 1
    ----- stderr -----
    error: its runner `home` is not connected, and logs are read from there

    hint: `patr runner show home` says since when
    ");
}

#[test]
fn a_slip_in_a_name_suggests_the_deployment() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "deployment".to_owned(), name: "wbe".to_owned() };
    t.edge.refuses_commonly::<ReadLogs>(&missing);
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("logs wbe"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `wbe` here

    hint: did you mean `web`?
    ");
}

#[test]
fn a_line_that_cannot_be_read_is_passed_over() {
    let t = TestContext::new();
    let Answer::Whole(good) = lines(&[("3f9a", 1, "good")]) else { unreachable!() };
    let body = format!("not a line\n{}", String::from_utf8_lossy(good.body()));
    t.edge.says::<ReadLogs>(Answer::raw(200, &body));
    assert_eq!(t.patr("logs web").run().stdout, "3f9a | good\n");
}

#[test]
fn lines_are_chosen_by_time_replica_and_text_and_say_when_they_were_written() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[("3f9a", 1, "timeout after 5s")]));
    patr_snapshot!(t.patr("logs web --since 10m --replica 3f9a --search timeout --timestamps"), @"
    exit code: 0
    ----- stdout -----
    2026-01-31 12:01:00Z  3f9a | timeout after 5s
    ");
    let query = t.edge.asked_once::<ReadLogs>().call.query;
    assert_eq!((query.replica.as_deref(), query.search.as_deref()), (Some("3f9a"), Some("timeout")));
    assert!(query.since.is_some_and(|since| since > at(0)));
    assert_eq!(query.tail, Some(10_000), "the last 100 lines are not all of ten minutes");
}

#[test]
fn a_hundred_lines_are_shown_to_begin_with() {
    let t = TestContext::new();
    t.edge.says::<ReadLogs>(lines(&[]));
    assert_eq!(t.patr("logs web").run().code, 0);
    let query = t.edge.asked_once::<ReadLogs>().call.query;
    assert_eq!((query.tail, query.since), (Some(100), None));
}
