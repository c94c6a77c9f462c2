//! Parts of a cluster go away in the middle of a rollout.

use std::time::Duration;

use patr_stories::{
    caller::live,
    load::{Load, Shape},
};

use super::desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_on_and_no_request_is_lost_when_the_api_server_starts_anew() {
    let Some(desk) = desk().await else { return };
    let id = desk.deployed(2).await;
    let shape =
        Shape { requests_per_second: 40, slow_every: u32::MAX, sockets: 0, drain: Duration::from_secs(30) };
    let load = Load::start(&desk.edge, "web-acme", shape).await;
    desk.owner.update("web", desk.release(1)).await;
    desk.host.cluster.restart_api_server();
    desk.owner.sees("web", live(2)).await;
    assert_eq!(load.end().await.failures, Vec::<String>::new());
    desk.finds(&id, 2).await;
    assert!(desk.edge.get("web-acme", "/").await.1.contains("release 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_agent_ends_the_rollout_of_one_that_is_cut_off_and_keeps_the_work() {
    let Some(desk) = desk().await else { return };
    let id = desk.deployed(2).await;
    let first = desk.host.working();
    desk.owner.update("web", desk.release(1)).await;
    let cut_off = desk.host.cut_off(&first);
    desk.owner.sees("web", live(2)).await;
    let second = desk.host.working();
    assert_ne!(first, second);
    let replicas = desk.finds(&id, 2).await;
    assert!(desk.edge.get("web-acme", "/").await.1.contains("release 1"));

    drop(cut_off);
    desk.owner.update("web", desk.release(2)).await;
    desk.owner.sees("web", live(2)).await;
    assert_eq!(desk.host.working(), second, "the first one waits");
    assert_ne!(desk.finds(&id, 2).await, replicas);
    assert!(desk.edge.get("web-acme", "/").await.1.contains("release 2"));
}
