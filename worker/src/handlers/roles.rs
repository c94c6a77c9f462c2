//! Roles: the built-in ones, and those that a workspace makes.

use patr_models::{
    auth::Access,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
        headers::Tagged,
    },
    ids::{Ref, RoleId},
    limits::WORKSPACE_ROLES_MAX,
    role::{
        BuiltIn, HeldRole, Role, RoleKey, check,
        create::{self, CreateRole},
        delete::{self, DeleteRole},
        get::GetRole,
        list::ListRoles,
        update::{self, UpdateRole},
    },
};

use super::{
    absent, check_cursor,
    deployments::{TRIES, unchanged_since},
    giving::built_in,
    page,
};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        roles::{self as db, Holder, Row},
        users::Count,
    },
};

/// The built-in ones never change.
const GENERATION: u64 = 0;

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateRole>) -> Answer<CreateRole> {
    let create::Body { name, grants } = call.body.0;
    let access = check(&grants).map_err(|problem| Failure::Api(create::Error::GrantInvalid { problem }))?;
    if let Some(permission) = lacks(&caller, &access) {
        return Err(Failure::Api(create::Error::MoreThanYours { permission }));
    }
    let taken = || Failure::Api(create::Error::NameTaken { name: name.clone() });
    if BuiltIn::named(name.as_str()).is_some() {
        return Err(taken());
    }
    let count: Option<Count> = ctx.db.optional(db::count(caller.workspace)).await?;
    if count.is_some_and(|count| count.count >= WORKSPACE_ROLES_MAX as u64) {
        return Err(Failure::Api(create::Error::TooManyRoles { max: WORKSPACE_ROLES_MAX }));
    }
    let id: RoleId = ctx.id()?;
    let insert = db::insert(caller.workspace, id, &name, &access.grants(), ctx.now);
    let what = audited::<CreateRole>(id, name.as_str()).with("grants", &access.grants());
    match ctx.write(&caller, what, vec![insert]).await {
        Err(error) if error.is_unique("roles.workspace_id") => return Err(taken()),
        outcome => outcome?,
    }
    let row = find(ctx, &caller, &id.into()).await?;
    Ok(Reply { headers: Tagged::of(row.generation), body: Created(row.into()) })
}

/// A permission of what a role allows that the caller does not have, or not for all of that.
fn lacks(caller: &Member, access: &Access) -> Option<String> {
    caller.access.lacks(access).map(|permission| permission.as_str().to_owned())
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListRoles>) -> Answer<ListRoles> {
    check_cursor::<RoleKey>(&call.query)?;
    let after: Option<RoleKey> = call.query.cursor.as_ref().and_then(|cursor| cursor.as_str().parse().ok());
    let mut all = built_in_after(after, call.query.name.as_deref().unwrap_or_default());
    let own = match after {
        Some(RoleKey::Own(id)) => Some(id),
        Some(RoleKey::BuiltIn(_)) | None => None,
    };
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, own, &call.query)).await?;
    all.extend(rows.into_iter().map(|row| (RoleKey::Own(row.id), row.into())));
    Ok(Reply::new(Json(page(all, &call.query, |(key, _)| key.to_string(), |(_, role)| role))))
}

/// The built-in roles that a list has after another one.
fn built_in_after(after: Option<RoleKey>, name: &str) -> Vec<(RoleKey, Role)> {
    let keys = BuiltIn::ALL.into_iter().map(|role| (RoleKey::BuiltIn(role), role));
    let later = keys.filter(|(key, _)| after.is_none_or(|after| *key > after));
    let named = later.filter(|(_, role)| role.as_str().contains(name));
    named.filter_map(|(key, role)| Some((key, model(role)?))).collect()
}

/// `None` only for a built-in role whose name were none.
fn model(role: BuiltIn) -> Option<Role> {
    let held = HeldRole { id: None, name: role.name()? };
    Some(Role { role: held, grants: role.access().grants(), created_at: None, updated_at: None })
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetRole>) -> Answer<GetRole> {
    if let Some(role) = built_in(&call.path.role).and_then(model) {
        return Ok(Reply { headers: Tagged::of(GENERATION), body: Json(role) });
    }
    let row = find(ctx, &caller, &call.path.role).await?;
    Ok(Reply { headers: Tagged::of(row.generation), body: Json(row.into()) })
}

async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<RoleId>) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("role", reference))?)
}

pub(crate) async fn update(ctx: &Ctx, caller: Member, call: Call<UpdateRole>) -> Answer<UpdateRole> {
    if let Some(name) = built_in(&call.path.role).and_then(BuiltIn::name) {
        return Err(Failure::Api(update::Error::BuiltIn { name }));
    }
    let update::Body { name, grants } = call.body.0;
    let wanted = grants.map(|grants| check(&grants)).transpose();
    let wanted = wanted.map_err(|problem| Failure::Api(update::Error::GrantInvalid { problem }))?;
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.role).await?;
        unchanged_since(&call.headers, row.generation)?;
        let before = row.access();
        let after = wanted.as_ref().unwrap_or(&before);
        if let Some(permission) = lacks(&caller, &before).or_else(|| lacks(&caller, after)) {
            return Err(Failure::Api(update::Error::MoreThanYours { permission }));
        }
        let name = name.as_ref().unwrap_or(&row.name);
        let taken = || Failure::Api(update::Error::NameTaken { name: name.clone() });
        if BuiltIn::named(name.as_str()).is_some() {
            return Err(taken());
        }
        let statements =
            vec![db::unchanged(row.id, row.generation), db::update(row.id, name, &after.grants(), ctx.now)];
        let what = audited::<UpdateRole>(row.id, name.as_str()).changing("name", &row.name, name);
        let what = what.changing("grants", &before.grants(), &after.grants());
        match ctx.write(&caller, what, statements).await {
            Err(error) if error.is_unique("roles.workspace_id") => return Err(taken()),
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        let row = find(ctx, &caller, &row.id.into()).await?;
        return Ok(Reply { headers: Tagged::of(row.generation), body: Json(row.into()) });
    }
    Err(DbError::Stale.into())
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteRole>) -> Answer<DeleteRole> {
    if let Some(name) = built_in(&call.path.role).and_then(BuiltIn::name) {
        return Err(Failure::Api(delete::Error::BuiltIn { name }));
    }
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.role).await?;
        unchanged_since(&call.headers, row.generation)?;
        if let Some(holder) = ctx.db.optional::<Holder>(db::holder(row.id)).await? {
            return Err(Failure::Api(delete::Error::InUse { holder: in_words(&holder) }));
        }
        let statements = vec![db::unchanged(row.id, row.generation), db::delete(row.id)];
        let what = audited::<DeleteRole>(row.id, row.name.as_str()).without("grants", &row.access().grants());
        match ctx.write(&caller, what, statements).await {
            // Changed, or given to somebody, meanwhile.
            Err(DbError::Stale | DbError::Reference) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

/// What has a role, at the beginning of a sentence.
fn in_words(holder: &Holder) -> String {
    match holder {
        Holder::Member { name } => format!("the member `{name}`"),
        Holder::Invitation { name: Some(email) } => format!("the invitation of `{email}`"),
        Holder::Invitation { name: None } => "an invitation".to_owned(),
        Holder::Federation { name } => format!("the federation `{name}`"),
    }
}

#[cfg(test)]
#[path = "roles_tests.rs"]
mod tests;
