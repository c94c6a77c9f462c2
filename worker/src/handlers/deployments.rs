//! Deployments.

mod bind;
mod change;
mod place;
mod rollout;

use std::collections::BTreeSet;

use patr_models::{
    auth::Permission,
    deployment::{
        Autoscale, Deployment, Placed, Power,
        create::{self, CreateDeployment},
        delete::{self, DeleteDeployment},
        get::GetDeployment,
        list::ListDeployments,
        restart::RestartDeployment,
        scale::{self, ScaleDeployment},
        start::StartDeployment,
        status::{Part, Wanted, combine, derive},
        stop::StopDeployment,
        update::{self, UpdateDeployment},
        watch::{News, WatchDeployment},
    },
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, RunnerId},
    limits::REPLICAS_MAX,
    page::Page,
};

use bind::{Home, Unfit, bind, check_scale};
use change::{Change, change, overtaken};
pub(crate) use change::{TRIES, unchanged_since};
use place::{find_all, move_to, wanted_now};
pub(crate) use rollout::{cancel, releases, roll_back};

pub(crate) use super::automatic::{automatic_host, is_host_taken};
use super::{
    absent,
    automatic::{automatic_url, follow_port},
    check_cursor, page,
};
use crate::{
    answer::{Answer, Failure, Refused},
    audit::Changes,
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        deployments::{self as db, Row},
        managed_urls, placements, runners,
    },
    routes_kv,
    runners::Seen,
};

