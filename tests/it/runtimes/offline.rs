//! A runner whose edge is away, and an agent that is replaced.

use std::time::Duration;

use patr_stories::{
    Host,
    caller::live,
    eventually,
    load::{Load, Shape},
};

use super::{Desk, on_each_runtime};

on_each_runtime! {
    replicas_outlive_the_edge_and_the_agent_goes_on_with_them
    a_replica_that_ends_is_started_again_and_the_other_answers_meanwhile
    a_newer_agent_takes_over_and_loses_no_request
}

async fn replicas_outlive_the_edge_and_the_agent_goes_on_with_them<H: Host>(mut desk: Desk<H>) {
    let id = desk.deployed(2).await;
    let before = desk.finds(&id, 2).await;
    desk.host.kill_agent().await;
    desk.edge.kill_and_restart().await;
    desk.owner.sees("web", live(2)).await;
    eventually("an answer", async || match desk.edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    assert_eq!(desk.finds(&id, 2).await, before, "nothing was started anew");
}

fn load() -> Shape {
    Shape { requests_per_second: 40, slow_every: u32::MAX, sockets: 0, drain: Duration::from_secs(30) }
}

async fn a_replica_that_ends_is_started_again_and_the_other_answers_meanwhile<H: Host>(desk: Desk<H>) {
    let id = desk.deployed(2).await;
    let before = desk.finds(&id, 2).await;
    let load = Load::start(&desk.edge, "web-acme", load()).await;
    // Whoever told it gets no answer.
    let _ = desk.edge.request(http::Method::POST, "web-acme", "/exit?code=9").send().await;
    eventually("the restart of the one that ended", async || match desk.host.restarts(&id) {
        1 => Ok(()),
        count => Err(count),
    })
    .await;
    desk.owner.sees("web", live(2)).await;
    assert_eq!(load.end().await.failures, Vec::<String>::new());
    assert_eq!(desk.finds(&id, 2).await, before, "it was started again, not replaced");
}

async fn a_newer_agent_takes_over_and_loses_no_request<H: Host>(mut desk: Desk<H>) {
    let id = desk.deployed(2).await;
    let before = desk.finds(&id, 2).await;
    let load = Load::start(&desk.edge, "web-acme", load()).await;
    desk.host.upgrade_agent().await;
    desk.owner.sees("web", live(2)).await;
    assert_eq!(load.end().await.failures, Vec::<String>::new());
    assert_eq!(desk.finds(&id, 2).await, before, "nothing was restarted");
}
