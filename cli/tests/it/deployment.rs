//! `patr deployment`.

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
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
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
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
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
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
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
      "runner": "run_00000000000000000000000001",
      "runner_name": "home",
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

/// A deployment that says everything.
fn full() -> Deployment {
    let mut full = deployment("web");
    let file = |content| FileSpec { content, mode: None };
    let used = |version| SecretUse { secret: "api-key".parse().unwrap(), version: Some(version) };
    let mount = |volume: &str, read_only| Mount {
        volume: volume.parse().unwrap(),
        read_only,
        id: None,
        shared: false,
    };
    full.autoscale = Some(Autoscale { max: 10, cpu_percent: Some(60), idle_s: None });
    full.spec.secrets = [("KEY".parse().unwrap(), used(3))].into();
    full.spec.files = [
        ("/etc/app.conf".parse().unwrap(), file(FileContent::Text("x".to_owned()))),
        ("/run/key".parse().unwrap(), file(FileContent::Secret(used(2)))),
    ]
    .into();
    full.spec.volumes =
        [("/data".parse().unwrap(), mount("data", false)), ("/media".parse().unwrap(), mount("media", true))]
            .into();
    full.spec.user = Some("app".to_owned());
    full.spec.working_dir = Some("/srv".parse().unwrap());
    full.spec.platform = Some("linux/arm64".parse().unwrap());
    full.spec.labels = [("team".to_owned(), "web".to_owned())].into();
    full.spec.hosts = [("db".parse().unwrap(), [10, 0, 0, 7].into())].into();
    full.spec.readiness_probe = Some(Probe::http(80, "/ready"));
    full.spec.liveness_probe = Some(Probe::exec(["test", "-e", "/ok"]));
    full.spec.start_deadline_s = Some(120);
    full.spec.drain_s = Some(0);
    full.spec.stop_signal = Some("SIGQUIT".to_owned());
    full.spec.stop_grace_s = Some(60);
    let replica =
        |id: &str, release, ready| ObservedReplica { id: id.to_owned(), release, ready, restarts: 1 };
    full.seen = vec![replica("3f9a11aa22bb", 3, true), replica("b07155cc66dd", 2, false)];
    full
}

#[test]
fn showing_everything_that_a_deployment_says() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(full()));
    patr_snapshot!(t.patr("deployment show web"), @"
    exit code: 0
    ----- stdout -----
    name             web
    id               dep_00000000000000000000000001
    status           live: 2 replicas
    url              https://web-acme.apps.example.com
    runner           home
    release          3
    should be        running, 2 to 10 replicas at 60 % of cpu, fewer after 5m
    strategy         recreate, for a volume has one writer at a time
    digest           -
    updated          2026-01-31 12:05:00Z
    image            nginx:1
    ports            80/http
    secrets          KEY=api-key@3
    files            /etc/app.conf /run/key=api-key@2
    volumes          data:/data media:/media:ro
    user             app
    folder           /srv
    platform         linux/arm64
    labels           team=web
    hosts            db=10.0.0.7
    readiness probe  80/ready
    liveness probe   exec:test -e /ok
    start deadline   2m
    drain            0s
    stop signal      SIGQUIT
    stop grace       1m

    REPLICA       RELEASE  READY  RESTARTS
    3f9a11aa22bb  3        yes    1
    b07155cc66dd  2        no     1
    ");
}

#[test]
fn an_idle_deployment_waits_for_its_next_request() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![deployment_that_is(Status::Idle)]));
    patr_snapshot!(t.patr("deployment list"), @"
    exit code: 0
    ----- stdout -----
    NAME  STATUS                                   IMAGE    RELEASE  RUNNER  URL
    web   idle: the next request starts a replica  nginx:1  3        home    https://web-acme.apps.example.com
    ");
}

/// Samples of a minute each, from noon on.
fn series(replica: &str, from: u64, cpu: &[u32]) -> Series {
    let point = |(minute, &cpu_millis): (u64, &u32)| Point {
        at: at(minute),
        seconds: 60,
        usage: Usage {
            cpu_millis,
            memory_bytes: 64 << 20,
            received_bytes: u64::from(cpu_millis) * 6000,
            sent_bytes: 600,
            read_bytes: 0,
            written_bytes: 60 << 20,
        },
        memory_peak_bytes: 65 << 20,
    };
    Series { replica: replica.to_owned(), points: (from..).zip(cpu).map(point).collect() }
}

fn metrics() -> Metrics {
    let busy = series("3f9a11aa22bb", 0, &[0, 100, 200, 300, 400, 500, 600, 700]);
    Metrics { replicas: vec![busy, series("b07155cc66dd", 0, &[1500, 50])] }
}

