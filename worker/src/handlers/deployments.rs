//! Deployments and their releases.

use std::collections::HashMap;

use futures_util::future::join_all;
use patr_models::{
    deployment::{
        Deployment, Power, WorkloadSpec,
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
    managed_url::{Host, PathPrefix},
    name::Name,
    page::Page,
};

use super::{absent, page};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError, Statement,
        deployments::{self as db, Row},
        managed_urls::{self, To},
        runners,
    },
    routes_kv,
};

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Member,
    call: Call<CreateDeployment>,
) -> Answer<CreateDeployment> {
    let create::Body { name, runner, spec, replicas } = call.body.0;
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
    let update::Body { spec, replicas } = call.body.0;
    spec.check().map_err(|error| {
        Failure::Api(update::Error::SpecInvalid { field: error.field, problem: error.problem })
    })?;
    if replicas.is_some_and(|replicas| replicas > REPLICAS_MAX) {
        return Err(Failure::Api(update::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let host = automatic_host(ctx, &caller, &row.name)?;
    let mut statements: Vec<Statement> =
        replicas.map(|replicas| db::set_replicas(row.id, replicas)).into_iter().collect();
    // A tag may mean another image today, so only a digest can be known to be the same.
    if spec != row.spec || spec.image.digest().is_none() {
        let highest: Option<db::Highest> = ctx.db.optional(db::highest_release(row.id)).await?;
        let number = highest.map_or(0, |highest| highest.number) + 1;
        statements.push(db::release_insert(row.id, number, &spec, caller.person.user, ctx.now));
        statements.extend(db::set_release(row.id, number, ctx.now));
        statements.extend(follow_port(ctx, &caller, &row, &host, &spec)?);
    }
    unchanged_since(&call.headers, row.generation)?;
    match commit::<UpdateDeployment>(ctx, &caller, &row, statements).await {
        Err(error) if is_host_taken(&error) => {
            return Err(Failure::Api(update::Error::HostTaken { host: host.to_string() }));
        }
        outcome => outcome?,
    }
    tell(ctx, &caller, &row).await
}

pub(crate) async fn start(ctx: &Ctx, caller: Member, call: Call<StartDeployment>) -> Answer<StartDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    power(ctx, &caller, row, &call.headers, Power::Running).await
}

pub(crate) async fn stop(ctx: &Ctx, caller: Member, call: Call<StopDeployment>) -> Answer<StopDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    power(ctx, &caller, row, &call.headers, Power::Stopped).await
}

async fn power<E>(ctx: &Ctx, caller: &Member, row: Row, headers: &IfMatch, to: Power) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    if row.power == to {
        unchanged_since(headers, row.generation)?;
        return Ok(reply(ctx, row).await);
    }
    let statements = vec![db::set_power(row.id, to), managed_urls::touch_leading_to(&row.id)];
    change::<E>(ctx, caller, row, headers, statements).await
}

pub(crate) async fn restart(
    ctx: &Ctx,
    caller: Member,
    call: Call<RestartDeployment>,
) -> Answer<RestartDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let statements = vec![db::count_restart(row.id)];
    change::<RestartDeployment>(ctx, &caller, row, &call.headers, statements).await
}

pub(crate) async fn scale(ctx: &Ctx, caller: Member, call: Call<ScaleDeployment>) -> Answer<ScaleDeployment> {
    let replicas = call.body.0.replicas;
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(scale::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let statements = vec![db::set_replicas(row.id, replicas)];
    change::<ScaleDeployment>(ctx, &caller, row, &call.headers, statements).await
}

pub(crate) async fn roll_back(
    ctx: &Ctx,
    caller: Member,
    call: Call<RollBackDeployment>,
) -> Answer<RollBackDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let wanted = call.body.0.release;
    let statement =
        wanted.map_or_else(|| db::last_live(row.id, row.release), |number| db::release(row.id, number));
    let found: Option<db::ReleaseRow> = ctx.db.optional(statement).await?;
    let release = found.ok_or(Failure::Api(match wanted {
        Some(release) => rollback::Error::NoSuchRelease { release },
        None => rollback::Error::NothingToRollBackTo,
    }))?;
    let host = automatic_host(ctx, &caller, &row.name)?;
    let mut statements = db::set_release(row.id, release.number, ctx.now);
    statements.extend(follow_port(ctx, &caller, &row, &host, &release.spec)?);
    change::<RollBackDeployment>(ctx, &caller, row, &call.headers, statements).await
}

pub(crate) async fn releases(ctx: &Ctx, caller: Member, call: Call<ListReleases>) -> Answer<ListReleases> {
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
    let row = find(ctx, &caller, &call.path.deployment).await?;
    unchanged_since(&call.headers, row.generation)?;
    let url: Option<managed_urls::Row> = ctx.db.optional(managed_urls::leading_to(&row.id)).await?;
    if let Some(url) = url {
        let url = format!("{}{}", url.host, url.path);
        return Err(Failure::Api(delete::Error::HasUrls { url }));
    }
    let mut statements =
        vec![managed_urls::touch_leading_to(&row.id), db::bump(row.id, row.generation, ctx.now)];
    statements.extend(db::delete(&row));
    statements.push(runners::touch(row.runner_id));
    ctx.write(&caller, audited::<DeleteDeployment>(row.id, row.name.as_str()), statements).await?;
    ctx.runners.wake(row.runner_id).await;
    routes_kv::publish(ctx).await;
    Ok(Reply::new(NoContent))
}

/// One change of a deployment: all of it if nobody changed it meanwhile, then the hint to its runner.
async fn change<E>(
    ctx: &Ctx,
    caller: &Member,
    row: Row,
    headers: &IfMatch,
    statements: Vec<Statement>,
) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    unchanged_since(headers, row.generation)?;
    commit::<E>(ctx, caller, &row, statements).await?;
    tell(ctx, caller, &row).await
}

async fn commit<E: ApiEndpoint>(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    mut statements: Vec<Statement>,
) -> Result<(), DbError> {
    statements.insert(0, db::bump(row.id, row.generation, ctx.now));
    statements.push(runners::touch(row.runner_id));
    ctx.write(caller, audited::<E>(row.id, row.name.as_str()), statements).await
}

async fn tell<E>(ctx: &Ctx, caller: &Member, row: &Row) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = Tagged, Response = Json<Deployment>>,
{
    ctx.runners.wake(row.runner_id).await;
    routes_kv::publish(ctx).await;
    let row = find(ctx, caller, &row.id.into()).await?;
    Ok(reply(ctx, row).await)
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
        spec: row.spec,
        digest: row.digest,
        url: row.host.map(|host| ctx.settings.url(host.as_str())),
        status: derive(wanted, seen, &observed.connection),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// `NAME-WORKSPACE.<apps domain>`: always one label, by the limits of both names.
pub(crate) fn automatic_host(ctx: &Ctx, caller: &Member, name: &Name) -> Result<Host, Fault> {
    let host = format!("{name}-{}.{}", caller.workspace_name, ctx.settings.apps_host());
    host.parse().map_err(Fault::new)
}

fn automatic_url(
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
        automatic: true,
        now,
    }))
}

/// Keeps the automatic URL at the first http port of the specification that becomes current.
fn follow_port(
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
