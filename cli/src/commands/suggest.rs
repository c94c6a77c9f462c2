//! Finding what was meant by a name that does not exist.

use patr_models::{
    deployment::list::{self as deployments, ListDeployments},
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{DeploymentId, Id, Ref, RunnerId, WorkspaceId},
    page::{ListQuery, Page},
    runner::list::{self as runners, ListRunners},
    workspace::list::{self as workspaces, ListWorkspaces},
};

use crate::{
    client,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    text,
};

/// `outcome`; when nothing was found, with the deployment in mind that `typed` is nearest to.
pub(super) async fn deployment<T>(
    outcome: Outcome<T>,
    typed: Option<&Ref<DeploymentId>>,
    ctx: &Context,
) -> Outcome<T> {
    let Some((failure, typed)) = missing(&outcome, typed) else { return outcome };
    let Ok(workspace) = ctx.workspace() else { return outcome };
    let path = deployments::Path { workspace };
    Err(did_you_mean::<ListDeployments, _>(failure, typed, path, |one| one.name.as_str(), ctx).await)
}

/// The same for a runner.
pub(super) async fn runner<T>(
    outcome: Outcome<T>,
    typed: Option<&Ref<RunnerId>>,
    ctx: &Context,
) -> Outcome<T> {
    let Some((failure, typed)) = missing(&outcome, typed) else { return outcome };
    let Ok(workspace) = ctx.workspace() else { return outcome };
    let path = runners::Path { workspace };
    Err(did_you_mean::<ListRunners, _>(failure, typed, path, |one| one.name.as_str(), ctx).await)
}

/// The same for a workspace.
pub(super) async fn workspace<T>(
    outcome: Outcome<T>,
    typed: Option<&Ref<WorkspaceId>>,
    ctx: &Context,
) -> Outcome<T> {
    let Some((failure, typed)) = missing(&outcome, typed) else { return outcome };
    let path = workspaces::Path {};
    Err(did_you_mean::<ListWorkspaces, _>(failure, typed, path, |one| one.name.as_str(), ctx).await)
}

/// The failure to add to, and the name that was not found.
fn missing<T, I: Id>(outcome: &Outcome<T>, typed: Option<&Ref<I>>) -> Option<(Failure, String)> {
    match (outcome, typed) {
        (Err(Stop::Failed(failure)), Some(Ref::Name(name))) if failure.exit == Exit::NotFound => {
            Some((failure.clone(), name.to_string()))
        }
        _ => None,
    }
}

/// Whatever goes wrong here, the first failure is the one to tell.
async fn did_you_mean<E, T>(
    failure: Failure,
    typed: String,
    path: E::Path,
    name: fn(&T) -> &str,
    ctx: &Context,
) -> Stop
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let all = client::list::<E, T>(&ctx.client, path, ListQuery::default(), 1000).await;
    let all = all.map(|page| page.items).unwrap_or_default();
    match text::nearest(&typed, all.iter().map(name)) {
        // It is there, so that something else was not found.
        Some(name) if name == typed => failure.into(),
        Some(name) => failure.hint(format!("did you mean `{name}`?")).into(),
        None => failure.into(),
    }
}
