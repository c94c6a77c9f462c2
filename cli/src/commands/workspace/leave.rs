//! `patr workspace leave`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::{
        leave::{self, LeaveWorkspace},
        list::{self, ListWorkspaces},
    },
};

use crate::{
    client::{self, plain},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
};

/// Leave a workspace, and forget it if it was the one in use.
pub(super) async fn leave(name: Ref<WorkspaceId>, ctx: &Context) -> Outcome {
    // A role need not allow to look at the workspace, so it is looked for in the list.
    let all = client::list::<ListWorkspaces, _>(&ctx.client, list::Path {}, Default::default(), usize::MAX);
    let is_meant = |id: &WorkspaceId, known: &str| match &name {
        Ref::Id(given) => given == id,
        Ref::Name(given) => given.as_str() == known,
    };
    let all = all.await?.items;
    let names = all.iter().find(|one| is_meant(&one.id, one.name.as_str()));
    let names = names.map(|one| [one.id.to_string(), one.name.to_string()]).unwrap_or_default();
    ctx.client.call(plain::<LeaveWorkspace>(leave::Path { workspace: name.clone() })).await?;
    if ctx.chosen_workspace().is_some_and(|chosen| names.contains(&chosen.to_string())) {
        ctx.remember(None)?;
    }
    ctx.printer.note(&format!("left the workspace `{name}`"));
    Ok(Exit::Ok)
}
