use patr_models::{
    deployment::{Deployment, Failure, FailureKind, Outcome, Release, get, releases, stop, update},
    endpoint::body::{Json, NoBody},
    ids::RunnerId,
    internal::{Ended, Facts, ReleaseFact, desired, record},
    managed_url::{RouteTable, RouteTarget, Share},
    page::ListQuery,
    wire::Snapshot,
};

use super::*;
use crate::testing::{App, Caller, Outcome as Answered, code, refusal, spec};

fn list(runners: &[(&str, u8)]) -> Vec<Placement> {
    let placed = |&(runner, weight): &(&str, u8)| Placement { runner: runner.parse().unwrap(), weight };
    runners.iter().map(placed).collect()
}

fn create(caller: &Caller<'_>, runners: &[(&str, u8)], spec: WorkloadSpec) -> Answered<Deployment> {
    let (name, runners) = ("web".parse().unwrap(), list(runners));
    let body = create::Body { name, runners, spec, replicas: None, autoscale: None };
    let path = create::Path { workspace: caller.workspace() };
    caller.create::<CreateDeployment>(path, Json(body)).map(|made| made.0)
}

fn move_to(caller: &Caller<'_>, runners: &[(&str, u8)]) -> Answered<Deployment> {
    let path = update::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    let (spec, runners) = (spec("web:1", &[80]), Some(list(runners)));
    let body = update::Body { spec, runners, replicas: None, autoscale: None };
    caller.change::<UpdateDeployment>(path, Json(body)).map(|it| it.0)
}

fn get(caller: &Caller<'_>) -> Deployment {
    let path = get::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.get::<get::GetDeployment>(path).unwrap().0
}

fn release(caller: &Caller<'_>) -> Release {
    let path = releases::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.list::<releases::ListReleases, _>(path, ListQuery::default()).unwrap().items.remove(0)
}

/// What is desired of a runner.
fn snapshot(app: &App, runner: RunnerId) -> Snapshot {
    let passed = app.internal::<desired::GetDesired>(desired::Path { runner }, NoBody).unwrap().0;
    serde_json::from_value(passed.into()).unwrap()
}

/// A runner says how the first release of `web` ended there, at the deployment's generation of now.
fn says(owner: &Caller<'_>, runner: RunnerId, ended: Ended) {
    let now = get(owner);
    let fact = ReleaseFact {
        deployment: now.id,
        generation: now.generation,
        release: 1,
        digest: None,
        ended: Some(ended),
    };
    let facts = Json(Facts { releases: vec![fact], ..Facts::default() });
    owner.app().internal::<record::RecordFacts>(record::Path { runner }, facts).unwrap();
}

fn failed() -> Ended {
    let failure = Failure { kind: FailureKind::Exited, message: "it ended".to_owned(), logs: Vec::new() };
    Ended::Failed { failure }
}

/// Whom the published table sends requests to.
fn shares(app: &App) -> Vec<Share> {
    let table = app.kv.text("host/web-acme.apps.example").unwrap();
    let table: RouteTable = serde_json::from_str(&table).unwrap();
    let RouteTarget::Deployment { runners, .. } = &table.routes[0].to else { panic!("no deployment") };
    runners.clone()
}

/// A workspace with two runners, and their ids.
fn pair(app: &App) -> (Caller<'_>, RunnerId, RunnerId) {
    let owner = app.owner("acme");
    let (home, vps) = (owner.runner("home").runner.id, owner.runner("vps").runner.id);
    (owner, home, vps)
}

#[test]
fn a_deployment_is_on_each_of_its_runners_and_goes_from_each() {
    let app = App::new();
    let (owner, home, vps) = pair(&app);
    let made = create(&owner, &[("vps", 3), ("home", 0)], spec("web:1", &[80])).unwrap();
    let names: Vec<_> = made.runners.iter().map(|placed| (placed.name.as_str(), placed.weight)).collect();
    assert_eq!(names, [("vps", 3), ("home", 0)], "in the order of the list");
    for runner in [home, vps] {
        assert_eq!(snapshot(&app, runner).deployments[0].id, made.id);
        assert_eq!(app.objects.wakes(runner), 1);
    }
    owner.raw(http::Method::DELETE, "/api/v1/workspaces/acme/deployments/web", "");
    for runner in [home, vps] {
        assert_eq!(snapshot(&app, runner).tombstones[0].deployment, made.id);
        assert_eq!(app.objects.wakes(runner), 2);
    }
}

#[test]
fn a_list_of_runners_that_cannot_be_is_refused() {
    let app = App::new();
    let (owner, home, _) = pair(&app);
    let home = home.to_string();
    for (runners, about) in [
        (&[][..], "1 to 8"),
        (&[("home", 0)], "stand by"),
        (&[("home", 1), (&home, 1)], "`home` is named twice"),
    ] {
        let refused = refusal(create(&owner, runners, spec("web:1", &[])));
        assert_eq!(refused.code, "runners_invalid");
        assert!(refused.message.contains(about), "{}", refused.message);
    }
    assert_eq!(code(create(&owner, &[("home", 1), ("mars", 1)], spec("web:1", &[]))), "runner_not_found");
}

