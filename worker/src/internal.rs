//! What the objects ask: what is desired of a runner, and to keep what it reported.

mod sealed;

use std::collections::BTreeSet;

use patr_models::{
    endpoint::{Call, Reply, body::Json, body::NoContent},
    error::Common,
    ids::{RunnerId, VolumeId},
    internal::{
        ReleaseFact,
        desired::{GetDesired, Passed},
        record::RecordFacts,
    },
    wire::{DesiredDeployment, Snapshot},
};

use crate::{
    answer::Answer,
    ctx::Ctx,
    db::{
        Statement, deployments,
        placements::{self, Arrival},
        runners, volumes,
    },
    routes_kv,
};

pub(crate) async fn desired(ctx: &Ctx, (): (), call: Call<GetDesired>) -> Answer<GetDesired> {
    let id = call.path.runner;
    // The revision is read first: should something change in between, the snapshot is newer than it says, and the
    // change brings another one.
    let runner: Option<runners::Row> = ctx.db.optional(runners::by_id(id)).await?;
    let absent = || Common::NotFound { noun: "runner".to_owned(), name: id.to_string() };
    let runner = runner.ok_or_else(absent)?;
    // Tombstones before deployments: what is deleted in between is in neither, and is left alone until the next
    // snapshot. The other way round it would be in both.
    let tombstones: Vec<deployments::TombstoneRow> = ctx.db.fetch(deployments::tombstones(id)).await?;
    let buried: Vec<volumes::Id> = ctx.db.fetch(volumes::tombstones(id)).await?;
    // Deployments before volumes: what one mounts is there.
    let rows: Vec<deployments::Row> = ctx.db.fetch(deployments::on_runner(id)).await?;
    let there: Vec<volumes::Row> = ctx.db.fetch(volumes::on_runner(id)).await?;
    let mut deployments: Vec<DesiredDeployment> = rows.into_iter().map(deployments::Row::desired).collect();
    sealed::seal(ctx, &runner, &mut deployments).await?;
    let snapshot = Snapshot {
        revision: runner.revision,
        deployments,
        volumes: there.into_iter().map(Into::into).collect(),
        buried_volumes: buried.into_iter().map(|row| row.id).collect(),
        tombstones: tombstones.into_iter().map(Into::into).collect(),
        ..Snapshot::default()
    };
    Ok(Reply::new(Json(Passed::try_from(&snapshot)?)))
}

pub(crate) async fn record(ctx: &Ctx, (): (), call: Call<RecordFacts>) -> Answer<RecordFacts> {
    let (runner, facts) = (call.path.runner, call.body.0);
    if facts.is_empty() {
        return Ok(Reply::new(NoContent));
    }
    let made: Vec<volumes::Id> = if facts.volumes.is_empty() {
        Vec::new()
    } else {
        ctx.db.fetch(volumes::unmade(runner, &facts.volumes)).await?
    };
    let made: Vec<VolumeId> = made.into_iter().map(|row| row.id).collect();
    let mut statements = deployments::record(runner, &facts, ctx.now);
    let arrivals: Vec<Arrival> = if facts.releases.iter().any(ReleaseFact::is_live) {
        ctx.db.fetch(placements::arrivals(runner, &facts.releases)).await?
    } else {
        Vec::new()
    };
    let left: BTreeSet<RunnerId> = arrivals.iter().filter_map(|arrival| arrival.leaves).collect();
    statements.extend(arrive(runner, &arrivals, &left));
    if !facts.gone_volumes.is_empty() {
        statements.push(volumes::gone(runner, &facts.gone_volumes));
    }
    if !made.is_empty() {
        statements.push(volumes::made(runner, &made));
        // A snapshot that does not say so would have them made anew on a machine that has lost them.
        statements.push(runners::touch(runner));
    }
    ctx.db.batch(statements).await?;
    if !made.is_empty() {
        ctx.runners.wake(runner).await;
    }
    if !arrivals.is_empty() {
        ctx.runners.wake_all(&left).await;
        routes_kv::publish(ctx).await;
    }
    Ok(Reply::new(NoContent))
}

/// Deployments serve on a runner: from now on requests go there, and where they only were until then they may go.
fn arrive(runner: RunnerId, arrivals: &[Arrival], left: &BTreeSet<RunnerId>) -> Vec<Statement> {
    let deployments: BTreeSet<_> = arrivals.iter().map(|arrival| arrival.deployment_id).collect();
    if deployments.is_empty() {
        return Vec::new();
    }
    let mut statements =
        vec![placements::arrive(runner, &deployments), placements::touch_shared(&deployments)];
    if !left.is_empty() {
        statements.extend(placements::leave(&deployments));
        statements.push(runners::touch_all(left));
    }
    statements
}

#[cfg(test)]
mod tests {
    use patr_models::{
        deployment::{Deployment, Failure, FailureKind, Outcome, ReleaseNumber, releases},
        endpoint::body::NoBody,
        ids::RunnerId,
        internal::{Ended, Facts, ReleaseFact, desired, record},
        page::ListQuery,
    };

    use super::*;
    use crate::testing::{App, Caller, Outcome as Answered, code};

    fn desired(app: &App, runner: RunnerId) -> Answered<Snapshot> {
        let passed = app.internal::<GetDesired>(desired::Path { runner }, NoBody)?.0;
        Ok(serde_json::from_value(passed.into()).unwrap())
    }

