//! `patr workspace delete`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::{
        delete::{self, DeleteWorkspace},
        get::{self, GetWorkspace},
    },
};

use crate::{client::plain, commands::proof::proved, context::Context, exit_code::Exit, failure::Outcome};

/// Delete an empty workspace, and forget it if it was the one in use.
pub(super) async fn delete(name: Ref<WorkspaceId>, ctx: &Context) -> Outcome {
    let get = plain::<GetWorkspace>(get::Path { workspace: name });
    let workspace = ctx.client.call(get).await?.body.0;
    let workspace_id = Ref::Id(workspace.id);
    proved(ctx, || plain::<DeleteWorkspace>(delete::Path { workspace: workspace_id.clone() })).await?;
    let names = [workspace.id.to_string(), workspace.name.to_string()];
    if ctx.chosen_workspace().is_some_and(|chosen| names.contains(&chosen.to_string())) {
        ctx.remember(None)?;
    }
    ctx.printer.note(&format!("deleted the workspace `{}`", workspace.name));
    Ok(Exit::Ok)
}
