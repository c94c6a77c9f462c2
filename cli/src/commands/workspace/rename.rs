//! `patr workspace rename`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    name::WorkspaceName,
    workspace::rename::{Body, Path, RenameWorkspace},
};

use super::fields;
use crate::{client::with_body, context::Context, exit_code::Exit, failure::Outcome};

/// Rename a workspace.
pub(super) async fn rename(workspace: Ref<WorkspaceId>, name: WorkspaceName, ctx: &Context) -> Outcome {
    let call = with_body::<RenameWorkspace, _>(Path { workspace }, Body { name });
    let workspace = ctx.client.call(call).await?.body.0;
    ctx.printer.item(&workspace, &fields(&workspace))?;
    Ok(Exit::Ok)
}
