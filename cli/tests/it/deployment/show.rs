//! All that a deployment says of itself, and what it used.

use super::*;

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
    let timing = Probe { period_s: Some(10), timeout_s: Some(2), failures: Some(5), ..Probe::default() };
    full.spec.readiness_probe = Some(Probe { port: Some(80), path: Some("/ready".to_owned()), ..timing });
    full.spec.liveness_probe = Some(Probe::exec(["test", "-e", "/ok"]));
    full.spec.start_deadline_s = Some(120);
    full.spec.drain_s = Some(0);
    full.spec.stop_signal = Some("SIGQUIT".to_owned());
    full.spec.stop_grace_s = Some(60);
    let replica =
        |id: &str, release, ready| ObservedReplica { id: id.to_owned(), release, ready, restarts: 1 };
    full.runners[0].seen = vec![replica("3f9a11aa22bb", 3, true), replica("b07155cc66dd", 2, false)];
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
    readiness probe  80/ready (every 10 s, timeout 2 s, 5 failures count)
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
    nothing was measured in that time; a new replica has its first values within a minute
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
