use patr_models::{
    deployment::{
        Autoscale, Outcome, Placement, Release, Status, WorkloadSpec, get, list,
        releases::{self, ListReleases},
        restart,
        rollback::{self, RollBackDeployment},
        start, stop, watch,
    },
    endpoint::{body::NoBody, headers::NoHeaders},
    internal::{Ended, Facts, ReleaseFact, desired, observe::Observed, record},
    managed_url::create::NewTarget,
    runner::Connection,
    time::Millis,
    wire::{ObservedDeployment, ObservedReplica, Phase, Report},
};

use super::*;
use crate::testing::{App, Caller, Outcome as Answered, code, named, pages, redirect, refusal, spec};

/// A workspace with a runner `box`.
fn owner(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    owner.runner("box");
    owner
}

fn create(caller: &Caller<'_>, name: &str, runner: &str, spec: WorkloadSpec) -> Answered<Deployment> {
    let (name, runner) = (name.parse().unwrap(), runner.parse().unwrap());
    let body = Json(create::Body {
        name,
        runners: vec![Placement::on(runner)],
        spec,
        replicas: None,
        autoscale: None,
    });
    let path = create::Path { workspace: caller.workspace() };
    caller.create::<CreateDeployment>(path, body).map(|made| made.0)
}

fn update(caller: &Caller<'_>, spec: WorkloadSpec) -> Answered<Deployment> {
    let path = update::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller
        .change::<UpdateDeployment>(
            path,
            Json(update::Body { spec, runners: None, replicas: None, autoscale: None }),
        )
        .map(|it| it.0)
}

fn get(caller: &Caller<'_>) -> Answered<Deployment> {
    let path = get::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.get::<GetDeployment>(path).map(|it| it.0)
}

fn delete(caller: &Caller<'_>) -> Answered<NoContent> {
    let path = delete::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.change::<DeleteDeployment>(path, NoBody)
}

fn roll_back(caller: &Caller<'_>, release: Option<u32>) -> Answered<Deployment> {
    let path = rollback::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.change::<RollBackDeployment>(path, Json(rollback::Body { release })).map(|it| it.0)
}

fn releases(caller: &Caller<'_>) -> Vec<Release> {
    let path = releases::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.list::<ListReleases, _>(path, patr_models::page::ListQuery::default()).unwrap().items
}

/// The runner says how the rollout of a release of `web` ended.
fn ended(app: &App, deployment: &Deployment, release: u32) {
    let fact = ReleaseFact {
        deployment: deployment.id,
        generation: 1,
        release,
        digest: None,
        ended: Some(Ended::Live),
    };
    let facts = Json(Facts { releases: vec![fact], ..Facts::default() });
    app.internal::<record::RecordFacts>(record::Path { runner: deployment.runners[0].runner }, facts)
        .unwrap();
}

#[test]
fn a_new_deployment_has_a_release_a_url_and_a_runner_that_was_told() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    assert_eq!((made.generation, made.release, made.replicas), (1, 1, 1));
    assert_eq!(made.url.as_deref(), Some("https://web-acme.apps.example"));
    assert!(matches!(made.status, Status::Waiting { .. }));
    assert_eq!(app.objects.wakes(made.runners[0].runner), 1);
    assert!(app.kv.contains("host/web-acme.apps.example"));
    assert_eq!(get(&owner).unwrap(), made);
}

#[test]
fn a_name_is_taken_once_in_a_workspace_and_the_runner_is_not_told_of_a_refusal() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    assert_eq!(code(create(&owner, "web", "box", spec("web:1", &[]))), "name_taken");
    assert_eq!(app.objects.wakes(made.runners[0].runner), 1);
}

#[test]
fn an_unknown_runner_is_named() {
    let app = App::new();
    let (owner, other) = (owner(&app), app.owner("other"));
    other.runner("theirs");
    for runner in ["nowhere", "theirs", "run_00000000000000000000000000"] {
        let refusal = refusal(create(&owner, "web", runner, spec("web:1", &[])));
        assert_eq!(refusal.code, "runner_not_found");
        assert!(refusal.message.contains(runner), "{}", refusal.message);
    }
}

