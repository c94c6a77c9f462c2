//! `patr volume`.

mod copy;
mod create;
mod delete;
mod delete_snapshot;
mod download;
mod list;
mod restore;
mod show;
mod snapshot;
mod snapshots;

use patr_models::volume::{Volume, VolumeState};

use super::suggest;
use crate::{args::volume::Volume as Args, context::Context, exit_code::Exit, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Create { name, runner, shared } => create::create(name, runner, shared, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Delete { name, sure } => delete::delete(name, sure.yes, ctx).await,
        Args::Snapshot { name } => snapshot::snapshot(name, ctx).await,
        Args::Snapshots { name, page } => snapshots::snapshots(name, &page, ctx).await,
        Args::DeleteSnapshot { name, snapshot, sure } => {
            delete_snapshot::delete_snapshot(name, snapshot, sure.yes, ctx).await
        }
        Args::Restore { name, snapshot, sure } => restore::restore(name, snapshot, sure.yes, ctx).await,
        Args::Download { name, snapshot, to } => download::download(name, snapshot, to, ctx).await,
        Args::Copy { name, new_name, runner, snapshot } => {
            copy::copy(name, new_name, runner, snapshot, ctx).await
        }
    }
}

fn answer(volume: &Volume, ctx: &Context) -> Outcome {
    let fields = [
        ("name", volume.name.to_string()),
        ("id", volume.id.to_string()),
        ("state", state(volume)),
        ("runner", volume.runner_name.to_string()),
        ("size", text::or_dash(volume.bytes.map(text::bytes))),
        ("writers", if volume.shared { "several at a time" } else { "one at a time" }.to_owned()),
        ("used by", users(volume)),
        ("created", text::time(volume.created_at)),
    ];
    ctx.printer.item(volume, &fields)?;
    Ok(Exit::Ok)
}

fn state(volume: &Volume) -> String {
    match volume.state {
        VolumeState::Waiting => "waiting: its runner has not made it yet".to_owned(),
        VolumeState::Ready => "ready".to_owned(),
        VolumeState::Missing => "missing: its runner has lost it".to_owned(),
        VolumeState::Unknown { since } => format!("unknown since {}", text::time(since)),
    }
}

fn users(volume: &Volume) -> String {
    let names = volume.used_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if names.is_empty() { "-".to_owned() } else { names }
}
