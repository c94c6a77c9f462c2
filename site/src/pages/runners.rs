//! Runners of a workspace.

mod add;
mod choice;
mod one;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    runner::{
        Connection, Runner,
        list::{ListRunners, Path},
    },
};

use crate::{
    here::Here,
    parts::{
        badge,
        list::{First, List, Listing},
        moment, name_of,
    },
    place::{self, Section},
    status,
    text::runners as words,
};
pub(crate) use add::add;
pub(crate) use choice::{known, needed};
pub(crate) use one::show;

const LIST: List = List {
    section: Section::Runners,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: Some(First {
        permission: Permission::RunnerCreate,
        label: words::ADD,
        line: &["runner", "add", "home"],
    }),
};

pub(crate) fn list() -> impl IntoView {
    let (here, listing) = (Here::of_the_page(), Listing::new());
    let runners =
        listing.ask::<ListRunners, _>(here, &[ResourceType::Runner], |workspace| Path { workspace });
    listing.view(here, LIST, runners, move |runner| row(here, runner))
}

fn row(here: Here, runner: &Runner) -> Vec<AnyView> {
    let name = runner.name.to_string();
    let (machine, since) = match &runner.connection {
        Connection::Never => (String::new(), None),
        Connection::Online { since, host, .. } => (host.clone().unwrap_or_default(), Some(*since)),
        Connection::Offline { since } => (String::new(), Some(*since)),
    };
    vec![
        name_of(place::one(Section::Runners, &here.name(), &name), name),
        badge(condition(runner)).into_any(),
        runner.runtime.as_str().into_any(),
        machine.into_any(),
        since.map(moment).into_any(),
    ]
}

/// How a runner is.
fn condition(runner: &Runner) -> status::Badge {
    let trouble = runner.health.as_ref().is_some_and(|health| health.trouble.is_some());
    status::of_runner(
        &runner.connection,
        trouble || runner.connection.runtime_away_since(runner.health.as_ref()).is_some(),
    )
}
