//! Images that come and go. A registry of the test's own, on loopback, has them.

use std::{net, process};

use patr_models::deployment::FailureKind;
use tempfile::TempDir;

use super::{
    bench::{Bench, WAIT, docker, eventually},
    *,
};

/// Debian's `docker-registry`, as a process.
struct Registry {
    process: process::Child,
    server: String,
    _folder: TempDir,
}

impl Registry {
    /// `None`, said loudly, where the program is missing. In CI it must be there.
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (server, config) = (format!("127.0.0.1:{port}"), folder.path().join("config.yml"));
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {server}\n",
            folder.path().join("blobs").display(),
        );
        std::fs::write(&config, text).unwrap();
        let mut command = process::Command::new("docker-registry");
        command.arg("serve").arg(config).stdout(process::Stdio::null()).stderr(process::Stdio::null());
        let Ok(process) = command.spawn() else {
            assert!(std::env::var_os("CI").is_none(), "CI needs `docker-registry`");
            eprintln!("SKIPPED: `docker-registry` is not installed here");
            return None;
        };
        let registry = Self { process, server, _folder: folder };
        eventually("the registry listens", async || {
            let connected = tokio::net::TcpStream::connect(&registry.server).await;
            connected.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Some(registry)
    }

    /// Puts an image like another into the registry, and leaves nothing of it on this machine.
    fn push(&self, like: &str, name: &str) -> String {
        let image = format!("{}/{name}", self.server);
        let context = tempfile::tempdir().unwrap();
        let file = context.path().join("Dockerfile");
        // Unlike any other, so that no other test has it.
        std::fs::write(&file, format!("FROM {like}\nENV SERVER={image}\n")).unwrap();
        docker(&["build", "--quiet", "--tag", &image, &context.path().to_string_lossy()]);
        docker(&["push", "--quiet", &image]);
        docker(&["rmi", &image]);
        image
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn here(image: &str) -> bool {
    !docker(&["images", "--quiet", image]).is_empty()
}

#[tokio::test]
async fn an_image_goes_when_neither_a_release_nor_a_container_needs_it() {
    let Some(bench) = Bench::new().await else { return };
    let Some(registry) = Registry::start().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    let tools = new.desired.spec.image.to_string();
    let image = registry.push(&tools, "app:1");
    new.desired.spec.image = image.parse().unwrap();
    new.digest = bench.docker.pull(&new.desired.spec, None).await.unwrap();
    bench.docker.collect_images(&[]).await;
    assert!(here(&image), "it was pulled for something that may not have started yet");

    let docker = bench.successor().await;
    docker.collect_images(std::slice::from_ref(&new.digest)).await;
    assert!(here(&image), "a release needs it");
    let id = bench.start(&new).await;
    bench.docker.stop(&id).await.unwrap();
    docker.collect_images(&[]).await;
    assert!(here(&image), "a container needs it");
    bench.docker.remove(&id).await.unwrap();
    docker.collect_images(&[]).await;
    assert!(!here(&image));
    assert!(here(&tools), "nobody pulled this one here");
}

#[tokio::test]
async fn an_image_that_was_here_or_that_somebody_has_named_stays() {
    let Some(bench) = Bench::new().await else { return };
    let Some(registry) = Registry::start().await else { return };
    let mut new = bench.replica("web", WAIT).await;
    let tools = new.desired.spec.image.to_string();
    let [theirs, ours] = ["theirs:1", "ours:1"].map(|name| registry.push(&tools, name));
    let mut pull = async |image: &str| {
        new.desired.spec.image = image.parse().unwrap();
        bench.docker.pull(&new.desired.spec, None).await.unwrap()
    };
    docker(&["pull", "--quiet", &theirs]);
    pull(&theirs).await;
    pull(&ours).await;
    let named = format!("patr-test-named:{:08x}", rand::random::<u32>());
    docker(&["tag", &ours, &named]);
    bench.successor().await.collect_images(&[]).await;
    let left = [&theirs, &named, &ours].map(|image| here(image));
    docker(&["rmi", &theirs, &named]);
    assert_eq!(left, [true, true, false]);
}

#[tokio::test]
async fn nothing_is_pulled_onto_a_full_disk_and_what_is_here_still_runs() {
    let Some(bench) = Bench::new().await else { return };
    let state = tempfile::tempdir().unwrap();
    let mut docker = bench.docker.clone();
    // A file system without a single block.
    docker.shared = Arc::new(Shared::new(state.path(), Disk(Some("/proc".into()))));
    let spec = WorkloadSpec::of("127.0.0.1:1/web:1".parse().unwrap());
    let Err(Fault::Failed(failure)) = docker.pull(&spec, None).await else { panic!() };
    assert_eq!(failure.kind, FailureKind::DiskFull);
    assert!(
        failure.message.starts_with("`127.0.0.1:1/web:1` is not pulled: only 0 kB"),
        "{}",
        failure.message
    );
    assert!(docker.health().await.trouble.unwrap().contains("nearly full"));
    let new = bench.replica("web", WAIT).await;
    docker.pull(&new.desired.spec, Some(&new.digest)).await.unwrap();
    docker.start(&new, &bench.runner).await.unwrap();
}

#[tokio::test]
async fn what_a_registry_does_not_have_is_said() {
    let Some(bench) = Bench::new().await else { return };
    let Some(registry) = Registry::start().await else { return };
    let spec = WorkloadSpec::of(format!("{}/nothing:1", registry.server).parse().unwrap());
    let Err(Fault::Failed(failure)) = bench.docker.pull(&spec, None).await else { panic!() };
    assert_eq!(failure.kind, FailureKind::ImageNotFound, "{}", failure.message);
}
