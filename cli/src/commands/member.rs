//! `patr member`.

mod invitations;
mod invite;
mod list;
mod remove;
mod revoke_invitation;
mod set_roles;
mod show;

use patr_models::{member::Member, role::HeldRole};

use crate::{args::member::Member as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { member } => show::show(member, ctx).await,
        Args::SetRoles { member, roles } => set_roles::set_roles(member, roles, ctx).await,
        Args::Remove { member } => remove::remove(member, ctx).await,
        Args::Invite { roles, email, expires_in } => invite::invite(roles, email, expires_in, ctx).await,
        Args::Invitations(args) => invitations::invitations(&args, ctx).await,
        Args::RevokeInvitation { id } => revoke_invitation::revoke_invitation(id, ctx).await,
    }
}

/// The names of roles.
pub(super) fn names(roles: &[HeldRole]) -> String {
    let names = roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(" ");
    if names.is_empty() { "-".to_owned() } else { names }
}

fn fields(member: &Member) -> [(&'static str, String); 4] {
    [
        ("email", member.email.to_string()),
        ("roles", names(&member.roles)),
        ("id", member.user.to_string()),
        ("joined", text::time(member.joined_at)),
    ]
}
