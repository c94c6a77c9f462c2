//! Deployments and their releases.

use std::collections::HashMap;

use futures_util::future::join_all;
use patr_models::{
    deployment::{
        Deployment, Power, ReleaseNumber,
        create::{self, CreateDeployment},
        delete::{self, DeleteDeployment},
        get::GetDeployment,
        list::ListDeployments,
        releases::ListReleases,
        restart::RestartDeployment,
        rollback::{self, RollBackDeployment},
        scale::{self, ScaleDeployment},
        start::StartDeployment,
        status::{Wanted, derive},
        stop::StopDeployment,
        update::{self, UpdateDeployment},
        watch::{News, WatchDeployment},
    },
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
        headers::{ETag, IfMatch, Tagged},
    },
    error::Common,
    ids::{DeploymentId, Ref},
    internal::observe::Observed,
    limits::REPLICAS_MAX,
    page::Page,
};

pub(crate) use super::automatic::{automatic_host, is_host_taken};
use super::{
    absent,
    automatic::{automatic_url, follow_port},
    check_cursor, page,
};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError, Statement,
        deployments::{self as db, Row},
        managed_urls, runners,
    },
    routes_kv,
};

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Member,
    call: Call<CreateDeployment>,
) -> Answer<CreateDeployment> {
    let create::Body { name, runner, spec, replicas, autoscale: _ } = call.body.0;
    let invalid = |error: patr_models::deployment::spec::SpecError| {
        Failure::Api(create::Error::SpecInvalid { field: error.field, problem: error.problem })
    };
    spec.check().map_err(invalid)?;
    let replicas = replicas.unwrap_or(1);
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(create::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    let found: Option<runners::Row> = ctx.db.optional(runners::get(caller.workspace, &runner)).await?;
    let unknown = |runner: String| Failure::Api(create::Error::RunnerNotFound { runner });
    let runner = found.ok_or_else(|| unknown(runner.to_string()))?;

    let (id, workspace, now) = (ctx.id()?, caller.workspace, ctx.now);
    let (by, spec) = (caller.person.user, &spec);
    let mut statements =
        db::insert(&db::New { id, workspace, runner: runner.id, name: &name, replicas, spec, by, now });
    let host = automatic_host(ctx, &caller, &name)?;
    if let Some(port) = spec.first_http_port() {
        statements.extend(automatic_url(ctx, &caller, &host, id, port)?);
    }
    statements.push(runners::touch(runner.id));
    match ctx.write(&caller, audited::<CreateDeployment>(id, name.as_str()), statements).await {
        Err(error) if error.is_unique("deployments.workspace_id") => {
            return Err(Failure::Api(create::Error::NameTaken { name }));
        }
        Err(error) if is_host_taken(&error) => {
            return Err(Failure::Api(create::Error::HostTaken { host: host.to_string() }));
        }
        // The runner went away meanwhile.
        Err(DbError::Reference) => return Err(unknown(runner.name.to_string())),
        outcome => outcome?,
    }
    ctx.runners.wake(runner.id).await;
    routes_kv::publish(ctx).await;

    let row = find(ctx, &caller, &id.into()).await?;
    let headers = Tagged::of(row.generation);
    Ok(Reply { headers, body: Created(with_status(ctx, row).await) })
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetDeployment>) -> Answer<GetDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    Ok(reply(ctx, row).await)
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListDeployments>) -> Answer<ListDeployments> {
    check_cursor::<DeploymentId>(&call.query)?;
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, &call.query)).await?;
    let Page { items, next } = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let runners = db::runners_of(&items);
    let seen = join_all(runners.iter().map(|&runner| ctx.runners.look(runner))).await;
    let seen: HashMap<_, _> = runners.into_iter().zip(seen).collect();
    let model = |row: Row| {
        let observed = seen.get(&row.runner_id)?;
        Some(model(ctx, row, observed))
    };
    Ok(Reply::new(Json(Page { items: items.into_iter().filter_map(model).collect(), next })))
}

