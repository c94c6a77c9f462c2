//! What of a specification can be typed, and taken away again.

use super::*;

/// The specification that was sent.
fn sent(t: &TestContext) -> WorkloadSpec {
    t.edge.asked_once::<CreateDeployment>().call.body.0.spec
}

#[test]
fn everything_that_a_specification_can_say_can_be_typed() {
    let t = TestContext::new();
    t.edge.makes_a_deployment();
    t.file("app.conf", "workers = 4\n");
    let line = format!(
        "{DEPLOY} --no-wait --port 53/udp --secret KEY=api-key --secret OLD=api-key@2 --file /etc/app.conf=app.conf \
         --secret-file /run/tls.key=tls-key --volume data:/data --volume shared:/shared:ro --user 1000:1000 \
         --workdir /srv --platform linux/arm64 --readiness-probe 80/ready --liveness-probe 'exec:test -e /ok' \
         --liveness-probe-period 30s --liveness-probe-timeout 2s --liveness-probe-failure-threshold 5 \
         --strategy blue-green --start-deadline 2m --drain 0s --stop-signal SIGQUIT --stop-grace 1m \
         --label team=web --host db=10.0.0.7 --max-replicas 5 --cpu-target 60 --idle-after 10m"
    );
    assert_eq!(t.patr(&line).run().code, 0);
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent(&t)).unwrap(), @r#"
    {
      "image": "nginx:1",
      "user": "1000:1000",
      "working_dir": "/srv",
      "platform": "linux/arm64",
      "secrets": {
        "KEY": {
          "secret": "api-key"
        },
        "OLD": {
          "secret": "api-key",
          "version": 2
        }
      },
      "files": {
        "/etc/app.conf": {
          "content": {
            "text": "workers = 4\n"
          }
        },
        "/run/tls.key": {
          "content": {
            "secret": {
              "secret": "tls-key"
            }
          }
        }
      },
      "volumes": {
        "/data": {
          "volume": "data"
        },
        "/shared": {
          "volume": "shared",
          "read_only": true
        }
      },
      "ports": [
        {
          "port": 80,
          "protocol": "http"
        },
        {
          "port": 53,
          "protocol": "udp"
        }
      ],
      "readiness_probe": {
        "port": 80,
        "path": "/ready"
      },
      "liveness_probe": {
        "command": [
          "test",
          "-e",
          "/ok"
        ],
        "period_s": 30,
        "timeout_s": 2,
        "failures": 5
      },
      "start_deadline_s": 120,
      "drain_s": 0,
      "stop_signal": "SIGQUIT",
      "stop_grace_s": 60,
      "labels": {
        "team": "web"
      },
      "hosts": {
        "db": "10.0.0.7"
      },
      "strategy": "blue_green"
    }
    "#);
    let body = t.edge.asked_once::<CreateDeployment>().call.body.0;
    assert_eq!(body.autoscale, Some(Autoscale { max: 5, cpu_percent: Some(60), idle_s: Some(600) }));
}

#[test]
fn what_is_taken_away_is_gone_and_the_rest_stays() {
    let t = TestContext::new();
    let mut before = deployment("web");
    before.spec.env = ["A", "B"].map(|name| (name.parse().unwrap(), "1".to_owned())).into();
    before.spec.readiness_probe = Some(Probe::tcp(80));
    before.spec.drain_s = Some(5);
    t.edge.answers::<GetDeployment>(Json(before));
    t.edge.answers::<UpdateDeployment>(Json(deployment("web")));
    let line = "deploy nginx:2 --name web --no-wait --unset-env A --unset-env NEVER --unset readiness-probe";
    assert_eq!(t.patr(line).run().code, 0);
    let spec = t.edge.asked_once::<UpdateDeployment>().call.body.0.spec;
    let names = spec.env.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((names, spec.readiness_probe, spec.drain_s), (vec!["B".to_owned()], None, Some(5)));
}

#[test]
fn a_volume_with_one_writer_says_why_the_old_replicas_stop_first() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    let mut made = deployment("web");
    let mount = Mount { volume: "data".parse().unwrap(), read_only: false, id: Some(id(1)), shared: false };
    made.spec.volumes = [("/data".parse().unwrap(), mount)].into();
    t.edge.answers::<CreateDeployment>(Created(made));
    patr_snapshot!(t.patr(&format!("{DEPLOY} --volume data:/data --no-wait")), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    the volume `data` has one writer at a time: old replicas stop before new ones start
    the change goes on: `patr deployment show web` says how it is
    ");
}

