//! Jobs of CI, with ID tokens of an issuer that others' cryptography signs.

use std::process::Stdio;

use patr_stories::{Edge, Program};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const ISSUER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/servers/issuer.mjs");

/// Runs an issuer; its address.
async fn issuer() -> (Child, String) {
    let mut node = Command::new("node");
    let mut node = node.arg(ISSUER).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    (node, format!("http://127.0.0.1:{port}"))
}

/// `patr` in a job, of a repository, that may ask for ID tokens.
fn job(edge: &Edge, issuer: &str, repository: &str) -> Program {
    let address = format!("{issuer}/token?sub=repo:{repository}&repository={repository}&ref=refs/heads/main");
    Program::of_nobody(edge)
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", &address)
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
}

#[tokio::test]
async fn a_job_of_a_trusted_repository_deploys_without_a_stored_token() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    owner.add_runner("box").await;
    let boss = Program::of(&edge, &owner);
    let (_node, issuer) = issuer().await;
    let trust =
        ["--issuer", &issuer, "--claim", "repository=acme/*", "--claim", "ref=refs/heads/main", "--role"];
    boss.run(&[&["federation", "add", "ci"][..], &trust, &["developer"]].concat()).await;

    let log_in = ["login", "--workspace", "acme", "--oidc"];
    let web = job(&edge, &issuer, "acme/web");
    web.run(&log_in).await;
    web.run(&["deploy", "nginx:1", "--name", "web", "--no-wait"]).await;
    let refused = web.try_run(&["member", "invite", "developer"]).await;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let log = boss.run(&["audit", "list", "--action", "CreateDeployment", "--output", "json"]).await;
    assert!(log.contains("\"web\""), "{log}");

    let stranger = job(&edge, &issuer, "elsewhere/web");
    let refused = stranger.try_run(&log_in).await;
    assert!(refused.code == Some(3) && refused.stderr.contains("federation"), "{refused:?}");

    boss.run(&["federation", "remove", "ci"]).await;
    let refused = web.try_run(&["deployment", "list"]).await;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(web.try_run(&log_in).await.code, Some(3));
}
