//! `patr runner`.

mod install;

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    ids::{Ref, RunnerId},
    runner::{
        Connection, Runner, RuntimeKind,
        create::{self, CreateRunner},
        delete::{self, DeleteRunner},
        get::GetRunner,
        list::ListRunners,
        rename::{self, RenameRunner},
        rotate_token::RotateRunnerToken,
    },
    wire::HostHealth,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{acme, at, page, runner, runner_with_token},
};

fn not_found(name: &str) -> Common {
    Common::NotFound { noun: "runner".to_owned(), name: name.to_owned() }
}

fn named(name: &str) -> Ref<RunnerId> {
    name.parse().unwrap()
}

#[test]
fn adding_a_runner_prints_its_token_and_how_to_install_it() {
    let t = TestContext::new();
    t.edge.answers::<CreateRunner>(Created(runner_with_token("home")));
    patr_snapshot!(t.patr("runner add home --image registry.example/agent:1"), @r#"
    exit code: 0
    ----- stdout -----
    patr_r_secret
    ----- stderr -----
    added the runner `home`; its token, which is not shown again:

    On the machine, to try it:

      PATR_URL=[EDGE] PATR_RUNNER_TOKEN=patr_r_secret patr-runner docker

    To keep it running, keep the token (one paste), then choose one of three.

    sudo sh -c 'umask 077; mkdir -p /etc/patr-runner; cat > /etc/patr-runner/token' <<'EOF'
    patr_r_secret
    EOF

    1. With systemd, with `patr-runner` in /usr/local/bin (one paste):

    sudo tee /etc/systemd/system/patr-runner.service >/dev/null <<'EOF'
    [Unit]
    Description=Patr runner
    Wants=network-online.target
    After=network-online.target docker.service

    [Service]
    ExecStart=/usr/local/bin/patr-runner docker --url [EDGE] --token-file /etc/patr-runner/token --state-dir /var/lib/patr-runner
    StateDirectory=patr-runner
    Restart=on-failure
    RestartPreventExitStatus=2 3 4 5
    RestartSec=5

    [Install]
    WantedBy=multi-user.target
    EOF
    sudo systemctl daemon-reload
    sudo systemctl enable --now patr-runner

    2. With Docker:

    sudo docker run --detach --name patr-runner --restart unless-stopped --network host \
        --volume /var/run/docker.sock:/var/run/docker.sock \
        --volume patr-runner:/var/lib/patr-runner \
        --volume /etc/patr-runner/token:/etc/patr-runner/token:ro \
        registry.example/agent:1 docker --url [EDGE] --token-file /etc/patr-runner/token

    3. With Docker Compose, in compose.yaml, then `sudo docker compose up --detach`:

    services:
      patr-runner:
        image: registry.example/agent:1
        command: ["docker", "--url", "[EDGE]", "--token-file", "/etc/patr-runner/token"]
        network_mode: host
        restart: unless-stopped
        volumes:
          - /var/run/docker.sock:/var/run/docker.sock
          - patr-runner:/var/lib/patr-runner
          - /etc/patr-runner/token:/etc/patr-runner/token:ro
    volumes:
      patr-runner:
        name: patr-runner
    "#);

    let call = t.edge.asked_once::<CreateRunner>().call;
    assert_eq!((call.path.workspace, call.body.0.runtime), (acme(), RuntimeKind::Docker));
    assert!(call.headers.key.is_some(), "it is made once");
}

#[test]
fn a_script_gets_nothing_but_the_token() {
    let t = TestContext::new();
    t.edge.answers::<CreateRunner>(Created(runner_with_token("home")));
    patr_snapshot!(t.patr("runner add home -q"), @"
    exit code: 0
    ----- stdout -----
    patr_r_secret
    ");
    patr_snapshot!(t.patr("runner add home -q -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "run_00000000000000000000000001",
      "name": "home",
      "runtime": "docker",
      "created_at": "2026-01-31T12:00:00.000Z",
      "connection": {
        "state": "never"
      },
      "token": "patr_r_secret"
    }
    "#);
}

#[test]
fn a_name_is_taken_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateRunner>(&create::Error::NameTaken { name: "home".parse().unwrap() });
    patr_snapshot!(t.patr("runner add home"), @"
    exit code: 1
    ----- stderr -----
    error: a runner named `home` already exists in this workspace

    hint: choose another name, or rotate the token of the one there is
    ");
}

#[test]
fn a_name_out_of_the_pattern_and_an_unknown_runtime_are_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("runner add my_box"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'my_box' for '<NAME>': `my_box` is not a name: use 1 to 40 of a-z, 0-9 and `-`, beginning and ending with a letter or digit

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("runner add home --runtime podman"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'podman' for '--runtime <RUNTIME>'
      [possible values: docker, kubernetes]

    For more information, try '--help'.
    ");
}

#[test]
fn without_a_workspace_the_next_step_is_to_choose_one() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("runner list").without("PATR_WORKSPACE"), @"
    exit code: 2
    ----- stderr -----
    error: no workspace is chosen

    hint: run `patr workspace use NAME`, or give `--workspace NAME`; `patr workspace list` shows them
    ");
}

#[test]
fn a_member_who_may_not_is_told_which_permission_is_missing() {
    let t = TestContext::new();
    let forbidden = Common::Forbidden {
        permission: "runner:create".to_owned(),
        place: "in the workspace `acme`".to_owned(),
    };
    t.edge.refuses_commonly::<CreateRunner>(&forbidden);
    patr_snapshot!(t.patr("runner add home"), @"
    exit code: 3
    ----- stderr -----
    error: this needs the permission `runner:create` in the workspace `acme`

    hint: an owner of the workspace can give you a role with it (`patr member list` shows who is one); a token has at most what it was made with
    ");
}

#[test]
fn listing_runners() {
    let t = TestContext::new();
    let never = Runner { connection: Connection::Never, ..runner(2, "office") };
    let away = Runner { connection: Connection::Offline { since: at(9) }, ..runner(3, "old-box") };
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home"), never, away]));
    patr_snapshot!(t.patr("runner list"), @"
    exit code: 0
    ----- stdout -----
    NAME     RUNTIME  CONNECTION                          ID
    home     docker   online since 2026-01-31 12:01:00Z   run_00000000000000000000000001
    office   docker   never connected                     run_00000000000000000000000002
    old-box  docker   offline since 2026-01-31 12:09:00Z  run_00000000000000000000000003
    ");
    patr_snapshot!(t.patr("runner list -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "run_00000000000000000000000001",
          "name": "home",
          "runtime": "docker",
          "created_at": "2026-01-31T12:00:00.000Z",
          "connection": {
            "state": "online",
            "since": "2026-01-31T12:01:00.000Z",
            "agent": "0.1.0",
            "host": "debian on x86_64",
            "clock_skew_ms": 12
          }
        },
        {
          "id": "run_00000000000000000000000002",
          "name": "office",
          "runtime": "docker",
          "created_at": "2026-01-31T12:00:00.000Z",
          "connection": {
            "state": "never"
          }
        },
        {
          "id": "run_00000000000000000000000003",
          "name": "old-box",
          "runtime": "docker",
          "created_at": "2026-01-31T12:00:00.000Z",
          "connection": {
            "state": "offline",
            "since": "2026-01-31T12:09:00.000Z"
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_workspace_without_runners_says_how_to_add_one() {
    let t = TestContext::new();
    t.edge.answers::<ListRunners>(page(vec![]));
    patr_snapshot!(t.patr("runner list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr runner add NAME` lets a machine join
    ");
}

#[test]
fn showing_a_runner() {
    let t = TestContext::new();
    t.edge.answers::<GetRunner>(Json(runner(1, "home")));
    patr_snapshot!(t.patr("runner show home"), @"
    exit code: 0
    ----- stdout -----
    name        home
    id          run_00000000000000000000000001
    runtime     docker
    connection  online since 2026-01-31 12:01:00Z
    created     2026-01-31 12:00:00Z
    agent       0.1.0
    host        debian on x86_64
    clock       12 ms ahead
    ");
    patr_snapshot!(t.patr("runner show home -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "run_00000000000000000000000001",
      "name": "home",
      "runtime": "docker",
      "created_at": "2026-01-31T12:00:00.000Z",
      "connection": {
        "state": "online",
        "since": "2026-01-31T12:01:00.000Z",
        "agent": "0.1.0",
        "host": "debian on x86_64",
        "clock_skew_ms": 12
      }
    }
    "#);
    assert_eq!(t.edge.asked::<GetRunner>()[0].call.path.runner, named("home"));
}

#[test]
fn a_slip_in_a_name_suggests_the_runner() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetRunner>(&not_found("hom-box"));
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home-box"), runner(2, "office")]));
    patr_snapshot!(t.patr("runner show hom-box"), @"
    exit code: 4
    ----- stderr -----
    error: there is no runner `hom-box` here

    hint: did you mean `home-box`?
    ");
}

#[test]
fn an_id_of_something_else_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("runner show dep_00000000000000000000000001"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'dep_00000000000000000000000001' for '<NAME>': expected an id like `run_…`, found `dep_00000000000000000000000001`

    For more information, try '--help'.
    ");
}

#[test]
fn renaming_a_runner() {
    let t = TestContext::new();
    t.edge.answers::<RenameRunner>(Json(runner(1, "attic")));
    patr_snapshot!(t.patr("runner rename home attic"), @"
    exit code: 0
    ----- stdout -----
    name        attic
    id          run_00000000000000000000000001
    runtime     docker
    connection  online since 2026-01-31 12:01:00Z
    created     2026-01-31 12:00:00Z
    agent       0.1.0
    host        debian on x86_64
    clock       12 ms ahead
    ");
    assert_eq!(t.edge.asked_once::<RenameRunner>().call.body.0.name.as_str(), "attic");
}

#[test]
fn renaming_a_runner_to_a_name_that_is_taken() {
    let t = TestContext::new();
    t.edge.refuses::<RenameRunner>(&rename::Error::NameTaken { name: "attic".parse().unwrap() });
    patr_snapshot!(t.patr("runner rename home attic"), @"
    exit code: 1
    ----- stderr -----
    error: a runner named `attic` already exists in this workspace
    ");
}

#[test]
fn rotating_a_token_prints_the_new_one() {
    let t = TestContext::new();
    t.edge.answers::<RotateRunnerToken>(Json(runner_with_token("home")));
    let ran = t.patr("runner rotate-token home").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "patr_r_secret\n"));
    insta::assert_snapshot!(ran.stderr.lines().next().unwrap(), @"the old token of `home` is refused from now on; the new one:");
}

#[test]
fn removing_a_runner() {
    let t = TestContext::new();
    t.edge.answers::<DeleteRunner>(NoContent);
    patr_snapshot!(t.patr("runner remove home"), @"
    exit code: 0
    ----- stderr -----
    removed the runner `home`
    ");
    assert_eq!(t.edge.asked_once::<DeleteRunner>().call.path.runner, named("home"));
}

#[test]
fn a_runner_with_deployments_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteRunner>(&delete::Error::HasDeployments { count: 2 });
    patr_snapshot!(t.patr("runner remove home"), @"
    exit code: 1
    ----- stderr -----
    error: 2 deployments still run here

    hint: delete them first: `patr deployment list` shows them
    ");
}

#[test]
fn a_runner_with_volumes_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteRunner>(&delete::Error::HasVolumes { count: 2 });
    patr_snapshot!(t.patr("runner remove home"), @"
    exit code: 1
    ----- stderr -----
    error: 2 volumes are still here, with all that is in them

    hint: delete them first: `patr volume list` shows them
    ");
}

#[test]
fn showing_how_the_machine_of_a_runner_does() {
    let t = TestContext::new();
    let health = HostHealth {
        disk_total: Some(100 << 30),
        disk_free: Some(3 << 30),
        trouble: Some("the disk is full: 3 % are free".to_owned()),
        away_since: None,
    };
    t.edge.answers::<GetRunner>(Json(Runner { health: Some(health), ..runner(1, "home") }));
    patr_snapshot!(t.patr("runner show home"), @"
    exit code: 0
    ----- stdout -----
    name        home
    id          run_00000000000000000000000001
    runtime     docker
    connection  online since 2026-01-31 12:01:00Z
    created     2026-01-31 12:00:00Z
    agent       0.1.0
    host        debian on x86_64
    clock       12 ms ahead
    disk        3.0 GiB free of 100.0 GiB
    trouble     the disk is full: 3 % are free
    ");
}
