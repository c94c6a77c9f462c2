//! `patr workspace create`.

use patr_models::{
    ids::Ref,
    name::WorkspaceName,
    workspace::create::{Body, CreateWorkspace, Path},
};

use crate::{client::creating, context::Context, exit_code::Exit, failure::Outcome};

/// Make a workspace; work in it if no other is chosen.
pub(super) async fn create(name: WorkspaceName, ctx: &Context) -> Outcome {
    let workspace = ctx.client.call(creating::<CreateWorkspace, _>(Path {}, Body { name })).await?.body.0;
    ctx.printer.answer(&workspace, Some(workspace.name.as_str()))?;
    if ctx.chosen_workspace().is_none() {
        ctx.remember(Some(Ref::Id(workspace.id)))?;
        ctx.printer.note(&format!("made the workspace `{}` and work in it from now on", workspace.name));
    } else {
        ctx.printer.note(&format!("made the workspace `{}`", workspace.name));
        ctx.printer.hint(&format!("`patr workspace use {}` works in it", workspace.name));
    }
    Ok(Exit::Ok)
}
