//! Links with which people become members.
//!
//! A link is as good as whoever made it: it opens nothing that they may not give any more.

use std::time::Duration;

use patr_models::{
    auth::{Access, Permission, prefix},
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{InvitationId, TokenId, UserId, WorkspaceId},
    invitation::{
        Invitation,
        accept::{self, AcceptInvitation},
        create::{self, CreateInvitation, LASTS_S, LASTS_S_MAX, NewInvitation},
        list::ListInvitations,
        revoke::RevokeInvitation,
        sign_up::{self, Joined, SignUpByInvitation},
    },
    limits::{MEMBER_ROLES_MAX, WORKSPACE_INVITATIONS_MAX},
    member::PersonRef,
    role::RoleKey,
    user::User,
    workspace::Workspace,
};

use super::{
    absent,
    account::verification,
    check_cursor,
    giving::{More, Ungiven, find_all, statements},
    page, users,
};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::{self, Actor, Member, Person},
    ctx::{Ctx, audited, new_secret},
    db::{
        DbError, Statement,
        invitations::{self as db, Row},
        members,
        roles::Held,
        users::{self as accounts, Count},
        workspaces,
    },
};

impl From<Ungiven> for Failure<CreateInvitation> {
    fn from(ungiven: Ungiven) -> Self {
        use create::Error;
        Self::Api(match ungiven {
            Ungiven::NotFound(role) => Error::RoleNotFound { role },
            Ungiven::None => Error::NoRole,
            Ungiven::TooMany => Error::TooManyRoles { max: MEMBER_ROLES_MAX },
            Ungiven::More(More { role, permission }) => Error::MoreThanYours { role, permission },
            Ungiven::Refused(refused) => return refused.into(),
        })
    }
}

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Member,
    call: Call<CreateInvitation>,
) -> Answer<CreateInvitation> {
    let create::Body { roles, email, lasts_s } = call.body.0;
    let lasts = lasts_s.unwrap_or(LASTS_S);
    if !(1..=LASTS_S_MAX).contains(&lasts) {
        return Err(Failure::Api(create::Error::Lasts { max: LASTS_S_MAX }));
    }
    let found = find_all(ctx, &caller, &roles).await?;
    found.iter().try_for_each(|found| found.check(&caller)).map_err(Ungiven::from)?;
    if let Some(email) = &email {
        let member = members::get(caller.workspace, &PersonRef::Email(email.clone()));
        if ctx.db.optional::<members::Row>(member).await?.is_some() {
            return Err(Failure::Api(create::Error::AlreadyMember { email: email.clone() }));
        }
    }
    let count: Option<Count> = ctx.db.optional(db::count(caller.workspace)).await?;
    if count.is_some_and(|count| count.count >= WORKSPACE_INVITATIONS_MAX as u64) {
        return Err(Failure::Api(create::Error::TooManyInvitations { max: WORKSPACE_INVITATIONS_MAX }));
    }
    let id: InvitationId = ctx.id()?;
    let secret = new_secret(prefix::INVITATION)?;
    ctx.repeat_with(&create::Error::AlreadyMade { id });
    let (mut all, roles) = statements(&found);
    all.extend(db::insert(&db::New {
        id,
        workspace: caller.workspace,
        hash: &auth::hash(&secret),
        email: email.as_ref(),
        roles: &roles,
        by: caller.person.user,
        now: ctx.now,
        expires_at: ctx.now + Duration::from_secs(lasts.into()),
    }));
    let whose = email.as_ref().map_or("", |email| email.as_str());
    let keys: Vec<RoleKey> = found.iter().map(|found| found.key).collect();
    let what = audited::<CreateInvitation>(id, whose).with("email", &email).with("roles", &keys);
    ctx.write(&caller, what, all).await?;
    let link = format!("{}{}#{secret}", ctx.settings.control_url(), super::JOIN);
    let invitation = find(ctx, &caller, id).await?.into();
    Ok(Reply::new(Created(NewInvitation { invitation, link })))
}

async fn find(ctx: &Ctx, caller: &Member, id: InvitationId) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, id)).await?;
    Ok(row.ok_or_else(|| absent("invitation", id))?)
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListInvitations>) -> Answer<ListInvitations> {
    check_cursor::<InvitationId>(&call.query)?;
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, ctx.now, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Invitation::from))))
}

