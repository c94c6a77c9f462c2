//! Releases: they come up, follow each other, fail with a reason, and go.

use std::time::Duration;

use patr_models::deployment::{FailureKind, PortSpec, Status};
use patr_stories::{Host, caller::live, pass};

use super::{Desk, on_each_runtime};

on_each_runtime! {
    an_image_answers_at_its_url_is_scaled_and_goes_without_a_trace
    a_release_that_fails_says_why_and_the_old_one_goes_on
    an_agent_that_is_killed_at_any_moment_of_a_rollout_brings_it_to_its_end
}

async fn an_image_answers_at_its_url_is_scaled_and_goes_without_a_trace<H: Host>(desk: Desk<H>) {
    let id = desk.deployed(1).await;
    assert!(desk.owner.deployment("web").await.digest.is_some(), "the image is pinned");
    let (status, headers) = desk.edge.get("web-acme", "/headers").await;
    assert!(status == 200 && headers.contains("x-forwarded-proto: http"), "{status} {headers}");

    let one = desk.finds(&id, 1).await;
    desk.owner.scale("web", 3).await;
    desk.owner.sees("web", live(3)).await;
    let three = desk.finds(&id, 3).await;
    assert!(three.contains(&one[0]), "the first one is as it was: {one:?} and {three:?}");
    desk.owner.scale("web", 1).await;
    desk.owner.sees("web", live(1)).await;
    let left = desk.finds(&id, 1).await;
    assert!(three.contains(&left[0]), "nothing was made anew: {three:?} and {left:?}");

    desk.owner.delete("web").await;
    assert_eq!(desk.edge.get("web-acme", "/").await.0, 404);
    desk.finds(&id, 0).await;
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
    // There may be none where nothing answers, or none of this name.
    let gone = [FailureKind::PullFailed, FailureKind::ImageNotFound];
    let mut failures =
        vec![(crashing("1"), &[FailureKind::Exited][..], "exit code 3"), (missing, &gone, "nothing")];
    if H::LISTENS_ANYWHERE {
        failures.push((deaf, &[FailureKind::PortClosed], "9999"));
    }
    if H::HOLDS_TO_MEMORY {
        failures.push((hungry, &[FailureKind::OutOfMemory], "memory"));
    }
    for (spec, kinds, word) in failures {
        desk.owner.update("web", spec).await;
        let because = |status: &Status| matches!(status, Status::Failed { failure, .. } if kinds.contains(&failure.kind));
        let seen = desk.owner.sees("web", because).await;
        let Status::Failed { failure, serving } = seen.status else { unreachable!() };
        assert!(failure.message.contains(word) && serving == Some(1), "{serving:?} {failure:?}");
        let crashed = failure.logs.iter().any(|line| line.contains("CRASH is set"));
        assert_eq!(
            crashed,
            matches!(failure.kind, FailureKind::Exited | FailureKind::OutOfMemory),
            "{failure:?}"
        );
        assert_eq!(desk.edge.get("web-acme", "/").await.0, 200, "after {failure:?}");
        assert_eq!(desk.finds(&id, 1).await, before, "after {failure:?}");
    }
}

async fn an_agent_that_is_killed_at_any_moment_of_a_rollout_brings_it_to_its_end<H: Host>(mut desk: Desk<H>) {
    let id = desk.deployed(2).await;
    for (number, after) in (1..).zip([0, 300, 800, 1500]) {
        desk.owner.update("web", desk.release(number)).await;
        pass(Duration::from_millis(after)).await;
        desk.host.kill_agent().await;
        desk.owner.sees("web", live(2)).await;
        desk.finds(&id, 2).await;
        let (status, body) = desk.edge.get("web-acme", "/").await;
        assert!(status == 200 && body.contains(&format!("release {number}")), "{status} {body}");
    }
}
