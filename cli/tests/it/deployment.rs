//! `patr deployment`.

mod change;
mod show;

use patr_models::{
    deployment::{
        Autoscale, Deployment, Outcome, Power, Release, Status,
        cancel::{self, CancelRollout},
        delete::DeleteDeployment,
        get::GetDeployment,
        list::ListDeployments,
        metrics::{GetMetrics, Metrics, Point, Series},
        releases::ListReleases,
        restart::RestartDeployment,
        rollback::{self, RollBackDeployment},
        scale::ScaleDeployment,
        spec::{FileContent, FileSpec, Mount, Probe, SecretUse},
        start::StartDeployment,
        stop::StopDeployment,
        watch::{News, WatchDeployment},
    },
    endpoint::body::{Json, NoContent},
    error::Common,
    ids::{DeploymentId, Ref},
    page::Page,
    wire::{ObservedReplica, Usage},
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, acme, at, deployment, deployment_that_is, failure, id, page, release, starting},
};

fn not_found(name: &str) -> Common {
    Common::NotFound { noun: "deployment".to_owned(), name: name.to_owned() }
}

fn web() -> Ref<DeploymentId> {
    "web".parse().unwrap()
}

#[test]
fn listing_deployments() {
    let t = TestContext::new();
    let waiting = Status::Waiting { reason: "its runner has never connected".to_owned() };
    t.edge.answers::<ListDeployments>(page(vec![
        deployment("web"),
        Deployment { url: None, status: starting(), ..deployment("worker") },
        Deployment { status: waiting, ..deployment("api") },
    ]));
    patr_snapshot!(t.patr("deployment list"), @"
    exit code: 0
    ----- stdout -----
    NAME    STATUS                                   IMAGE    RELEASE  RUNNER  URL
    web     live: 2 replicas                         nginx:1  3        home    https://web-acme.apps.example.com
    worker  starting: 1 of 2 ready                   nginx:1  3        home    -
    api     waiting: its runner has never connected  nginx:1  3        home    https://api-acme.apps.example.com
    ");
    patr_snapshot!(t.patr("deployment list -o json --limit 3"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "dep_00000000000000000000000001",
          "name": "web",
          "runners": [
            {
              "runner": "run_00000000000000000000000001",
              "name": "home",
              "weight": 1,
              "status": {
                "state": "live",
                "ready": 2
              }
            }
          ],
          "generation": 7,
          "release": 3,
          "power": "running",
          "replicas": 2,
          "spec": {
            "image": "nginx:1",
            "ports": [
              {
                "port": 80,
                "protocol": "http"
              }
            ]
          },
          "url": "https://web-acme.apps.example.com",
          "status": {
            "state": "live",
            "ready": 2
          },
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:05:00.000Z"
        },
        {
          "id": "dep_00000000000000000000000001",
          "name": "worker",
          "runners": [
            {
              "runner": "run_00000000000000000000000001",
              "name": "home",
              "weight": 1,
              "status": {
                "state": "live",
                "ready": 2
              }
            }
          ],
          "generation": 7,
          "release": 3,
          "power": "running",
          "replicas": 2,
          "spec": {
            "image": "nginx:1",
            "ports": [
              {
                "port": 80,
                "protocol": "http"
              }
            ]
          },
          "status": {
            "state": "rolling_out",
            "step": "starting",
            "ready": 1,
            "wanted": 2
          },
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:05:00.000Z"
        },
        {
          "id": "dep_00000000000000000000000001",
          "name": "api",
          "runners": [
            {
              "runner": "run_00000000000000000000000001",
              "name": "home",
              "weight": 1,
              "status": {
                "state": "live",
                "ready": 2
              }
            }
          ],
          "generation": 7,
          "release": 3,
          "power": "running",
          "replicas": 2,
          "spec": {
            "image": "nginx:1",
            "ports": [
              {
                "port": 80,
                "protocol": "http"
              }
            ]
          },
          "url": "https://api-acme.apps.example.com",
          "status": {
            "state": "waiting",
            "reason": "its runner has never connected"
          },
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:05:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_list_goes_on_over_pages_until_it_has_enough() {
    let t = TestContext::new();
    let next = || Some("more".parse().unwrap());
    t.edge.answers::<ListDeployments>(Json(Page { items: vec![deployment("a")], next: next() }));
    t.edge.answers::<ListDeployments>(Json(Page { items: vec![deployment("b")], next: next() }));
    patr_snapshot!(t.patr("deployment list --limit 2"), @"
    exit code: 0
    ----- stdout -----
    NAME  STATUS            IMAGE    RELEASE  RUNNER  URL
    a     live: 2 replicas  nginx:1  3        home    https://a-acme.apps.example.com
    b     live: 2 replicas  nginx:1  3        home    https://b-acme.apps.example.com
    ----- stderr -----
    hint: there is more: `--after more`
    ");

    let queries = t.edge.asked::<ListDeployments>().into_iter().map(|asked| asked.call.query);
    let queries = queries.map(|query| (query.limit, query.cursor.map(String::from))).collect::<Vec<_>>();
    assert_eq!(queries, [(Some(2), None), (Some(1), Some("more".to_owned()))]);
}

#[test]
fn a_workspace_without_deployments_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![]));
    patr_snapshot!(t.patr("deployment list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr deploy IMAGE --name NAME` makes one
    ");
}

#[test]
fn showing_a_deployment() {
    let t = TestContext::new();
    let mut full = deployment("web");
    full.spec.env = [("LOG".parse().unwrap(), "info".to_owned())].into();
    full.spec.command = vec!["serve".to_owned(), "--all".to_owned()];
    full.spec.resources.cpu_millis = Some(500);
    full.spec.resources.memory_bytes = Some(256 << 20);
    t.edge.answers::<GetDeployment>(Json(full));
    patr_snapshot!(t.patr("deployment show web"), @r#"
    exit code: 0
    ----- stdout -----
    name         web
    id           dep_00000000000000000000000001
    status       live: 2 replicas
    url          https://web-acme.apps.example.com
    runner       home
    release      3
    should be    running, 2 replicas
    strategy     rolling
    digest       -
    updated      2026-01-31 12:05:00Z
    image        nginx:1
    ports        80/http
    environment  LOG
    command      ["serve", "--all"]
    cores        0.5
    memory       256.0 MiB
    "#);
    patr_snapshot!(t.patr("deployment show web -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "dep_00000000000000000000000001",
      "name": "web",
      "runners": [
        {
          "runner": "run_00000000000000000000000001",
          "name": "home",
          "weight": 1,
          "status": {
            "state": "live",
            "ready": 2
          }
        }
      ],
      "generation": 7,
      "release": 3,
      "power": "running",
      "replicas": 2,
      "spec": {
        "image": "nginx:1",
        "command": [
          "serve",
          "--all"
        ],
        "env": {
          "LOG": "info"
        },
        "ports": [
          {
            "port": 80,
            "protocol": "http"
          }
        ],
        "resources": {
          "cpu_millis": 500,
          "memory_bytes": 268435456
        }
      },
      "url": "https://web-acme.apps.example.com",
      "status": {
        "state": "live",
        "ready": 2
      },
      "created_at": "2026-01-31T12:00:00.000Z",
      "updated_at": "2026-01-31T12:05:00.000Z"
    }
    "#);
}

#[test]
fn showing_a_failed_deployment_shows_its_last_lines_without_their_commands() {
    let t = TestContext::new();
    let failure = failure(&["\x1b[31mpanicked\x1b[0m", "exiting"]);
    let failed = deployment_that_is(Status::Failed { failure, serving: Some(2) });
    t.edge.answers::<GetDeployment>(Json(failed));
    patr_snapshot!(t.patr("deployment show web"), @r"
    exit code: 0
    ----- stdout -----
    name       web
    id         dep_00000000000000000000000001
    status     failed: it ended with exit code 3; release 2 serves
    url        https://web-acme.apps.example.com
    runner     home
    release    3
    should be  running, 2 replicas
    strategy   rolling
    digest     -
    updated    2026-01-31 12:05:00Z
    image      nginx:1
    ports      80/http
    ----- stderr -----

    the last lines that it wrote:
      \u{1b}[31mpanicked\u{1b}[0m
      exiting
    ");
}

#[test]
fn a_deployment_of_strangers_is_as_absent_as_one_that_does_not_exist() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found("strangers"));
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("deployment show strangers"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `strangers` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}

#[test]
fn a_slip_in_a_name_suggests_the_deployment() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<StopDeployment>(&not_found("wbe"));
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("deployment stop wbe"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `wbe` here

    hint: did you mean `web`?
    ");
}

#[test]
fn starting_watches_it_go_live() {
    let t = TestContext::new();
    t.edge.answers::<StartDeployment>(Json(deployment_that_is(starting())));
    t.edge.rolls_out([starting(), Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr("deployment start web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    starting: 1 of 2 ready
    `web` is live: release 3, 2 replicas
    ");
    assert_eq!(t.edge.asked_once::<StartDeployment>().call.path.deployment, web());
}

#[test]
fn stopping_keeps_the_configuration() {
    let t = TestContext::new();
    let stopped = Deployment { power: Power::Stopped, ..deployment("web") };
    t.edge.answers::<StopDeployment>(Json(stopped));
    patr_snapshot!(t.patr("deployment stop web"), @"
    exit code: 0
    ----- stderr -----
    `web` stops
    ");
    assert_eq!(t.edge.asked_once::<StopDeployment>().call.path.workspace, acme());
}

#[test]
fn restarting_watches_it_go_live() {
    let t = TestContext::new();
    t.edge.answers::<RestartDeployment>(Json(deployment_that_is(starting())));
    t.edge.rolls_out([Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr("deployment restart web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` is live: release 3, 2 replicas
    ");
}

#[test]
fn scaling_watches_it_go_live() {
    let t = TestContext::new();
    t.edge.answers::<ScaleDeployment>(Json(deployment_that_is(starting())));
    t.edge.rolls_out([starting(), Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr("deployment scale web 2"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    starting: 1 of 2 ready
    `web` is live: release 3, 2 replicas
    ");
    assert_eq!(t.edge.asked_once::<ScaleDeployment>().call.body.0.replicas, 2);
}

#[test]
fn scaling_has_bounds_on_both_sides() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("deployment scale web 101"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '101' for '<REPLICAS>': `101` is not a number of replicas: use 1 to 100

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deployment scale web 0"), @"
    exit code: 2
    ----- stderr -----
    error: 0 replicas are only possible when the runner may start more

    hint: say up to how many; `patr deployment stop` runs none at all
    ");
}

#[test]
fn rolling_back_says_to_what() {
    let t = TestContext::new();
    t.edge.answers::<RollBackDeployment>(Json(deployment("web")));
    t.edge.rolls_out([Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr("deployment rollback web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` goes to release 3: nginx:1
    `web` is live: release 3, 2 replicas
    ");
    assert_eq!(t.edge.asked_once::<RollBackDeployment>().call.body.0.release, None);
}

#[test]
fn rolling_back_without_waiting() {
    let t = TestContext::new();
    t.edge.answers::<RollBackDeployment>(Json(deployment("web")));
    patr_snapshot!(t.patr("deployment rollback web --release 2 --no-wait"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` goes to release 3: nginx:1
    the change goes on: `patr deployment show web` says how it is
    ");
    assert_eq!(t.edge.asked_once::<RollBackDeployment>().call.body.0.release, Some(2));
    assert!(t.edge.asked::<WatchDeployment>().is_empty());
}

#[test]
fn rolling_back_to_a_release_that_does_not_exist() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackDeployment>(&rollback::Error::NoSuchRelease { release: 9 });
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("deployment rollback web --release 9"), @"
    exit code: 4
    ----- stderr -----
    error: release: there is no release 9

    hint: `patr deployment releases` lists them
    ");
}

#[test]
fn rolling_back_when_nothing_was_ever_live() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackDeployment>(&rollback::Error::NothingToRollBackTo);
    patr_snapshot!(t.patr("deployment rollback web"), @"
    exit code: 1
    ----- stderr -----
    error: no earlier release was ever live
    ");
}

#[test]
fn listing_releases() {
    let t = TestContext::new();
    t.edge.answers::<ListReleases>(page(vec![
        release(4, Outcome::Superseded { at: at(4) }),
        release(3, Outcome::Pending),
        release(2, Outcome::Failed { at: at(2), failure: failure(&["exiting"]) }),
        release(1, Outcome::Live { at: at(1) }),
    ]));
    patr_snapshot!(t.patr("deployment releases web"), @"
    exit code: 0
    ----- stdout -----
    RELEASE  CURRENT  IMAGE      CREATED               BY                              OUTCOME
    4                 nginx:1.4  2026-01-31 12:04:00Z  usr_00000000000000000000000001  superseded 2026-01-31 12:04:00Z
    3        yes      nginx:1.3  2026-01-31 12:03:00Z  usr_00000000000000000000000001  on its way
    2                 nginx:1.2  2026-01-31 12:02:00Z  usr_00000000000000000000000001  failed 2026-01-31 12:02:00Z: it ended with exit code 3
    1                 nginx:1.1  2026-01-31 12:01:00Z  usr_00000000000000000000000001  live 2026-01-31 12:01:00Z
    ");
    patr_snapshot!(t.patr("deployment releases web -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "number": 4,
          "current": false,
          "spec": {
            "image": "nginx:1.4"
          },
          "outcome": {
            "state": "superseded",
            "at": "2026-01-31T12:04:00.000Z"
          },
          "created_by": "usr_00000000000000000000000001",
          "created_at": "2026-01-31T12:04:00.000Z"
        },
        {
          "number": 3,
          "current": true,
          "spec": {
            "image": "nginx:1.3"
          },
          "outcome": {
            "state": "pending"
          },
          "created_by": "usr_00000000000000000000000001",
          "created_at": "2026-01-31T12:03:00.000Z"
        },
        {
          "number": 2,
          "current": false,
          "spec": {
            "image": "nginx:1.2"
          },
          "outcome": {
            "state": "failed",
            "at": "2026-01-31T12:02:00.000Z",
            "failure": {
              "kind": "exited",
              "message": "it ended with exit code 3",
              "logs": [
                "exiting"
              ]
            }
          },
          "created_by": "usr_00000000000000000000000001",
          "created_at": "2026-01-31T12:02:00.000Z"
        },
        {
          "number": 1,
          "current": false,
          "spec": {
            "image": "nginx:1.1"
          },
          "outcome": {
            "state": "live",
            "at": "2026-01-31T12:01:00.000Z"
          },
          "created_by": "usr_00000000000000000000000001",
          "created_at": "2026-01-31T12:01:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn deleting_a_deployment() {
    let t = TestContext::new();
    t.edge.answers::<DeleteDeployment>(NoContent);
    patr_snapshot!(t.patr("deployment delete web"), @"
    exit code: 0
    ----- stderr -----
    deleted the deployment `web`
    ");
    assert_eq!(t.edge.asked_once::<DeleteDeployment>().call.path.deployment, web());
}

#[test]
fn a_resource_may_be_named_by_its_id() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    assert_eq!(t.patr("deployment show dep_00000000000000000000000001").run().code, 0);
    assert_eq!(t.edge.asked_once::<GetDeployment>().call.path.deployment, Ref::Id(id(1)));
    assert_eq!(t.edge.asked_once::<GetDeployment>().token.as_deref(), Some(sample::TOKEN));
}
