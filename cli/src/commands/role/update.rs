//! `patr role update`.

use patr_models::{
    endpoint::body::Json,
    ids::{Ref, RoleId},
    name::Name,
    role::update::{Body, Path, UpdateRole},
};

use super::{print, resources};
use crate::{
    args::grants::GrantArgs,
    client::changing,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// Change a role.
pub(super) async fn update(
    role: Ref<RoleId>,
    name: Option<Name>,
    grants: &GrantArgs,
    ctx: &Context,
) -> Outcome {
    if name.is_none() && grants.allowed.is_empty() {
        return Err(Failure::usage("say what is to change: `--rename` or `--allow`").into());
    }
    let wanted = resources::grants(grants, ctx).await?;
    let body = Body { name, grants: (!wanted.is_empty()).then_some(wanted) };
    let path = Path { workspace: ctx.workspace()?, role };
    let role = ctx.client.call(changing::<UpdateRole>(path, Json(body))).await?.body.0;
    print(&role, ctx).await?;
    Ok(Exit::Ok)
}
