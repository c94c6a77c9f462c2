//! One volume: what is known of it, and what can be done with all that is in it.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    endpoint::body::NoBody,
    ids::{Ref, SnapshotId, VolumeId},
    volume::{
        Volume, VolumeSnapshot, VolumeState,
        archive::{self, ReadVolume},
        create_snapshot::{self, CreateSnapshot},
        delete::{self, DeleteVolume},
        get::{GetVolume, Path},
    },
};

use super::{DEPENDS_ON, copy, runner, snapshots, users};
use crate::{
    api,
    command::patr_in,
    format,
    fresh::Fresh,
    here::Here,
    parts::{
        action::Action,
        badge,
        command::copy_line,
        dialog::{self, Danger, Dialog, Picked},
        facts, id, moment,
        notice::Notice,
        page::{head_of, of_address},
    },
    place::Section,
    status,
    text::volumes as words,
};

/// What never changes of a volume while it is looked at: a question that is open stays open while it is measured.
#[derive(Clone, PartialEq)]
pub(super) struct Known {
    pub(super) id: VolumeId,
    pub(super) name: String,
    pub(super) runner: String,
}

impl Known {
    /// A command about it.
    pub(super) fn command(&self, here: Here, verb: &str, rest: &[String]) -> String {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        patr_in(&untrack(|| here.name()), &[&["volume", verb, &self.name], &*rest].concat())
    }
}

/// The flag for a snapshot, where it is about one.
pub(super) fn of_snapshot(snapshot: Option<SnapshotId>) -> Vec<String> {
    snapshot.map(|id| vec!["--snapshot".to_owned(), id.to_string()]).unwrap_or_default()
}

/// What changes, and matters to what can be done.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) is_ready: Memo<bool>,
    /// Who mounts it, as in a sentence.
    pub(super) users: Memo<String>,
}

impl Now {
    fn of(volume: Fresh<Volume>) -> Self {
        let is_ready =
            move |_: Option<&bool>| volume.known().is_some_and(|one| one.state == VolumeState::Ready);
        let users = move |_: Option<&String>| {
            let names = volume.known().map(|one| one.used_by).unwrap_or_default();
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        Self { is_ready: Memo::new(is_ready), users: Memo::new(users) }
    }
}

pub(crate) fn show() -> impl IntoView {
    let here = Here::of_the_page();
    let name = of_address("name");
    let volume =
        here.one::<GetVolume, _, _>(name, DEPENDS_ON, |workspace, volume| Path { workspace, volume });
    let known = Memo::new(move |_| {
        volume.known().map(|one| Known {
            id: one.id,
            name: one.name.to_string(),
            runner: one.runner_name.to_string(),
        })
    });
    let (now, copied) = (Now::of(volume), Picked::new());
    view! {
        {move || head_of(here, Section::Volumes, name.get(), move || known.get().map(|known| actions(here, known, now, copied)))}
        {volume.show(move |one| about(here, &one))}
        {move || known.get().map(|known| snapshots::show(here, known, now, copied))}
    }
}

fn about(here: Here, one: &Volume) -> impl IntoView + use<> {
    let used =
        if one.used_by.is_empty() { words::NOBODY.into_any() } else { users(here, &one.used_by).into_any() };
    let size = one.bytes.map_or_else(|| words::NOT_MEASURED.to_owned(), format::bytes);
    let writers = if one.shared { words::SEVERAL_WRITERS } else { words::ONE_WRITER };
    let said = status::of_volume(one.state);
    let cause = status::volume_cause(one.state);
    let rows = vec![
        (
            words::STATUS,
            view! { {badge(said)} {cause.map(|cause| view! { <div class="soft">{cause}</div> })} }.into_any(),
        ),
        (words::RUNNER, runner(here, one)),
        (words::SIZE, size.into_any()),
        (words::USED_BY, used),
        (words::WRITERS, writers.into_any()),
        (words::MADE, moment(one.created_at).into_any()),
        (words::ID, id(one.id).into_any()),
    ];
    view! { <section class="card">{facts(rows)}</section> }
}

/// What is about to be copied: a snapshot, or what is in the volume now.
pub(super) type Copied = Picked<Option<VolumeSnapshot>>;

fn actions(here: Here, known: Known, now: Now, copied: Copied) -> impl IntoView {
    let (snapshot, id) = (Action::slow(words::SNAPSHOT_WAITS), known.id);
    let of_contents = {
        let known = known.clone();
        // What is not there, or out of reach, is neither read nor copied; the facts say why.
        move || {
            now.is_ready.get().then(|| {
                view! {
                    {here.may_on(Permission::VolumeEdit, &id).then(|| take(here, &known, snapshot))}
                    {download(here, &known, None)}
                    {may_copy(here, &id).then(|| copied.button("", words::COPY, None))}
                }
            })
        }
    };
    view! {
        {of_contents}
        {here.may_on(Permission::VolumeDelete, &id).then(|| end(here, &known, now))}
        {copied.view(move |of, dialog| copy::ask(here, &known, of, dialog))}
        <div class="wide">{snapshot.problem()}</div>
    }
}

/// Whether the caller may have another volume with what is in this one.
pub(super) fn may_copy(here: Here, id: &VolumeId) -> bool {
    here.may(Permission::VolumeCreate)
        && here.may(Permission::RunnerView)
        && here.may_on(Permission::VolumeRead, id)
}

fn take(here: Here, known: &Known, action: Action) -> impl IntoView + use<> {
    let (notice, id) = (Notice::of_the_page(), known.id);
    let run = move |_| {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = create_snapshot::Path { workspace: workspace?, volume: Ref::Id(id) };
            api::make::<CreateSnapshot>(path, NoBody).await
        };
        action.run(doing, move |_| notice.say(words::SNAPSHOT_MADE));
    };
    view! {
        <span class="actions">
            <button disabled=move || action.is_busy() on:click=run>{words::SNAPSHOT}</button>
            {copy_line(known.command(here, "snapshot", &[]))}
        </span>
    }
}

/// What the browser downloads by itself: the archive is streamed into a file, however large it is.
pub(super) fn download(
    here: Here,
    known: &Known,
    snapshot: Option<SnapshotId>,
) -> Option<impl IntoView + use<>> {
    let id = known.id;
    let address = untrack(|| here.workspace()).and_then(|workspace| {
        let path = archive::Path { workspace, volume: Ref::Id(id) };
        api::address::<ReadVolume>(path, archive::Query { snapshot })
    });
    let address = address.ok().filter(|_| here.may_on(Permission::VolumeRead, &id))?;
    let file = format!("{}.tar", known.name);
    let line =
        known.command(here, "download", &[&*of_snapshot(snapshot), &["--to".to_owned(), file]].concat());
    Some(view! {
        <span class="actions">
            <a class="button" href=address download="">{words::DOWNLOAD}</a>
            {copy_line(line)}
        </span>
    })
}

fn end(here: Here, known: &Known, now: Now) -> impl IntoView + use<> {
    let (dialog, id) = (Dialog::new(), known.id);
    let known = known.clone();
    let ask = move || {
        let ask = Danger {
            title: words::delete_title(&known.name),
            says: words::delete_says(&now.users.get()),
            name: Some(known.name.clone()),
            button: words::DELETE,
            command: known.command(here, "delete", &[]),
        };
        dialog::end(here, Section::Volumes, dialog, ask, move |workspace| {
            api::call::<DeleteVolume>(delete::Path { workspace, volume: Ref::Id(id) }, NoBody)
        })
    };
    view! {
        <button class="danger" on:click=move |_| dialog.open()>{words::DELETE}</button>
        {ask}
    }
}