#[test]
fn metrics_are_drawn_for_each_replica() {
    let t = TestContext::new();
    t.edge.answers::<GetMetrics>(Json(metrics()));
    patr_snapshot!(t.patr("deployment show web --metrics --since 8m"), @"
    exit code: 0
    ----- stdout -----
    REPLICA       USES          2026-01-31 12:00:00Z TO 2026-01-31 12:08:00Z  NOW         MOST
    3f9a11aa22bb  cpu           ▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇████              0.7         0.7
                  memory        ████████████████████████████████              64.0 MiB    64.0 MiB
                  received      ▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇████              68.3 KiB/s  68.3 KiB/s
                  sent          ████████████████████████████████              10 B/s      10 B/s
                  disk read     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁              0 B/s       0 B/s
                  disk written  ████████████████████████████████              1.0 MiB/s   1.0 MiB/s
    b07155cc66dd  cpu           ████▂▂▂▂                                      -           1.5
                  memory        ████████                                      -           64.0 MiB
                  received      ████▂▂▂▂                                      -           146.4 KiB/s
                  sent          ████████                                      -           10 B/s
                  disk read     ▁▁▁▁▁▁▁▁                                      -           0 B/s
                  disk written  ████████                                      -           1.0 MiB/s
    ");
    assert_eq!(t.edge.asked_once::<GetMetrics>().call.query.since_s, Some(480));
}

#[test]
fn metrics_as_json_are_what_the_api_answers() {
    let t = TestContext::new();
    t.edge.answers::<GetMetrics>(Json(Metrics { replicas: vec![series("3f9a", 0, &[5])] }));
    patr_snapshot!(t.patr("deployment show web --metrics -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "replicas": [
        {
          "replica": "3f9a",
          "points": [
            {
              "at": "2026-01-31T12:00:00.000Z",
              "seconds": 60,
              "usage": {
                "cpu_millis": 5,
                "memory_bytes": 67108864,
                "received_bytes": 30000,
                "sent_bytes": 600,
                "read_bytes": 0,
                "written_bytes": 62914560
              },
              "memory_peak_bytes": 68157440
            }
          ]
        }
      ]
    }
    "#);
    assert_eq!(t.edge.asked_once::<GetMetrics>().call.query.since_s, Some(3600));
}

#[test]
fn a_deployment_that_has_not_run_used_nothing() {
    let t = TestContext::new();
    t.edge.answers::<GetMetrics>(Json(Metrics { replicas: vec![] }));
    patr_snapshot!(t.patr("deployment show web --metrics"), @"
    exit code: 0
    ----- stderr -----
    nothing was measured in that time
    ");
    patr_snapshot!(t.patr("deployment show web --since 1h"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --metrics

    Usage: patr deployment show --metrics --since <TIME> --url <URL> --workspace <WORKSPACE> <NAME>

    For more information, try '--help'.
    ");
}

#[test]
fn scaling_lets_the_runner_choose() {
    let t = TestContext::new();
    t.edge.answers::<ScaleDeployment>(Json(deployment_that_is(Status::Idle)));
    t.edge.rolls_out([Status::Idle]);
    patr_snapshot!(t.patr("deployment scale web 0 --max 4 --cpu-target 60 --idle-after 15m"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` is idle: the next request starts release 3
    ");
    let body = t.edge.asked_once::<ScaleDeployment>().call.body.0;
    let autoscale = Autoscale { max: 4, cpu_percent: Some(60), idle_s: Some(900) };
    assert_eq!((body.replicas, body.autoscale), (0, Some(autoscale)));
}

#[test]
fn a_choice_has_bounds_and_an_aim_needs_one() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("deployment scale web 5 --max 4"), @"
    exit code: 2
    ----- stderr -----
    error: autoscale.max: use 5 (the least number of replicas) to 100
    ");
    patr_snapshot!(t.patr("deployment scale web 2 --idle-after 5m"), @"
    exit code: 2
    ----- stderr -----
    error: the number of replicas is fixed, so there is nothing to aim at

    hint: say up to how many the runner may choose
    ");
    patr_snapshot!(t.patr("deployment scale web 2 --max 3 --cpu-target 0"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '0' for '--cpu-target <PERCENT>': 0 is not in 1..=100

    For more information, try '--help'.
    ");
}

#[test]
fn cancelling_goes_back_to_the_release_that_serves() {
    let t = TestContext::new();
    let before = Deployment { release: 2, ..deployment("web") };
    t.edge.answers::<CancelRollout>(Json(before.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: before }));
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` stays at release 2: nginx:1
    `web` is live: release 2, 2 replicas
    ");
}

#[test]
fn without_a_rollout_there_is_nothing_to_cancel() {
    let t = TestContext::new();
    t.edge.refuses::<CancelRollout>(&cancel::Error::NoRollout);
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 1
    ----- stderr -----
    error: no rollout is on its way: the current release has ended its own
    ");
    let t = TestContext::new();
    t.edge.refuses::<CancelRollout>(&cancel::Error::NothingToGoBackTo);
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 1
    ----- stderr -----
    error: no earlier release was ever live

    hint: `patr deployment stop` runs none
    ");
}

#[test]
fn a_release_says_who_made_it_and_how_it_ended() {
    let t = TestContext::new();
    let by_ada = |release| Release { created_by_email: Some("ada@example.com".to_owned()), ..release };
    t.edge.answers::<ListReleases>(page(vec![
        by_ada(release(3, Outcome::Live { at: at(4) })),
        by_ada(release(2, Outcome::Cancelled { at: at(2) })),
    ]));
    patr_snapshot!(t.patr("deployment releases web"), @"
    exit code: 0
    ----- stdout -----
    RELEASE  CURRENT  IMAGE      CREATED               BY               OUTCOME
    3        yes      nginx:1.3  2026-01-31 12:03:00Z  ada@example.com  live 2026-01-31 12:04:00Z
    2                 nginx:1.2  2026-01-31 12:02:00Z  ada@example.com  cancelled 2026-01-31 12:02:00Z
    ");
}

#[test]
fn rolling_back_to_a_release_whose_secret_is_gone() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackDeployment>(&rollback::Error::SecretGone { secret: "secret `key`".to_owned() });
    patr_snapshot!(t.patr("deployment rollback web"), @"
    exit code: 1
    ----- stderr -----
    error: the release used secret `key`, which was deleted

    hint: deploy again with a secret that exists
    ");
}