    fn record(app: &App, runner: RunnerId, facts: Facts) -> Answered<NoContent> {
        app.internal::<RecordFacts>(record::Path { runner }, Json(facts))
    }

    fn fact(deployment: &Deployment, digest: char, ended: Option<Ended>) -> Facts {
        let digest = Some(format!("sha256:{}", digest.to_string().repeat(64)).parse().unwrap());
        let fact = ReleaseFact { deployment: deployment.id, generation: 1, release: 1, digest, ended };
        Facts { releases: vec![fact], ..Facts::default() }
    }

    fn release(owner: &Caller<'_>, number: ReleaseNumber) -> patr_models::deployment::Release {
        let path = releases::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
        let all = owner.list::<releases::ListReleases, _>(path, ListQuery::default()).unwrap().items;
        all.into_iter().find(|release| release.number == number).unwrap()
    }

    #[test]
    fn a_snapshot_is_everything_on_the_runner_and_its_revision_moves_with_each_change() {
        let app = App::new();
        let owner = app.owner("acme");
        let (runner, other) = (owner.runner("box").runner.id, owner.runner("other").runner.id);
        let empty = desired(&app, runner).unwrap();
        assert_eq!((empty.revision, empty.deployments.len()), (1, 0));
        let web = owner.deploy("web", "box");
        let snapshot = desired(&app, runner).unwrap();
        assert_eq!((snapshot.revision, snapshot.deployments[0].id), (2, web.id));
        assert_eq!(desired(&app, other).unwrap().deployments, []);
        owner.raw(http::Method::DELETE, "/api/v1/workspaces/acme/deployments/web", "");
        let snapshot = desired(&app, runner).unwrap();
        assert_eq!(
            (snapshot.revision, snapshot.deployments.len(), snapshot.tombstones[0].deployment),
            (3, 0, web.id)
        );
    }

    #[test]
    fn a_runner_that_is_gone_is_not_found() {
        let app = App::new();
        let runner = "run_00000000000000000000000000".parse().unwrap();
        assert_eq!(code(desired(&app, runner)), "not_found");
    }

    #[test]
    fn what_is_deleted_while_it_is_read_is_never_both_wanted_and_unwanted() {
        let app = App::new();
        let owner = app.owner("acme");
        let web = owner.deploy(
            &{
                owner.runner("box");
                "web".to_owned()
            },
            "box",
        );
        app.sqlite.take_said();
        desired(&app, web.runners[0].runner).unwrap();
        let said = app.sqlite.take_said();
        let at = |table: &str| said.iter().position(|sql| sql.contains(table)).unwrap();
        assert!(at("FROM tombstones") < at("FROM deployments"));
    }

    #[test]
    fn the_first_word_on_a_release_counts() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        let web = owner.deploy("web", "box");
        record(&app, web.runners[0].runner, fact(&web, 'a', None)).unwrap();
        assert_eq!(release(&owner, 1).outcome, Outcome::Pending);
        record(&app, web.runners[0].runner, fact(&web, 'b', Some(Ended::Live))).unwrap();
        let failure = Failure { kind: FailureKind::Exited, message: "1".to_owned(), logs: Vec::new() };
        record(&app, web.runners[0].runner, fact(&web, 'c', Some(Ended::Failed { failure }))).unwrap();
        let release = release(&owner, 1);
        assert_eq!(release.outcome, Outcome::Live { at: app.now.get() });
        assert!(release.digest.unwrap().as_str().contains("aaaa"));
    }

    #[test]
    fn why_a_release_failed_is_kept() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        let web = owner.deploy("web", "box");
        let failure =
            Failure { kind: FailureKind::OutOfMemory, message: "oom".to_owned(), logs: vec!["x".to_owned()] };
        record(
            &app,
            web.runners[0].runner,
            fact(&web, 'a', Some(Ended::Failed { failure: failure.clone() })),
        )
        .unwrap();
        assert_eq!(release(&owner, 1).outcome, Outcome::Failed { at: app.now.get(), failure });
    }

    #[test]
    fn many_facts_take_as_many_statements_as_one() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        let (one, two) = (owner.deploy("one", "box"), owner.deploy("two", "box"));
        let mut facts = fact(&one, 'a', Some(Ended::Live));
        facts.releases.extend(fact(&two, 'b', Some(Ended::Live)).releases);
        app.sqlite.take_said();
        record(&app, one.runners[0].runner, facts).unwrap();
        assert_eq!(app.sqlite.take_said().len(), 8);
        let live =
            app.sqlite.rows("SELECT digest FROM releases WHERE outcome = 'live' AND digest IS NOT NULL");
        assert_eq!(live.len(), 2);
    }

    #[test]
    fn a_runner_says_nothing_about_the_deployments_of_another() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        let other = owner.runner("other").runner.id;
        let web = owner.deploy("web", "box");
        let before = app.sqlite.dump();
        record(&app, other, fact(&web, 'a', Some(Ended::Live))).unwrap();
        assert_eq!(app.sqlite.dump(), before);
        owner.raw(http::Method::DELETE, "/api/v1/workspaces/acme/deployments/web", "");
        let before = app.sqlite.dump();
        record(&app, other, Facts { gone: vec![web.id], ..Facts::default() }).unwrap();
        assert_eq!(app.sqlite.dump(), before);
        record(&app, web.runners[0].runner, Facts { gone: vec![web.id], ..Facts::default() }).unwrap();
        assert_eq!(desired(&app, web.runners[0].runner).unwrap().tombstones, []);
    }
}