pub(crate) async fn revoke(
    ctx: &Ctx,
    caller: Member,
    call: Call<RevokeInvitation>,
) -> Answer<RevokeInvitation> {
    let row = find(ctx, &caller, call.path.invitation).await?;
    let whose = row.email.as_ref().map_or("", |email| email.as_str());
    match ctx.write(&caller, audited::<RevokeInvitation>(row.id, whose), db::delete(row.id).to_vec()).await {
        // It was used, or revoked by somebody else, meanwhile.
        Err(DbError::Stale) => Err(absent("invitation", row.id).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

pub(crate) async fn accept(
    ctx: &Ctx,
    caller: Person,
    call: Call<AcceptInvitation>,
) -> Answer<AcceptInvitation> {
    if caller.token.is_some() {
        return Err(Failure::Api(accept::Error::LoginNeeded));
    }
    let not_good = || Failure::Api(accept::Error::NotGood);
    let row = good(ctx, &call.body.0.invitation).await?.ok_or_else(not_good)?;
    let account: Option<accounts::Row> = ctx.db.optional(accounts::by_id(caller.user)).await?;
    let email = account.ok_or_else(|| Fault::new("a login without an account"))?.email;
    if row.email.as_ref().is_some_and(|meant| *meant != email) {
        return Err(Failure::Api(accept::Error::ForAnother { email }));
    }
    let who = Newcomer { user: caller.user, workspace: row.workspace_id };
    let what = audited::<AcceptInvitation>(row.id, email.as_str());
    match ctx.write(&who, what, joining(ctx, &row, caller.user)).await {
        Err(DbError::Stale) => Err(not_good()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Json(workspace(ctx, row.workspace_id).await?))),
    }
}

pub(crate) async fn sign_up(ctx: &Ctx, (): (), call: Call<SignUpByInvitation>) -> Answer<SignUpByInvitation> {
    let sign_up::Body { invitation, email, password } = call.body.0;
    let not_good = || Failure::Api(sign_up::Error::NotGood);
    let row = good(ctx, &invitation).await?.ok_or_else(not_good)?;
    if row.email.as_ref().is_some_and(|meant| *meant != email) {
        return Err(Failure::Api(sign_up::Error::ForAnother));
    }
    let user = User::new(ctx.id()?, email, ctx.now);
    let mut all = vec![accounts::insert(&user, &users::hash_password(password.reveal())?)];
    all.extend(joining(ctx, &row, user.id));
    let (verification, mail) = verification(ctx, &user)?.unzip();
    all.extend(verification);
    let who = Newcomer { user: user.id, workspace: row.workspace_id };
    match users::start_session(ctx, &who, user, all, SignUpByInvitation::NAME).await {
        Err(error) if error.is_unique("users.email") => Err(Failure::Api(sign_up::Error::EmailTaken)),
        Err(DbError::Stale) => Err(not_good()),
        Err(error) => Err(error.into()),
        Ok(session) => {
            mail.into_iter().for_each(|mail| ctx.mail(mail));
            let workspace = workspace(ctx, row.workspace_id).await?;
            Ok(Reply::new(Created(Joined { session, workspace })))
        }
    }
}

/// The invitation that a link is, as long as whoever made it may invite to that.
async fn good(ctx: &Ctx, secret: &str) -> Result<Option<Row>, DbError> {
    let row: Option<Row> = ctx.db.optional(db::by_hash(&auth::hash(secret), ctx.now)).await?;
    let Some(row) = row else { return Ok(None) };
    let maker = workspaces::membership(row.created_by, &row.workspace_id.into());
    let maker: Option<workspaces::Membership> = ctx.db.optional(maker).await?;
    let gives: Access = row.held.iter().flat_map(Held::grants).collect();
    let may_give = maker
        .map(|maker| maker.access())
        .is_some_and(|access| access.allows(Permission::MemberInvite) && access.lacks(&gives).is_none());
    Ok(may_give.then_some(row))
}

/// Makes somebody a member, and the link good for nothing.
fn joining(ctx: &Ctx, row: &Row, user: UserId) -> Vec<Statement> {
    let roles: Vec<RoleKey> = row.held.iter().map(|held| held.key).collect();
    let mut all = db::delete(row.id).to_vec();
    all.extend(members::join(row.workspace_id, user, &roles, ctx.now));
    all
}

async fn workspace(ctx: &Ctx, id: WorkspaceId) -> Result<Workspace, Refused> {
    let row: Option<workspaces::Row> = ctx.db.optional(workspaces::get(id)).await?;
    Ok(row.ok_or_else(|| absent("workspace", id))?.into())
}

/// Somebody who joins a workspace.
struct Newcomer {
    user: UserId,
    workspace: WorkspaceId,
}

impl Actor for Newcomer {
    fn user(&self) -> Option<UserId> {
        Some(self.user)
    }
    fn token(&self) -> Option<TokenId> {
        None
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        Some(self.workspace)
    }
}

#[cfg(test)]
#[path = "invitations_tests.rs"]
mod tests;