pub(crate) async fn update(
    ctx: &Ctx,
    caller: Member,
    call: Call<UpdateDeployment>,
) -> Answer<UpdateDeployment> {
    let update::Body { spec, replicas, autoscale: _ } = call.body.0;
    spec.check().map_err(|error| {
        Failure::Api(update::Error::SpecInvalid { field: error.field, problem: error.problem })
    })?;
    if replicas.is_some_and(|replicas| replicas > REPLICAS_MAX) {
        return Err(Failure::Api(update::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    change::<UpdateDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let mut statements: Vec<Statement> =
            replicas.map(|replicas| db::set_replicas(row.id, replicas)).into_iter().collect();
        let host = automatic_host(ctx, &caller, &row.name)?;
        // A tag may mean another image today, so only a digest can be known to be the same.
        if spec != row.spec || spec.image.digest().is_none() {
            let highest: Option<db::Highest> = ctx.db.optional(db::highest_release(row.id)).await?;
            let number = highest.map_or(0, |highest| highest.number) + 1;
            statements.push(db::release_insert(row.id, number, &spec, caller.person.user, ctx.now));
            statements.extend(db::set_release(row.id, number, ctx.now));
            statements.extend(follow_port(ctx, &caller, row, &host, &spec)?);
        }
        Ok(Change::Write {
            statements,
            host_taken: Some(update::Error::HostTaken { host: host.to_string() }),
        })
    })
    .await
}

pub(crate) async fn start(ctx: &Ctx, caller: Member, call: Call<StartDeployment>) -> Answer<StartDeployment> {
    power(ctx, &caller, &call.path.deployment, &call.headers, Power::Running).await
}

pub(crate) async fn stop(ctx: &Ctx, caller: Member, call: Call<StopDeployment>) -> Answer<StopDeployment> {
    power(ctx, &caller, &call.path.deployment, &call.headers, Power::Stopped).await
}

async fn power<E>(
    ctx: &Ctx,
    caller: &Member,
    reference: &Ref<DeploymentId>,
    headers: &IfMatch,
    to: Power,
) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    change::<E>(ctx, caller, reference, headers, async |row| {
        Ok(if row.power == to {
            Change::Nothing
        } else {
            Change::of(vec![db::set_power(row.id, to), managed_urls::touch_leading_to(&row.id)])
        })
    })
    .await
}

pub(crate) async fn restart(
    ctx: &Ctx,
    caller: Member,
    call: Call<RestartDeployment>,
) -> Answer<RestartDeployment> {
    change::<RestartDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        Ok(Change::of(vec![db::count_restart(row.id)]))
    })
    .await
}

pub(crate) async fn scale(ctx: &Ctx, caller: Member, call: Call<ScaleDeployment>) -> Answer<ScaleDeployment> {
    let replicas = call.body.0.replicas;
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(scale::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    change::<ScaleDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        Ok(Change::of(vec![db::set_replicas(row.id, replicas)]))
    })
    .await
}

pub(crate) async fn roll_back(
    ctx: &Ctx,
    caller: Member,
    call: Call<RollBackDeployment>,
) -> Answer<RollBackDeployment> {
    let wanted = call.body.0.release;
    change::<RollBackDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let statement =
            wanted.map_or_else(|| db::last_live(row.id, row.release), |number| db::release(row.id, number));
        let found: Option<db::ReleaseRow> = ctx.db.optional(statement).await?;
        let release = found.ok_or(Failure::Api(match wanted {
            Some(release) => rollback::Error::NoSuchRelease { release },
            None => rollback::Error::NothingToRollBackTo,
        }))?;
        let host = automatic_host(ctx, &caller, &row.name)?;
        let mut statements = db::set_release(row.id, release.number, ctx.now);
        statements.extend(follow_port(ctx, &caller, row, &host, &release.spec)?);
        Ok(Change::Write {
            statements,
            host_taken: Some(rollback::Error::HostTaken { host: host.to_string() }),
        })
    })
    .await
}

pub(crate) async fn releases(ctx: &Ctx, caller: Member, call: Call<ListReleases>) -> Answer<ListReleases> {
    check_cursor::<ReleaseNumber>(&call.query)?;
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let rows: Vec<db::ReleaseRow> = ctx.db.fetch(db::releases(row.id, &call.query)).await?;
    let current = row.release;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.number.to_string(), |row| row.with(current)))))
}

pub(crate) async fn watch(ctx: &Ctx, caller: Member, call: Call<WatchDeployment>) -> Answer<WatchDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let observed = ctx.runners.observe(row.runner_id, call.query.after).await?;
    // Read again: waiting took its time, and the news may be about a later generation.
    let row = if call.query.after.is_some() { find(ctx, &caller, &row.id.into()).await? } else { row };
    Ok(Reply::new(Json(News { version: observed.version, deployment: model(ctx, row, &observed) })))
}