#[test]
fn a_runner_that_goes_away_meanwhile_is_not_found() {
    let app = App::new();
    let owner = owner(&app);
    app.sqlite.meanwhile("DELETE FROM runners");
    assert_eq!(code(create(&owner, "web", "box", spec("web:1", &[]))), "runner_not_found");
    assert_eq!(app.last_audit(), "CreateRunner");
}

#[test]
fn an_automatic_host_that_is_somebody_elses_is_refused_wherever_it_would_be_taken() {
    let app = App::new();
    let owner = owner(&app);
    owner.url("web-acme.apps.example", redirect()).unwrap();
    assert_eq!(code(create(&owner, "web", "box", spec("web:1", &[80]))), "host_taken");
    let made = create(&owner, "web", "box", spec("web:1", &[])).unwrap();
    assert_eq!(made.url, None);
    assert_eq!(code(update(&owner, spec("web:2", &[80]))), "host_taken");
    assert_eq!(releases(&owner).len(), 1);
}

#[test]
fn a_rollback_to_a_release_whose_host_is_taken_by_now_is_refused() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    ended(&app, &made, 1);
    update(&owner, spec("web:2", &[])).unwrap();
    owner.url("web-acme.apps.example", redirect()).unwrap();
    assert_eq!(code(roll_back(&owner, None)), "host_taken");
    assert_eq!(get(&owner).unwrap().release, 2);
}

#[test]
fn the_automatic_url_follows_the_first_http_port() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy("web", "box");
    let table = || app.kv.text("host/web-acme.apps.example");
    assert!(table().unwrap().contains("\"port\":80,"));
    update(&owner, spec("web:2", &[8080, 80])).unwrap();
    assert!(table().unwrap().contains("\"port\":8080,"));
    assert_eq!(update(&owner, spec("web:3", &[])).unwrap().url, None);
    assert_eq!(table(), None);
    assert!(update(&owner, spec("web:4", &[80])).unwrap().url.is_some());
}

#[test]
fn a_tag_is_always_a_new_release_and_an_equal_digest_is_none() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy("web", "box");
    assert_eq!(update(&owner, spec("web:1", &[80])).unwrap().release, 2);
    let pinned = spec(&format!("web@sha256:{}", "a".repeat(64)), &[80]);
    assert_eq!(update(&owner, pinned.clone()).unwrap().release, 3);
    assert_eq!(update(&owner, pinned).unwrap().release, 3);
}

#[test]
fn a_newer_release_supersedes_one_that_has_not_ended() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    update(&owner, spec("web:2", &[80])).unwrap();
    ended(&app, &made, 1);
    let releases = releases(&owner);
    assert!(matches!(releases[1].outcome, Outcome::Superseded { .. }), "an end is an end");
    assert_eq!((releases[0].number, releases[0].current, &releases[0].outcome), (2, true, &Outcome::Pending));
}

#[test]
fn a_rollback_goes_to_the_last_live_release_or_to_the_one_that_is_named() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    assert_eq!(code(roll_back(&owner, None)), "nothing_to_roll_back_to");
    ended(&app, &made, 1);
    update(&owner, spec("web:2", &[80])).unwrap();
    update(&owner, spec("web:3", &[80])).unwrap();
    let back = roll_back(&owner, None).unwrap();
    assert_eq!((back.release, back.spec.image.to_string().as_str()), (1, "web:1"));
    assert_eq!(roll_back(&owner, Some(2)).unwrap().release, 2);
    assert_eq!(code(roll_back(&owner, Some(9))), "no_such_release");
    assert_eq!(update(&owner, spec("web:4", &[80])).unwrap().release, 4, "a number is used once");
}

