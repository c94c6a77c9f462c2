//! `patr role delete`.

use patr_models::{
    endpoint::body::NoBody,
    ids::{Ref, RoleId},
    role::delete::{DeleteRole, Path},
};

use crate::{client::changing, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a role that nobody has.
pub(super) async fn delete(role: Ref<RoleId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, role: role.clone() };
    ctx.client.call(changing::<DeleteRole>(path, NoBody)).await?;
    ctx.printer.note(&format!("deleted the role `{role}`"));
    Ok(Exit::Ok)
}
