//! `patr deploy`, and watching a rollout to its end.

mod spec;

use patr_models::{
    deployment::{
        Autoscale, Deployment, Failure, FailureKind, Placed, Placement, Status, WorkloadSpec,
        create::{self, CreateDeployment},
        get::GetDeployment,
        spec::{Mount, Probe},
        status::RolloutStep,
        update::{self, UpdateDeployment},
        watch::{News, WatchDeployment},
    },
    endpoint::body::{Created, Json},
    error::Common,
    ids::Ref,
    runner::{Connection, Runner, get::GetRunner, list::ListRunners},
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    context::{TestContext, patr_snapshot},
    edge::{Answer, Edge},
    sample::{self, at, deployment, deployment_that_is, id, page, runner, starting},
};

const DEPLOY: &str = "deploy nginx:1 --name web --runner home --port 80 --replicas 2";

fn not_found() -> Common {
    Common::NotFound { noun: "deployment".to_owned(), name: "web".to_owned() }
}

impl Edge {
    /// There is no deployment yet, and one is made.
    fn makes_a_deployment(&self) {
        self.refuses_commonly::<GetDeployment>(&not_found());
        self.answers::<CreateDeployment>(Created(deployment_that_is(starting())));
    }
}

/// A rollout that ends like this.
fn rollout(end: Status) -> TestContext {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.rolls_out([starting(), end]);
    t
}

fn failed(failure: Failure, serving: Option<u32>) -> Status {
    Status::Failed { failure, serving }
}

#[test]
fn deploying_something_new_watches_it_go_live() {
    let t = rollout(Status::Live { ready: 2 });
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    `web` is live: release 3, 2 replicas
    ");

    let call = t.edge.asked_once::<CreateDeployment>().call;
    assert_eq!(call.body.0.runners, [Placement::on("home".parse().unwrap())]);
    assert_eq!((call.body.0.replicas, &call.body.0.spec), (Some(2), &deployment("web").spec));
    assert!(call.headers.key.is_some(), "it is made once");
    let after: Vec<_> =
        t.edge.asked::<WatchDeployment>().iter().map(|asked| asked.call.query.after).collect();
    assert_eq!(after, [None, Some(1)], "the first answer comes at once, later ones when there is news");
}

#[test]
fn each_step_of_a_rollout_is_said_once() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    let step = |step| Status::RollingOut { step, ready: 0, wanted: 2 };
    t.edge.rolls_out([
        step(RolloutStep::Pulling),
        step(RolloutStep::Pulling),
        starting(),
        step(RolloutStep::Draining),
        Status::Live { ready: 2 },
    ]);
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    pulling the image
    starting: 1 of 2 ready
    taking old replicas out
    `web` is live: release 3, 2 replicas
    ");
}

