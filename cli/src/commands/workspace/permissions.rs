//! `patr workspace permissions`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    workspace::permissions::{GetPermissions, Path},
};

use crate::{
    client::plain,
    commands::{member, role},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
};

/// Show what you may do in a workspace.
pub(super) async fn permissions(name: Option<Ref<WorkspaceId>>, ctx: &Context) -> Outcome {
    let workspace = name.map_or_else(|| ctx.workspace(), Ok)?;
    let mine = ctx.client.call(plain::<GetPermissions>(Path { workspace })).await?.body.0;
    let mut fields = vec![("roles", member::names(&mine.roles))];
    fields.extend(role::allowed(&mine.grants, ctx).await);
    ctx.printer.item(&mine, &fields)?;
    Ok(Exit::Ok)
}
