//! What somebody may do in a workspace, and the check of it that every endpoint about one goes through.
//!
//! ```text
//!  person ──▶ member of the workspace? ──▶ permission held? ──▶ for all, or for what the path names? ──▶ handler
//!     401            404                        403                 404 if it may not be seen, else 403
//! ```
//!
//! Nothing is remembered from one request to the next: a role that is changed or taken away counts at once.

use http::request::Parts;
use patr_models::{
    auth::{self, Access, Permission, Scope},
    endpoint::{ApiEndpoint, path::PathParams},
    error::Common,
    ids::{Ref, SessionId, TokenId, UserId, WorkspaceId},
    name::WorkspaceName,
    role::{BuiltIn, HeldRole},
};

use super::{Actor, Person, Scheme, person};
use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    db::{
        resources,
        workspaces::{Membership, membership},
    },
    handlers::absent,
};

/// A person in a workspace, with the declared permission.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) person: Person,
    pub(crate) workspace: WorkspaceId,
    pub(crate) workspace_name: WorkspaceName,
    pub(crate) roles: Vec<HeldRole>,
    /// What the roles allow, less what the token leaves out.
    pub(crate) access: Access,
}

impl Member {
    /// The resources that somebody has a permission for.
    pub(crate) fn scope(&self, permission: Permission) -> &Scope {
        self.access.scope(permission)
    }

    /// Whether somebody may do this with a resource, by its id.
    pub(crate) fn may(&self, permission: Permission, resource: &impl ToString) -> bool {
        self.access.allows_on(permission, &resource.to_string())
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role.id.is_none() && role.name.as_str() == BuiltIn::Owner.as_str())
    }

    /// Refuses somebody who may not do this anywhere.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), Common> {
        if self.access.allows(permission) { Ok(()) } else { Err(self.forbidden(permission)) }
    }

    /// Refuses somebody who may not do this with a resource: as if it were not there, if it may not even be seen.
    pub(crate) fn require_on(
        &self,
        permission: Permission,
        resource: &impl ToString,
        name: &str,
    ) -> Result<(), Common> {
        let kind = permission.resource_type();
        if self.may(permission, resource) {
            return Ok(());
        }
        if !self.may(kind.view(), resource) {
            return Err(absent(kind.noun(), name));
        }
        let place = format!("for the {} `{name}`", kind.noun());
        Err(Common::Forbidden { permission: permission.as_str().to_owned(), place })
    }

    fn forbidden(&self, permission: Permission) -> Common {
        let place = format!("in the workspace `{}`", self.workspace_name);
        Common::Forbidden { permission: permission.as_str().to_owned(), place }
    }
}

impl Actor for Member {
    fn user(&self) -> Option<UserId> {
        self.person.user()
    }
    fn token(&self) -> Option<TokenId> {
        self.person.token()
    }
    fn session(&self) -> Option<SessionId> {
        self.person.session()
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        Some(self.workspace)
    }
}

impl Scheme for auth::Member {
    type Caller = Member;
    async fn identify<E: ApiEndpoint>(
        ctx: &Ctx,
        parts: &Parts,
        params: &[String],
    ) -> Result<Member, Refused> {
        let person = person(ctx, parts).await?;
        let permission = E::PERMISSION.ok_or_else(|| Fault::new("a member endpoint has a permission"))?;
        let member = enter(ctx, person, param::<E>(params, "workspace").unwrap_or_default()).await?;
        member.require(permission)?;
        let named = param::<E>(params, permission.resource_type().as_str());
        if let Some(named) = named.filter(|_| permission.is_per_resource()) {
            check_scope(ctx, &member, permission, named).await?;
        }
        Ok(member)
    }
    fn user(caller: &Member) -> Option<UserId> {
        caller.user()
    }
}

/// A value of the path as it was sent.
fn param<'a, E: ApiEndpoint>(params: &'a [String], name: &str) -> Option<&'a str> {
    let at = E::Path::NAMES.iter().position(|&known| known == name)?;
    params.get(at).map(String::as_str)
}

/// A person in the workspace of this name or id. To whom it does not concern there is none.
pub(crate) async fn enter(ctx: &Ctx, person: Person, workspace: &str) -> Result<Member, Refused> {
    let absent = || absent("workspace", workspace);
    let reference: Ref<WorkspaceId> = workspace.parse().map_err(|_| absent())?;
    let found: Option<Membership> = ctx.db.optional(membership(person.user, &reference)).await?;
    let found = found.ok_or_else(absent)?;
    let access = person.narrowed(found.id, found.access()).ok_or_else(absent)?;
    let roles = found.roles();
    Ok(Member { person, workspace: found.id, workspace_name: found.name, roles, access })
}

/// Holds the caller to the resources that the permission is for. Scopes know ids, so the name in the path is looked up;
/// but not for the many who have the permission for all.
async fn check_scope(ctx: &Ctx, member: &Member, permission: Permission, named: &str) -> Result<(), Refused> {
    if *member.scope(permission) == Scope::All {
        return Ok(());
    }
    let kind = permission.resource_type();
    let id = match resources::id(kind, member.workspace, named) {
        Some(statement) => ctx.db.optional::<resources::Id>(statement).await?.map(|row| row.id),
        // Known by its name alone, be it there or not.
        None => Some(named.to_owned()),
    };
    let id = id.ok_or_else(|| absent(kind.noun(), named))?;
    Ok(member.require_on(permission, &id, named)?)
}

#[cfg(test)]
#[path = "member_tests.rs"]
mod tests;
