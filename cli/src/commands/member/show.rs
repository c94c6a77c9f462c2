//! `patr member show`.

use patr_models::member::{
    PersonRef,
    get::{GetMember, Path},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show somebody in the workspace.
pub(super) async fn show(member: PersonRef, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, member };
    let member = ctx.client.call(plain::<GetMember>(path)).await?.body.0;
    ctx.printer.item(&member, &fields(&member))?;
    Ok(Exit::Ok)
}
