//! `patr member revoke-invitation`.

use patr_models::{
    ids::InvitationId,
    invitation::revoke::{Path, RevokeInvitation},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Revoke an invitation that has not been used.
pub(super) async fn revoke_invitation(invitation: InvitationId, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, invitation };
    ctx.client.call(plain::<RevokeInvitation>(path)).await?;
    ctx.printer.note(&format!("revoked the invitation `{invitation}`"));
    Ok(Exit::Ok)
}
