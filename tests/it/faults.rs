//! Whatever is killed, and whenever: every rollout ends, and what is shown is what is there.

use std::time::Duration;

use patr_models::deployment::Deployment;
use patr_stories::{
    Agent, Caller, Edge,
    caller::{live, web},
    eventually, example_image,
    load::{Load, Shape},
    pass,
    runner::{CleanUp, containers, inspect},
};

/// A release that takes half a second to start.
pub(crate) fn release(image: &str, number: u32) -> patr_models::deployment::WorkloadSpec {
    let mut spec = web(image);
    spec.env.insert("RELEASE".parse().unwrap(), number.to_string());
    spec.env.insert("START_MS".parse().unwrap(), "500".to_owned());
    spec
}

pub(crate) async fn two_replicas(image: &str) -> (Edge, Caller, Agent, CleanUp) {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let agent = Agent::start(&edge, &owner.add_runner("box").await);
    let made = owner.deploy("web", "box", release(image, 1)).await.unwrap();
    owner.scale("web", 2).await;
    owner.sees("web", live(2)).await;
    (edge, owner, agent, CleanUp(made.id.to_string()))
}

/// What an observer finds on the machine is what is shown, and nothing is left over.
async fn is_whole(edge: &Edge, owner: &Caller, clean_up: &CleanUp, number: u32) {
    let shown: Deployment = owner.sees("web", |status| live(2)(status)).await;
    let here = eventually("the removal of everything old", async || {
        let here = containers(&clean_up.0);
        if here.len() == 2 { Ok(here) } else { Err(here) }
    })
    .await;
    let mut seen: Vec<String> = shown.runners[0].seen.iter().map(|replica| replica.id.clone()).collect();
    seen.sort();
    let short: Vec<String> = here.iter().map(|id| id.chars().take(12).collect()).collect();
    assert_eq!(seen, short, "what is shown is what is there");
    let expected = format!("RELEASE={number}");
    for id in &here {
        let variables = inspect(id)["Config"]["Env"].to_string();
        assert!(variables.contains(&expected), "{variables}");
    }
    let (status, body) = edge.get("web-acme", "/").await;
    assert!(status == 200 && body.contains(&format!("release {number}")), "{status} {body}");
}

#[tokio::test]
async fn an_edge_that_is_killed_at_any_moment_of_a_rollout_hears_of_its_end() {
    let Some(image) = example_image() else { return };
    let (mut edge, owner, _agent, clean_up) = two_replicas(&image).await;
    for (number, after) in (2..).zip([0, 400, 1000]) {
        owner.update("web", release(&image, number)).await;
        pass(Duration::from_millis(after)).await;
        edge.kill_and_restart().await;
        is_whole(&edge, &owner, &clean_up, number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_restarted_under_load_loses_no_request() {
    let Some(image) = example_image() else { return };
    let (edge, owner, mut agent, clean_up) = two_replicas(&image).await;
    let before = containers(&clean_up.0);
    let shape = Shape { requests_per_second: 50, slow_every: 50, sockets: 0, drain: Duration::from_secs(30) };
    let load = Load::start(&edge, "web-acme", shape).await;
    for _ in 0..3 {
        pass(Duration::from_secs(1)).await;
        agent.upgrade().await;
        owner.sees("web", live(2)).await;
    }
    assert_eq!(load.end().await.failures, Vec::<String>::new());
    assert_eq!(containers(&clean_up.0), before, "nothing was restarted");
}
