//! What the replicas of a deployment write, as they write it.

use leptos::prelude::*;
use patr_models::{
    deployment::logs::{LogLine, LogStream, Path, Query, ReadLogs},
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
    here::Here,
    parts::{command::as_command, icon::icon},
    spec,
    text::deployments as words,
};

pub(crate) fn show(here: Here, known: Known) -> impl IntoView {
    let searched = RwSignal::new(String::new());
    let id = known.id;
    let log = Followed::<LogLine>::begin(move || {
        let path = untrack(|| here.workspace());
        let path = path.map(|workspace| Path { workspace, deployment: Ref::Id(id) });
        let search = Some(searched.get()).filter(|search| !search.is_empty());
        open::<ReadLogs>(path, Query { follow: true, tail: Some(TAIL), search, ..Query::default() })
    });
    let line = move || {
        let search = searched.get_untracked();
        let flags: &[&str] = if search.is_empty() { &[] } else { &["--search", &search] };
        patr_in(&untrack(|| here.name()), &[&["logs", &known.name, "--follow"], flags].concat())
    };
    view! {
        <div class="filters">
            <label class="search">
                <span class="hidden">{words::SEARCH_LOG}</span> {icon("search")}
                <input type="search" placeholder=words::SEARCH_LOG on:change=move |event| searched.set(event_target_value(&event))/>
            </label>
            {log.button()}
            {as_command(line)}
        </div>
        {log.view(words::LOG, |line| Some(drawn(line)))}
    }
}

impl Line for LogLine {
    fn made_at(&self) -> Millis {
        self.at
    }
}

fn drawn(line: &LogLine) -> AnyView {
    let class = if line.stream == LogStream::Stderr { "stderr" } else { "" };
    let title = format!("{} {}", line.replica, line.at);
    view! { <p class=class title=title><time>{browser::local_clock(line.at)}</time>{spec::visible(&line.text)}</p> }
        .into_any()
}
