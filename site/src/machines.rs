//! Which runner a form begins with, and what is said of those that are not there.

use patr_models::runner::{Connection, Runner};

use crate::text::runners as words;

/// Runners to choose from: each by its name, with what has to be known of it.
pub fn options(runners: &[Runner]) -> Vec<(String, String)> {
    let said = |runner: &Runner| match runner.connection {
        Connection::Online { .. } => runner.name.to_string(),
        Connection::Offline { .. } => words::away(runner.name.as_str()),
        Connection::Never => words::never_there(runner.name.as_str()),
    };
    runners.iter().map(|runner| (runner.name.to_string(), said(runner))).collect()
}

/// The one that is wanted, else one that is there; none where there is none.
pub fn first(runners: &[Runner], wanted: Option<&str>) -> String {
    let is_wanted = |runner: &&Runner| wanted == Some(runner.name.as_str());
    let is_there = |runner: &&Runner| matches!(runner.connection, Connection::Online { .. });
    let of = |is: &dyn Fn(&&Runner) -> bool| runners.iter().find(|runner| is(runner));
    let first = of(&is_wanted).or_else(|| of(&is_there)).or_else(|| runners.first());
    first.map(|runner| runner.name.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use patr_models::{
        ids::{Id, RunnerId},
        runner::RuntimeKind,
        time::Millis,
    };

    use super::*;

    fn runner(name: &str, connection: Connection) -> Runner {
        Runner {
            id: RunnerId::from_parts(Millis(1), 1),
            name: name.parse().unwrap(),
            runtime: RuntimeKind::Docker,
            created_at: Millis(1),
            connection,
            health: None,
        }
    }

    fn online() -> Connection {
        Connection::Online { since: Millis(1), agent: String::new(), host: None, clock_skew_ms: 0 }
    }

    #[test]
    fn a_form_begins_with_the_runner_that_is_wanted_or_one_that_is_there() {
        let away = Connection::Offline { since: Millis(1) };
        let all = [runner("a", Connection::Never), runner("b", away), runner("c", online())];
        assert_eq!([first(&all, None), first(&all, Some("a")), first(&all, Some("gone"))], ["c", "a", "c"]);
        assert_eq!([first(&all[..2], None), first(&[], None)], ["a", ""]);
    }

    #[test]
    fn those_that_are_not_there_are_said_to_be() {
        let away = Connection::Offline { since: Millis(1) };
        let all = [runner("a", Connection::Never), runner("b", away), runner("c", online())];
        let said = options(&all);
        assert_eq!(said[0], ("a".to_owned(), "a (never connected)".to_owned()));
        assert_eq!([&*said[1].1, &*said[2].1], ["b (not connected)", "c"]);
    }
}
