//! A command in a replica, for somebody at a terminal: where it can run, how it ends, and what is on its way.

use std::collections::VecDeque;

use patr_models::{
    deployment::{
        Deployment,
        exec::{HandedOn, Query, Size, WINDOW},
    },
    ids::Ref,
    name::Name,
};

use crate::{command::patr, text::terminal as words};

/// What a browser says of a connection that was lost, and no end has closed.
pub const LOST: u16 = 1006;
/// Whoever closed it goes away: the connection of the runner is gone (`docs/wire.md`, Messages).
const GOING_AWAY: u16 = 1001;

/// Where a command can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is chosen by.
    pub key: String,
    pub said: String,
    pub runner: Option<Name>,
    pub replica: Option<String>,
}

/// The places of a deployment. The first is wherever it is ready, and the only one where there is nothing to choose.
pub fn places(one: &Deployment) -> Vec<Place> {
    let any = Place { key: String::new(), said: words::ANY.to_owned(), runner: None, replica: None };
    let mut places = vec![any];
    if one.runners.len() > 1 {
        places.extend(one.runners.iter().map(|placed| Place {
            key: format!("runner {}", placed.name),
            said: words::runner(placed.name.as_str()),
            runner: Some(placed.name.clone()),
            replica: None,
        }));
    }
    if one.seen().count() > 1 {
        let all = one.runners.iter().flat_map(|placed| placed.seen.iter().map(move |seen| (placed, seen)));
        places.extend(all.map(|(placed, seen)| {
            let said = words::replica(&seen.id, placed.name.as_str(), seen.release);
            Place {
                key: format!("replica {}", seen.id),
                said: if seen.ready { said } else { words::not_ready(&said) },
                runner: Some(placed.name.clone()),
                replica: Some(seen.id.clone()),
            }
        }));
    }
    places
}

/// The one that was chosen; the first when it is gone.
pub fn chosen<'p>(places: &'p [Place], key: &str) -> Option<&'p Place> {
    places.iter().find(|place| place.key == key).or(places.first())
}

/// The words of a command as somebody types it; else what is wrong.
pub fn split(command: &str) -> Result<Vec<String>, &'static str> {
    let words = shlex::split(command).ok_or(words::NOT_CLOSED)?;
    if words.is_empty() { Err(words::NO_WORD) } else { Ok(words) }
}

/// What is asked of the API.
pub fn query(place: Option<&Place>, command: Vec<String>, size: Size) -> Query {
    Query {
        command,
        runner: place.and_then(|place| place.runner.clone()).map(Ref::Name),
        replica: place.and_then(|place| place.replica.clone()),
        columns: Some(size.columns),
        rows: Some(size.rows),
        says_why: true,
    }
}

/// The same for the command line.
pub fn line(workspace: &str, name: &str, place: Option<&Place>, command: &[String]) -> String {
    // The workspace is named before the words of the command, which end the line.
    let mut line = vec!["exec", name, "--workspace", workspace];
    if let Some(runner) = place.and_then(|place| place.runner.as_ref()) {
        line.extend(["--runner", runner.as_str()]);
    }
    if let Some(replica) = place.and_then(|place| place.replica.as_deref()) {
        line.extend(["--replica", replica]);
    }
    line.push("--");
    line.extend(command.iter().map(String::as_str));
    patr(&line)
}

/// How a command has ended, in words, and what to do about it.
pub fn ended(exit_code: i64) -> (String, Option<&'static str>) {
    match exit_code {
        // A program that cannot be run, or that there is not (POSIX, 2.8.2).
        126 | 127 => (words::ended(exit_code), Some(words::NO_PROGRAM)),
        129..=192 => (words::killed(exit_code, exit_code - 128), None),
        _ => (words::ended(exit_code), None),
    }
}

/// Why a connection was closed before its command had ended.
pub fn lost(code: u16) -> &'static str {
    match code {
        GOING_AWAY => words::RUNNER_LOST,
        _ => words::BROKE_OFF,
    }
}

/// What is on its way between the screen and the command: each side waits until the other has taken some of it.
#[derive(Debug)]
pub struct Traffic {
    drawn: HandedOn,
    /// What may still be sent, in bytes.
    room: usize,
    /// What was typed and waits for that.
    typed: VecDeque<u8>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { drawn: HandedOn::default(), room: WINDOW, typed: VecDeque::new() }
    }
}

impl Traffic {
    /// This much output was drawn; how much is to be said now.
    pub fn drew(&mut self, bytes: usize) -> Option<usize> {
        self.drawn.more(bytes)
    }

