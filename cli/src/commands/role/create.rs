//! `patr role create`.

use patr_models::{
    name::Name,
    role::create::{Body, CreateRole, Path},
};

use super::{print, resources};
use crate::{args::grants::GrantArgs, client::creating, context::Context, exit_code::Exit, failure::Outcome};

/// Make a role.
pub(super) async fn create(name: Name, grants: &GrantArgs, ctx: &Context) -> Outcome {
    let grants = resources::grants(grants, ctx).await?;
    let path = Path { workspace: ctx.workspace()? };
    let role = ctx.client.call(creating::<CreateRole, _>(path, Body { name, grants })).await?.body.0;
    print(&role, ctx).await?;
    ctx.printer.hint(&format!("give it: `patr member set-roles ADDRESS {}`", role.role.name));
    Ok(Exit::Ok)
}
