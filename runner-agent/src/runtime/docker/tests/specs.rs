//! What a specification says, as a container sees it.

use patr_models::{
    deployment::{
        FailureKind,
        spec::{FileContent, FileSpec, Mount, PortProtocol, SecretUse},
    },
    ids::{Id, WorkspaceId},
};

use super::{
    bench::{Bench, WAIT, docker, eventually, secret},
    *,
};

const MIB: u64 = 1024 * 1024;

fn use_of(name: &str) -> SecretUse {
    SecretUse { secret: name.parse().unwrap(), version: Some(1) }
}

async fn refused(bench: &Bench, new: &NewReplica) -> Failure {
    let refused = bench.docker.start(new, &bench.runner).await;
    let Err(Fault::Failed(failure)) = refused else { panic!("{refused:?}") };
    assert_eq!(bench.docker.observe(&bench.runner).await.unwrap(), [], "nothing is left behind");
    failure
}

#[tokio::test]
async fn the_process_runs_as_its_specification_says() {
    let Some(bench) = Bench::new().await else { return };
    let script = "echo user=$(id -u):$(id -g) dir=$(pwd) plain=$PLAIN key=$KEY arg=$1; echo end; \
                  trap 'echo told; exit 0' USR1; while :; do sleep 0.05; done";
    let mut new = bench.replica("web", "").await;
    let spec = &mut new.desired.spec;
    spec.entrypoint = ["sh", "-c"].map(str::to_owned).to_vec();
    spec.command = [script, "zero", "one"].map(str::to_owned).to_vec();
    spec.user = Some("app:1000".to_owned());
    spec.working_dir = Some("/srv/work".parse().unwrap());
    spec.env.insert("PLAIN".parse().unwrap(), "a=b c".to_owned());
    spec.secrets.insert("KEY".parse().unwrap(), use_of("key"));
    spec.stop_signal = Some("SIGUSR1".to_owned());
    spec.stop_grace_s = Some(20);
    secret(&mut new, "key", b"hunter2");
    let id = bench.start(&new).await;
    let said = bench.says(&id, "end").await;
    assert!(said.contains("user=1000:1000 dir=/srv/work plain=a=b c key=hunter2 arg=one"), "{said}");
    bench.docker.stop(&id).await.unwrap();
    bench.says(&id, "told").await;
}

#[tokio::test]
async fn surroundings_are_as_the_specification_says() {
    let Some(bench) = Bench::new().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    let spec = &mut new.desired.spec;
    spec.resources.memory_bytes = Some(64 * MIB);
    spec.resources.cpu_millis = Some(250);
    spec.hosts.insert("db.internal".parse().unwrap(), "10.1.2.3".parse().unwrap());
    spec.labels.insert("team".to_owned(), "blue".to_owned());
    spec.labels.insert("cloud.patr.release".to_owned(), "77".to_owned());
    let port = |port, protocol| PortSpec { port, protocol };
    spec.ports =
        vec![port(80, PortProtocol::Http), port(5432, PortProtocol::Tcp), port(53, PortProtocol::Udp)];
    spec.platform =
        Some(docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]).parse().unwrap());
    let id = bench.start(&new).await;
    let (said, _) = bench.run(&id, "getent hosts db.internal").await;
    assert!(said.starts_with("10.1.2.3"), "{said}");
    let inspect = |what: &str| docker(&["inspect", "--format", what, &id]);
    assert_eq!(inspect("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"), "67108864 250000000");
    assert_eq!(inspect("{{json .Config.ExposedPorts}}"), r#"{"53/udp":{},"5432/tcp":{},"80/tcp":{}}"#);
    assert_eq!(inspect("{{index .Config.Labels \"team\"}}"), "blue");
    assert_eq!(inspect("{{index .Config.Labels \"cloud.patr.release\"}}"), "1", "ours are not overwritten");
    assert_eq!(inspect("{{.HostConfig.LogConfig.Config}}"), "map[max-file:3 max-size:10m]");
}

#[tokio::test]
async fn files_are_there_before_the_process_begins_with_their_modes() {
    let Some(bench) = Bench::new().await else { return };
    let script =
        "cat /etc/app/deep/conf /run/key; stat -c %a /etc/app/deep/conf /run/key /etc/app /etc; echo end";
    let mut new = bench.replica("web", script).await;
    let files = &mut new.desired.spec.files;
    let text = FileContent::Text("listen 80\n".to_owned());
    files.insert("/etc/app/deep/conf".parse().unwrap(), FileSpec { content: text, mode: None });
    let key = FileSpec { content: FileContent::Secret(use_of("key")), mode: Some(0o400) };
    files.insert("/run/key".parse().unwrap(), key);
    secret(&mut new, "key", b"s3cret\n");
    let id = bench.start(&new).await;
    assert_eq!(bench.says(&id, "end").await, "listen 80\ns3cret\n444\n400\n755\n755\nend");
}

