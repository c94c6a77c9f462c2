//! People in workspaces.

use std::collections::BTreeSet;

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    ids::UserId,
    limits::MEMBER_ROLES_MAX,
    member::{
        Member as Model, PersonRef,
        get::GetMember,
        list::ListMembers,
        remove::{self, RemoveMember},
        set_roles::{self, SetMemberRoles},
    },
    role::RoleKey,
};

use super::{
    absent, check_cursor,
    deployments::TRIES,
    giving::{More, Ungiven, find_all, statements},
    page,
};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        members::{self as db, Row},
        users::Count,
    },
};

impl From<Ungiven> for Failure<SetMemberRoles> {
    fn from(ungiven: Ungiven) -> Self {
        use set_roles::Error;
        Self::Api(match ungiven {
            Ungiven::NotFound(role) => Error::RoleNotFound { role },
            Ungiven::None => Error::NoRole,
            Ungiven::TooMany => Error::TooManyRoles { max: MEMBER_ROLES_MAX },
            Ungiven::More(More { role, permission }) => Error::MoreThanYours { role, permission },
            Ungiven::Refused(refused) => return refused.into(),
        })
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListMembers>) -> Answer<ListMembers> {
    check_cursor::<UserId>(&call.query)?;
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.user_id.to_string(), Model::from))))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetMember>) -> Answer<GetMember> {
    Ok(Reply::new(Json(find(ctx, &caller, &call.path.member).await?.into())))
}

async fn find(ctx: &Ctx, caller: &Member, person: &PersonRef) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, person)).await?;
    Ok(row.ok_or_else(|| absent("member", person))?)
}

pub(crate) async fn set_roles(
    ctx: &Ctx,
    caller: Member,
    call: Call<SetMemberRoles>,
) -> Answer<SetMemberRoles> {
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.member).await?;
        let found = find_all(ctx, &caller, &call.body.0.roles).await?;
        let given = found.iter().filter(|found| !row.held.iter().any(|held| held.key == found.key));
        let taken = row.held.iter().filter(|held| !found.iter().any(|found| found.key == held.key));
        given.clone().try_for_each(|found| found.check(&caller)).map_err(Ungiven::from)?;
        taken.clone().try_for_each(|held| held.check(&caller)).map_err(Ungiven::from)?;
        if given.count() + taken.count() == 0 {
            return Ok(Reply::new(Json(row.into())));
        }
        let (mut all, roles) = statements(&found);
        let stays_owner = found.iter().any(|found| found.is_owner());
        if row.is_owner() && !stays_owner && is_last_owner(ctx, &caller, row.user_id).await? {
            return Err(Failure::Api(set_roles::Error::LastOwner));
        }
        all.extend(db::set_roles(caller.workspace, row.user_id, &roles));
        let had: BTreeSet<RoleKey> = row.held.iter().map(|held| held.key).collect();
        let has: BTreeSet<RoleKey> = found.iter().map(|found| found.key).collect();
        let what = audited::<SetMemberRoles>(row.user_id, row.email.as_str());
        let what = what.changing("roles", &had, &has);
        match ctx.write(&caller, what, all).await {
            // The member, a role or the only other owner has changed or gone meanwhile.
            Err(DbError::Stale | DbError::Reference) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(Json(find(ctx, &caller, &row.user_id.into()).await?.into())));
    }
    Err(DbError::Stale.into())
}

pub(crate) async fn remove(ctx: &Ctx, caller: Member, call: Call<RemoveMember>) -> Answer<RemoveMember> {
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.member).await?;
        if let Err(More { role, permission }) = row.held.iter().try_for_each(|held| held.check(&caller)) {
            return Err(Failure::Api(remove::Error::MoreThanYours { role, permission }));
        }
        if row.is_owner() && is_last_owner(ctx, &caller, row.user_id).await? {
            return Err(Failure::Api(remove::Error::LastOwner));
        }
        let all = db::remove(caller.workspace, row.user_id).to_vec();
        let roles: Vec<RoleKey> = row.held.iter().map(|held| held.key).collect();
        let what = audited::<RemoveMember>(row.user_id, row.email.as_str()).without("roles", &roles);
        match ctx.write(&caller, what, all).await {
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

/// Whether a workspace would have no owner without somebody who is one.
pub(super) async fn is_last_owner(ctx: &Ctx, caller: &Member, user: UserId) -> Result<bool, DbError> {
    let others: Option<Count> = ctx.db.optional(db::other_owners(caller.workspace, user)).await?;
    Ok(others.is_none_or(|others| others.count == 0))
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod tests;