#[test]
fn a_deployment_with_a_volume_is_on_one_runner() {
    let app = App::new();
    let (owner, ..) = pair(&app);
    let mount = patr_models::deployment::spec::Mount {
        volume: "data".parse().unwrap(),
        read_only: false,
        id: None,
        shared: false,
    };
    let spec = WorkloadSpec { volumes: [("/data".parse().unwrap(), mount)].into(), ..spec("web:1", &[]) };
    let refused = refusal(create(&owner, &[("home", 1), ("vps", 1)], spec.clone()));
    assert_eq!(refused.code, "spec_invalid");
    assert!(refused.message.starts_with("runners: "), "{}", refused.message);
    assert!(create(&owner, &[("home", 1)], spec).is_ok());
}

#[test]
fn a_move_is_no_release_and_the_old_runner_serves_until_the_new_one_does() {
    let app = App::new();
    let (owner, home, vps) = pair(&app);
    create(&owner, &[("home", 1)], spec("web:1", &[80])).unwrap();
    says(&owner, home, Ended::Live);
    let moved = move_to(&owner, &[("vps", 1)]).unwrap();
    assert_eq!((moved.release, moved.generation), (1, 2));
    let leaving: Vec<_> = moved.runners.iter().map(|placed| (placed.runner, placed.leaving)).collect();
    assert_eq!(leaving, [(vps, false), (home, true)]);
    assert_eq!(shares(&app), [Share { runner: home, weight: 1 }, Share { runner: vps, weight: 0 }]);
    assert_eq!((snapshot(&app, home).deployments.len(), snapshot(&app, vps).deployments.len()), (1, 1));

    let (before, wakes) = (snapshot(&app, home).revision, app.objects.wakes(home));
    says(&owner, vps, Ended::Live);
    assert_eq!(get(&owner).runners.len(), 1);
    assert_eq!(shares(&app), [Share { runner: vps, weight: 1 }]);
    let after = snapshot(&app, home);
    assert_eq!((after.deployments.len(), after.tombstones.len()), (0, 1));
    assert!(after.tombstones[0].generation > 2, "newer than what runs there");
    assert!(after.revision > before);
    assert_eq!(app.objects.wakes(home), wakes + 1);
}

#[test]
fn a_runner_that_comes_back_keeps_what_it_has() {
    let app = App::new();
    let (owner, home, vps) = pair(&app);
    create(&owner, &[("home", 1)], spec("web:1", &[80])).unwrap();
    says(&owner, home, Ended::Live);
    move_to(&owner, &[("vps", 1)]).unwrap();
    let back = move_to(&owner, &[("home", 1)]).unwrap();
    assert_eq!(back.runners.len(), 1, "`vps` never served");
    assert_eq!(snapshot(&app, vps).tombstones.len(), 1);
    let again = move_to(&owner, &[("home", 1), ("vps", 1)]).unwrap();
    let here = snapshot(&app, vps);
    assert_eq!((here.tombstones.len(), here.deployments[0].generation), (0, again.generation));
}

#[test]
fn what_is_stopped_leaves_at_once() {
    let app = App::new();
    let (owner, home, _) = pair(&app);
    create(&owner, &[("home", 1)], spec("web:1", &[80])).unwrap();
    says(&owner, home, Ended::Live);
    let path = stop::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
    owner.change::<stop::StopDeployment>(path, NoBody).unwrap();
    assert_eq!(move_to(&owner, &[("vps", 1)]).unwrap().runners.len(), 1);
    assert_eq!(snapshot(&app, home).tombstones.len(), 1);
}

#[test]
fn a_runner_that_is_new_on_the_list_gets_its_part_when_it_serves() {
    let app = App::new();
    let (owner, home, vps) = pair(&app);
    create(&owner, &[("home", 1)], spec("web:1", &[80])).unwrap();
    says(&owner, home, Ended::Live);
    move_to(&owner, &[("vps", 2), ("home", 1)]).unwrap();
    assert_eq!(shares(&app), [Share { runner: home, weight: 1 }, Share { runner: vps, weight: 0 }]);
    says(&owner, vps, Ended::Live);
    assert_eq!(shares(&app), [Share { runner: vps, weight: 2 }, Share { runner: home, weight: 1 }]);
}

#[test]
fn a_release_is_live_with_the_first_runner_and_failed_with_any_and_each_is_heard_once() {
    let app = App::new();
    let (owner, home, vps) = pair(&app);
    create(&owner, &[("home", 1), ("vps", 1)], spec("web:1", &[80])).unwrap();
    says(&owner, home, Ended::Live);
    assert!(matches!(release(&owner).outcome, Outcome::Live { .. }));
    says(&owner, home, failed());
    assert!(matches!(release(&owner).outcome, Outcome::Live { .. }), "its first word counts");
    says(&owner, vps, failed());
    let Outcome::Failed { failure, .. } = release(&owner).outcome else { panic!("it failed on `vps`") };
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Exited, "on `vps`: it ended"));
    says(&owner, vps, Ended::Live);
    assert!(matches!(release(&owner).outcome, Outcome::Failed { .. }));
}

#[test]
fn a_runner_with_a_part_of_a_deployment_is_not_removed() {
    let app = App::new();
    let (owner, ..) = pair(&app);
    create(&owner, &[("home", 1), ("vps", 0)], spec("web:1", &[80])).unwrap();
    let path = "/api/v1/workspaces/acme/runners/vps";
    assert_eq!(owner.raw(http::Method::DELETE, path, "").code(), "runner_has_deployments");
    move_to(&owner, &[("home", 1)]).unwrap();
    assert_eq!(owner.raw(http::Method::DELETE, path, "").code(), "");
}