#[test]
fn a_script_gets_nothing_but_the_url() {
    let t = rollout(Status::Live { ready: 2 });
    patr_snapshot!(t.patr(&format!("{DEPLOY} --quiet")), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ");
}

#[test]
fn deploying_as_json_ends_with_the_deployment() {
    let t = rollout(Status::Live { ready: 2 });
    patr_snapshot!(t.patr(&format!("{DEPLOY} -o json")), @r#"
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
    }
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    `web` is live: release 3, 2 replicas
    "#);
}

#[test]
fn not_waiting_returns_at_once() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    patr_snapshot!(t.patr(&format!("{DEPLOY} --no-wait")), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    the change goes on: `patr deployment show web` says how it is
    ");
    assert_eq!(t.edge.order(), ["GetDeployment", "CreateDeployment"]);
}

#[test]
fn deploying_again_changes_only_what_is_given() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    let next = Deployment { release: 4, ..deployment("web") };
    t.edge.answers::<UpdateDeployment>(Json(next.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: next }));
    patr_snapshot!(t.patr("deploy nginx:2 --name web --env LOG=debug"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` has the new release 4
    `web` is live: release 4, 2 replicas
    ");

    let call = t.edge.asked_once::<UpdateDeployment>().call;
    assert_eq!(call.path.deployment, Ref::Id(id(1)));
    assert_eq!(call.headers.if_match.unwrap().as_str(), "\"7\"");
    let spec = call.body.0.spec;
    assert_eq!((spec.image.to_string().as_str(), &spec.ports), ("nginx:2", &deployment("web").spec.ports));
    assert_eq!(spec.env.values().collect::<Vec<_>>(), ["debug"]);
    assert_eq!(call.body.0.replicas, None);
}

#[test]
fn a_change_that_somebody_else_made_first_is_built_upon() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    t.edge.refuses_commonly::<UpdateDeployment>(&Common::Stale { current: "8".to_owned() });
    t.edge.answers::<UpdateDeployment>(Json(deployment("web")));
    assert_eq!(t.patr("deploy nginx:2 --name web --no-wait").run().code, 0);
    assert_eq!(t.edge.asked::<GetDeployment>().len(), 2, "it is read again");
}

#[test]
fn the_only_runner_need_not_be_named() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home")]));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --no-wait"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    using `home`, the only runner
    made `web` on the runner `home`
    the change goes on: `patr deployment show web` says how it is
    ");
    assert_eq!(t.edge.asked_once::<CreateDeployment>().call.body.0.runners, [Placement::on(Ref::Id(id(1)))]);
}

#[test]
fn with_several_runners_one_has_to_be_named() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home"), runner(2, "office")]));
    patr_snapshot!(t.patr("deploy nginx:1 --name web"), @"
    exit code: 2
    ----- stderr -----
    error: say on which runner: `--runner NAME`

    hint: there are `home`, `office`
    ");
}

#[test]
fn without_a_runner_the_next_step_is_to_add_one() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    t.edge.answers::<ListRunners>(page(vec![]));
    patr_snapshot!(t.patr("deploy nginx:1 --name web"), @"
    exit code: 2
    ----- stderr -----
    error: this workspace has no runner

    hint: add one: `patr runner add NAME`
    ");
}

#[test]
fn deploying_to_an_unknown_runner_suggests_one() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    t.edge.refuses::<CreateDeployment>(&create::Error::RunnerNotFound { runner: "hom-box".to_owned() });
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home-box"), runner(2, "office")]));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner hom-box"), @"
    exit code: 4
    ----- stderr -----
    error: runners: there is no runner `hom-box` in this workspace

    hint: did you mean `home-box`?
    ");
}

#[test]
fn an_unknown_runner_that_resembles_none_points_to_the_list() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    t.edge.refuses::<CreateDeployment>(&create::Error::RunnerNotFound { runner: "mars".to_owned() });
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home-box")]));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner mars"), @"
    exit code: 4
    ----- stderr -----
    error: runners: there is no runner `mars` in this workspace

    hint: `patr runner list` shows the runners; `patr runner add` adds one
    ");
}

#[test]
fn several_runners_are_given_with_their_weights_and_those_that_stand_by_come_last() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    let mut made = deployment("web");
    made.runners =
        vec![sample::placed(1, "home", 3), sample::placed(2, "vps", 1), sample::placed(3, "spare", 0)];
    t.edge.answers::<CreateDeployment>(Created(made.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: made }));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --standby spare --runner home=3 --runner vps"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runners `home`, `vps`, `spare`
    `web` is live: release 3, 2 replicas
    ");
    let runners = &t.edge.asked_once::<CreateDeployment>().call.body.0.runners;
    let given: Vec<_> = runners.iter().map(|placed| (placed.runner.to_string(), placed.weight)).collect();
    assert_eq!(given, [("home".to_owned(), 3), ("vps".to_owned(), 1), ("spare".to_owned(), 0)]);
}

#[test]
fn a_deployment_moves_to_another_runner() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    let mut moved = deployment("web");
    moved.runners = vec![sample::placed(2, "office", 1)];
    moved.runners.push(Placed { leaving: true, ..sample::placed(1, "home", 1) });
    t.edge.answers::<UpdateDeployment>(Json(moved.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: moved }));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner office"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` keeps release 3
    `web` is to be on the runner `office`
    `web` is live: release 3, 2 replicas
    ");
    let update = t.edge.asked_once::<UpdateDeployment>();
    assert_eq!(update.call.body.0.runners, Some(vec![Placement::on("office".parse().unwrap())]));
}

#[test]
fn a_runner_that_is_away_while_others_serve_is_a_warning() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    let message = "the runner `vps` is away".to_owned();
    let reason = Some(Failure { kind: FailureKind::RunnerAway, message, logs: Vec::new() });
    let now = deployment_that_is(Status::Degraded { ready: 2, wanted: 4, reason });
    t.edge.answers::<UpdateDeployment>(Json(now.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: now }));
    patr_snapshot!(t.patr("deploy nginx:1 --name web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` keeps release 3
    warning: `web` serves release 3, but the runner `vps` is away
    hint: the runner carries it out when it connects
    ");
}

#[test]
fn a_weight_of_nothing_is_a_standby() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner home=0"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'home=0' for '--runner <NAME[=WEIGHT]>': `0` is not a weight: use 1 to 100, or `--standby home`

    For more information, try '--help'.
    ");
}

