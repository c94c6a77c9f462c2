//! A change of a deployment that nobody else's change is lost to.

use patr_models::{
    deployment::Deployment,
    endpoint::{
        ApiEndpoint,
        body::Json,
        headers::{ETag, IfMatch, Tagged},
    },
    error::Common,
    ids::{DeploymentId, Ref},
};

use super::{find, is_host_taken, reply};
use crate::{
    answer::{Answer, Failure},
    audit::Changes,
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError, Statement,
        deployments::{self as db, Row},
        runners,
    },
    routes_kv,
};

/// How often something is decided anew because somebody else wrote between reading and writing.
pub(crate) const TRIES: u8 = 3;

/// What is to be done to a deployment as it was read.
pub(super) enum Change<E: ApiEndpoint> {
    /// It is so already.
    Nothing,
    Write {
        statements: Vec<Statement>,
        /// For the audit log.
        changes: Changes,
        /// What to say should its automatic host be somebody else's.
        host_taken: Option<E::Error>,
    },
}

impl<E: ApiEndpoint> Change<E> {
    pub(super) fn of(statements: Vec<Statement>, changes: Changes) -> Self {
        Self::Write { statements, changes, host_taken: None }
    }
}

/// Reads, decides and writes, all of it if nobody wrote meanwhile; then the hint to the runners. Someone who sent no
/// `If-Match` does not mind what the deployment has become, so it is decided anew.
pub(super) async fn change<E>(
    ctx: &Ctx,
    caller: &Member,
    reference: &Ref<DeploymentId>,
    headers: &IfMatch,
    decide: impl AsyncFn(&Row) -> Result<Change<E>, Failure<E>>,
) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    for _ in 0..TRIES {
        let row = find(ctx, caller, reference).await?;
        unchanged_since(headers, row.generation)?;
        let Change::Write { statements, changes, host_taken } = decide(&row).await? else {
            return Ok(reply(ctx, row).await);
        };
        match (commit::<E>(ctx, caller, &row, statements, changes).await, host_taken) {
            (Err(error), _) if overtaken(&error) => continue,
            (Err(error), Some(host_taken)) if is_host_taken(&error) => return Err(Failure::Api(host_taken)),
            (outcome, _) => outcome?,
        }
        let mut told = row.runners();
        let row = find(ctx, caller, &row.id.into()).await?;
        told.extend(row.runners());
        ctx.runners.wake_all(&told).await;
        routes_kv::publish(ctx).await;
        return Ok(reply(ctx, row).await);
    }
    Err(DbError::Stale.into())
}

/// Whether somebody else's write has made a decision old: the row has changed, a secret or volume is gone, or a volume of
/// a name that was free has been made.
pub(super) fn overtaken(error: &DbError) -> bool {
    matches!(error, DbError::Stale) || error.is_unique("volumes.workspace_id")
}

async fn commit<E: ApiEndpoint>(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    statements: Vec<Statement>,
    changes: Changes,
) -> Result<(), DbError> {
    let mut all = db::bump(row.id, row.generation, ctx.now);
    all.extend(statements);
    all.push(runners::touch_all(&row.runners()));
    ctx.write(caller, audited::<E>(row.id, row.name.as_str()).says(changes), all).await
}

/// Holds the caller to the ETag that it sent.
pub(crate) fn unchanged_since(headers: &IfMatch, generation: u64) -> Result<(), Common> {
    let current = ETag::of(generation);
    match &headers.if_match {
        Some(tag) if *tag != current => Err(Common::Stale { current: current.to_string() }),
        _ => Ok(()),
    }
}
