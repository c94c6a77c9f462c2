//! The managed URL that a deployment or a site gets at once and keeps to itself.

use patr_models::{
    deployment::WorkloadSpec,
    ids::DeploymentId,
    managed_url::{Host, PathPrefix, UrlOptions},
    name::Name,
};

use crate::{
    answer::Fault,
    auth::Member,
    ctx::Ctx,
    db::{
        DbError, Statement,
        deployments::Row,
        managed_urls::{self, To},
    },
};

/// `NAME-WORKSPACE.<apps domain>`: always one label, by the limits of both names.
pub(crate) fn automatic_host(ctx: &Ctx, caller: &Member, name: &Name) -> Result<Host, Fault> {
    let host = format!("{name}-{}.{}", caller.workspace_name, ctx.settings.apps_host());
    host.parse().map_err(Fault::new)
}

pub(crate) fn automatic_url(
    ctx: &Ctx,
    caller: &Member,
    host: &Host,
    deployment: DeploymentId,
    port: u16,
) -> Result<Vec<Statement>, Fault> {
    let (id, path, to) = (ctx.id()?, PathPrefix::root(), To::Deployment(deployment, port));
    let (workspace, now) = (caller.workspace, ctx.now);
    Ok(managed_urls::insert(&managed_urls::New {
        id,
        workspace,
        host,
        path: &path,
        to,
        options: &UrlOptions::default(),
        automatic: true,
        now,
    }))
}

/// Keeps the automatic URL at the first http port of the specification that becomes current.
pub(crate) fn follow_port(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    host: &Host,
    spec: &WorkloadSpec,
) -> Result<Vec<Statement>, Fault> {
    let touch = managed_urls::touch_leading_to(&row.id);
    Ok(match (row.spec.first_http_port(), spec.first_http_port()) {
        (Some(before), Some(port)) if before == port => Vec::new(),
        (Some(_), Some(port)) => vec![managed_urls::set_automatic_port(row.id, port), touch],
        (Some(_), None) => vec![touch, managed_urls::delete_automatic(row.id)],
        (None, Some(port)) => automatic_url(ctx, caller, host, row.id, port)?,
        (None, None) => Vec::new(),
    })
}

pub(crate) fn is_host_taken(error: &DbError) -> bool {
    error.is_unique("hosts.host") || error.is_unique("managed_urls.host")
}
