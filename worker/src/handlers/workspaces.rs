//! Tenants.

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::WorkspaceId,
    workspace::{
        Workspace,
        create::{self, CreateWorkspace},
        delete::{self, DeleteWorkspace},
        get::GetWorkspace,
        leave::{self, LeaveWorkspace},
        list::ListWorkspaces,
        permissions::{GetPermissions, Permissions},
        rename::{self, RenameWorkspace},
    },
};

use super::{absent, check_cursor, deployments::TRIES, members::is_last_owner, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{Member, Opens, Person, enter, proof},
    ctx::{Ctx, audited},
    db::{DbError, members, workspaces},
    routes_kv,
};

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Person,
    call: Call<CreateWorkspace>,
) -> Answer<CreateWorkspace> {
    if caller.opens != Opens::Everything {
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
    check_cursor::<WorkspaceId>(&call.query)?;
    let rows = ctx.db.fetch(workspaces::list(caller.user, caller.opens.only(), &call.query)).await?;
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
    let what = what.changing("name", &caller.workspace_name, &name);
    let statements = vec![workspaces::there(caller.workspace), workspaces::rename(caller.workspace, &name)];
    match ctx.write(&caller, what, statements).await {
        Err(error) if error.is_unique("workspaces.name") => {
            Err(Failure::Api(rename::Error::NameTaken { name }))
        }
        Err(DbError::Stale) => Err(absent("workspace", &caller.workspace_name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Json(read(ctx, &caller).await?))),
    }
}

pub(crate) async fn permissions(
    ctx: &Ctx,
    caller: Person,
    call: Call<GetPermissions>,
) -> Answer<GetPermissions> {
    let Member { roles, access, .. } = enter(ctx, caller, &call.path.workspace.to_string()).await?;
    Ok(Reply::new(Json(Permissions { roles, grants: access.grants() })))
}

pub(crate) async fn leave(ctx: &Ctx, caller: Person, call: Call<LeaveWorkspace>) -> Answer<LeaveWorkspace> {
    let workspace = call.path.workspace.to_string();
    for _ in 0..TRIES {
        let member = enter(ctx, caller.clone(), &workspace).await?;
        let user = member.person.user;
        if member.person.token.is_some() {
            return Err(Failure::Api(leave::Error::LoginNeeded));
        }
        if member.is_owner() && is_last_owner(ctx, &member, user).await? {
            return Err(Failure::Api(leave::Error::LastOwner));
        }
        let what = audited::<LeaveWorkspace>(user, member.workspace_name.as_str());
        match ctx.write(&member, what, members::remove(member.workspace, user).to_vec()).await {
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, _: Call<DeleteWorkspace>) -> Answer<DeleteWorkspace> {
    proof::fresh_or_token(ctx, &caller.person).await?;
    if let Some(holds) = holds(ctx, &caller).await? {
        return Err(Failure::Api(delete::Error::NotEmpty { holds }));
    }
    // A host without URLs is given back once KV has forgotten it: whoever takes it next must not find our routes.
    routes_kv::publish(ctx).await;
    let what = audited::<DeleteWorkspace>(caller.workspace, caller.workspace_name.as_str());
    let mut statements = vec![workspaces::there(caller.workspace)];
    statements.extend(workspaces::delete(caller.workspace));
    match ctx.write(&caller, what, statements).await {
        Err(DbError::Reference) => {
            let holds = holds(ctx, &caller).await?.unwrap_or_else(|| {
                "hosts that are not yet given back, which takes a minute at most".to_owned()
            });
            Err(Failure::Api(delete::Error::NotEmpty { holds }))
        }
        Err(DbError::Stale) => Err(absent("workspace", &caller.workspace_name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

/// What a workspace holds that somebody has to delete.
async fn holds(ctx: &Ctx, caller: &Member) -> Result<Option<String>, Refused> {
    let holds: Option<workspaces::Holds> = ctx.db.optional(workspaces::holds(caller.workspace)).await?;
    Ok(holds.as_ref().and_then(describe))
}

fn describe(holds: &workspaces::Holds) -> Option<String> {
    let kinds = [
        (holds.runners, "runners"),
        (holds.deployments, "deployments"),
        (holds.sites, "sites"),
        (holds.urls, "managed URLs"),
        (holds.secrets, "secrets"),
        (holds.volumes, "volumes"),
    ];
    let parts: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| format!("{count} {noun}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use patr_models::{
        endpoint::body::NoBody,
        managed_url,
        workspace::{get, list},
    };

    use super::*;
    use crate::testing::{App, Caller, Outcome, code, pages, redirect, refusal};

    fn create(caller: &Caller<'_>, name: &str) -> Outcome<Workspace> {
        let body = Json(create::Body { name: name.parse().unwrap() });
        caller.create::<CreateWorkspace>(create::Path {}, body).map(|made| made.0)
    }

    fn rename(caller: &Caller<'_>, name: &str) -> Outcome<Workspace> {
        let body = Json(rename::Body { name: name.parse().unwrap() });
        caller
            .call::<RenameWorkspace>(rename::Path { workspace: caller.workspace() }, body)
            .map(|renamed| renamed.0)
    }

    fn delete(caller: &Caller<'_>) -> Outcome<NoContent> {
        caller.call::<DeleteWorkspace>(delete::Path { workspace: caller.workspace() }, NoBody)
    }

    #[test]
    fn a_name_is_taken_once_in_an_installation() {
        let app = App::new();
        let (ada, bob) = (app.person("ada"), app.owner("taken"));
        assert_eq!(create(&ada, "acme").unwrap().name.as_str(), "acme");
        assert_eq!(code(create(&bob, "acme")), "name_taken");
        assert_eq!(code(rename(&bob, "acme")), "name_taken");
    }

    #[test]
    fn a_renamed_workspace_is_found_by_its_new_name_and_by_its_id() {
        let app = App::new();
        let owner = app.owner("acme");
        let renamed = rename(&owner, "zeta").unwrap();
        let get = |workspace: &str| {
            let path = get::Path { workspace: workspace.parse().unwrap() };
            code(owner.get::<GetWorkspace>(path))
        };
        assert_eq!(
            (get("zeta"), get(&renamed.id.to_string()), get("acme")),
            (String::new(), String::new(), "not_found".to_owned())
        );
    }

    #[test]
    fn a_limited_token_makes_no_workspace() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.raw(
            http::Method::POST,
            "/api/v1/tokens",
            r#"{"name":"ci","workspaces":[{"workspace":"acme"}]}"#,
        );
        let made: patr_models::token::NewToken = serde_json::from_slice(made.body()).unwrap();
        assert_eq!(code(create(&app.anonymous().with_token(made.secret), "more")), "token_too_narrow");
    }

    #[test]
    fn a_list_goes_on_page_by_page_and_filters_by_name() {
        let app = App::new();
        let ada = app.person("ada");
        app.owner("of-another");
        for name in ["one", "two", "three", "four", "five"] {
            create(&ada, name).unwrap();
        }
        let list = |query| ada.list::<ListWorkspaces, _>(list::Path {}, query).unwrap();
        assert_eq!(pages(list, |workspace| workspace.name.to_string()).len(), 5);
        let filtered = list(crate::testing::named("t"));
        assert_eq!(filtered.items.len(), 2);
    }

    #[test]
    fn what_a_workspace_holds_keeps_it_from_being_deleted_and_is_named() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        owner.deploy("web", "box");
        let refusal = refusal(delete(&owner));
        assert_eq!(refusal.code, "workspace_not_empty");
        assert_eq!(refusal.message, "the workspace still has 1 runners, 1 deployments, 1 managed URLs");
    }

    #[test]
    fn an_empty_workspace_goes_and_its_name_is_free() {
        let app = App::new();
        let owner = app.owner("acme");
        delete(&owner).unwrap();
        assert_eq!(code(delete(&owner)), "not_found");
        assert_eq!(code(create(&owner, "acme")), "");
    }

    #[test]
    fn something_that_is_made_meanwhile_keeps_it() {
        let app = App::new();
        let owner = app.owner("acme");
        app.sqlite.meanwhile("INSERT INTO sites (id, workspace_id, name, generation, created_at, updated_at) SELECT 'site_1', id, 'docs', 1, 1, 1 FROM workspaces");
        assert_eq!(code(delete(&owner)), "workspace_not_empty");
        assert_eq!(app.last_audit(), "CreateWorkspace");
    }

    /// Its routes would be served for ever, and under the name of whoever takes the host next.
    #[test]
    fn a_host_that_kv_has_not_forgotten_keeps_it_until_it_is_given_back() {
        let app = App::new();
        let owner = app.owner("acme");
        let url = owner.url("shop.apps.example", redirect()).unwrap();
        assert!(app.kv.contains("host/shop.apps.example"));
        app.kv.fail(usize::MAX);
        let path = managed_url::delete::Path { workspace: owner.workspace(), url: url.id };
        owner.change::<managed_url::delete::DeleteUrl>(path, NoBody).unwrap();
        assert_eq!(code(delete(&owner)), "workspace_not_empty");
        app.kv.fail(0);
        delete(&owner).unwrap();
        assert!(!app.kv.contains("host/shop.apps.example"));
    }
}
