//! Writes that somebody who is known was not let do.

use bytes::Bytes;
use http::{Method, Response, StatusCode, request::Parts};
use patr_models::{
    endpoint::{ApiEndpoint, path::PathParams},
    error::ErrorBody,
    ids::{SessionId, TokenId, UserId, WorkspaceId},
};

use super::audited;
use crate::{
    answer::Refused,
    auth::{self, Actor, Person},
    ctx::Ctx,
    db::audit as db,
    platform,
};

/// Endpoints that read by their method, and let their caller do anything.
const ACT: [&str; 2] = ["ExecInDeployment", "ConnectToDeployment"];

/// Writes down that a write was refused, if it was. Whoever asked is answered the same if that fails.
pub(crate) async fn note<E: ApiEndpoint>(
    ctx: &Ctx,
    parts: &Parts,
    params: &[String],
    response: &Response<Bytes>,
) {
    let denied = matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
    let writes = E::METHOD != Method::GET || ACT.contains(&E::NAME);
    if !denied || !writes {
        return;
    }
    match write::<E>(ctx, parts, params, response).await {
        // Nobody who is known, so nobody to put it down to.
        Ok(()) | Err(Refused::Common(_)) => {}
        Err(Refused::Fault(fault)) => {
            platform::log(format_args!("{}: a refusal is not in the audit log: {fault}", ctx.request));
        }
    }
}

async fn write<E: ApiEndpoint>(
    ctx: &Ctx,
    parts: &Parts,
    params: &[String],
    response: &Response<Bytes>,
) -> Result<(), Refused> {
    let person = auth::person(ctx, parts).await?;
    let param = |wanted: &dyn Fn(&str) -> bool| {
        E::Path::NAMES
            .iter()
            .zip(params)
            .rev()
            .find(|(name, _)| wanted(name))
            .map(|(_, value)| value.as_str())
    };
    let workspace = match param(&|name| name == "workspace") {
        Some(named) => ctx.db.optional::<db::Member>(db::member(person.user, named)).await?,
        None => None,
    };
    let who = Denied { workspace: workspace.map(|row| row.id), person };
    let about = param(&|name| name != "workspace").or_else(|| param(&|_| true)).unwrap_or_default();
    let code = serde_json::from_slice::<ErrorBody>(response.body()).map(|body| body.code).unwrap_or_default();
    Ok(ctx.write(&who, audited::<E>(about, about).refused(code), Vec::new()).await?)
}

/// Somebody in a workspace if it is theirs: a stranger writes no line into the log of another's.
struct Denied {
    person: Person,
    workspace: Option<WorkspaceId>,
}

impl Actor for Denied {
    fn user(&self) -> Option<UserId> {
        self.person.user()
    }
    fn token(&self) -> Option<TokenId> {
        self.person.token()
    }
    fn session(&self) -> Option<SessionId> {
        self.person.session()
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        self.workspace
    }
}