pub(crate) async fn delete(
    ctx: &Ctx,
    caller: Member,
    call: Call<DeleteDeployment>,
) -> Answer<DeleteDeployment> {
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.deployment).await?;
        unchanged_since(&call.headers, row.generation)?;
        let url: Option<managed_urls::Row> = ctx.db.optional(managed_urls::leading_to(&row.id)).await?;
        if let Some(url) = url {
            let url = format!("{}{}", url.host, url.path);
            return Err(Failure::Api(delete::Error::HasUrls { url }));
        }
        let mut statements = db::bump(row.id, row.generation, ctx.now);
        statements.push(managed_urls::touch_leading_to(&row.id));
        statements.extend(db::delete(&row));
        statements.push(runners::touch(row.runner_id));
        let what = audited::<DeleteDeployment>(row.id, row.name.as_str());
        match ctx.write(&caller, what, statements).await {
            // A reference: somebody has led a managed URL here meanwhile.
            Err(DbError::Stale | DbError::Reference) => continue,
            outcome => outcome?,
        }
        ctx.runners.wake(row.runner_id).await;
        routes_kv::publish(ctx).await;
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

/// How often something is decided anew because somebody else wrote between reading and writing.
pub(super) const TRIES: u8 = 3;

/// What is to be done to a deployment as it was read.
enum Change<E: ApiEndpoint> {
    /// It is so already.
    Nothing,
    Write {
        statements: Vec<Statement>,
        /// What to say should its automatic host be somebody else's.
        host_taken: Option<E::Error>,
    },
}

impl<E: ApiEndpoint> Change<E> {
    fn of(statements: Vec<Statement>) -> Self {
        Self::Write { statements, host_taken: None }
    }
}

/// Reads, decides and writes, all of it if nobody wrote meanwhile; then the hint to the runner. Someone who sent no
/// `If-Match` does not mind what the deployment has become, so it is decided anew.
async fn change<E>(
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
        let Change::Write { statements, host_taken } = decide(&row).await? else {
            return Ok(reply(ctx, row).await);
        };
        match (commit::<E>(ctx, caller, &row, statements).await, host_taken) {
            (Err(DbError::Stale), _) => continue,
            (Err(error), Some(host_taken)) if is_host_taken(&error) => return Err(Failure::Api(host_taken)),
            (outcome, _) => outcome?,
        }
        ctx.runners.wake(row.runner_id).await;
        routes_kv::publish(ctx).await;
        let row = find(ctx, caller, &row.id.into()).await?;
        return Ok(reply(ctx, row).await);
    }
    Err(DbError::Stale.into())
}

async fn commit<E: ApiEndpoint>(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    statements: Vec<Statement>,
) -> Result<(), DbError> {
    let mut all = db::bump(row.id, row.generation, ctx.now);
    all.extend(statements);
    all.push(runners::touch(row.runner_id));
    ctx.write(caller, audited::<E>(row.id, row.name.as_str()), all).await
}

/// Holds the caller to the ETag that it sent.
pub(crate) fn unchanged_since(headers: &IfMatch, generation: u64) -> Result<(), Common> {
    let current = ETag::of(generation);
    match &headers.if_match {
        Some(tag) if *tag != current => Err(Common::Stale { current: current.to_string() }),
        _ => Ok(()),
    }
}

pub(crate) async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<DeploymentId>) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("deployment", reference))?)
}

async fn reply<E>(ctx: &Ctx, row: Row) -> Reply<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    let headers = Tagged::of(row.generation);
    Reply { headers, body: Json(with_status(ctx, row).await) }
}

async fn with_status(ctx: &Ctx, row: Row) -> Deployment {
    let observed = ctx.runners.look(row.runner_id).await;
    model(ctx, row, &observed)
}

fn model(ctx: &Ctx, row: Row, observed: &Observed) -> Deployment {
    let wanted = Wanted { generation: row.generation, power: row.power, replicas: row.replicas };
    let report = observed.report.as_ref();
    let seen = report.and_then(|report| report.deployments.iter().find(|seen| seen.id == row.id));
    Deployment {
        id: row.id,
        name: row.name,
        runner: row.runner_id,
        runner_name: row.runner_name,
        generation: row.generation,
        release: row.release,
        power: row.power,
        replicas: row.replicas,
        autoscale: None,
        spec: row.spec,
        digest: row.digest,
        url: row.host.map(|host| ctx.settings.url(host.as_str())),
        status: derive(wanted, seen, &observed.connection),
        seen: Vec::new(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

#[cfg(test)]
#[path = "deployments_tests.rs"]
mod tests;
