//! One status out of those on each runner.
//!
//! | on the runners | together |
//! |---|---|
//! | a rollout on one | rolling out, in sums, at the earliest step |
//! | a failure on one | failed, on that one |
//! | serving on some, one that is there has not answered yet | rolling out |
//! | serving on some, others away | degraded, for the runner is away |
//! | serving on all | live, or degraded as the worst of them |
//! | away, all of them | unknown, or waiting if none had heard of the change |

use super::{Failure, FailureKind, RolloutStep, Status};
use crate::{deployment::ReleaseNumber, name::Name, time::Millis};

/// What is known on one runner.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub runner: &'a Name,
    pub status: &'a Status,
    /// Whether its agent is connected.
    pub online: bool,
    /// Whether it only serves until another one does. What becomes of it there is nobody's wish any more.
    pub leaving: bool,
}

/// Combines what is known on each runner, where `release` is the current one and `each` should have so many replicas.
pub fn combine(release: ReleaseNumber, each: u32, parts: &[Part<'_>]) -> Status {
    let staying: Vec<&Part<'_>> = parts.iter().filter(|part| !part.leaving).collect();
    if let [only] = staying[..]
        && parts.len() == 1
    {
        return only.status.clone();
    }
    rolling_out(each, &staying)
        .or_else(|| failed(release, parts, &staying))
        .or_else(|| serving(each, &staying))
        .unwrap_or_else(|| silent(&staying))
}

/// Replicas that serve, and those that should. Where nothing is known of any, none serves.
fn sums(each: u32, staying: &[&Part<'_>]) -> (u32, u32) {
    let all = staying.iter().map(|part| match *part.status {
        Status::RollingOut { ready, wanted, .. } | Status::Degraded { ready, wanted, .. } => (ready, wanted),
        Status::Live { ready } => (ready, ready),
        Status::Idle | Status::Stopped => (0, 0),
        Status::Waiting { .. } | Status::Failed { .. } | Status::Unknown { .. } => (0, each),
    });
    all.fold((0, 0), |(ready, wanted), (more, of)| (ready + more, wanted + of))
}

fn serves(part: &Part<'_>) -> bool {
    matches!(part.status, Status::Live { .. } | Status::Degraded { .. } | Status::Idle)
}

fn rolling_out(each: u32, staying: &[&Part<'_>]) -> Option<Status> {
    let steps = staying.iter().filter_map(|part| match part.status {
        Status::RollingOut { step, .. } => Some(*step),
        // It is there and will begin in a moment, while others are through.
        Status::Waiting { .. } if part.online && staying.iter().any(|part| serves(part)) => {
            Some(RolloutStep::Starting)
        }
        _ => None,
    });
    let step = steps.min_by_key(|step| *step as u8)?;
    let (ready, wanted) = sums(each, staying);
    Some(Status::RollingOut { step, ready, wanted })
}

fn failed(release: ReleaseNumber, parts: &[Part<'_>], staying: &[&Part<'_>]) -> Option<Status> {
    let (on, failure, still) = staying.iter().find_map(|part| match part.status {
        Status::Failed { failure, serving } => Some((part.runner, failure, *serving)),
        _ => None,
    })?;
    let elsewhere = parts.iter().any(serves).then_some(release);
    let message = format!("on `{on}`: {}", failure.message);
    Some(Status::Failed { failure: Failure { message, ..failure.clone() }, serving: elsewhere.or(still) })
}

/// What serves, if it does on any; a runner that is away is then what is wrong.
fn serving(each: u32, staying: &[&Part<'_>]) -> Option<Status> {
    if !staying.iter().any(|part| serves(part)) {
        return None;
    }
    let (ready, wanted) = sums(each, staying);
    let away = staying.iter().find(|part| !part.online).map(|part| Failure {
        kind: FailureKind::RunnerAway,
        message: format!("the runner `{}` is away", part.runner),
        logs: Vec::new(),
    });
    // What is wrong where something can be done about it comes first.
    let trouble = staying.iter().find_map(|part| match part.status {
        Status::Degraded { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    Some(match trouble.or(away.map(Some)) {
        Some(reason) => Status::Degraded { ready, wanted, reason },
        None if wanted == 0 => Status::Idle,
        None => Status::Live { ready },
    })
}

/// Nothing serves and nothing moves: stopped, or nobody says anything.
fn silent(staying: &[&Part<'_>]) -> Status {
    let waiting = staying.iter().find_map(|part| match part.status {
        Status::Waiting { reason } => Some((part, reason)),
        _ => None,
    });
    let since = staying.iter().filter_map(|part| match part.status {
        Status::Unknown { since } => Some(*since),
        _ => None,
    });
    let latest: Option<Millis> = since.max();
    let stopped = staying.iter().any(|part| *part.status == Status::Stopped);
    match (stopped, latest, waiting) {
        (false, Some(since), _) => Status::Unknown { since },
        (_, _, Some((part, reason))) => Status::Waiting { reason: format!("`{}`: {reason}", part.runner) },
        _ => Status::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: ReleaseNumber = 4;
    const EACH: u32 = 2;

    fn rolling(step: RolloutStep, ready: u32, wanted: u32) -> Status {
        Status::RollingOut { step, ready, wanted }
    }

    fn live(ready: u32) -> Status {
        Status::Live { ready }
    }

    fn waiting() -> Status {
        Status::Waiting { reason: "its runner has not answered yet".to_owned() }
    }

    fn unknown(since: u64) -> Status {
        Status::Unknown { since: Millis(since) }
    }

    fn failure(kind: FailureKind, message: &str) -> Failure {
        Failure { kind, message: message.to_owned(), logs: vec!["last words".to_owned()] }
    }

    fn failing(serving: Option<ReleaseNumber>) -> Status {
        Status::Failed { failure: failure(FailureKind::Exited, "it ended with 1"), serving }
    }

    fn degraded(ready: u32, wanted: u32, reason: Option<Failure>) -> Status {
        Status::Degraded { ready, wanted, reason }
    }

    fn away(runner: &str) -> Option<Failure> {
        let message = format!("the runner `{runner}` is away");
        Some(Failure { kind: FailureKind::RunnerAway, message, logs: Vec::new() })
    }

    /// On `home` and `vps`, each with whether it is connected.
    fn together(home: (Status, bool), vps: (Status, bool)) -> Status {
        let names = ["home".parse().unwrap(), "vps".parse().unwrap()];
        let parts: Vec<_> = names
            .iter()
            .zip([&home, &vps])
            .map(|(runner, (status, online))| Part { runner, status, online: *online, leaving: false })
            .collect();
        combine(RELEASE, EACH, &parts)
    }

    #[test]
    fn a_deployment_does_what_it_does_on_its_runners() {
        use RolloutStep::{Draining, Pulling, Starting};
        let on_home = |serving| Status::Failed {
            failure: failure(FailureKind::Exited, "on `home`: it ended with 1"),
            serving,
        };
        let trouble = Some(failure(FailureKind::NotAlive, "it hangs"));
        let told =
            |runner: &str| Status::Waiting { reason: format!("`{runner}`: its runner has not answered yet") };
        let (on, off) = (true, false);
        let table = [
            // A rollout on one.
            ((rolling(Draining, 2, 2), on), (rolling(Pulling, 0, 2), on), rolling(Pulling, 2, 4)),
            ((live(2), on), (rolling(Starting, 1, 2), on), rolling(Starting, 3, 4)),
            ((failing(None), on), (rolling(Starting, 0, 2), on), rolling(Starting, 0, 4)),
            ((unknown(5), off), (rolling(Starting, 0, 2), on), rolling(Starting, 0, 4)),
            ((live(2), on), (waiting(), on), rolling(Starting, 2, 4)),
            // A failure on one.
            ((failing(Some(3)), on), (waiting(), on), on_home(Some(3))),
            ((failing(Some(3)), on), (live(1), on), on_home(Some(RELEASE))),
            ((failing(None), on), (unknown(5), off), on_home(None)),
            // Serving on all, or on those that are there.
            ((live(2), on), (live(3), on), live(5)),
            ((live(2), on), (Status::Idle, on), live(2)),
            ((Status::Idle, on), (Status::Idle, on), Status::Idle),
            ((live(2), on), (unknown(5), off), degraded(2, 4, away("vps"))),
            ((waiting(), off), (live(2), on), degraded(2, 4, away("home"))),
            ((Status::Idle, on), (unknown(5), off), degraded(0, 2, away("vps"))),
            ((live(2), on), (degraded(1, 2, None), on), degraded(3, 4, None)),
            ((degraded(1, 2, trouble.clone()), on), (unknown(5), off), degraded(1, 4, trouble)),
            // Nobody serves.
            ((unknown(5), off), (unknown(7), off), unknown(7)),
            ((unknown(5), off), (waiting(), off), unknown(5)),
            ((waiting(), off), (waiting(), on), told("home")),
            ((Status::Stopped, on), (Status::Stopped, on), Status::Stopped),
            ((Status::Stopped, on), (waiting(), off), told("vps")),
            ((Status::Stopped, on), (unknown(5), off), Status::Stopped),
        ];
        for (home, vps, expected) in table {
            let what = format!("{home:?} and {vps:?}");
            assert_eq!(together(home, vps), expected, "{what}");
        }
    }

    #[test]
    fn one_runner_alone_is_all_there_is_to_say() {
        let home: Name = "home".parse().unwrap();
        let all = [
            waiting(),
            rolling(RolloutStep::Pulling, 0, 1),
            live(1),
            failing(Some(3)),
            Status::Idle,
            unknown(5),
        ];
        for status in &all {
            for online in [true, false] {
                let part = Part { runner: &home, status, online, leaving: false };
                assert_eq!(combine(RELEASE, EACH, &[part]), *status);
            }
        }
    }

    #[test]
    fn a_runner_that_leaves_is_heard_only_for_what_still_serves() {
        let (home, vps): (Name, Name) = ("home".parse().unwrap(), "vps".parse().unwrap());
        let moving = |there: Status| {
            let leaving = Part { runner: &home, status: &live(1), online: true, leaving: true };
            combine(
                RELEASE,
                EACH,
                &[Part { runner: &vps, status: &there, online: true, leaving: false }, leaving],
            )
        };
        assert_eq!(
            moving(waiting()),
            Status::Waiting { reason: "`vps`: its runner has not answered yet".to_owned() }
        );
        assert_eq!(moving(rolling(RolloutStep::Pulling, 0, 1)), rolling(RolloutStep::Pulling, 0, 1));
        assert!(matches!(moving(failing(None)), Status::Failed { serving: Some(RELEASE), .. }));
        assert_eq!(moving(live(1)), live(1));
    }

    #[test]
    fn only_a_runner_that_is_away_holds_nobody_up() {
        assert!(degraded(1, 2, away("vps")).is_final());
        assert!(!degraded(1, 2, None).is_final());
    }
}
