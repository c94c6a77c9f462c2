//! A new volume.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::{
    auth::Permission,
    endpoint::body::Created,
    runner::Runner,
    volume::create::{Body, CreateVolume, Path},
};

use crate::{
    api,
    command::patr_in,
    here::Here,
    machines,
    pages::runners,
    parts::{
        action::Action,
        form::{Field, field, select, submit},
        page::head_of,
    },
    place::{self, Section},
    spec::said,
    text::volumes as words,
};

/// What the choice of several writers is called in the form.
const SEVERAL: &str = "shared";

/// What is typed.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    runner: RwSignal<String>,
    writers: RwSignal<String>,
}

impl Form {
    fn read(self) -> Result<Body, String> {
        Ok(Body {
            name: self.name.get_untracked().trim().parse().map_err(said)?,
            runner: self.runner.get_untracked().parse().map_err(said)?,
            shared: self.is_shared(),
        })
    }

    fn is_shared(self) -> bool {
        self.writers.get_untracked() == SEVERAL
    }

    fn command(self, workspace: &str) -> String {
        let (name, runner) = (self.name.get_untracked(), self.runner.get_untracked());
        let shared: &[&str] = if self.is_shared() { &["--shared"] } else { &[] };
        patr_in(workspace, &[&["volume", "create", name.trim(), "--runner", &runner], shared].concat())
    }
}

pub(crate) fn new() -> impl IntoView {
    let here = Here::of_the_page();
    let runners = runners::known(here);
    view! {
        {head_of(here, Section::Volumes, words::NEW, ())}
        {runners.show(move |known| {
            runners::needed(here, Permission::VolumeCreate, &known, words::NO_RUNNER)
                .unwrap_or_else(|| form(here, &known).into_any())
        })}
    }
}

fn form(here: Here, runners: &[Runner]) -> impl IntoView + use<> {
    let form = Form {
        name: RwSignal::new(String::new()),
        runner: RwSignal::new(machines::first(runners, None)),
        writers: RwSignal::new(String::new()),
    };
    let (action, navigate) = (Action::new(), use_navigate());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body = match form.read() {
            Ok(body) => body,
            Err(problem) => return action.refuse(problem),
        };
        let (workspace, name, navigate) =
            (untrack(|| here.workspace()), untrack(|| here.name()), navigate.clone());
        let doing = async move { api::create::<CreateVolume, _>(Path { workspace: workspace? }, body).await };
        action.run(doing, move |Created(made)| {
            navigate(&place::one(Section::Volumes, &name, made.name.as_str()), NavigateOptions::default());
        });
    };
    let writers = vec![
        (String::new(), words::ONE_WRITER.to_owned()),
        (SEVERAL.to_owned(), words::SEVERAL_WRITERS.to_owned()),
    ];
    view! {
        <form class="card" on:submit=send>
            {field(words::NAME, words::NAME_HINT, form.name, Field::of("name", "data"))}
            <div class="pair">
                {select(words::RUNNER, "runner", machines::options(runners), form.runner)}
                {select(words::WRITERS, "writers", writers, form.writers)}
            </div>
            {submit(words::CREATE, action, move || form.command(&untrack(|| here.name())))}
        </form>
    }
}
