//! Names of resources into the ids that roles are made of, and back.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use patr_models::{
    auth::{Grant, Permission, ResourceType, Scope},
    deployment::list::{self as deployments, ListDeployments},
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{Ref, WorkspaceId},
    managed_url::list::{self as urls, ListUrls},
    name::Name,
    page::{ListQuery, Page},
    runner::list::{self as runners, ListRunners},
    site::list::{self as sites, ListSites},
    volume::list::{self as volumes, ListVolumes},
};

use crate::{
    args::grants::{Allowed, GrantArgs, Names},
    client::{self, CallError},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
    text,
};

/// What was typed, with ids in place of names.
pub(super) async fn grants(args: &GrantArgs, ctx: &Context) -> Outcome<Vec<Grant>> {
    grants_in(args, &ctx.workspace()?, ctx).await
}

/// As [`grants`], in a workspace that need not be the one in use.
pub(in crate::commands) async fn grants_in(
    args: &GrantArgs,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Outcome<Vec<Grant>> {
    let mut known = BTreeMap::new();
    let mut grants = Vec::new();
    for Allowed { pattern, scope } in &args.allowed {
        let scope = match scope {
            Names::All => Scope::All,
            Names::Only(names) => {
                Scope::Only(ids(scoped(pattern.kind(), names)?, names, workspace, &mut known, ctx).await?)
            }
            Names::Except(names) => {
                Scope::Except(ids(scoped(pattern.kind(), names)?, names, workspace, &mut known, ctx).await?)
            }
        };
        for &permission in &pattern.permissions {
            grants.extend(grant(permission, &scope, pattern.is_many)?);
        }
    }
    Ok(grants)
}

/// The one type that names can be of.
fn scoped(kind: Option<ResourceType>, names: &[String]) -> Result<ResourceType, Failure> {
    kind.ok_or_else(|| {
        let names = names.join(",");
        Failure::usage(format!("`{names}` can be of several types"))
            .hint("give one `--allow` for each type, each with its own names")
    })
}

/// A permission for a scope. Of those behind a star, what can only be given for all is left out where only some resources
/// are meant, and is given where all but some are.
fn grant(permission: Permission, scope: &Scope, is_many: bool) -> Result<Option<Grant>, Failure> {
    if permission.is_per_resource() || *scope == Scope::All {
        return Ok(Some(Grant { permission, resources: scope.clone() }));
    }
    match scope {
        Scope::Only(_) if is_many => Ok(None),
        Scope::Except(_) if is_many => Ok(Some(Grant::all(permission))),
        _ => Err(Failure::usage(format!("`{}` is given for all or not at all", permission.as_str()))),
    }
}

/// Ids by name, of the types that were asked for.
type ByName = BTreeMap<ResourceType, BTreeMap<String, String>>;

async fn ids(
    kind: ResourceType,
    names: &[String],
    workspace: &Ref<WorkspaceId>,
    known: &mut ByName,
    ctx: &Context,
) -> Outcome<BTreeSet<String>> {
    if kind == ResourceType::Secret {
        // Those are known by their names, also before they are there.
        let named = names.iter().map(|name| {
            Ok(name.parse::<Name>().map_err(|error| Failure::usage(format!("{error}")))?.to_string())
        });
        return Ok(named.collect::<Result<_, Failure>>()?);
    }
    let known: &BTreeMap<_, _> = match known.entry(kind) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => {
            let all = list(kind, workspace.clone(), ctx).await?;
            unknown.insert(all.into_iter().map(|(id, name)| (name, id)).collect())
        }
    };
    let id = |name: &String| {
        let by_id = || known.values().find(|id| *id == name).cloned();
        known.get(name).cloned().or_else(by_id).ok_or_else(|| unknown(kind, name, known))
    };
    Ok(names.iter().map(id).collect::<Result<_, Failure>>()?)
}

fn unknown(kind: ResourceType, name: &str, known: &BTreeMap<String, String>) -> Failure {
    let failure = Failure::new(Exit::NotFound, format!("there is no {} `{name}` here", kind.noun()));
    match text::nearest(name, known.keys().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure,
    }
}

/// Names by id.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, String>);

impl Known {
    /// Of everything that grants are for. What cannot be listed keeps its id: it may be gone, or not for this caller.
    pub(super) async fn of(grants: &[Grant], ctx: &Context) -> Self {
        let scoped = grants.iter().filter(|grant| grant.resources != Scope::All);
        let kinds: BTreeSet<_> = scoped.map(|grant| grant.permission.resource_type()).collect();
        let mut names = BTreeMap::new();
        let Ok(workspace) = ctx.workspace() else { return Self::default() };
        for kind in kinds {
            names.extend(list(kind, workspace.clone(), ctx).await.unwrap_or_default());
        }
        Self(names)
    }

    pub(super) fn name(&self, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

/// Id and name of everything of a type.
async fn list(
    kind: ResourceType,
    workspace: Ref<WorkspaceId>,
    ctx: &Context,
) -> Outcome<Vec<(String, String)>> {
    let pair = |id: String, name: String| (id, name);
    Ok(match kind {
        ResourceType::Runner => {
            let path = runners::Path { workspace };
            all::<ListRunners, _>(path, |one| pair(one.id.to_string(), one.name.to_string()), ctx).await?
        }
        ResourceType::Deployment => {
            let path = deployments::Path { workspace };
            all::<ListDeployments, _>(path, |one| pair(one.id.to_string(), one.name.to_string()), ctx).await?
        }
        ResourceType::Volume => {
            let path = volumes::Path { workspace };
            all::<ListVolumes, _>(path, |one| pair(one.id.to_string(), one.name.to_string()), ctx).await?
        }
        ResourceType::Site => {
            let path = sites::Path { workspace };
            all::<ListSites, _>(path, |one| pair(one.id.to_string(), one.name.to_string()), ctx).await?
        }
        ResourceType::Url => {
            let path = urls::Path { workspace };
            let place = |path: &str| if path == "/" { String::new() } else { path.to_owned() };
            let name = |url: &patr_models::managed_url::ManagedUrl| {
                format!("{}{}", url.host, place(url.path.as_str()))
            };
            all::<ListUrls, _>(path, |one| pair(one.id.to_string(), name(one)), ctx).await?
        }
        ResourceType::Secret
        | ResourceType::Workspace
        | ResourceType::Member
        | ResourceType::Role
        | ResourceType::Audit => Vec::new(),
    })
}

async fn all<E, T>(
    path: E::Path,
    pair: impl Fn(&T) -> (String, String),
    ctx: &Context,
) -> Result<Vec<(String, String)>, CallError>
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let page = client::list::<E, T>(&ctx.client, path, ListQuery::default(), usize::MAX).await?;
    Ok(page.items.iter().map(pair).collect())
}
