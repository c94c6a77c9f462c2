//! Commands, logs and measurements of containers that run, stop and go.

use futures_util::StreamExt;
use patr_models::deployment::{
    FailureKind,
    spec::{FileContent, FileSpec, SecretUse},
};
use tokio::io::AsyncWriteExt;

use super::{
    bench::{Bench, WAIT, collect, docker, eventually, secret},
    *,
};

fn shell(words: &str) -> Vec<String> {
    ["sh", "-c", words].map(str::to_owned).to_vec()
}

#[tokio::test]
async fn a_command_has_an_input_two_outputs_and_an_exit_code() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", WAIT).await;
    let mut exec = bench.docker.exec(&id, shell("cat; echo bad >&2; exit 7"), None).await.unwrap();
    exec.input.write_all(b"typed\n").await.unwrap();
    exec.input.shutdown().await.unwrap();
    assert_eq!(collect(exec).await, ("typed\n".to_owned(), "bad\n".to_owned(), 7));
}

#[tokio::test]
async fn a_command_with_a_terminal_sees_its_sizes() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", WAIT).await;
    let words = "trap 'stty size; exit 3' WINCH; stty size; while :; do sleep 0.05; done";
    let size = Size { columns: 90, rows: 30 };
    let mut exec = bench.docker.exec(&id, shell(&format!("sleep 0.3; {words}")), Some(size)).await.unwrap();
    let (_, first) = exec.output.recv().await.unwrap();
    assert_eq!(first, "30 90\r\n");
    exec.sizes.send(Size { columns: 100, rows: 40 }).await.unwrap();
    assert_eq!(collect(exec).await, ("40 100\r\n".to_owned(), String::new(), 3));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", WAIT).await;
    let said = match bench.docker.exec(&id, vec!["nothing".to_owned()], None).await {
        Ok(exec) => {
            let (out, err, code) = collect(exec).await;
            assert!((126..=127).contains(&code), "{code}");
            out + &err
        }
        Err(fault) => format!("{fault:?}"),
    };
    assert!(said.contains("nothing"), "{said}");
}

#[tokio::test]
async fn a_probe_by_command_takes_exit_code_zero_in_time() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", WAIT).await;
    let patience = Duration::from_secs(5);
    let probe = async |words: &str, patience| bench.docker.exec_probe(&id, &shell(words), patience).await;
    assert_eq!(probe("exit 0", patience).await, Ok(()));
    let failed = probe("echo not yet; exit 4", patience).await.unwrap_err();
    assert_eq!(failed.kind, FailureKind::ProbeFailed);
    assert!(failed.message.ends_with("ended with exit code 4: not yet"), "{}", failed.message);
    let late = probe("sleep 30", Duration::from_secs(1)).await.unwrap_err();
    assert!(late.message.ends_with("did not end within 1 s"), "{}", late.message);
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_ends() {
    let Some(bench) = Bench::new().await else { return };
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root may signal the processes of a container");
        return;
    }
    let id = bench.started("web", WAIT).await;
    let left = async |words: &str| {
        eventually("the command has ended", async || {
            let running = docker(&["top", &id]);
            if running.contains(words) { Err(running) } else { Ok(()) }
        })
        .await;
    };
    let exec = bench.docker.exec(&id, shell("exec sleep 4321"), None).await.unwrap();
    drop(exec);
    left("4321").await;
    let probed = bench.docker.exec_probe(&id, &shell("exec sleep 5432"), Duration::from_secs(1)).await;
    assert!(probed.is_err());
    left("5432").await;
}

#[tokio::test]
async fn what_a_container_uses_is_counted_while_it_runs() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", "trap 'exit 0' TERM; while :; do :; done").await;
    let before = bench.docker.usage(&id).await.unwrap();
    let after = eventually("processor time", async || {
        let now = bench.docker.usage(&id).await.map_err(|fault| format!("{fault:?}"))?;
        if now.cpu_ns > before.cpu_ns + 50_000_000 { Ok(now) } else { Err(format!("{now:?}")) }
    })
    .await;
    assert!(after.at > before.at && after.memory_bytes > 0, "{before:?} {after:?}");
    bench.docker.stop(&id).await.unwrap();
    assert!(matches!(bench.docker.usage(&id).await, Err(Fault::Failed(_))));
}

#[tokio::test]
async fn a_container_that_is_stopped_stays_and_starts_again_as_it_was() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", &format!("echo begun; {WAIT}")).await;
    bench.docker.keep(&id).await.unwrap();
    bench.docker.stop(&id).await.unwrap();
    bench.docker.stop(&id).await.unwrap();
    let [replica] = &bench.docker.observe(&bench.runner).await.unwrap()[..] else { panic!() };
    assert_eq!((&replica.state, replica.proven), (&ReplicaState::Exited, true));
    bench.docker.start_again(&id).await.unwrap();
    bench.says(&id, "begun\nbegun").await;
}

#[tokio::test]
async fn logs_begin_where_they_are_asked_to() {
    let Some(bench) = Bench::new().await else { return };
    let id = bench.started("web", "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; sleep 60").await;
    bench.says(&id, "three").await;
    let read = async |tail, since| {
        let from = LogsFrom { follow: false, tail, since };
        bench.docker.logs(&id, from).collect::<Vec<_>>().await
    };
    let all = read(100, None).await;
    let text = |lines: &[LogLine]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    assert_eq!(text(&all), ["one", "two", "three"]);
    assert!(all[0].at < all[1].at && all[1].at < all[2].at, "{all:?}");
    assert_eq!(text(&read(100, Some(all[1].at)).await), ["two", "three"]);
    assert_eq!(text(&read(1, None).await), ["three"]);
}

#[tokio::test]
async fn the_log_of_a_removed_container_is_kept_without_its_secrets_until_its_deployment_goes() {
    let Some(bench) = Bench::new().await else { return };
    let mut new = bench.replica("web", &format!("echo started with $KEY; cat /run/pem; {WAIT}")).await;
    let deployment = new.desired.id;
    let used = |name: &str| SecretUse { secret: name.parse().unwrap(), version: Some(1) };
    new.desired.spec.secrets.insert("KEY".parse().unwrap(), used("key"));
    let file = FileSpec { content: FileContent::Secret(used("pem")), mode: None };
    new.desired.spec.files.insert("/run/pem".parse().unwrap(), file);
    secret(&mut new, "key", b"hunter2");
    secret(&mut new, "pem", b"first\nsecond\n");
    let id = bench.start(&new).await;
    bench.says(&id, "second").await;
    assert_eq!(bench.docker.secrets_in(&id).await.unwrap(), [&b"hunter2"[..], b"first\nsecond\n"]);
    bench.docker.remove(&id).await.unwrap();
    let lines = bench.successor().await.past_logs(deployment).await;
    let text: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(text, ["started with [secret]", "[secret]", "[secret]"]);
    assert!(id.starts_with(&lines[0].replica) && lines[0].at > Millis(0));
    bench.docker.forget(deployment).await;
    assert_eq!(bench.docker.past_logs(deployment).await, []);
    bench.docker.remove(&id).await.unwrap();
}

#[tokio::test]
async fn the_health_of_the_machine_tells_the_room_on_its_disk() {
    let Some(bench) = Bench::new().await else { return };
    let health = bench.docker.health().await;
    let (total, free) = (health.disk_total.unwrap(), health.disk_free.unwrap());
    assert!(free < total && free % (total / 100) == 0, "{health:?}");
}
