//! Tenants.

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    workspace::{
        Workspace,
        create::{self, CreateWorkspace},
        delete::{self, DeleteWorkspace},
        get::GetWorkspace,
        list::ListWorkspaces,
        rename::{self, RenameWorkspace},
    },
};

use super::{absent, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{Member, Person},
    ctx::{Ctx, audited},
    db::{DbError, workspaces},
};

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Person,
    call: Call<CreateWorkspace>,
) -> Answer<CreateWorkspace> {
    if caller.only.is_some() {
        return Err(Failure::Api(create::Error::TokenTooNarrow));
    }
    let workspace = Workspace { id: ctx.id()?, name: call.body.0.name, created_at: ctx.now };
    let what = audited::<CreateWorkspace>(workspace.id, workspace.name.as_str());
    match ctx.write(&caller, what, workspaces::insert(&workspace, caller.user)).await {
        Err(error) if error.is_unique("workspaces.name") => {
            Err(Failure::Api(create::Error::NameTaken { name: workspace.name }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(workspace))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListWorkspaces>) -> Answer<ListWorkspaces> {
    let rows = ctx.db.fetch(workspaces::list(caller.user, caller.only, &call.query)).await?;
    let all: Vec<Workspace> = rows.into_iter().map(|row: workspaces::Row| row.into()).collect();
    Ok(Reply::new(Json(page(all, &call.query, |workspace| workspace.id.to_string(), |workspace| workspace))))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, _: Call<GetWorkspace>) -> Answer<GetWorkspace> {
    Ok(Reply::new(Json(read(ctx, &caller).await?)))
}

async fn read(ctx: &Ctx, caller: &Member) -> Result<Workspace, Refused> {
    let row: Option<workspaces::Row> = ctx.db.optional(workspaces::get(caller.workspace)).await?;
    Ok(row.ok_or_else(|| absent("workspace", caller.workspace))?.into())
}

pub(crate) async fn rename(
    ctx: &Ctx,
    caller: Member,
    call: Call<RenameWorkspace>,
) -> Answer<RenameWorkspace> {
    let name = call.body.0.name;
    let what = audited::<RenameWorkspace>(caller.workspace, name.as_str());
    match ctx.write(&caller, what, vec![workspaces::rename(caller.workspace, &name)]).await {
        Err(error) if error.is_unique("workspaces.name") => {
            Err(Failure::Api(rename::Error::NameTaken { name }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Json(read(ctx, &caller).await?))),
    }
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, _: Call<DeleteWorkspace>) -> Answer<DeleteWorkspace> {
    let holds: Option<workspaces::Holds> = ctx.db.optional(workspaces::holds(caller.workspace)).await?;
    if let Some(holds) = holds.as_ref().and_then(describe) {
        return Err(Failure::Api(delete::Error::NotEmpty { holds }));
    }
    let what = audited::<DeleteWorkspace>(caller.workspace, caller.workspace_name.as_str());
    match ctx.write(&caller, what, workspaces::delete(caller.workspace)).await {
        // Something was made in it meanwhile.
        Err(DbError::Reference) => {
            Err(Failure::Api(delete::Error::NotEmpty { holds: "something new".to_owned() }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

fn describe(holds: &workspaces::Holds) -> Option<String> {
    let kinds = [
        (holds.runners, "runners"),
        (holds.deployments, "deployments"),
        (holds.sites, "sites"),
        (holds.urls, "managed URLs"),
    ];
    let parts: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| format!("{count} {noun}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