#[test]
fn each_change_moves_the_generation_and_wakes_the_runner_once() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    let path = |caller: &Caller<'_>| (caller.workspace(), "web".parse().unwrap());
    let (workspace, deployment) = path(&owner);
    let scale = scale::Path { workspace, deployment };
    assert_eq!(
        owner
            .change::<ScaleDeployment>(scale.clone(), Json(scale::Body { replicas: 0, autoscale: None }))
            .unwrap()
            .0
            .generation,
        2
    );
    let (workspace, deployment) = path(&owner);
    assert_eq!(
        owner
            .change::<RestartDeployment>(restart::Path { workspace, deployment }, NoBody)
            .unwrap()
            .0
            .generation,
        3
    );
    let (workspace, deployment) = path(&owner);
    let stop = stop::Path { workspace, deployment };
    assert_eq!(owner.change::<StopDeployment>(stop.clone(), NoBody).unwrap().0.generation, 4);
    assert_eq!(owner.change::<StopDeployment>(stop, NoBody).unwrap().0.generation, 4, "stopped is stopped");
    let (workspace, deployment) = path(&owner);
    assert_eq!(
        owner.change::<StartDeployment>(start::Path { workspace, deployment }, NoBody).unwrap().0.generation,
        5
    );
    assert_eq!(app.objects.wakes(made.runners[0].runner), 5);
    assert_eq!(
        code(owner.change::<ScaleDeployment>(scale, Json(scale::Body { replicas: 101, autoscale: None }))),
        "too_many_replicas"
    );
}

#[test]
fn the_number_of_replicas_and_who_chooses_it_are_set_together() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    let autoscale = |max| Some(Autoscale { max, cpu_percent: None, idle_s: None });
    let scale = |replicas, autoscale| {
        let path = scale::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
        owner.change::<ScaleDeployment>(path, Json(scale::Body { replicas, autoscale })).map(|it| it.0)
    };
    assert_eq!(code(scale(3, autoscale(2))), "scale_invalid");
    let scaled = scale(2, autoscale(5)).unwrap();
    assert_eq!((scaled.replicas, scaled.autoscale), (2, autoscale(5)));
    let path = desired::Path { runner: made.runners[0].runner };
    let snapshot: serde_json::Value = app.internal::<desired::GetDesired>(path, NoBody).unwrap().0.into();
    assert_eq!(snapshot["deployments"][0]["autoscale"]["max"], 5);
    assert_eq!(
        update(&owner, spec("web:2", &[80])).unwrap().autoscale,
        autoscale(5),
        "unchanged when absent"
    );
    let fixed = scale(1, None).unwrap();
    assert_eq!((fixed.replicas, fixed.autoscale), (1, None));
}

#[test]
fn a_deployment_may_begin_with_a_scale_that_its_runner_chooses() {
    let app = App::new();
    let owner = owner(&app);
    let create = |max| {
        let autoscale = Some(Autoscale { max, cpu_percent: Some(50), idle_s: None });
        let (name, runner) = ("web".parse().unwrap(), "box".parse().unwrap());
        let body = create::Body {
            name,
            runners: vec![Placement::on(runner)],
            spec: spec("web:1", &[80]),
            replicas: Some(0),
            autoscale,
        };
        let path = create::Path { workspace: owner.workspace() };
        owner.create::<CreateDeployment>(path, Json(body)).map(|made| made.0)
    };
    let refused = refusal(create(0));
    assert_eq!(refused.code, "spec_invalid");
    assert!(refused.message.starts_with("autoscale.max: "), "{}", refused.message);
    assert_eq!(create(3).unwrap().autoscale.unwrap().cpu_percent, Some(50));
}

#[test]
fn a_stopped_deployment_is_said_to_be_stopped_at_its_url() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy("web", "box");
    let path = stop::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
    owner.change::<StopDeployment>(path, NoBody).unwrap();
    assert!(app.kv.text("host/web-acme.apps.example").unwrap().contains("\"kind\":\"stopped\""));
}

