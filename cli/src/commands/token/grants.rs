//! What `--allow` says, with the ids of what it names: a name may go to another resource later, an id never does.

use patr_models::{
    auth::{Grant, ResourceType, Scope},
    deployment::get::{self as deployment, GetDeployment},
    ids::{Ref, RefError, WorkspaceId},
    name::Name,
    runner::get::{self as runner, GetRunner},
    site::get::{self as site, GetSite},
    volume::get::{self as volume, GetVolume},
};

use crate::{
    args::grants::{Allow, Named},
    client::plain,
    commands::url,
    context::Context,
    failure::Failure,
};

/// The grants in a workspace.
pub(super) async fn resolve(
    allow: &Allow,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Result<Vec<Grant>, Failure> {
    let Some(kind) = allow.permissions.first().map(|permission| permission.resource_type()) else {
        return Ok(Vec::new());
    };
    let (Named::Only(names) | Named::Except(names)) = &allow.resources else {
        return Ok(allow.permissions.iter().copied().map(Grant::all).collect());
    };
    let mut ids = std::collections::BTreeSet::new();
    for name in names {
        ids.insert(id(kind, name, workspace, ctx).await?);
    }
    let resources =
        if matches!(allow.resources, Named::Only(_)) { Scope::Only(ids) } else { Scope::Except(ids) };
    let grant = |&permission| Grant { permission, resources: resources.clone() };
    Ok(allow.permissions.iter().map(grant).collect())
}

/// What a scope knows a resource by.
async fn id(
    kind: ResourceType,
    name: &str,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Result<String, Failure> {
    let (client, workspace) = (&ctx.client, workspace.clone());
    let unreadable = |error: RefError| Failure::usage(format!("--allow: {error}"));
    Ok(match kind {
        ResourceType::Runner => {
            let runner = name.parse().map_err(unreadable)?;
            client.call(plain::<GetRunner>(runner::Path { workspace, runner })).await?.body.0.id.to_string()
        }
        ResourceType::Deployment => {
            let deployment = name.parse().map_err(unreadable)?;
            let path = deployment::Path { workspace, deployment };
            client.call(plain::<GetDeployment>(path)).await?.body.0.id.to_string()
        }
        ResourceType::Volume => {
            let volume = name.parse().map_err(unreadable)?;
            client.call(plain::<GetVolume>(volume::Path { workspace, volume })).await?.body.0.id.to_string()
        }
        ResourceType::Site => {
            let site = name.parse().map_err(unreadable)?;
            client.call(plain::<GetSite>(site::Path { workspace, site })).await?.body.0.id.to_string()
        }
        ResourceType::Url => {
            let url = name.parse().map_err(|error| Failure::usage(format!("--allow: {error}")))?;
            url::find_in(url, workspace, ctx).await?.id.to_string()
        }
        ResourceType::Secret => {
            let secret: Name = name.parse().map_err(|error| Failure::usage(format!("--allow: {error}")))?;
            secret.to_string()
        }
        ResourceType::Workspace | ResourceType::Member | ResourceType::Role | ResourceType::Audit => {
            return Err(Failure::usage(format!("a {} cannot be named in `--allow`", kind.as_str())));
        }
    })
}
