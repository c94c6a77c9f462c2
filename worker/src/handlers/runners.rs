//! Machines and clusters.

use futures_util::future::join_all;
use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{Ref, RunnerId},
    limits::TUNNEL_LANES,
    page::Page,
    runner::{
        Connection, Runner, RunnerWithToken, RuntimeKind,
        connect::ConnectRunner,
        create::{self, CreateRunner},
        delete::{self, DeleteRunner},
        get::GetRunner,
        list::ListRunners,
        rename::{self, RenameRunner},
        rotate_token::RotateRunnerToken,
        tunnel::{self, ConnectTunnel},
    },
};
use worker::Response;

use super::{absent, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{self, Member},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, runners, users::Count},
};

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateRunner>) -> Answer<CreateRunner> {
    let create::Body { name, runtime } = call.body.0;
    if runtime != RuntimeKind::Docker {
        return Err(Failure::Api(create::Error::RuntimeNotSupported));
    }
    let runner = Runner { id: ctx.id()?, name, runtime, created_at: ctx.now, connection: Connection::Never };
    let token = new_secret(prefix::RUNNER)?;
    let insert = runners::insert(caller.workspace, &runner, &auth::hash(&token));
    match ctx.write(&caller, audited::<CreateRunner>(runner.id, runner.name.as_str()), vec![insert]).await {
        Err(error) if error.is_unique("runners.workspace_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: runner.name }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(RunnerWithToken { runner, token }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListRunners>) -> Answer<ListRunners> {
    let rows: Vec<runners::Row> = ctx.db.fetch(runners::list(caller.workspace, &call.query)).await?;
    let Page { items, next } = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let seen = join_all(items.iter().map(|row| ctx.runners.look(row.id))).await;
    let items = items.into_iter().zip(seen).map(|(row, seen)| row.with(seen.connection)).collect();
    Ok(Reply::new(Json(Page { items, next })))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetRunner>) -> Answer<GetRunner> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(row.with(seen.connection))))
}

async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<RunnerId>) -> Result<runners::Row, Refused> {
    let row = ctx.db.optional(runners::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("runner", reference))?)
}

pub(crate) async fn rename(ctx: &Ctx, caller: Member, call: Call<RenameRunner>) -> Answer<RenameRunner> {
    let mut row = find(ctx, &caller, &call.path.runner).await?;
    let name = call.body.0.name;
    let what = audited::<RenameRunner>(row.id, name.as_str());
    match ctx.write(&caller, what, vec![runners::rename(row.id, &name)]).await {
        Err(error) if error.is_unique("runners.workspace_id") => {
            return Err(Failure::Api(rename::Error::NameTaken { name }));
        }
        outcome => outcome?,
    }
    row.name = name;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(row.with(seen.connection))))
}

pub(crate) async fn rotate_token(
    ctx: &Ctx,
    caller: Member,
    call: Call<RotateRunnerToken>,
) -> Answer<RotateRunnerToken> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    let token = new_secret(prefix::RUNNER)?;
    let rotate = runners::rotate_token(row.id, &auth::hash(&token));
    ctx.write(&caller, audited::<RotateRunnerToken>(row.id, row.name.as_str()), vec![rotate]).await?;
    ctx.runners.revoke(row.id).await;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(RunnerWithToken { runner: row.with(seen.connection), token })))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteRunner>) -> Answer<DeleteRunner> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    match ctx
        .write(&caller, audited::<DeleteRunner>(row.id, row.name.as_str()), runners::delete(row.id))
        .await
    {
        Err(DbError::Reference) => {
            let count: Option<Count> = ctx.db.optional(runners::deployment_count(row.id)).await?;
            let count = count.map_or(0, |count| count.count);
            return Err(Failure::Api(delete::Error::HasDeployments { count }));
        }
        outcome => outcome?,
    }
    ctx.runners.revoke(row.id).await;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn connect(
    ctx: &Ctx,
    runner: RunnerId,
    _: Call<ConnectRunner>,
) -> Result<Response, Failure<ConnectRunner>> {
    Ok(ctx.runners.connect(runner).await?)
}

pub(crate) async fn connect_lane(
    ctx: &Ctx,
    runner: RunnerId,
    call: Call<ConnectTunnel>,
) -> Result<Response, Failure<ConnectTunnel>> {
    let lane = call.path.lane;
    if lane >= TUNNEL_LANES {
        return Err(Failure::Api(tunnel::Error::NoSuchLane { lanes: TUNNEL_LANES }));
    }
    Ok(ctx.runners.connect_lane(runner, lane).await?)
}

#[cfg(test)]
mod tests {
    use patr_models::{
        endpoint::body::NoBody,
        runner::rotate_token::{Path, RotateRunnerToken},
    };

    use crate::testing::App;

    #[test]
    fn a_rotated_token_ends_the_connections_of_the_old_one() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.runner("box");
        let path = Path { workspace: owner.workspace(), runner: made.runner.id.into() };
        let rotated = owner.call::<RotateRunnerToken>(path, NoBody).unwrap().0;
        assert_ne!(rotated.token, made.token);
        assert!(!app.objects.revoked().is_empty());
        assert_eq!(app.audit().last().unwrap(), "RotateRunnerToken");
    }
}
