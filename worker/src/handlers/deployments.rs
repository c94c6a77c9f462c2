//! Deployments.

mod bind;
mod change;
mod rollout;

use std::collections::HashMap;

use futures_util::future::join_all;
use patr_models::{
    deployment::{
        Deployment, Power,
        create::{self, CreateDeployment},
        delete::{self, DeleteDeployment},
        get::GetDeployment,
        list::ListDeployments,
        restart::RestartDeployment,
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
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref},
    internal::observe::Observed,
    limits::REPLICAS_MAX,
    page::Page,
};

use bind::{Home, Unfit, bind, check_scale};
use change::{Change, change, overtaken};
pub(crate) use change::{TRIES, unchanged_since};
pub(crate) use rollout::{cancel, releases, roll_back};

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
        DbError,
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
    let create::Body { name, runner, spec, replicas, autoscale } = call.body.0;
    let replicas = replicas.unwrap_or(1);
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(create::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    let found: Option<runners::Row> = ctx.db.optional(runners::get(caller.workspace, &runner)).await?;
    let unknown = |runner: String| Failure::Api(create::Error::RunnerNotFound { runner });
    let runner = found.ok_or_else(|| unknown(runner.to_string()))?;

    let (id, workspace, now) = (ctx.id()?, caller.workspace, ctx.now);
    let host = automatic_host(ctx, &caller, &name)?;
    let home = Home { workspace, runner: runner.id };
    for _ in 0..TRIES {
        let bound = bind(ctx, home, spec.clone()).await?;
        check_scale(&bound.spec, replicas, autoscale).map_err(Unfit::Invalid)?;
        let (by, spec) = (caller.person.user, &bound.spec);
        let new =
            db::New { id, workspace, runner: runner.id, name: &name, replicas, autoscale, spec, by, now };
        let mut statements = db::insert(&new);
        statements.extend(bound.statements(id, 1));
        if let Some(port) = spec.first_http_port() {
            statements.extend(automatic_url(ctx, &caller, &host, id, port)?);
        }
        statements.push(runners::touch(runner.id));
        match ctx.write(&caller, audited::<CreateDeployment>(id, name.as_str()), statements).await {
            Err(error) if overtaken(&error) => continue,
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
        return Ok(Reply { headers, body: Created(with_status(ctx, row).await) });
    }
    Err(DbError::Stale.into())
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
    let update::Body { spec, replicas, autoscale } = call.body.0;
    if replicas.is_some_and(|replicas| replicas > REPLICAS_MAX) {
        return Err(Failure::Api(update::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    change::<UpdateDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let bound =
            bind(ctx, Home { workspace: row.workspace_id, runner: row.runner_id }, spec.clone()).await?;
        let (replicas, autoscale) = (replicas.unwrap_or(row.replicas), autoscale.or(row.autoscale));
        check_scale(&bound.spec, replicas, autoscale).map_err(Unfit::Invalid)?;
        let mut statements = vec![db::set_scale(row.id, replicas, autoscale)];
        let host = automatic_host(ctx, &caller, &row.name)?;
        // A tag may mean another image today, so only a digest can be known to be the same.
        if bound.spec != row.spec || bound.spec.image.digest().is_none() {
            let highest: Option<db::Highest> = ctx.db.optional(db::highest_release(row.id)).await?;
            let number = highest.map_or(0, |highest| highest.number) + 1;
            statements.push(db::release_insert(row.id, number, &bound.spec, caller.person.user, ctx.now));
            statements.extend(bound.statements(row.id, number));
            statements.extend(db::set_release(row.id, number, ctx.now));
            statements.extend(follow_port(ctx, &caller, row, &host, &bound.spec)?);
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
    let scale::Body { replicas, autoscale } = call.body.0;
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(scale::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    change::<ScaleDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        check_scale(&row.spec, replicas, autoscale).map_err(|error| {
            Failure::Api(scale::Error::ScaleInvalid { field: error.field, problem: error.problem })
        })?;
        Ok(Change::of(vec![db::set_scale(row.id, replicas, autoscale)]))
    })
    .await
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
    let observation = report.and_then(|report| report.deployments.iter().find(|seen| seen.id == row.id));
    let health = report.and_then(|report| report.health.as_ref());
    Deployment {
        id: row.id,
        name: row.name,
        runner: row.runner_id,
        runner_name: row.runner_name,
        generation: row.generation,
        release: row.release,
        power: row.power,
        replicas: row.replicas,
        autoscale: row.autoscale,
        spec: row.spec,
        digest: row.digest,
        url: row.host.map(|host| ctx.settings.url(host.as_str())),
        status: derive(wanted, observation, health, &observed.connection),
        seen: observation.map(|seen| seen.replicas.clone()).unwrap_or_default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

#[cfg(test)]
#[path = "deployments_tests.rs"]
mod tests;
