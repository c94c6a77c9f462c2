//! The snapshots of a volume, and the way back to one.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::{Json, NoBody},
    ids::Ref,
    volume::{
        VolumeSnapshot,
        delete_snapshot::{self, DeleteSnapshot},
        list_snapshots::{ListSnapshots, Path},
        restore::{self, RestoreVolume},
    },
};

use super::one::{Copied, Known, Now, download, may_copy};
use crate::{
    api, browser, format,
    here::Here,
    parts::{
        action::Action,
        dialog::{Danger, Dialog, Picked, danger},
        id,
        list::{Listing, table},
        moment,
        notice::Notice,
    },
    text::volumes as words,
};

/// What is asked about one of them.
#[derive(Clone, Copy)]
struct Questions {
    restore: Picked<VolumeSnapshot>,
    copy: Copied,
    delete: Picked<VolumeSnapshot>,
}

pub(super) fn show(here: Here, known: Known, now: Now, copied: Copied) -> impl IntoView {
    let (listing, of) = (Listing::new(), known.id);
    let snapshots = listing.ask::<ListSnapshots, _>(here, &[ResourceType::Volume], move |workspace| Path {
        workspace,
        volume: Ref::Id(of),
    });
    let ask = Questions { restore: Picked::new(), copy: copied, delete: Picked::new() };
    let [of_rows, to_restore, to_delete] = std::array::from_fn(|_| known.clone());
    view! {
        <h2>{words::SNAPSHOTS}</h2>
        {here.may_on(Permission::VolumeEdit, &of).then(|| view! { <p class="soft">{words::SNAPSHOT_HINT}</p> })}
        {here.may_on(Permission::VolumeRead, &of).then(|| view! { <p class="soft">{words::DOWNLOAD_HINT}</p> })}
        {snapshots.show(move |page| listing.draw(
            page,
            || view! { <p class="soft">{words::SNAPSHOTS_NONE}</p> }.into_any(),
            |items| {
                let is_ready = now.is_ready.get();
                let rows = items.iter().map(|one| row(here, &of_rows, is_ready, one, ask)).collect();
                table(words::SNAPSHOTS, &words::SNAPSHOT_COLUMNS, rows).into_any()
            },
        ))}
        {ask.restore.view(move |one, dialog| restore(here, &to_restore, now, &one, dialog))}
        {ask.delete.view(move |one, dialog| delete(here, &to_delete, &one, dialog))}
    }
}

fn row(here: Here, known: &Known, is_ready: bool, one: &VolumeSnapshot, ask: Questions) -> Vec<AnyView> {
    let may = |permission| is_ready && here.may_on(permission, &known.id);
    let actions = view! {
        <span class="actions">
            {may(Permission::VolumeEdit).then(|| ask.restore.button("", words::RESTORE, one.clone()))}
            {is_ready.then(|| download(here, known, Some(one.id)))}
            {(is_ready && may_copy(here, &known.id)).then(|| ask.copy.button("", words::COPY, Some(one.clone())))}
            {may(Permission::VolumeDelete).then(|| ask.delete.button("danger", words::DELETE, one.clone()))}
        </span>
    };
    vec![
        id(one.id).into_any(),
        format::bytes(one.bytes).into_any(),
        moment(one.created_at).into_any(),
        actions.into_any(),
    ]
}

fn restore(
    here: Here,
    known: &Known,
    now: Now,
    one: &VolumeSnapshot,
    dialog: Dialog,
) -> impl IntoView + use<> {
    let (action, notice) = (Action::slow(words::RESTORE_WAITS), Notice::of_the_page());
    let (volume, snapshot) = (Ref::Id(known.id), one.id);
    let run = move || {
        let (workspace, volume) = (untrack(|| here.workspace()), volume.clone());
        let doing = async move {
            let path = restore::Path { workspace: workspace?, volume };
            api::call::<RestoreVolume>(path, Json(restore::Body { snapshot })).await
        };
        action.run(doing, move |_| {
            dialog.close();
            notice.say(words::RESTORED);
        });
    };
    let ask = Danger {
        title: words::restore_title(&known.name),
        says: words::restore_says(&browser::local_time(one.created_at), &untrack(|| now.users.get())),
        name: Some(known.name.clone()),
        button: words::RESTORE,
        command: known.command(here, "restore", &[snapshot.to_string()]),
    };
    danger(dialog, action, ask, run)
}

fn delete(here: Here, known: &Known, one: &VolumeSnapshot, dialog: Dialog) -> impl IntoView + use<> {
    let action = Action::slow(words::FORGET_WAITS);
    let (volume, snapshot) = (Ref::Id(known.id), one.id);
    let run = move || {
        let (workspace, volume) = (untrack(|| here.workspace()), volume.clone());
        let doing = async move {
            let path = delete_snapshot::Path { workspace: workspace?, volume, snapshot };
            api::call::<DeleteSnapshot>(path, NoBody).await
        };
        action.run(doing, move |_| dialog.close());
    };
    let ask = Danger {
        title: words::delete_snapshot_title(&browser::local_time(one.created_at)),
        says: words::DELETE_SNAPSHOT_SAYS.to_owned(),
        // As on the command line: the volume's.
        name: Some(known.name.clone()),
        button: words::DELETE,
        command: known.command(here, "delete-snapshot", &[snapshot.to_string()]),
    };
    danger(dialog, action, ask, run)
}
