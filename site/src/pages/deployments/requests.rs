//! What a deployment was asked, as each request ends.

use std::time::Duration;

use leptos::prelude::*;
use patr_models::{
    deployment::{
        Deployment,
        requests::{Path, Query, ReadRequests, RequestLine},
    },
    ids::Ref,
    time::Millis,
};

use super::{
    follow::{Followed, Line, TAIL, open},
    one::Known,
};
use crate::{
    browser,
    command::patr_in,
    fresh::Fresh,
    here::Here,
    parts::{
        command::as_command,
        form::{search, select},
    },
    requests::{self, Filter},
    text::deployments as words,
};

/// What the choice of failed ones is called.
const FAILED: &str = "failed";

pub(crate) fn show(here: Here, deployment: Fresh<Deployment>, known: Known) -> impl IntoView {
    let (runner, text, status) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let id = known.id;
    let log = Followed::<RequestLine>::begin(move || {
        let path = untrack(|| here.workspace());
        let path = path.map(|workspace| Path { workspace, deployment: Ref::Id(id) });
        let runner = runner.get().parse().ok();
        open::<ReadRequests>(path, Query { follow: true, tail: Some(TAIL), runner })
    });
    let filter = Memo::new(move |_| Filter { text: text.get(), only_failed: status.get() == FAILED });
    let runners = Memo::new(move |_| {
        let placed = deployment.known().map(|one| one.runners).unwrap_or_default();
        placed.iter().map(|placed| placed.name.to_string()).collect::<Vec<_>>()
    });
    let line = move || {
        let runner = runner.get_untracked();
        let flags: &[&str] = if runner.is_empty() { &[] } else { &["--runner", &runner] };
        patr_in(&untrack(|| here.name()), &[&["logs", &known.name, "--requests", "--follow"], flags].concat())
    };
    let statuses = vec![
        (String::new(), words::ANY_STATUS.to_owned()),
        (FAILED.to_owned(), words::FAILED_STATUS.to_owned()),
    ];
    view! {
        <div class="filters">
            {search(words::SEARCH_REQUESTS, text)}
            {select(words::STATUS, "status", statuses, status)}
            {move || choice(runners.get(), runner)}
            {log.button()}
            {as_command(line)}
        </div>
        {log.view(words::TAB_REQUESTS, move |line| filter.with(|filter| filter.finds(line)).then(|| drawn(line)))}
    }
}

/// Which runner was asked, where there are several.
fn choice(runners: Vec<String>, chosen: RwSignal<String>) -> Option<impl IntoView> {
    let any = (String::new(), words::ANY_RUNNER.to_owned());
    (runners.len() > 1).then(|| {
        let each = runners.into_iter().map(|name| (name.clone(), name));
        select(words::RUNNER, "runner", std::iter::once(any).chain(each).collect(), chosen)
    })
}

impl Line for RequestLine {
    /// A request is told of when it has ended.
    fn made_at(&self) -> Millis {
        self.at + Duration::from_millis(self.total_ms.into())
    }
}

fn drawn(line: &RequestLine) -> AnyView {
    let missed = (line.missed > 0).then(|| view! { <p class="warning">{words::missed(line.missed)}</p> });
    let title = format!("{} {}", line.at, line.id.as_deref().unwrap_or_default());
    view! {
        {missed}
        <p title=title>
            <time>{browser::local_clock(line.at)}</time>
            <strong class=requests::tone(line).class()>{requests::status(line)}</strong>
            " " {requests::asked(line)} " " <small>{requests::details(line)}</small>
        </p>
    }
    .into_any()
}
