//! Machines and clusters.

use futures_util::future::join_all;
use patr_models::{
    auth::{Permission, prefix},
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{Ref, RunnerId},
    limits::TUNNEL_LANES,
    page::Page,
    runner::{
        Connection, Runner, RunnerWithToken,
        connect::{ConnectRunner, PublicKey},
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

use super::{absent, check_cursor, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{self, Machine, Member},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, runners, users::Count},
};

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateRunner>) -> Answer<CreateRunner> {
    let create::Body { name, runtime } = call.body.0;
    let runner = Runner {
        id: ctx.id()?,
        name,
        runtime,
        created_at: ctx.now,
        connection: Connection::Never,
        health: None,
    };
    let token = new_secret(prefix::RUNNER)?;
    ctx.repeat_with(&create::Error::AlreadyMade { id: runner.id, name: runner.name.clone() });
    let insert = runners::insert(caller.workspace, &runner, &auth::hash(&token));
    let what = audited::<CreateRunner>(runner.id, runner.name.as_str());
    let what = what.with("name", &runner.name).with("runtime", &runner.runtime);
    match ctx.write(&caller, what, vec![insert]).await {
        Err(error) if error.is_unique("runners.workspace_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: runner.name }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(RunnerWithToken { runner, token }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListRunners>) -> Answer<ListRunners> {
    check_cursor::<RunnerId>(&call.query)?;
    let rows: Vec<runners::Row> = ctx
        .db
        .fetch(runners::list(caller.workspace, caller.scope(Permission::RunnerView), &call.query))
        .await?;
    let Page { items, next } = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let seen = join_all(items.iter().map(|row| ctx.runners.look(row.id))).await;
    let items = items.into_iter().zip(seen).map(|(row, seen)| row.with(seen)).collect();
    Ok(Reply::new(Json(Page { items, next })))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetRunner>) -> Answer<GetRunner> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(row.with(seen))))
}

async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<RunnerId>) -> Result<runners::Row, Refused> {
    let row = ctx.db.optional(runners::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("runner", reference))?)
}

pub(crate) async fn rename(ctx: &Ctx, caller: Member, call: Call<RenameRunner>) -> Answer<RenameRunner> {
    let mut row = find(ctx, &caller, &call.path.runner).await?;
    let name = call.body.0.name;
    let what = audited::<RenameRunner>(row.id, name.as_str()).changing("name", &row.name, &name);
    match ctx.write(&caller, what, vec![runners::there(row.id), runners::rename(row.id, &name)]).await {
        Err(error) if error.is_unique("runners.workspace_id") => {
            return Err(Failure::Api(rename::Error::NameTaken { name }));
        }
        Err(DbError::Stale) => return Err(absent("runner", row.name).into()),
        outcome => outcome?,
    }
    row.name = name;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(row.with(seen))))
}

