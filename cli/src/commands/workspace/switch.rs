//! `patr workspace use`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::get::{GetWorkspace, Path},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Work in a workspace from now on. Its id is kept, so that a rename does not lose it.
pub(super) async fn switch(workspace: Ref<WorkspaceId>, ctx: &Context) -> Outcome {
    let workspace = ctx.client.call(plain::<GetWorkspace>(Path { workspace })).await?.body.0;
    ctx.remember(Some(Ref::Id(workspace.id)))?;
    ctx.printer.note(&format!("working in `{}` from now on", workspace.name));
    Ok(Exit::Ok)
}
