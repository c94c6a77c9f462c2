//! Trust in the identities that somebody else gives to jobs.

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    federation::{
        CONDITIONS_MAX, Federation,
        create::{self, CreateFederation},
        delete::DeleteFederation,
        get::GetFederation,
        list::ListFederations,
        say_whose,
    },
    ids::{FederationId, Ref},
    limits::{MEMBER_ROLES_MAX, WORKSPACE_FEDERATIONS_MAX},
};

use super::{
    absent, check_cursor,
    giving::{More, Ungiven, find_all, statements},
    page,
};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        federations::{self as db, New, Row},
        users::Count,
    },
    issuers,
};

/// Longest name of a claim, in bytes.
const CLAIM_MAX: usize = 64;

impl From<Ungiven> for Failure<CreateFederation> {
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
    call: Call<CreateFederation>,
) -> Answer<CreateFederation> {
    let body = call.body.0;
    check(&body).map_err(Failure::Api)?;
    let found = find_all(ctx, &caller, &body.roles).await?;
    found.iter().try_for_each(|found| found.check(&caller)).map_err(Ungiven::from)?;
    let count: Option<Count> = ctx.db.optional(db::count(caller.workspace)).await?;
    if count.is_some_and(|count| count.count >= WORKSPACE_FEDERATIONS_MAX as u64) {
        let problem = format!("a workspace has at most {WORKSPACE_FEDERATIONS_MAX} federations");
        return Err(Failure::Api(unclear(problem)));
    }
    if let Err(problem) = issuers::introduce(ctx, &body.issuer).await? {
        return Err(Failure::Api(create::Error::IssuerUnusable { problem }));
    }
    let audience = match body.audience {
        Some(audience) => audience,
        None => ctx.settings.control_url().parse().map_err(Fault::new)?,
    };
    let id: FederationId = ctx.id()?;
    let (mut all, roles) = statements(&found);
    all.extend(db::insert(
        &New {
            id,
            workspace: caller.workspace,
            name: &body.name,
            issuer: &body.issuer,
            audience: &audience,
            conditions: &body.conditions,
            roles: &roles,
            by: caller.person.user,
        },
        ctx.now,
    ));
    let what = audited::<CreateFederation>(id, body.name.as_str()).with("issuer", &body.issuer);
    let what = what.with("audience", &audience).with("conditions", &body.conditions).with("roles", &roles);
    match ctx.write(&caller, what, all).await {
        Err(error) if error.is_unique("federations.workspace_id") => {
            return Err(Failure::Api(create::Error::NameTaken { name: body.name }));
        }
        outcome => outcome?,
    }
    Ok(Reply::new(Created(find(ctx, &caller, &id.into()).await?.into())))
}

fn unclear(problem: String) -> create::Error {
    create::Error::Unclear { problem }
}

fn check(body: &create::Body) -> Result<(), create::Error> {
    if body.conditions.len() > CONDITIONS_MAX {
        return Err(unclear(format!("conditions: at most {CONDITIONS_MAX} are possible")));
    }
    if let Some(claim) = body.conditions.keys().find(|claim| claim.is_empty() || claim.len() > CLAIM_MAX) {
        let claim: String = claim.chars().take(CLAIM_MAX).collect();
        return Err(unclear(format!("conditions: `{claim}` is no name of a claim")));
    }
    if say_whose(&body.conditions) { Ok(()) } else { Err(create::Error::AnyonesJobs) }
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListFederations>) -> Answer<ListFederations> {
    check_cursor::<FederationId>(&call.query)?;
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Federation::from))))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetFederation>) -> Answer<GetFederation> {
    Ok(Reply::new(Json(find(ctx, &caller, &call.path.federation).await?.into())))
}

async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<FederationId>) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("federation", reference))?)
}

pub(crate) async fn delete(
    ctx: &Ctx,
    caller: Member,
    call: Call<DeleteFederation>,
) -> Answer<DeleteFederation> {
    let row = find(ctx, &caller, &call.path.federation).await?;
    let what = audited::<DeleteFederation>(row.id, row.name.as_str()).without("issuer", &row.issuer);
    let what = what.without("audience", &row.audience).without("conditions", &row.conditions);
    let what = what.without("roles", &row.roles());
    match ctx.write(&caller, what, db::delete(row.id).to_vec()).await {
        Err(DbError::Stale) => Err(absent("federation", row.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}
