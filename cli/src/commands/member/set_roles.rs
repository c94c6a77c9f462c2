//! `patr member set-roles`.

use patr_models::{
    ids::{Ref, RoleId},
    member::{
        PersonRef,
        set_roles::{Body, Path, SetMemberRoles},
    },
};

use super::fields;
use crate::{client::with_body, context::Context, exit_code::Exit, failure::Outcome};

/// Say which roles somebody has.
pub(super) async fn set_roles(member: PersonRef, roles: Vec<Ref<RoleId>>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, member };
    let call = with_body::<SetMemberRoles, _>(path, Body { roles });
    let member = ctx.client.call(call).await?.body.0;
    ctx.printer.item(&member, &fields(&member))?;
    Ok(Exit::Ok)
}
