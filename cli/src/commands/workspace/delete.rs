//! `patr workspace delete`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::{
        delete::{self, DeleteWorkspace},
        get::{self, GetWorkspace},
    },
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Delete an empty workspace, and forget it if it was the one in use.
pub(super) async fn delete(name: Ref<WorkspaceId>, ctx: &Context) -> Outcome {
    let get = plain::<GetWorkspace>(get::Path { workspace: name });
    let workspace = ctx.client.call(get).await?.body.0;
    ctx.client.call(plain::<DeleteWorkspace>(delete::Path { workspace: Ref::Id(workspace.id) })).await?;
    let names = [workspace.id.to_string(), workspace.name.to_string()];
    if ctx.chosen_workspace().is_some_and(|chosen| names.contains(&chosen.to_string())) {
        ctx.remember(None)?;
    }
    ctx.printer.note(&format!("deleted the workspace `{}`", workspace.name));
    Ok(Exit::Ok)
}
