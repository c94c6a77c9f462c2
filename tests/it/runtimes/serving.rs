//! Releases: they come up, follow each other, fail with a reason, and go.

use std::time::Duration;

use patr_models::{
    deployment::{FailureKind, PortSpec, Status, WorkloadSpec, delete},
    endpoint::body::NoBody,
};
use patr_stories::{
    Host,
    caller::{live, reference},
    load::{Load, Shape},
    pass,
};

use super::{Desk, on_each_runtime};
use crate::rollouts::{dose, roll_back, scale, update};

on_each_runtime! {
    an_image_answers_at_its_url_is_scaled_and_goes_without_a_trace
    rollouts_rollbacks_and_scalings_lose_no_request
    a_release_that_fails_says_why_and_the_old_one_goes_on
    an_agent_that_is_killed_at_any_moment_of_a_rollout_brings_it_to_its_end
}

async fn an_image_answers_at_its_url_is_scaled_and_goes_without_a_trace<H: Host>(desk: Desk<H>) {
    let id = desk.deployed(1).await;
    assert!(desk.owner.deployment("web").await.digest.is_some(), "the image is pinned");
    let (status, headers) = desk.edge.get("web-acme", "/headers").await;
    assert!(status == 200 && headers.contains("x-forwarded-proto: http"), "{status} {headers}");

    let one = desk.finds(&id, 1).await;
    scale(&desk.owner, 3).await;
    desk.owner.sees("web", live(3)).await;
    let three = desk.finds(&id, 3).await;
    assert!(three.contains(&one[0]), "the first one is as it was: {one:?} and {three:?}");
    scale(&desk.owner, 1).await;
    desk.owner.sees("web", live(1)).await;
    let left = desk.finds(&id, 1).await;
    assert!(three.contains(&left[0]), "nothing was made anew: {three:?} and {left:?}");

    let path = delete::Path { workspace: desk.owner.workspace(), deployment: reference("web") };
    desk.owner.change::<delete::DeleteDeployment>(path, NoBody).await.unwrap();
    assert_eq!(desk.edge.get("web-acme", "/").await.0, 404);
    desk.finds(&id, 0).await;
}

fn drained(mut spec: WorkloadSpec) -> WorkloadSpec {
    spec.drain_s = Some(7);
    spec
}

async fn rollouts_rollbacks_and_scalings_lose_no_request<H: Host>(desk: Desk<H>) {
    desk.owner.deploy("web", "box", drained(desk.release(0))).await.unwrap();
    scale(&desk.owner, 2).await;
    desk.owner.sees("web", live(2)).await;
    let drain = Duration::from_secs(7);
    let load = Shape { requests_per_second: 40, slow_every: 50, sockets: 10, drain };
    let load = Load::start(&desk.edge, "web-acme", load).await;
    for number in 1..=2 * dose() {
        load.changing();
        update(&desk.owner, drained(desk.release(number))).await;
        desk.owner.sees("web", live(2)).await;
        assert_eq!(load.failures(), Vec::<String>::new(), "in rollout {number}");
    }
    load.changing();
    roll_back(&desk.owner).await;
    desk.owner.sees("web", live(2)).await;
    for replicas in [4, 2] {
        load.changing();
        scale(&desk.owner, replicas).await;
        desk.owner.sees("web", live(replicas)).await;
    }
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.requests > 100 && tally.slow > 0 && tally.messages > 100, "{tally:?}");
}

async fn a_release_that_fails_says_why_and_the_old_one_goes_on<H: Host>(desk: Desk<H>) {
    let id = desk.deployed(1).await;
    let before = desk.finds(&id, 1).await;
    let crashing = |how: &str| {
        let mut spec = desk.release(1);
        spec.env.insert("CRASH".parse().unwrap(), how.to_owned());
        spec
    };
    let mut hungry = crashing("memory");
    hungry.resources.memory_bytes = Some(32 << 20);
    let mut deaf = desk.release(1);
    deaf.ports = vec![PortSpec { port: 9999, protocol: Default::default() }];
    deaf.start_deadline_s = Some(3);
    let mut missing = desk.release(1);
    missing.image = "127.0.0.1:9/nothing:1".parse().unwrap();
    for (spec, kind, word) in [
        (crashing("1"), FailureKind::Exited, "exit code 3"),
        (hungry, FailureKind::OutOfMemory, "memory"),
        (deaf, FailureKind::PortClosed, "9999"),
        (missing, FailureKind::PullFailed, "127.0.0.1:9"),
    ] {
        update(&desk.owner, spec).await;
        let because =
            |status: &Status| matches!(status, Status::Failed { failure, .. } if failure.kind == kind);
        let seen = desk.owner.sees("web", because).await;
        let Status::Failed { failure, serving } = seen.status else { unreachable!() };
        assert!(failure.message.contains(word) && serving == Some(1), "{serving:?} {failure:?}");
        assert_eq!(
            failure.logs.iter().any(|line| line.contains("CRASH is set")),
            kind == FailureKind::Exited || kind == FailureKind::OutOfMemory,
            "{failure:?}"
        );
        assert_eq!(desk.edge.get("web-acme", "/").await.0, 200);
        assert_eq!(desk.finds(&id, 1).await, before, "after {kind:?}");
    }
}

async fn an_agent_that_is_killed_at_any_moment_of_a_rollout_brings_it_to_its_end<H: Host>(mut desk: Desk<H>) {
    let id = desk.deployed(2).await;
    for (number, after) in (1..).zip([0, 400, 1200]) {
        update(&desk.owner, desk.release(number)).await;
        pass(Duration::from_millis(after)).await;
        desk.host.kill_agent().await;
        desk.owner.sees("web", live(2)).await;
        desk.finds(&id, 2).await;
        let (status, body) = desk.edge.get("web-acme", "/").await;
        assert!(status == 200 && body.contains(&format!("release {number}")), "{status} {body}");
    }
}
