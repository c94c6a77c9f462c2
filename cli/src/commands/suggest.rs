//! Finding what was meant by a name that does not exist.

use patr_models::{
    deployment::list::{self as deployments, ListDeployments},
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    federation::list::{self as federations, ListFederations},
    ids::{
        ClientId, DeploymentId, FederationId, Id, Ref, RoleId, RunnerId, SiteId, TokenId, VolumeId,
        WorkspaceId,
    },
    name::Name,
    oauth::list_clients::{self as clients, ListClients},
    page::{ListQuery, Page},
    role::list::{self as roles, ListRoles},
    runner::list::{self as runners, ListRunners},
    secret::list::{self as secrets, ListSecrets},
    site::list::{self as sites, ListSites},
    token::list::{self as tokens, ListTokens},
    volume::list::{self as volumes, ListVolumes},
    workspace::list::{self as workspaces, ListWorkspaces},
};

use crate::{
    client,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    text,
};

/// A kind of resource whose names can be asked for.
pub(super) trait Listed: Id {
    /// Every name; none when they cannot be read, because a suggestion is not worth a second failure.
    async fn names(ctx: &Context) -> Vec<String>;
}

impl Listed for DeploymentId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListDeployments, _>(deployments::Path { workspace }, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for RunnerId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListRunners, _>(runners::Path { workspace }, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for RoleId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListRoles, _>(roles::Path { workspace }, |one| one.role.name.to_string(), ctx).await
    }
}

impl Listed for FederationId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListFederations, _>(federations::Path { workspace }, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for SiteId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListSites, _>(sites::Path { workspace }, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for VolumeId {
    async fn names(ctx: &Context) -> Vec<String> {
        let Ok(workspace) = ctx.workspace() else { return Vec::new() };
        names::<ListVolumes, _>(volumes::Path { workspace }, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for WorkspaceId {
    async fn names(ctx: &Context) -> Vec<String> {
        names::<ListWorkspaces, _>(workspaces::Path {}, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for ClientId {
    async fn names(ctx: &Context) -> Vec<String> {
        names::<ListClients, _>(clients::Path {}, |one| one.name.to_string(), ctx).await
    }
}

impl Listed for TokenId {
    async fn names(ctx: &Context) -> Vec<String> {
        names::<ListTokens, _>(tokens::Path {}, |one| one.name.to_string(), ctx).await
    }
}

async fn names<E, T>(path: E::Path, name: fn(&T) -> String, ctx: &Context) -> Vec<String>
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let all = client::list::<E, T>(&ctx.client, path, ListQuery::default(), 1000).await;
    all.map(|page| page.items.iter().map(name).collect()).unwrap_or_default()
}

/// `outcome`; when nothing of the name `typed` was found, with a hint to the name that is nearest to it.
pub(super) async fn nearest<T, I: Listed>(
    outcome: Outcome<T>,
    typed: Option<&Ref<I>>,
    ctx: &Context,
) -> Outcome<T> {
    match typed {
        Some(Ref::Name(name)) if is_missing(&outcome) => among(outcome, name, &I::names(ctx).await),
        _ => outcome,
    }
}

/// As [`nearest`], for a secret: those have no ids.
pub(super) async fn nearest_secret<T>(
    outcome: Outcome<T>,
    typed: Option<&Name>,
    ctx: &Context,
) -> Outcome<T> {
    let (Some(typed), true, Ok(workspace)) = (typed, is_missing(&outcome), ctx.workspace()) else {
        return outcome;
    };
    let path = secrets::Path { workspace };
    let names = names::<ListSecrets, _>(path, |one| one.name.to_string(), ctx).await;
    among(outcome, typed, &names)
}

fn among<T>(outcome: Outcome<T>, typed: &Name, names: &[String]) -> Outcome<T> {
    match text::nearest(typed.as_str(), names.iter().map(String::as_str)) {
        // It is there, so that something else was not found.
        Some(name) if name == typed.as_str() => outcome,
        Some(name) => outcome.map_err(|stop| hint(stop, &format!("did you mean `{name}`?"))),
        None => outcome,
    }
}

fn is_missing<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Err(Stop::Failed(Failure { exit: Exit::NotFound, .. })))
}

fn hint(stop: Stop, hint: &str) -> Stop {
    match stop {
        Stop::Failed(failure) => failure.hint(hint).into(),
        Stop::OutputClosed => stop,
    }
}