#[test]
fn a_failed_rollout_shows_the_last_lines_and_what_serves() {
    let failure = sample::failure(&["config: no such file", "exiting"]);
    let t = rollout(failed(failure, Some(2)));
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 1
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    error: release 3 of `web` failed: it ended with exit code 3

    the last lines that it wrote:
      config: no such file
      exiting

    release 2 goes on serving

    hint: repair it and run `patr deploy` again
    ");
}

#[test]
fn a_failed_first_release_says_that_nothing_serves() {
    let failure = Failure {
        kind: FailureKind::ImageNotFound,
        message: "the registry knows no nginx:1".to_owned(),
        logs: vec![],
    };
    let t = rollout(failed(failure, None));
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 1
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    error: release 3 of `web` failed: image not found: the registry knows no nginx:1
    nothing serves

    hint: repair it and run `patr deploy` again
    ");
}

#[test]
fn what_a_replica_wrote_cannot_command_the_terminal() {
    let failure = sample::failure(&["\x1b[2J\x1b]0;owned\x07gone", "one\nerror: forged", "\u{202e}txt.exe"]);
    let t = rollout(failed(failure, None));
    patr_snapshot!(t.patr(DEPLOY), @r"
    exit code: 1
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    error: release 3 of `web` failed: it ended with exit code 3

    the last lines that it wrote:
      \u{1b}[2J\u{1b}]0;owned\u{7}gone
      one\u{a}error: forged
      \u{202e}txt.exe

    nothing serves

    hint: repair it and run `patr deploy` again
    ");
}

#[test]
fn a_failed_rollout_as_json_has_its_failure_on_stdout() {
    let t = rollout(failed(sample::failure(&["exiting"]), Some(2)));
    let ran = t.patr(&format!("{DEPLOY} -o json -q")).run();
    assert_eq!(ran.code, 1);
    let shown: Deployment = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shown.status, failed(sample::failure(&["exiting"]), Some(2)));
}

#[test]
fn a_change_that_somebody_made_meanwhile_takes_over() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    let newer = Deployment { generation: sample::GENERATION + 1, ..deployment("web") };
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: newer }));
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 1
    ----- stderr -----
    made `web` on the runner `home`
    error: `web` was changed again meanwhile; that change took over

    hint: `patr deployment releases web` shows what was done
    ");
}

#[test]
fn a_stopped_deployment_is_changed_and_stays_stopped() {
    let t = rollout(Status::Stopped);
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    `web` is changed, and stopped
    hint: `patr deployment start web` lets it run
    ");
}

#[test]
fn a_rollout_that_takes_too_long_goes_on_without_its_watcher() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.rolls_out([starting()]);
    t.edge.says::<WatchDeployment>(Answer::Silence);
    patr_snapshot!(t.patr(&format!("{DEPLOY} --timeout 2s")), @"
    exit code: 5
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    error: `web` is not live after 2s (starting: 1 of 2 ready); the rollout goes on

    hint: `patr deployment show web` says how it is; `--timeout` waits longer
    ");
}

#[test]
fn ctrl_c_stops_watching_and_not_the_rollout() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.rolls_out([starting()]);
    t.edge.says::<WatchDeployment>(Answer::Silence);
    let mut patr = t.patr(DEPLOY);
    let child = patr.start();
    t.edge.wait_for::<WatchDeployment>(2);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    insta::assert_snapshot!(patr.ended(child), @"
    exit code: 130
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    error: interrupted; the rollout goes on

    hint: `patr deployment show web` says how it is
    ");
}

#[test]
fn a_runner_that_is_away_is_worth_a_hint() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    let waiting = Status::Waiting { reason: "its runner has never connected".to_owned() };
    t.edge.rolls_out([waiting, Status::Live { ready: 2 }]);
    t.edge.answers::<GetRunner>(Json(Runner { connection: Connection::Never, ..runner(1, "home") }));
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    waiting: its runner has never connected
    hint: the runner carries it out when it connects; `--no-wait` does not wait for that
    `web` is live: release 3, 2 replicas
    ");
}

