//! `patr member remove`.

use patr_models::member::{
    PersonRef,
    remove::{Path, RemoveMember},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Take somebody out of the workspace.
pub(super) async fn remove(member: PersonRef, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, member: member.clone() };
    ctx.client.call(plain::<RemoveMember>(path)).await?;
    ctx.printer.note(&format!("removed `{member}`, whose next request is refused"));
    Ok(Exit::Ok)
}
