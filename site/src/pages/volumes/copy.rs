//! Another volume with the same contents.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::{
    endpoint::body::Created,
    ids::{Ref, SnapshotId},
    volume::{
        VolumeSnapshot,
        copy::{Body, CopyVolume, Path},
    },
};

use super::one::{Known, of_snapshot};
use crate::{
    api, browser,
    here::Here,
    machines,
    pages::runners,
    parts::{
        action::Action,
        dialog::Dialog,
        form::{Field, field, select, submit},
        notice::Notice,
    },
    place::{self, Section},
    spec::said,
    text::{shell, volumes as words},
};

/// What is typed.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    runner: RwSignal<String>,
    snapshot: Option<SnapshotId>,
}

impl Form {
    fn read(self) -> Result<Body, String> {
        Ok(Body {
            name: self.name.get_untracked().trim().parse().map_err(said)?,
            runner: Some(self.runner.get_untracked().parse().map_err(said)?),
            snapshot: self.snapshot,
        })
    }

    fn command(self, here: Here, known: &Known) -> String {
        let onto =
            [self.name.get_untracked().trim().to_owned(), "--runner".to_owned(), self.runner.get_untracked()];
        known.command(here, "copy", &[&onto[..], &of_snapshot(self.snapshot)].concat())
    }
}

/// Asks for what is to be made of the volume, or of a snapshot of it.
pub(super) fn ask(
    here: Here,
    known: &Known,
    snapshot: Option<VolumeSnapshot>,
    dialog: Dialog,
) -> impl IntoView + use<> {
    let (action, notice, navigate) = (Action::slow(words::COPY_WAITS), Notice::of_the_page(), use_navigate());
    let form = Form {
        name: RwSignal::new(String::new()),
        runner: RwSignal::new(known.runner.clone()),
        snapshot: snapshot.as_ref().map(|one| one.id),
    };
    let id = known.id;
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body = match form.read() {
            Ok(body) => body,
            Err(problem) => return action.refuse(problem),
        };
        let (workspace, name, navigate) =
            (untrack(|| here.workspace()), untrack(|| here.name()), navigate.clone());
        let doing = async move {
            api::create::<CopyVolume, _>(Path { workspace: workspace?, volume: Ref::Id(id) }, body).await
        };
        action.run(doing, move |Created(made)| {
            notice.say(words::COPIED);
            // Whoever has gone elsewhere meanwhile stays there.
            if form.name.try_get_untracked().is_some() {
                navigate(
                    &place::one(Section::Volumes, &name, made.name.as_str()),
                    NavigateOptions::default(),
                );
            }
        });
    };
    let runners = runners::known(here);
    let since = snapshot.map(|one| browser::local_time(one.created_at));
    let (of, of_runner) = (known.clone(), known.runner.clone());
    let inner = view! {
        <form on:submit=send>
            <p>{words::copy_says(since.as_deref())}</p>
            {field(words::COPY_NAME, words::NAME_HINT, form.name, Field::of("copy", "data-2"))}
            {runners.show(move |known| {
                form.runner.set(machines::first(&known, Some(&of_runner)));
                select(words::RUNNER, "runner", machines::options(&known), form.runner)
            })}
            {submit(words::COPY, action, move || form.command(here, &of))}
        </form>
        <button type="button" class="plain" on:click=move |_| dialog.close()>{shell::CANCEL}</button>
    };
    dialog.view(words::copy_title(&known.name), inner)
}
