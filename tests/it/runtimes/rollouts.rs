//! Whatever is done to a deployment, nobody who uses it notices.

use std::time::Duration;

use patr_models::deployment::{Status, WorkloadSpec};
use patr_stories::{
    Host,
    caller::live,
    dose,
    load::{Load, Shape},
    pass,
};

use super::{Desk, on_each_runtime};

on_each_runtime! {
    rollouts_rollbacks_scalings_and_failures_lose_no_request_and_cut_no_websocket
}

fn shape() -> Shape {
    Shape {
        requests_per_second: if dose() > 1 { 200 } else { 50 },
        slow_every: 50,
        sockets: 20,
        drain: Duration::from_secs(7),
    }
}

fn release<H: Host>(desk: &Desk<H>, number: u32) -> WorkloadSpec {
    let mut spec = desk.release(number);
    spec.drain_s = Some(7);
    spec
}

/// Something is about to be changed. What the last change has cut at the end of its time is heard of first.
async fn changes(load: &Load) {
    pass(Duration::from_secs(1)).await;
    load.changing();
}

async fn rollouts_rollbacks_scalings_and_failures_lose_no_request_and_cut_no_websocket<H: Host>(
    desk: Desk<H>,
) {
    desk.owner.deploy("web", "box", release(&desk, 0)).await.unwrap();
    desk.owner.scale("web", 2).await;
    desk.owner.sees("web", live(2)).await;
    let load = Load::start(&desk.edge, "web-acme", shape()).await;
    for number in 1..=H::ROLLOUTS * dose() {
        changes(&load).await;
        desk.owner.update("web", release(&desk, number)).await;
        desk.owner.sees("web", live(2)).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in rollout {number}");
    }
    for number in 1..=dose() {
        changes(&load).await;
        desk.owner.roll_back("web").await;
        desk.owner.sees("web", live(2)).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in rollback {number}");
    }
    for number in 1..=dose() {
        for replicas in [4, 2] {
            changes(&load).await;
            desk.owner.scale("web", replicas).await;
            desk.owner.sees("web", live(replicas)).await;
        }
        assert_eq!(load.failures(), Vec::<String>::new(), "in scaling {number}");
    }
    for number in 1..=dose().div_ceil(2) {
        changes(&load).await;
        let mut failing = release(&desk, number);
        failing.env.insert("CRASH".parse().unwrap(), "1".to_owned());
        desk.owner.update("web", failing).await;
        desk.owner.sees("web", |status| matches!(status, Status::Failed { .. })).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in failure {number}");
        desk.owner.roll_back("web").await;
        desk.owner.sees("web", live(2)).await;
    }
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.requests > 100 && tally.slow > 0 && tally.messages > 100, "{tally:?}");
    assert!(tally.drained > 0, "sockets were moved: {tally:?}");
}
