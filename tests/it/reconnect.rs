//! Links break, machines restart: what runs goes on.

use patr_models::runner::Connection;
use patr_stories::{Agent, Edge, caller::live, eventually, example_image, runner::containers};

use crate::deploy::deployed;

async fn online(owner: &patr_stories::Caller) {
    eventually("the runner's return", async || match owner.runner("box").await {
        Connection::Online { .. } => Ok(()),
        other => Err(other),
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_is_killed_and_restarted_touches_nothing() {
    let Some(image) = example_image() else { return };
    let (edge, owner, mut agent, clean_up) = deployed(&image).await;
    let before = containers(&clean_up.0);
    agent.kill_and_restart().await;
    eventually("an answer through the new agent", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    owner.sees("web", live(1)).await;
    assert_eq!(containers(&clean_up.0), before);
}

#[tokio::test]
async fn an_edge_that_is_killed_and_restarted_finds_everything_as_it_was() {
    let Some(image) = example_image() else { return };
    let (mut edge, owner, _agent, clean_up) = deployed(&image).await;
    let before = containers(&clean_up.0);
    edge.kill_and_restart().await;
    eventually("an answer through the new edge", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    online(&owner).await;
    owner.sees("web", live(1)).await;
    assert_eq!(containers(&clean_up.0), before);
}

#[tokio::test]
async fn an_agent_with_a_wrong_token_stops_and_says_so() {
    if example_image().is_none() {
        return;
    }
    let edge = Edge::start().await;
    let mut agent = Agent::start(&edge, "patr_r_wrong");
    assert_eq!(agent.ends().await, Some(3));
}

#[tokio::test]
async fn of_two_agents_with_one_token_the_newest_stays() {
    if example_image().is_none() {
        return;
    }
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let token = owner.add_runner("box").await;
    let mut older = Agent::start(&edge, &token);
    online(&owner).await;
    let _newer = Agent::start(&edge, &token);
    assert_eq!(older.ends().await, Some(4));
    online(&owner).await;
}

#[tokio::test]
async fn an_agent_whose_token_was_rotated_stops() {
    if example_image().is_none() {
        return;
    }
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let mut agent = Agent::start(&edge, &owner.add_runner("box").await);
    online(&owner).await;
    use patr_models::{endpoint::body::NoBody, runner::rotate_token};
    let path = rotate_token::Path { workspace: owner.workspace(), runner: "box".parse().unwrap() };
    owner.call::<rotate_token::RotateRunnerToken>(path, NoBody).await.unwrap();
    assert_eq!(agent.ends().await, Some(3));
}