#[test]
fn a_deployment_that_sleeps_is_idle_and_that_is_an_end() {
    let t = rollout(Status::Idle);
    patr_snapshot!(t.patr(&format!("{DEPLOY} --replicas 0 --max-replicas 3").replace("--replicas 2 ", "")), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    made `web` on the runner `home`
    starting: 1 of 2 ready
    `web` is idle: the next request starts release 3
    ");
}

#[test]
fn a_change_of_the_choice_keeps_what_is_not_given() {
    let t = TestContext::new();
    let autoscale = Autoscale { max: 4, cpu_percent: Some(50), idle_s: None };
    t.edge.answers::<GetDeployment>(Json(Deployment { autoscale: Some(autoscale), ..deployment("web") }));
    t.edge.answers::<UpdateDeployment>(Json(deployment("web")));
    assert_eq!(t.patr("deploy nginx:1 --name web --max-replicas 8 --no-wait").run().code, 0);
    let body = t.edge.asked_once::<UpdateDeployment>().call.body.0;
    assert_eq!(body.autoscale, Some(Autoscale { max: 8, ..autoscale }));
}

#[test]
fn a_deployment_that_has_no_replicas_can_be_changed_all_the_same() {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(Deployment { replicas: 0, ..deployment("web") }));
    t.edge.answers::<UpdateDeployment>(Json(deployment("web")));
    assert_eq!(t.patr("deploy nginx:2 --name web --no-wait").run().code, 0);
    let body = t.edge.asked_once::<UpdateDeployment>().call.body.0;
    assert_eq!((body.replicas, body.autoscale), (None, None));
}

#[test]
fn none_at_all_needs_a_choice_and_an_aim_needs_one_too() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner home --replicas 0"), @"
    exit code: 2
    ----- stderr -----
    error: 0 replicas are only possible when the runner may start more

    hint: say up to how many; `patr deployment stop` runs none at all
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner home --cpu-target 50"), @"
    exit code: 2
    ----- stderr -----
    error: the number of replicas is fixed, so there is nothing to aim at

    hint: say up to how many the runner may choose
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --runner home --replicas 3 --max-replicas 2"), @"
    exit code: 2
    ----- stderr -----
    error: autoscale.max: use 3 (the least number of replicas) to 100
    ");
}

#[test]
fn entries_that_cannot_be_read_are_named_before_anything_is_sent() {
    let t = TestContext::new();
    for (flags, said) in [
        ("--secret KEY", "expected `NAME=SECRET`"),
        ("--secret KEY=api-key@new", "`new` is not a version: use a number from 1"),
        ("--file etc=x", "`etc` is not a path in a replica"),
        ("--secret-file /x", "expected `PATH=SECRET`"),
        ("--volume data", "`data` is not a volume: use `NAME:PATH` or `NAME:PATH:ro`"),
        ("--unset-volume a/b", "`a/b` is not a path in a replica"),
        ("--label team", "expected `NAME=VALUE`"),
        ("--host db=elsewhere", "`elsewhere` is not an IP address"),
        ("--platform arm", "`arm` is not a platform"),
        ("--liveness-probe exec:", "`exec:` needs a command"),
        ("--strategy canary", "possible values: rolling, blue-green, recreate"),
        ("--drain 100ms", "`100ms` is not a time: use whole seconds or more"),
        ("--cpu-target 101", "101 is not in 1..=100"),
        ("--unset name", "possible values: ports, command"),
    ] {
        let ran = t.patr(&format!("deploy nginx:1 --name web {flags}")).run();
        assert_eq!(ran.code, 2, "{flags}: {ran}");
        assert!(ran.stderr.contains(said), "{flags}: {ran}");
    }
}

#[test]
fn files_that_cannot_be_given_are_named() {
    let t = TestContext::new();
    t.file("large", &"x".repeat(100_000));
    patr_snapshot!(t.patr("deploy nginx:1 --name web --file /x=absent"), @"
    exit code: 2
    ----- stderr -----
    error: absent: No such file or directory (os error 2)
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --file /x=."), @"
    exit code: 2
    ----- stderr -----
    error: .: is a folder

    hint: give its files one by one, or put them into a volume
    ");
    patr_snapshot!(t.patr("deploy nginx:1 --name web --file /x=large"), @"
    exit code: 2
    ----- stderr -----
    error: large: 97.6 KiB are more than a deployment's files may have together (96.0 KiB)

    hint: put large files into the image or a volume
    ");
}

#[test]
fn a_secret_that_is_not_there_is_not_found() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    let error = create::Error::SecretNotFound { secret: "secret `api-kye`".to_owned() };
    t.edge.refuses::<CreateDeployment>(&error);
    patr_snapshot!(t.patr(&format!("{DEPLOY} --secret KEY=api-kye")), @"
    exit code: 4
    ----- stderr -----
    error: spec.secrets: there is no secret `api-kye`

    hint: `patr secret set` makes one; `patr secret list` shows them
    ");
}

#[test]
fn a_volume_on_another_runner_cannot_be_mounted() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetDeployment>(&not_found());
    t.edge.refuses::<CreateDeployment>(&create::Error::VolumeElsewhere {
        volume: "data".parse().unwrap(),
        runner: "office".to_owned(),
    });
    patr_snapshot!(t.patr(&format!("{DEPLOY} --volume data:/data")), @"
    exit code: 1
    ----- stderr -----
    error: spec.volumes: the volume `data` is on the runner `office`

    hint: deploy there, or copy it: `patr volume copy`
    ");
}