#[tokio::test]
async fn a_file_in_the_place_of_a_folder_is_refused_and_nothing_is_left() {
    let Some(bench) = Bench::new().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    let file = FileSpec { content: FileContent::Text(String::new()), mode: None };
    new.desired.spec.files.insert("/usr/bin".parse().unwrap(), file);
    let failure = refused(&bench, &new).await;
    assert!(failure.message.starts_with("putting its files into its container: "), "{}", failure.message);
}

#[tokio::test]
async fn a_replica_without_its_secret_or_its_volume_does_not_start() {
    let Some(bench) = Bench::new().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    new.desired.spec.secrets.insert("KEY".parse().unwrap(), use_of("key"));
    let failure = refused(&bench, &new).await;
    assert_eq!(failure.kind, FailureKind::SecretSealed);
    secret(&mut new, "key", b"\xff\0");
    let failure = refused(&bench, &new).await;
    assert!(failure.message.contains("`key` is not text"), "{}", failure.message);

    let mut new = bench.replica("web", WAIT).await;
    let volume = VolumeId::from_parts(Millis(0), rand::random());
    let mount = Mount { volume: "data".parse().unwrap(), read_only: false, id: Some(volume), shared: false };
    new.desired.spec.volumes.insert("/data".parse().unwrap(), mount);
    assert_eq!(refused(&bench, &new).await.kind, FailureKind::VolumeMissing);
    let made = docker(&["volume", "ls", "--quiet", "--filter", &format!("name={volume}")]);
    assert_eq!(made, "", "no empty one is made in its place");
}

#[tokio::test]
async fn an_image_of_another_platform_is_not_run() {
    let Some(bench) = Bench::new().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    new.desired.spec.platform = Some("linux/s390x".parse().unwrap());
    let Err(Fault::Failed(failure)) = bench.docker.pull(&new.desired.spec, None).await else { panic!() };
    assert!(failure.message.contains("linux/s390x was asked for"), "{}", failure.message);
}

#[tokio::test]
async fn deployments_of_a_workspace_reach_each_other_by_name_and_those_of_others_do_not() {
    // Nothing listens on port 1: whoever gets through hears so at once.
    const TRY: &str = "(: </dev/tcp/$0/1) 2>&1";
    let Some(bench) = Bench::new().await else { return };
    let api = bench.started("api", WAIT).await;
    let web = bench.started("web", WAIT).await;
    let mut foreign = bench.replica("web", WAIT).await;
    foreign.desired.workspace = WorkspaceId::from_parts(Millis(0), rand::random());
    let foreign = bench.start(&foreign).await;

    let address =
        docker(&["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", &api]);
    let (said, code) = bench.run(&web, "getent hosts api").await;
    assert!(code == 0 && said.starts_with(&address), "{said}");
    let (said, _) = bench.run(&web, &TRY.replace("$0", "api")).await;
    assert!(said.contains("refused"), "{said}");

    let (said, code) = bench.run(&foreign, "getent hosts api").await;
    assert_eq!((said.as_str(), code), ("", 2));
    let words = format!("{} & sleep 1; kill $! && echo nobody", TRY.replace("$0", &address));
    let (said, _) = bench.run(&foreign, &words).await;
    assert_eq!(said, "nobody");
}

#[tokio::test]
async fn a_network_goes_when_no_container_is_on_it_and_those_of_others_stay() {
    let Some(bench) = Bench::new().await else { return };
    let other = format!("patr-test-{:08x}", rand::random::<u32>());
    docker(&["network", "create", &other]);
    let ours = network::name(bench.workspace, &bench.runner);
    let exists =
        |name: &str| !docker(&["network", "ls", "--quiet", "--filter", &format!("name={name}")]).is_empty();
    let id = bench.started("web", WAIT).await;
    bench.docker.stop(&id).await.unwrap();
    network::sweep(&bench.docker, &bench.runner).await;
    assert!(exists(&ours), "a container that is stopped needs it to start again");
    bench.docker.start_again(&id).await.unwrap();
    bench.docker.remove(&id).await.unwrap();
    network::sweep(&bench.docker, &bench.runner).await;
    let others = exists(&other);
    docker(&["network", "rm", &other]);
    assert!(others && !exists(&ours));
    bench.started("web", WAIT).await;
    eventually("the network is made again", async || if exists(&ours) { Ok(()) } else { Err(String::new()) })
        .await;
}
