//! What the replicas of a deployment write, as they write it.

use std::collections::VecDeque;

use leptos::{html, prelude::*, task::spawn_local};
use patr_models::{
    deployment::logs::{LogLine, LogStream, Path, Query, ReadLogs},
    ids::Ref,
};

use super::one::Known;
use crate::{
    api::{Lines, Problem},
    browser,
    command::patr_in,
    here::Here,
    parts::{command::as_command, icon::icon, problem::problem_box},
    spec,
    text::deployments as words,
};

/// Most lines that are kept: a browser with more of them becomes slow.
const KEPT: usize = 2000;
/// Lines of each replica to begin with.
const TAIL: u32 = 200;

/// What is shown, and for which question.
#[derive(Clone, Copy)]
struct Log {
    lines: RwSignal<VecDeque<LogLine>>,
    problem: RwSignal<Option<Problem>>,
    /// Grows with each question: what still comes for an earlier one is not wanted.
    asked: RwSignal<u64>,
    is_following: RwSignal<bool>,
    search: RwSignal<String>,
}

pub(crate) fn show(here: Here, known: Known) -> impl IntoView {
    let log = Log {
        lines: RwSignal::new(VecDeque::new()),
        problem: RwSignal::new(None),
        asked: RwSignal::new(0),
        is_following: RwSignal::new(true),
        search: RwSignal::new(String::new()),
    };
    let path = {
        let id = known.id;
        move || untrack(|| here.workspace()).map(|workspace| Path { workspace, deployment: Ref::Id(id) })
    };
    Effect::new(move |_| {
        log.search.track();
        if log.is_following.get() {
            let number = log.asked.with_untracked(|asked| asked + 1);
            log.asked.set(number);
            spawn_local(log.follow(number, path()));
        } else {
            log.asked.update(|asked| *asked += 1);
        }
    });
    let name = known.name;
    let line = move || {
        let search = log.search.get_untracked();
        let flags: &[&str] = if search.is_empty() { &[] } else { &["--search", &search] };
        patr_in(&untrack(|| here.name()), &[&["logs", &name, "--follow"], flags].concat())
    };
    view! {
        <div class="filters">
            <label class="search">
                <span class="hidden">{words::SEARCH_LOG}</span> {icon("search")}
                <input type="search" placeholder=words::SEARCH_LOG on:change=move |event| log.search.set(event_target_value(&event))/>
            </label>
            <button aria-pressed=move || log.is_following.get().to_string() on:click=move |_| log.is_following.update(|it| *it = !*it)>
                {move || if log.is_following.get() { words::PAUSE } else { words::FOLLOW }}
            </button>
            {as_command(line)}
        </div>
        {move || log.problem.get().map(problem_box)}
        {log.view()}
    }
}

impl Log {
    /// Reads until another question is asked, or the view is gone.
    async fn follow(self, number: u64, path: Result<Path, Problem>) {
        self.lines.set(VecDeque::new());
        self.problem.set(None);
        let search = self.search.get_untracked();
        let query = Query {
            follow: true,
            tail: Some(TAIL),
            search: (!search.is_empty()).then_some(search),
            ..Query::default()
        };
        let ended = async {
            let mut answer = Lines::of::<ReadLogs>(path?, query).await?;
            while let Some(lines) = answer.next().await? {
                if !self.is_wanted(number) {
                    return Ok(());
                }
                self.add(&lines);
            }
            Err(Problem::saying(words::LOG_BROKE))
        };
        let ended = ended.await;
        if self.is_wanted(number) {
            self.problem.set(ended.err());
            self.is_following.set(false);
        }
    }

    fn is_wanted(self, number: u64) -> bool {
        self.asked.try_get_untracked() == Some(number)
    }

    fn add(self, lines: &[String]) {
        // What is no line of this API is of a newer one, and nothing that this page could show.
        let read = lines.iter().filter_map(|line| serde_json::from_slice::<LogLine>(line.as_bytes()).ok());
        self.lines.update(|kept| {
            kept.extend(read);
            // Replicas are read side by side, each in its own order.
            kept.make_contiguous().sort_by_key(|line| line.at);
            let over = kept.len().saturating_sub(KEPT);
            kept.drain(..over);
        });
    }

    fn view(self) -> impl IntoView {
        let frame = NodeRef::<html::Div>::new();
        // Whoever reads at the end stays at the end; whoever has scrolled up stays there.
        Effect::new(move |_| {
            self.lines.track();
            let Some(frame) = frame.get() else { return };
            let is_at_end = frame.scroll_height() - frame.scroll_top() - frame.client_height() < 60;
            if is_at_end {
                request_animation_frame(move || frame.set_scroll_top(frame.scroll_height()));
            }
        });
        view! {
            <div class="log" node_ref=frame tabindex="0" role="log" aria-label=words::LOG>
                {move || self.lines.with(|lines| {
                    if lines.is_empty() {
                        return view! { <p class="soft">{words::LOG_EMPTY}</p> }.into_any();
                    }
                    lines.iter().map(line).collect_view().into_any()
                })}
            </div>
        }
    }
}

fn line(line: &LogLine) -> impl IntoView + use<> {
    let class = if line.stream == LogStream::Stderr { "stderr" } else { "" };
    let title = format!("{} {}", line.replica, line.at);
    view! { <p class=class title=title><time>{browser::local_clock(line.at)}</time>{spec::visible(&line.text)}</p> }
}