pub(crate) async fn create(
    ctx: &Ctx,
    caller: Member,
    call: Call<CreateDeployment>,
) -> Answer<CreateDeployment> {
    let create::Body { name, runners, spec, replicas, autoscale } = call.body.0;
    let replicas = replicas.unwrap_or(1);
    if replicas > REPLICAS_MAX {
        return Err(Failure::Api(create::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    let wanted = find_all(ctx, &caller, &runners).await?;
    let on: BTreeSet<RunnerId> = wanted.iter().map(|wanted| wanted.runner).collect();
    let (id, workspace, now) = (ctx.id()?, caller.workspace, ctx.now);
    let host = automatic_host(ctx, &caller, &name)?;
    let home = Home { caller: &caller, runners: &wanted };
    for _ in 0..TRIES {
        let bound = bind(ctx, home, spec.clone()).await?;
        check_scale(&bound.spec, replicas, autoscale).map_err(Unfit::Invalid)?;
        let (by, spec) = (caller.person.user, &bound.spec);
        let new =
            db::New { id, workspace, runners: &wanted, name: &name, replicas, autoscale, spec, by, now };
        let mut statements = db::insert(&new);
        statements.extend(bound.statements(id, 1));
        if let Some(port) = spec.first_http_port() {
            statements.extend(automatic_url(ctx, &caller, &host, id, port)?);
        }
        statements.push(runners::touch_all(&on));
        let what = audited::<CreateDeployment>(id, name.as_str()).with("spec", spec);
        let what = what.with("runners", &runners).with("replicas", &replicas).with("autoscale", &autoscale);
        match ctx.write(&caller, what, statements).await {
            Err(error) if overtaken(&error) => continue,
            Err(error) if error.is_unique("deployments.workspace_id") => {
                return Err(Failure::Api(create::Error::NameTaken { name }));
            }
            Err(error) if is_host_taken(&error) => {
                return Err(Failure::Api(create::Error::HostTaken { host: host.to_string() }));
            }
            // A runner went away meanwhile.
            Err(DbError::Reference) => {
                find_all(ctx, &caller, &runners).await?;
                return Err(DbError::Reference.into());
            }
            outcome => outcome?,
        }
        ctx.runners.wake_all(&on).await;
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
    let rows: Vec<Row> = ctx
        .db
        .fetch(db::list(caller.workspace, caller.scope(Permission::DeploymentView), &call.query))
        .await?;
    let Page { items, next } = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let seen = ctx.runners.look_at(&db::runners_of(&items)).await;
    Ok(Reply::new(Json(Page { items: items.into_iter().map(|row| model(ctx, row, &seen)).collect(), next })))
}

pub(crate) async fn update(
    ctx: &Ctx,
    caller: Member,
    call: Call<UpdateDeployment>,
) -> Answer<UpdateDeployment> {
    let update::Body { spec, runners, replicas, autoscale } = call.body.0;
    if replicas.is_some_and(|replicas| replicas > REPLICAS_MAX) {
        return Err(Failure::Api(update::Error::TooManyReplicas { max: REPLICAS_MAX }));
    }
    change::<UpdateDeployment>(ctx, &caller, &call.path.deployment, &call.headers, async |row| {
        let now = wanted_now(row);
        let wanted = match &runners {
            Some(runners) => find_all(ctx, &caller, runners).await?,
            None => now.clone(),
        };
        let moves = wanted != now;
        let home = Home { caller: &caller, runners: &wanted };
        let bound = bind(ctx, home, spec.clone()).await?;
        let (replicas, autoscale) = (replicas.unwrap_or(row.replicas), autoscale.or(row.autoscale));
        check_scale(&bound.spec, replicas, autoscale).map_err(Unfit::Invalid)?;
        let mut statements = vec![db::set_scale(row.id, replicas, autoscale)];
        let host = automatic_host(ctx, &caller, &row.name)?;
        if moves {
            statements.extend(move_to(row, &wanted, &bound.spec));
        }
        // A tag may mean another image today, so only a digest can be known to be the same; but who moves a deployment
        // wants it elsewhere as it is.
        if bound.spec != row.spec || bound.spec.image.digest().is_none() && !moves {
            let highest: Option<db::Highest> = ctx.db.optional(db::highest_release(row.id)).await?;
            let number = highest.map_or(0, |highest| highest.number) + 1;
            statements.push(db::release_insert(row.id, number, &bound.spec, caller.person.user, ctx.now));
            statements.extend(bound.statements(row.id, number));
            statements.extend(db::set_release(row.id, number, ctx.now));
            statements.extend(follow_port(ctx, &caller, row, &host, &bound.spec)?);
        }
        let changes = scaling(row, replicas, autoscale).changing("spec", &row.spec, &bound.spec);
        Ok(Change::Write {
            statements,
            changes: changes.changing("runners", &now, &wanted),
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
            Change::of(
                vec![db::set_power(row.id, to), managed_urls::touch_leading_to(&row.id)],
                Changes::default().changing("power", &row.power, &to),
            )
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
        Ok(Change::of(vec![db::count_restart(row.id)], Changes::default()))
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
        Ok(Change::of(vec![db::set_scale(row.id, replicas, autoscale)], scaling(row, replicas, autoscale)))
    })
    .await
}

/// What the audit log says of a change of how many there should be.
fn scaling(row: &Row, replicas: u32, autoscale: Option<Autoscale>) -> Changes {
    let changes = Changes::default().changing("replicas", &row.replicas, &replicas);
    changes.changing("autoscale", &row.autoscale, &autoscale)
}

pub(crate) async fn watch(ctx: &Ctx, caller: Member, call: Call<WatchDeployment>) -> Answer<WatchDeployment> {
    let row = find(ctx, &caller, &call.path.deployment).await?;
    let seen = ctx.runners.news(&row.runners(), call.query.after).await?;
    // Read again: waiting took its time, and the news may be about a later generation.
    let row = if call.query.after.is_some() { find(ctx, &caller, &row.id.into()).await? } else { row };
    Ok(Reply::new(Json(News { version: seen.version(), deployment: model(ctx, row, &seen) })))
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
        statements.push(runners::touch_all(&row.runners()));
        let what = audited::<DeleteDeployment>(row.id, row.name.as_str()).says(
            Changes::default()
                .without("spec", &row.spec)
                .without("runners", &wanted_now(&row))
                .without("replicas", &row.replicas),
        );
        match ctx.write(&caller, what, statements).await {
            // A reference: somebody has led a managed URL here meanwhile.
            Err(DbError::Stale | DbError::Reference) => continue,
            outcome => outcome?,
        }
        ctx.runners.wake_all(&row.runners()).await;
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

pub(crate) async fn with_status(ctx: &Ctx, row: Row) -> Deployment {
    let seen = ctx.runners.look_at(&row.runners()).await;
    model(ctx, row, &seen)
}

fn model(ctx: &Ctx, row: Row, seen: &Seen) -> Deployment {
    let wanted = Wanted { generation: row.generation, power: row.power, replicas: row.replicas };
    let runners: Vec<Placed> =
        row.placed.iter().map(|placed| on_runner(&row, placed, wanted, seen)).collect();
    let parts: Vec<Part<'_>> = runners
        .iter()
        .map(|placed| Part {
            runner: &placed.name,
            status: &placed.status,
            online: seen.is_seen(placed.runner),
            leaving: placed.leaving,
        })
        .collect();
    let status = combine(row.release, row.replicas, &parts);
    Deployment {
        id: row.id,
        name: row.name,
        runners,
        generation: row.generation,
        release: row.release,
        power: row.power,
        replicas: row.replicas,
        autoscale: row.autoscale,
        spec: row.spec,
        digest: row.digest,
        url: row.host.map(|host| ctx.settings.url(host.as_str())),
        status,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// A deployment on one of its runners.
fn on_runner(row: &Row, placed: &placements::Row, wanted: Wanted, seen: &Seen) -> Placed {
    let observed = seen.deployment(placed.runner, row.id);
    Placed {
        runner: placed.runner,
        name: placed.name.clone(),
        weight: placed.weight,
        leaving: placed.is_leaving(),
        status: derive(wanted, observed, seen.health(placed.runner), seen.connection(placed.runner)),
        seen: observed.map(|observed| observed.replicas.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
#[path = "deployments_tests.rs"]
mod tests;
