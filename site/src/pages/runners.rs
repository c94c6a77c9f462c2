//! Runners of a workspace.

mod add;
mod one;

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    runner::{
        Connection, Runner,
        list::{ListRunners, Path},
    },
};

use crate::{
    api,
    command::patr_in,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        badge,
        list::{Listing, empty, table},
        moment, name_of,
        page::head,
    },
    place::{self, Section},
    status,
    text::{runners as words, shell},
};
pub(crate) use add::add;
pub(crate) use one::show;

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let runners = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListRunners, _>(Path { workspace: workspace? }, &name, pages).await
        })
    });
    view! {
        {head(shell::section(Section::Runners), move || here.may(Permission::RunnerCreate).then(|| view! {
            <a class="button primary" href=place::new(Section::Runners, &here.name())>{words::ADD}</a>
        }))}
        {listing.search(words::SEARCH)}
        {runners.show(move |page| listing.draw(
            page,
            || {
                let line = here.may(Permission::RunnerCreate).then(|| patr_in(&here.name(), &["runner", "add", "home"]));
                empty(words::EMPTY, words::EMPTY_SAYS, line).into_any()
            },
            |items| table(shell::section(Section::Runners), &words::COLUMNS, items.iter().map(|runner| row(here, runner)).collect()).into_any(),
        ))}
    }
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