#[test]
fn an_edge_that_stumbles_does_not_end_the_watch() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.says::<WatchDeployment>(Answer::fault());
    t.edge.says::<WatchDeployment>(Answer::raw(429, "slow down").with(http::header::RETRY_AFTER, "0"));
    t.edge.rolls_out([Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    the edge does not answer; trying again
    `web` is live: release 3, 2 replicas
    ");
}

#[test]
fn a_deployment_that_is_deleted_meanwhile_ends_the_watch() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.edge.refuses_commonly::<WatchDeployment>(&not_found());
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 4
    ----- stderr -----
    made `web` on the runner `home`
    error: there is no deployment `web` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}

#[test]
fn flags_that_cannot_be_read_are_named_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("deploy nginx:1 --name Web_1"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'Web_1' for '--name <NAME>': `Web_1` is not a name: use 1 to 40 of a-z, 0-9 and `-`, beginning and ending with a letter or digit

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --port 80/sctp"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '80/sctp' for '--port <PORT[/PROTOCOL]>': `sctp` is not a protocol: use `http`, `tcp` or `udp`

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --memory 1.5Gi"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '1.5Gi' for '--memory <SIZE>': `1.5Gi` is not a size: use something like `256Mi`, `1Gi` or a number of bytes

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --env 1A=x"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '1A=x' for '--env <NAME=VALUE>': `1A` is not the name of an environment variable: use letters, digits, `_`, `.` and `-`, no digit first

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --timeout soon"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'soon' for '--timeout <TIME>': `soon` is not a time: use something like `90s`, `10m` or `30d`

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy 'NGINX LATEST' --name web"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'NGINX LATEST' for '<IMAGE>': `NGINX LATEST` is not an image: expected `[registry/]name[:tag][@sha256:…]`, in lower case

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("deploy nginx:1"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --name <NAME>

    Usage: patr deploy --name <NAME> --url <URL> --workspace <WORKSPACE> <IMAGE>

    For more information, try '--help'.
    ");
}

#[test]
fn a_probe_needs_a_declared_port() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner home --port 80 --startup-probe 81/x"), @"
    exit code: 2
    ----- stderr -----
    error: spec.startup_probe.port: 81 is not among the declared ports: add it to `ports`
    ");
}

#[test]
fn variables_come_from_files_and_from_this_shell() {
    let t = TestContext::new().with("FROM_SHELL", "shell");
    t.edge.makes_a_deployment();
    t.file("prod.env", "# how it runs\nFROM_FILE=\"a file\"\nBOTH=file\n");
    let line = format!("{DEPLOY} --no-wait --env-file prod.env --env BOTH=flag --env FROM_SHELL");
    assert_eq!(t.patr(&line).run().code, 0);
    let env = t.edge.asked_once::<CreateDeployment>().call.body.0.spec.env;
    let env = env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(env, ["BOTH=flag", "FROM_FILE=a file", "FROM_SHELL=shell"]);
}

#[test]
fn a_file_of_variables_that_cannot_be_read_is_named_with_its_line() {
    let t = TestContext::new();
    t.file("prod.env", "GOOD=1\nnot a variable\n");
    patr_snapshot!(t.patr(&format!("{DEPLOY} --env-file prod.env")), @"
    exit code: 2
    ----- stderr -----
    error: prod.env: line 2: `not a variable` is not the name of an environment variable: use letters, digits, `_`, `.` and `-`, no digit first
    ");
    patr_snapshot!(t.patr(&format!("{DEPLOY} --env-file absent.env")), @"
    exit code: 2
    ----- stderr -----
    error: absent.env: No such file or directory (os error 2)
    ");
    patr_snapshot!(t.patr(&format!("{DEPLOY} --env NOT_SET")), @"
    exit code: 2
    ----- stderr -----
    error: `NOT_SET` has no value in this shell

    hint: set it, or give `--env NOT_SET=VALUE`
    ");
}

#[test]
fn what_the_server_refuses_is_shown_in_its_words() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    let taken = update::Error::HostTaken { host: "web-acme.apps.example.com".to_owned() };
    t.edge.refuses::<UpdateDeployment>(&taken);
    patr_snapshot!(t.patr("deploy nginx:1 --name web --port 80"), @"
    exit code: 1
    ----- stderr -----
    error: its automatic host `web-acme.apps.example.com` is already in use
    ");
}

#[test]
fn a_deployment_on_a_runner_that_left_is_not_called_live() {
    let t = rollout(Status::Unknown { since: at(1) });
    t.edge.rolls_out([Status::Degraded { ready: 1, wanted: 2, reason: None }, Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr(DEPLOY), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    unknown since 2026-01-31 12:01:00Z: its runner, or what runs containers there, is away
    degraded: 1 of 2 ready
    `web` is live: release 3, 2 replicas
    ");
}
