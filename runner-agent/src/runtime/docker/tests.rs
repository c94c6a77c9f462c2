mod bench;
mod images;
mod life;
mod specs;
mod volumes;

use std::net::Ipv4Addr;

use patr_models::{
    deployment::{PortSpec, Power},
    ids::{DeploymentId, Id, WorkspaceId},
    secret::Secrets,
    time::Millis,
    wire::DesiredDeployment,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::*;

/// An Engine that knows no newer API than 1.41; answers the request lines that it gets.
async fn engine(listener: TcpListener, heard: mpsc::UnboundedSender<String>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let heard = heard.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let line = request.lines().next().unwrap_or_default().to_owned();
                let body = match () {
                    () if line.contains("/version") => r#"{"Version":"20.10.24","ApiVersion":"1.41"}"#,
                    () if line.contains("/info") => r#"{"SecurityOptions":["name=rootless"]}"#,
                    () => "[]",
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                heard.send(line).unwrap();
            }
        });
    }
}

#[tokio::test]
async fn an_older_engine_is_spoken_to_in_its_own_version() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut heard) = mpsc::unbounded_channel();
    tokio::spawn(engine(listener, sender));
    let state = tempfile::tempdir().unwrap();
    let api = bollard::Docker::connect_with_http(&address, 5, bollard::API_DEFAULT_VERSION).unwrap();
    let docker = Docker::over(api, false, state.path()).await.unwrap();
    assert!(docker.publish, "the containers of a rootless Engine are reached on loopback");
    assert_eq!(docker.observe("run_x").await.unwrap(), []);
    let mut last = String::new();
    while let Ok(line) = heard.try_recv() {
        last = line;
    }
    assert!(last.starts_with("GET /v1.41/containers/json"), "{last}");
}

pub(super) fn new_replica() -> NewReplica {
    let mut spec = WorkloadSpec::of("web:1".parse().unwrap());
    spec.ports = vec![PortSpec { port: 80, protocol: Default::default() }];
    let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
    let desired = DesiredDeployment {
        id: DeploymentId::from_parts(Millis(0), 1),
        workspace: WorkspaceId::from_parts(Millis(0), 1),
        name: "web".parse().unwrap(),
        generation: 5,
        release: 2,
        power: Power::Running,
        replicas: 1,
        autoscale: None,
        restart: 0,
        spec,
        digest: None,
        sealed: None,
    };
    NewReplica { desired, digest, hash: "hash".to_owned(), secrets: Secrets::default() }
}

#[test]
fn a_container_is_recognised_by_what_it_was_made_with() {
    let new = new_replica();
    let body = container::create(&new, "web".to_owned(), "net".to_owned(), "run_x", false).unwrap();
    let summary = serde_json::json!({
        "Id": "c1",
        "Names": [format!("/{}", container::unproven_name(&new, 1))],
        "State": "running",
        "Labels": body.labels,
        "NetworkSettings": { "Networks": { "patr": { "IPAddress": "172.18.0.2" } } },
    });
    let replica = container::replica(serde_json::from_value(summary).unwrap()).unwrap();
    assert_eq!((replica.deployment, replica.generation, replica.release), (new.desired.id, 5, 2));
    assert_eq!((replica.hash, replica.digest), (new.hash, Some(new.digest)));
    assert!(!replica.proven);
    assert_eq!(replica.probe, new.desired.spec.effective_probe());
    assert_eq!(replica.state, ReplicaState::Running(Address::Network([172, 18, 0, 2].into())));
}

#[test]
fn ports_are_published_on_loopback_only_and_only_where_they_must_be() {
    let new = new_replica();
    let host = |publish| {
        container::create(&new, "web".to_owned(), "net".to_owned(), "run_x", publish)
            .unwrap()
            .host_config
            .unwrap()
    };
    assert_eq!(host(false).port_bindings, None);
    let bindings = host(true).port_bindings.unwrap();
    let binding = bindings["80/tcp"].as_ref().unwrap();
    assert_eq!(binding[0].host_ip.as_deref(), Some("127.0.0.1"));
    let inspected = serde_json::json!({
        "State": { "Status": "running" },
        "NetworkSettings": { "Ports": { "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "40080" }] } },
    });
    let state = container::state(&serde_json::from_value(inspected).unwrap());
    assert_eq!(state, ReplicaState::Running(Address::Published([(80, 40_080)].into())));
}

#[test]
fn a_container_that_was_proved_says_so_by_its_name() {
    let name = container::unproven_name(&new_replica(), 1);
    let inspected = |name: &str| serde_json::from_value(serde_json::json!({ "Name": name })).unwrap();
    let proven = container::proven_name(&inspected(&format!("/{name}"))).unwrap();
    assert_eq!(proven, "patr-web-2-00000001");
    assert_eq!(container::proven_name(&inspected(&proven)), None);
}