#[test]
fn the_status_comes_from_the_runners_last_report() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    let seen = ObservedDeployment {
        id: made.id,
        generation: 1,
        release: 1,
        digest: None,
        phase: Phase::Settled,
        ready: 1,
        wanted: None,
        replicas: vec![ObservedReplica { id: "5b0c".to_owned(), release: 1, ready: true, restarts: 0 }],
        trouble: None,
    };
    let report = Report { revision: 2, deployments: vec![seen], ..Report::default() };
    let online = Connection::Online { since: Millis(1), agent: "1".to_owned(), host: None, clock_skew_ms: 0 };
    let observed =
        Observed { version: 7, connection: online, reported_at: Some(Millis(1)), report: Some(report) };
    app.objects.observe(made.runners[0].runner, observed);
    let live = get(&owner).unwrap();
    assert_eq!((live.status, live.runners[0].seen[0].id.as_str()), (Status::Live { ready: 1 }, "5b0c"));
    let path = watch::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
    let call = Call::<WatchDeployment> {
        path,
        query: watch::Query { after: Some(6) },
        headers: NoHeaders,
        body: NoBody,
    };
    let news = owner.send(call).map(|reply| reply.body.0).unwrap();
    assert_eq!((news.version, news.deployment.status), (7, Status::Live { ready: 1 }));
}

#[test]
fn a_session_that_cannot_be_asked_leaves_the_rest_to_be_read_and_is_no_news() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy("web", "box");
    app.objects.fail(usize::MAX);
    assert_eq!(get(&owner).unwrap().name.as_str(), "web");
    let answered = owner.raw(http::Method::GET, "/api/v1/workspaces/acme/deployments/web/watch?after=1", "");
    assert_eq!(answered.code(), "internal");
}

#[test]
fn a_deleted_deployment_leaves_a_tombstone_and_gives_its_host_back() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    delete(&owner).unwrap();
    assert_eq!(code(delete(&owner)), "not_found");
    let tombstones = app.sqlite.rows("SELECT deployment_id, generation FROM tombstones");
    assert_eq!(tombstones, [format!(r#"{{"deployment_id":"{}","generation":2}}"#, made.id)]);
    assert_eq!(app.sqlite.rows("SELECT host FROM hosts"), [""; 0]);
    assert_eq!(app.kv.text("host/web-acme.apps.example"), None);
    assert_eq!(app.objects.wakes(made.runners[0].runner), 2);
}

#[test]
fn a_managed_url_keeps_its_deployment_even_if_it_is_made_meanwhile() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    app.sqlite.meanwhile(format!(
        "INSERT INTO hosts (host, workspace_id) SELECT 'shop.apps.example', workspace_id FROM deployments;
         INSERT INTO managed_urls (id, workspace_id, host, path, kind, deployment_id, port, created_at)
         SELECT 'url_00000000000000000000000000', workspace_id, 'shop.apps.example', '/', 'deployment', '{}', 80, 1
         FROM deployments",
        made.id
    ));
    assert_eq!(code(delete(&owner)), "deployment_has_urls");
    let target = NewTarget::Deployment { deployment: made.id.into(), port: None };
    owner.url("other.apps.example", target).unwrap();
    assert_eq!(code(delete(&owner)), "deployment_has_urls");
    assert!(get(&owner).is_ok());
}

#[test]
fn lists_go_on_page_by_page_and_filter_by_name() {
    let app = App::new();
    let owner = owner(&app);
    for name in ["one", "two", "three", "four", "five"] {
        owner.deploy(name, "box");
    }
    let path = list::Path { workspace: owner.workspace() };
    let list = |query| owner.list::<ListDeployments, _>(path.clone(), query).unwrap();
    assert_eq!(pages(list, |deployment| deployment.name.to_string()).len(), 5);
    assert_eq!(list(named("ne")).items.len(), 1);

    owner.deploy("web", "box");
    for tag in 2..=5 {
        update(&owner, spec(&format!("web:{tag}"), &[80])).unwrap();
    }
    let path = releases::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
    let numbers = pages(|query| owner.list::<ListReleases, _>(path.clone(), query).unwrap(), |it| it.number);
    assert_eq!(numbers, [5, 4, 3, 2, 1], "the newest first");
}

#[test]
fn a_list_asks_each_runners_session_once() {
    let app = App::new();
    let owner = owner(&app);
    let runner = owner.deploy("one", "box").runners[0].runner;
    owner.deploy("two", "box");
    let before = app.objects.looks(runner);
    owner.raw(http::Method::GET, "/api/v1/workspaces/acme/deployments", "");
    assert_eq!(app.objects.looks(runner), before + 1);
}
