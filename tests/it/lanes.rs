//! Lanes that break without a word, connections to ports, and what is remembered of requests.

use std::time::Duration;

use patr_models::deployment::requests::RequestLine;
use patr_stories::{
    Agent, Edge, Program,
    caller::{live, web},
    eventually, example_image,
    nat::Nat,
    runner::CleanUp,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::deploy::deployed;

/// Long before the agent would miss the edge by itself, on any machine.
const BEFORE_THE_AGENT_KNOWS: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_lane_that_the_network_has_forgotten_costs_no_request_that_may_be_asked_again() {
    let Some(image) = example_image() else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let nat = Nat::to(edge.port).await;
    let _agent = Agent::start_at(&nat.url(), &owner.add_runner("box").await, &[]);
    let made = owner.deploy("web", "box", web(&image)).await.unwrap();
    let _clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    eventually("an answer", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    assert_eq!(nat.forget("/api/v1/runner/tunnel/0 "), 1);
    let asking = async {
        // Requests take the lanes in turn, by the time at which they come.
        for _ in 0..8 {
            assert_eq!(edge.get("web-acme", "/").await.0, 200);
        }
    };
    timeout(BEFORE_THE_AGENT_KNOWS, asking).await.expect("a dead lane is found out");
}

#[tokio::test]
async fn requests_are_remembered_with_who_asked_and_what_was_answered() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    assert_eq!(edge.get("web-acme", "/headers?key=value").await.0, 200);
    let text = owner.text("/api/v1/workspaces/acme/deployments/web/requests?tail=1").await;
    let line: RequestLine = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((line.status, line.method.as_str(), line.target.as_str()), (200, "GET", "/headers?key=value"));
    assert_eq!(
        (line.client.as_str(), line.host.split(':').next()),
        ("127.0.0.1", Some("web-acme.localhost"))
    );
    assert!(line.bytes > 0 && !line.replica.is_empty(), "{line:?}");
}

#[tokio::test]
async fn a_forwarded_port_carries_more_than_anything_on_the_way_holds_and_refuses_what_nothing_listens_on() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let patr = Program::of(&edge, &owner);
    let mut forwarding = patr.start(&["port-forward", "web", "8080:0", "1:0"]);
    let mut address = async || forwarding.line().await;
    let (web, nothing) = (address().await, address().await);
    let mut socket = TcpStream::connect(&web).await.unwrap();
    let size = 24 * 1024 * 1024;
    let head =
        format!("POST /upload HTTP/1.1\r\nhost: web\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![7; size]).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&size.to_string()), "{answer}");
    let mut refused = TcpStream::connect(&nothing).await.unwrap();
    assert_eq!(refused.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let audit = owner.text("/api/v1/workspaces/acme/audit").await;
    assert_eq!(audit.matches("ConnectToDeployment").count(), 1, "{audit}");
}
