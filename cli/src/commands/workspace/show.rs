//! `patr workspace show`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::get::{GetWorkspace, Path},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a workspace.
pub(super) async fn show(name: Option<Ref<WorkspaceId>>, ctx: &Context) -> Outcome {
    let workspace = name.map_or_else(|| ctx.workspace(), Ok)?;
    let workspace = ctx.client.call(plain::<GetWorkspace>(Path { workspace })).await?.body.0;
    ctx.printer.item(&workspace, &fields(&workspace))?;
    Ok(Exit::Ok)
}
