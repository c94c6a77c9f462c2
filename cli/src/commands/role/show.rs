//! `patr role show`.

use patr_models::{
    ids::{Ref, RoleId},
    role::get::{GetRole, Path},
};

use super::print;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a role and what it allows.
pub(super) async fn show(role: Ref<RoleId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, role };
    let role = ctx.client.call(plain::<GetRole>(path)).await?.body.0;
    print(&role, ctx).await?;
    Ok(Exit::Ok)
}
