//! The edge is hidden from an agent: what it says and hears vanishes, and nothing tells it so.

use std::time::Duration;

use patr_models::deployment::Status;
use patr_stories::{
    Agent, Edge, Namespace,
    caller::live,
    docker::Docker,
    dose, eventually, example_image, http_client, pass,
    runner::{CleanUp, containers, inspect},
};

use crate::faults::release;

/// Where a container answers on this machine.
fn address(container: &str) -> String {
    let networks = inspect(container)["NetworkSettings"]["Networks"].clone();
    let network = networks.as_object().unwrap().values().next().unwrap().clone();
    format!("http://{}:8080/", network["IPAddress"].as_str().unwrap())
}

#[tokio::test]
async fn an_edge_that_is_hidden_for_a_while_costs_no_replica_and_hears_of_what_happened() {
    let Some(image) = example_image() else { return };
    // The edge ends before its network.
    let Some(namespace) = Namespace::new() else { return };
    let edge = Edge::start_inside(&namespace).await;
    let owner = edge.owner("owner", "acme").await;
    let (token, folder) = (owner.add_runner("box").await, tempfile::tempdir().unwrap());
    let under = namespace.words_beyond_the_link(folder.path());
    let _agent = Agent::start_under(&edge, &token, &[], under);
    let made = owner.deploy("web", "box", release(&image, 1)).await.unwrap();
    let clean_up = CleanUp(made.id.to_string());
    owner.scale("web", 2).await;
    owner.sees("web", live(2)).await;
    let before = containers(&clean_up.0);

    namespace.cut();
    let killed = &before[0];
    Docker::of_the_machine().run(&["kill", killed], "");
    // The agent does alone what is to be done.
    let after = eventually("a replica in the place of the one that was killed", async || {
        let here = containers(&clean_up.0);
        let proven = |id: &String| inspect(id)["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped";
        if here.len() == 2 && !here.contains(killed) && here.iter().all(proven) {
            Ok(here)
        } else {
            Err(here)
        }
    })
    .await;
    let client = http_client().build().unwrap();
    for id in &after {
        let answer = client.get(address(id)).send().await.unwrap();
        assert!(answer.text().await.unwrap().contains("release 1"));
    }
    if dose() > 1 {
        // The edge hears nothing for 50 s before it says so.
        let unknown = |status: &Status| matches!(status, Status::Unknown { .. });
        owner.sees("web", unknown).await;
        pass(Duration::from_secs(60)).await;
        assert!(unknown(&owner.deployment("web").await.status), "it is hidden still");
    }
    let now = owner.deployment("web").await;
    assert!(now.seen().any(|replica| killed.starts_with(&replica.id)), "nothing was heard: {now:?}");

    namespace.join().unwrap();
    eventually("word of what happened", async || {
        let now = owner.deployment("web").await;
        let known = |replica: &str| after.iter().any(|id| id.starts_with(replica));
        let all = now.seen().count() == 2 && now.seen().all(|replica| known(&replica.id));
        if all && live(2)(&now.status) { Ok(()) } else { Err(now) }
    })
    .await;
    eventually("an answer through the edge", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    assert_eq!(containers(&clean_up.0), after, "the connection's return touched nothing");
    let restarts = |id: &String| inspect(id)["RestartCount"].as_u64();
    assert!(after.iter().all(|id| restarts(id) == Some(0)));
    assert!(after.contains(&before[1]), "the other one was never touched");
}