pub(crate) async fn rotate_token(
    ctx: &Ctx,
    caller: Member,
    call: Call<RotateRunnerToken>,
) -> Answer<RotateRunnerToken> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    let token = new_secret(prefix::RUNNER)?;
    let statements = vec![runners::there(row.id), runners::rotate_token(row.id, &auth::hash(&token))];
    match ctx.write(&caller, audited::<RotateRunnerToken>(row.id, row.name.as_str()), statements).await {
        Err(DbError::Stale) => return Err(absent("runner", row.name).into()),
        outcome => outcome?,
    }
    ctx.runners.revoke(row.id).await;
    let seen = ctx.runners.look(row.id).await;
    Ok(Reply::new(Json(RunnerWithToken { runner: row.with(seen), token })))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteRunner>) -> Answer<DeleteRunner> {
    let row = find(ctx, &caller, &call.path.runner).await?;
    let mut statements = vec![runners::there(row.id)];
    statements.extend(runners::delete(row.id));
    let what = audited::<DeleteRunner>(row.id, row.name.as_str()).without("name", &row.name);
    match ctx.write(&caller, what, statements).await {
        Err(DbError::Stale) => return Err(absent("runner", row.name).into()),
        Err(DbError::Reference) => {
            let count: Option<Count> = ctx.db.optional(runners::deployment_count(row.id)).await?;
            if let Some(Count { count: count @ 1.. }) = count {
                return Err(Failure::Api(delete::Error::HasDeployments { count }));
            }
            let count: Option<Count> = ctx.db.optional(runners::volume_count(row.id)).await?;
            let count = count.map_or(0, |count| count.count);
            return Err(Failure::Api(delete::Error::HasVolumes { count }));
        }
        outcome => outcome?,
    }
    ctx.runners.revoke(row.id).await;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn connect(
    ctx: &Ctx,
    machine: Machine,
    call: Call<ConnectRunner>,
) -> Result<Response, Failure<ConnectRunner>> {
    if let Some(key) = &call.headers.key {
        know_key(ctx, machine.id, key).await?;
    }
    Ok(ctx.runners.connect(machine).await?)
}

/// Secrets are sealed with a runner's key: with another one what is desired there is another snapshot.
async fn know_key(ctx: &Ctx, runner: RunnerId, key: &PublicKey) -> Result<(), Refused> {
    let row: Option<runners::Row> = ctx.db.optional(runners::by_id(runner)).await?;
    if row.is_some_and(|row| row.public_key.as_ref() != Some(key)) {
        ctx.db.batch(vec![runners::set_public_key(runner, key)]).await?;
    }
    Ok(())
}

pub(crate) async fn connect_lane(
    ctx: &Ctx,
    machine: Machine,
    call: Call<ConnectTunnel>,
) -> Result<Response, Failure<ConnectTunnel>> {
    let lane = call.path.lane;
    if lane >= TUNNEL_LANES {
        return Err(Failure::Api(tunnel::Error::NoSuchLane { lanes: TUNNEL_LANES }));
    }
    Ok(ctx.runners.connect_lane(machine.id, lane).await?)
}

#[cfg(test)]
mod tests {
    use patr_models::{
        endpoint::body::NoBody,
        internal::observe::Observed,
        runner::{RuntimeKind, get, list, rotate_token},
        time::Millis,
        wire::{HostHealth, Report},
    };

    use super::*;
    use crate::{
        runners::Object,
        testing::{App, Caller, Outcome, code, named, pages},
    };

    fn get(caller: &Caller<'_>, runner: &str) -> Outcome<Runner> {
        let path = get::Path { workspace: caller.workspace(), runner: runner.parse().unwrap() };
        caller.get::<GetRunner>(path).map(|got| got.0)
    }

    fn rename(caller: &Caller<'_>, runner: &str, to: &str) -> Outcome<Runner> {
        let path = rename::Path { workspace: caller.workspace(), runner: runner.parse().unwrap() };
        caller.call::<RenameRunner>(path, Json(rename::Body { name: to.parse().unwrap() })).map(|got| got.0)
    }

    fn rotate(caller: &Caller<'_>, runner: &str) -> Outcome<RunnerWithToken> {
        let path = rotate_token::Path { workspace: caller.workspace(), runner: runner.parse().unwrap() };
        caller.call::<RotateRunnerToken>(path, NoBody).map(|got| got.0)
    }

    fn delete(caller: &Caller<'_>, runner: &str) -> Outcome<NoContent> {
        let path = delete::Path { workspace: caller.workspace(), runner: runner.parse().unwrap() };
        caller.call::<DeleteRunner>(path, NoBody)
    }

    /// A session and both lanes.
    fn objects(runner: RunnerId) -> Vec<Object> {
        vec![Object::Session(runner), Object::Lane(runner, 0), Object::Lane(runner, 1)]
    }

    #[test]
    fn a_name_is_taken_once_in_a_workspace() {
        let app = App::new();
        let (owner, other) = (app.owner("acme"), app.owner("other"));
        owner.runner("box");
        other.runner("box");
        owner.runner("spare");
        assert_eq!(code(rename(&owner, "spare", "box")), "name_taken");
        let path = create::Path { workspace: owner.workspace() };
        let body = create::Body { name: "box".parse().unwrap(), runtime: RuntimeKind::Kubernetes };
        assert_eq!(code(owner.create::<CreateRunner>(path, Json(body))), "name_taken");
    }

    #[test]
    fn a_runner_is_as_its_session_says() {
        let app = App::new();
        let owner = app.owner("acme");
        let runner = owner.runner("box").runner;
        assert_eq!(get(&owner, "box").unwrap().connection, Connection::Never);
        let connection = Connection::Offline { since: Millis(5) };
        app.objects.observe(
            runner.id,
            Observed { version: 1, connection: connection.clone(), reported_at: None, report: None },
        );
        assert_eq!(get(&owner, &runner.id.to_string()).unwrap().connection, connection);
        assert_eq!(rename(&owner, "box", "tower").unwrap().connection, connection);
    }

    #[test]
    fn a_rotated_token_replaces_the_old_one_and_ends_its_connections() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.runner("box");
        let rotated = rotate(&owner, "box").unwrap();
        assert_eq!(app.objects.revoked(), objects(made.runner.id));
        // A person's endpoint tells a token that is known, of another kind, from one that is not known.
        let joins = |token: &str| {
            let path = patr_models::routes::Route::ConnectRunner.path().as_str();
            app.anonymous().with_token(token.to_owned()).raw(http::Method::GET, path, "").code()
        };
        assert_eq!(joins(&made.token), "unauthenticated");
        assert_ne!(joins(&rotated.token), "unauthenticated");
    }

    #[test]
    fn an_object_that_does_not_hear_that_its_token_is_bad_is_told_again() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.runner("box");
        app.objects.fail(2);
        rotate(&owner, "box").unwrap();
        let mut revoked = app.objects.revoked();
        revoked.sort_by_key(|object| objects(made.runner.id).iter().position(|known| known == object));
        assert_eq!(revoked, objects(made.runner.id));
    }

    #[test]
    fn a_runner_with_deployments_stays() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        owner.deploy("web", "box");
        assert_eq!(code(delete(&owner, "box")), "runner_has_deployments");
        assert_eq!(app.objects.revoked(), []);
        assert_eq!(app.last_audit(), "CreateDeployment");
    }

    #[test]
    fn how_a_machine_does_is_what_its_agent_said_last() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.runner("box").runner;
        assert_eq!(made.health, None);
        let health = HostHealth {
            disk_total: Some(100),
            disk_free: Some(1),
            trouble: Some("full".to_owned()),
            away_since: None,
        };
        let report = Some(Report { health: Some(health.clone()), ..Report::default() });
        let connection = Connection::Offline { since: Millis(1) };
        app.objects.observe(made.id, Observed { version: 1, connection, reported_at: None, report });
        assert_eq!(get(&owner, "box").unwrap().health, Some(health));
    }

    #[test]
    fn a_removed_runner_is_gone_and_its_connections_end() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.runner("box");
        delete(&owner, "box").unwrap();
        assert_eq!(app.objects.revoked(), objects(made.runner.id));
        assert_eq!(
            (code(get(&owner, "box")), code(delete(&owner, "box"))),
            ("not_found".to_owned(), "not_found".to_owned())
        );
    }

    #[test]
    fn a_list_goes_on_page_by_page_and_filters_by_name() {
        let app = App::new();
        let owner = app.owner("acme");
        app.owner("other").runner("of-another");
        for name in ["one", "two", "three", "four", "five"] {
            owner.runner(name);
        }
        let path = list::Path { workspace: owner.workspace() };
        let list = |query| owner.list::<ListRunners, _>(path.clone(), query).unwrap();
        assert_eq!(pages(list, |runner| runner.name.to_string()).len(), 5);
        assert_eq!(list(named("ne")).items.len(), 1);
    }

    #[test]
    fn there_are_as_many_lanes_as_there_are() {
        let app = App::new();
        let runner = app.anonymous().with_token(app.owner("acme").runner("box").token);
        assert_eq!(runner.raw(http::Method::GET, "/api/v1/runner/tunnel/9", "").code(), "no_such_lane");
    }
}
