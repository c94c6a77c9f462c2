//! What only an Engine shows of a deployment; what every runtime does is in `runtimes`.

use http::Method;
use patr_models::deployment::{FailureKind, Status, logs::LogLine};
use patr_stories::{
    Agent, Caller, Edge, Program,
    caller::{live, web},
    example_image,
    runner::{CleanUp, containers, inspect},
};
use serde_json::json;

/// An edge, an owner, an agent that is online, and the example deployed as `web`.
pub(crate) async fn deployed(image: &str) -> (Edge, Caller, Agent, CleanUp) {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let agent = Agent::start(&edge, &owner.add_runner("box").await);
    let made = owner.deploy("web", "box", web(image)).await.unwrap();
    let clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    (edge, owner, agent, clean_up)
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let Some(image) = example_image() else { return };
    let (edge, _owner, _agent, _clean_up) = deployed(&image).await;
    let size = 40 * 1024 * 1024;
    let answer =
        edge.request(Method::GET, "web-acme", &format!("/stream?bytes={size}")).send().await.unwrap();
    let body = answer.bytes().await.unwrap();
    assert_eq!(body.len(), size);
    assert!(
        body.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251),
        "in order, each byte once"
    );
    let answer = edge.request(Method::POST, "web-acme", "/upload").body(body).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains(&size.to_string()));
}

#[tokio::test]
async fn a_deployment_made_while_the_runner_is_away_starts_when_it_comes() {
    let Some(image) = example_image() else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let token = owner.add_runner("box").await;
    let made = owner.deploy("web", "box", web(&image)).await.unwrap();
    let _clean_up = CleanUp(made.id.to_string());
    assert!(matches!(made.status, Status::Waiting { .. }));
    assert_eq!(edge.get("web-acme", "/").await.0, 503);
    let _agent = Agent::start(&edge, &token);
    owner.sees("web", live(1)).await;
    assert_eq!(edge.get("web-acme", "/").await.0, 200);
}

#[tokio::test]
async fn what_a_replica_writes_is_read_through_the_tunnel() {
    let Some(image) = example_image() else { return };
    let (_edge, owner, _agent, _clean_up) = deployed(&image).await;
    let path = "/api/v1/workspaces/acme/deployments/web/logs?tail=5";
    let text = owner.text(path).await;
    let lines: Vec<LogLine> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line.text.contains("8080")), "{text}");
}

#[tokio::test]
async fn a_part_of_a_site_is_answered_by_a_deployment() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let folder = tempfile::tempdir().unwrap();
    let rules = format!(
        "/api/* http://web-acme.localhost:{}/:splat 200\n/short/* deployment:web/:splat 200\n",
        edge.port
    );
    std::fs::write(folder.path().join("index.html"), "front").unwrap();
    std::fs::write(folder.path().join("_redirects"), rules).unwrap();
    let folder = folder.path().to_str().unwrap();
    Program::of(&edge, &owner).run(&["site", "deploy", folder, "--name", "docs"]).await;
    for part in ["api", "short"] {
        let (status, head) = edge.get("docs-acme", &format!("/{part}/headers?bird=wren")).await;
        assert!(status == 200 && head.contains("GET /headers?bird=wren"), "{status} {head}");
        let upload = edge.request(Method::POST, "docs-acme", &format!("/{part}/upload"));
        let counted = upload.body(vec![7; 300_000]).send().await.unwrap().text().await.unwrap();
        assert!(counted.contains("300000"), "{counted}");
    }
    assert_eq!(edge.get("docs-acme", "/").await, (200, "front".to_owned()));
    assert_eq!(edge.get("docs-acme", "/headers").await.0, 404, "the rest is the site's");
}

#[tokio::test]
async fn the_reason_of_an_end_is_found_whatever_ended_it() {
    let Some(image) = example_image() else { return };
    let (_edge, owner, _agent, _clean_up) = deployed(&image).await;
    let table = [("memory", FailureKind::OutOfMemory, "memory"), ("signal", FailureKind::Exited, "SIG")];
    for (crash, kind, word) in table {
        let mut crashing = web(&image);
        crashing.env.insert("CRASH".parse().unwrap(), crash.to_owned());
        crashing.resources.memory_bytes = Some(16 << 20);
        owner.update("web", crashing).await;
        let because = |status: &Status| match status {
            Status::Failed { failure, .. } => failure.kind == kind && failure.message.contains(word),
            _ => false,
        };
        owner.sees("web", because).await;
    }
}

#[tokio::test]
async fn a_container_is_made_as_its_specification_says() {
    let Some(image) = example_image() else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let mut spec = web(&image);
    spec.resources.cpu_millis = Some(250);
    spec.resources.memory_bytes = Some(64 << 20);
    spec.env.insert("GREETING".parse().unwrap(), "hello = world".to_owned());
    spec.command = vec!["--flag".to_owned(), "two words".to_owned()];
    spec.stop_grace_s = Some(3);
    let made = owner.deploy("web", "box", spec).await.unwrap();
    let clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    let found = inspect(&containers(&clean_up.0)[0]);
    let (config, host) = (&found["Config"], &found["HostConfig"]);
    assert_eq!((&host["NanoCpus"], &host["Memory"]), (&json!(250_000_000), &json!(64 << 20)));
    assert!(config["Env"].as_array().unwrap().contains(&json!("GREETING=hello = world")), "{config}");
    assert_eq!(config["Cmd"], json!(["--flag", "two words"]));
    assert_eq!(config["StopTimeout"], 3);
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    let log = &host["LogConfig"];
    assert_eq!((&log["Type"], &log["Config"]["max-size"]), (&json!("json-file"), &json!("10m")));
    assert_eq!(log["Config"]["max-file"], "3");
}

#[tokio::test]
async fn containers_are_reached_on_loopback_where_their_addresses_are_not() {
    let Some(image) = example_image() else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let published = [("PATR_PUBLISH_PORTS", "true".to_owned())];
    let _agent = Agent::start_with(&edge, &owner.add_runner("box").await, &published);
    let made = owner.deploy("web", "box", web(&image)).await.unwrap();
    let clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    assert_eq!(edge.get("web-acme", "/").await.0, 200);
    let found = inspect(&containers(&clean_up.0)[0]);
    assert_eq!(found["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostIp"], "127.0.0.1");
}
