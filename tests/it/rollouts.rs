//! Whatever is done to a deployment, nobody who uses it notices.

use std::time::Duration;

use patr_models::{
    deployment::{Status, WorkloadSpec, rollback, scale, update},
    endpoint::body::Json,
};
use patr_stories::{
    Agent, Caller, Edge,
    caller::{live, reference, web},
    example_image,
    load::{Load, Shape},
    runner::CleanUp,
};

/// How much is done. The whole dose is for a machine of one's own: `PATR_DOSE=10 cargo xtask test -- rollouts`.
pub(crate) fn dose() -> u32 {
    std::env::var("PATR_DOSE").ok().and_then(|dose| dose.parse().ok()).unwrap_or(1)
}

fn shape() -> Shape {
    Shape {
        requests_per_second: if dose() > 1 { 200 } else { 60 },
        slow_every: 50,
        sockets: 20,
        drain: Duration::from_secs(7),
    }
}

fn release(image: &str, number: u32) -> WorkloadSpec {
    let mut spec = web(image);
    spec.env.insert("RELEASE".parse().unwrap(), number.to_string());
    spec.drain_s = Some(7);
    spec.start_deadline_s = Some(30);
    spec
}

pub(crate) async fn update(owner: &Caller, spec: WorkloadSpec) {
    let path = update::Path { workspace: owner.workspace(), deployment: reference("web") };
    let body = update::Body { spec, runners: None, replicas: None, autoscale: None };
    owner.change::<update::UpdateDeployment>(path, Json(body)).await.unwrap();
}

pub(crate) async fn scale(owner: &Caller, replicas: u32) {
    let path = scale::Path { workspace: owner.workspace(), deployment: reference("web") };
    let body = Json(scale::Body { replicas, autoscale: None });
    owner.change::<scale::ScaleDeployment>(path, body).await.unwrap();
}

pub(crate) async fn roll_back(owner: &Caller) {
    let path = rollback::Path { workspace: owner.workspace(), deployment: reference("web") };
    owner.change::<rollback::RollBackDeployment>(path, Json(rollback::Body::default())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rollouts_rollbacks_scalings_and_failures_lose_no_request_and_cut_no_websocket() {
    let Some(image) = example_image() else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let made = owner.deploy("web", "box", release(&image, 0)).await.unwrap();
    let _clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    scale(&owner, 2).await;
    owner.sees("web", live(2)).await;

    let load = Load::start(&edge, "web-acme", shape()).await;
    for number in 1..=5 * dose() {
        load.changing();
        update(&owner, release(&image, number)).await;
        owner.sees("web", live(2)).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in rollout {number}");
    }
    for number in 1..=dose() {
        load.changing();
        roll_back(&owner).await;
        owner.sees("web", live(2)).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in rollback {number}");
    }
    for number in 1..=dose() {
        for replicas in [4, 2] {
            load.changing();
            scale(&owner, replicas).await;
            owner.sees("web", live(replicas)).await;
        }
        assert_eq!(load.failures(), Vec::<String>::new(), "in scaling {number}");
    }
    for number in 1..=dose().div_ceil(2) {
        load.changing();
        let mut failing = release(&image, number);
        failing.env.insert("CRASH".parse().unwrap(), "1".to_owned());
        update(&owner, failing).await;
        owner.sees("web", |status| matches!(status, Status::Failed { .. })).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in failure {number}");
        roll_back(&owner).await;
        owner.sees("web", live(2)).await;
    }
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.requests > 100 && tally.slow > 0 && tally.messages > 100, "{tally:?}");
    assert!(tally.drained > 0, "sockets were moved: {tally:?}");
}