    /// Something was typed, or the command took some of what was before; what is to be sent now.
    pub fn sends(&mut self, typed: &[u8], taken: usize) -> Vec<u8> {
        self.typed.extend(typed);
        self.room = self.room.saturating_add(taken).min(WINDOW);
        let sent = self.typed.len().min(self.room);
        self.room -= sent;
        self.typed.drain(..sent).collect()
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{
        deployment::{Placed, Power, Status, WorkloadSpec},
        ids::{DeploymentId, Id as _, RunnerId},
        time::Millis,
        wire::ObservedReplica,
    };

    use super::*;

    fn seen(id: &str, ready: bool) -> ObservedReplica {
        ObservedReplica { id: id.to_owned(), release: 2, ready, restarts: 0 }
    }

    fn deployment(runners: &[(&str, &[ObservedReplica])]) -> Deployment {
        let placed = runners.iter().map(|(name, seen)| Placed {
            runner: RunnerId::from_parts(Millis(0), 1),
            name: name.parse().unwrap(),
            weight: 1,
            leaving: false,
            status: Status::Live { ready: 1 },
            seen: seen.to_vec(),
        });
        Deployment {
            id: DeploymentId::from_parts(Millis(0), 1),
            name: "web".parse().unwrap(),
            runners: placed.collect(),
            generation: 1,
            release: 2,
            power: Power::Running,
            replicas: 1,
            autoscale: None,
            spec: WorkloadSpec::of("nginx:1".parse().unwrap()),
            digest: None,
            url: None,
            status: Status::Live { ready: 1 },
            created_at: Millis(0),
            updated_at: Millis(0),
        }
    }

    #[test]
    fn there_is_nothing_to_choose_where_there_is_one_replica() {
        let places = places(&deployment(&[("home", &[seen("3f9a", true)])]));
        assert_eq!(places.len(), 1);
        let query = query(places.first(), vec!["sh".to_owned()], Size { columns: 80, rows: 24 });
        assert_eq!((query.runner, query.replica, query.columns), (None, None, Some(80)));
    }

    #[test]
    fn a_replica_is_asked_for_on_its_runner_and_one_that_is_gone_not_at_all() {
        let one = deployment(&[("home", &[seen("3f9a", true), seen("77b1", false)]), ("away", &[])]);
        let places = places(&one);
        let said: Vec<&str> = places.iter().map(|place| place.said.as_str()).collect();
        let wanted = [
            words::ANY,
            "Any on home",
            "Any on away",
            "3f9a on home, release 2",
            "77b1 on home, release 2, not ready",
        ];
        assert_eq!(said, wanted);
        let place = chosen(&places, "replica 77b1");
        assert_eq!(
            line("acme", "web", place, &split("sh -c 'ls | wc'").unwrap()),
            "patr exec web --workspace acme --runner home --replica 77b1 -- sh -c 'ls | wc'"
        );
        assert_eq!(chosen(&places, "replica 0000"), places.first());
        assert_eq!(
            line("acme", "web", chosen(&[], ""), &["sh".to_owned()]),
            "patr exec web --workspace acme -- sh"
        );
    }

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(split("echo 'a b' c\\ d").unwrap(), ["echo", "a b", "c d"]);
        assert_eq!((split("sh -c '"), split(" ")), (Err(words::NOT_CLOSED), Err(words::NO_WORD)));
    }

    #[test]
    fn an_end_says_what_it_means() {
        assert_eq!(ended(3), ("The command has ended with exit code 3.".to_owned(), None));
        assert_eq!(ended(127).1, Some(words::NO_PROGRAM));
        assert!(ended(137).0.contains("signal 9"));
        assert_eq!((lost(GOING_AWAY), lost(LOST)), (words::RUNNER_LOST, words::BROKE_OFF));
    }

    #[test]
    fn what_is_pasted_waits_until_the_command_has_taken_what_was_before() {
        let mut traffic = Traffic::default();
        assert_eq!(traffic.sends(b"ls", 0), b"ls");
        assert_eq!(traffic.sends(&vec![1; 2 * WINDOW], 0).len(), WINDOW - 2);
        assert_eq!(traffic.sends(b"later", 0), b"");
        assert_eq!(traffic.sends(&[], 10), [1; 10]);
        assert_eq!(traffic.sends(&[], WINDOW - 9).len(), WINDOW - 9);
        assert_eq!(traffic.sends(&[], WINDOW), [&[1][..], b"later"].concat());
    }
}
