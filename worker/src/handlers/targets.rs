//! What a caller names as a target, found.

use patr_models::{
    auth::Permission,
    ids::{DeploymentId, Ref},
    managed_url::{WebUrl, create::NewTarget, options::OptionError},
};

use crate::{
    answer::Refused,
    auth::Member,
    ctx::Ctx,
    db::{deployments, managed_urls::To, sites},
};

/// Why a target cannot be used; each endpoint says it with its own error.
pub(crate) enum Unusable {
    NotFound { noun: &'static str, name: String },
    NoSuchPort { deployment: String, port: u16 },
    NoHttpPort { deployment: String },
    ProxyToSelf { url: WebUrl },
    Option(OptionError),
    Refused(Refused),
}

impl From<OptionError> for Unusable {
    fn from(error: OptionError) -> Self {
        Self::Option(error)
    }
}

impl<R: Into<Refused>> From<R> for Unusable {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

/// The columns for a target. One that the caller may not see is none.
pub(crate) async fn resolve(ctx: &Ctx, caller: &Member, target: &NewTarget) -> Result<To, Unusable> {
    match target {
        NewTarget::Deployment { deployment, port } => {
            resolve_deployment(ctx, caller, deployment, *port).await
        }
        NewTarget::Site { site } => {
            let row: Option<sites::Row> = ctx.db.optional(sites::get(caller.workspace, site)).await?;
            let row = row.filter(|row| caller.may(Permission::SiteView, &row.id));
            let absent = || Unusable::NotFound { noun: "site", name: site.to_string() };
            Ok(To::Site(row.ok_or_else(absent)?.id))
        }
        NewTarget::Proxy { url } if is_ours(ctx, url) => Err(Unusable::ProxyToSelf { url: url.clone() }),
        NewTarget::Proxy { url } => Ok(To::Proxy(url.clone())),
        NewTarget::Redirect { url, permanent } => Ok(To::Redirect(url.clone(), *permanent)),
    }
}

async fn resolve_deployment(
    ctx: &Ctx,
    caller: &Member,
    reference: &Ref<DeploymentId>,
    port: Option<u16>,
) -> Result<To, Unusable> {
    let row: Option<deployments::Row> =
        ctx.db.optional(deployments::get(caller.workspace, reference)).await?;
    let absent = || Unusable::NotFound { noun: "deployment", name: reference.to_string() };
    let row = row.filter(|row| caller.may(Permission::DeploymentView, &row.id)).ok_or_else(absent)?;
    let deployment = row.name.to_string();
    let Some(port) = port.or_else(|| row.spec.first_http_port()) else {
        return Err(Unusable::NoHttpPort { deployment });
    };
    if !row.spec.ports.iter().any(|declared| declared.port == port) {
        return Err(Unusable::NoSuchPort { deployment, port });
    }
    Ok(To::Deployment(row.id, port))
}

/// Whether an address comes back to this installation: a proxy to it would go in circles.
fn is_ours(ctx: &Ctx, url: &WebUrl) -> bool {
    let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let host = crate::env::without_port(rest.split(['/', '?']).next().unwrap_or_default());
    ctx.settings.is_control_host(host) && !host.eq_ignore_ascii_case("localhost")
        || host.strip_suffix(ctx.settings.apps_host()).is_some_and(|label| label.ends_with('.'))
}
