//! What is asked for, and how it comes about.

use super::*;
use crate::runtime::fake::{Behaviour, Fate};
use patr_models::deployment::FailureKind;

fn failed(seen: &ObservedDeployment) -> bool {
    matches!(seen.phase, Phase::Failed { .. })
}

#[tokio::test(start_paused = true)]
async fn the_new_release_serves_before_the_old_one_goes() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.forget_calls();
    story.wants([release(1, 2)]);
    story.is_live(&release(1, 2)).await;
    assert_eq!(story.changes(), ["pull web:2", "start web:2", "keep c2", "remove c1"]);
    assert_eq!(story.serving(1), [2]);
}

#[tokio::test(start_paused = true)]
async fn an_equal_specification_is_not_touched_whatever_the_generation() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.forget_calls();
    let again = DesiredDeployment { generation: 7, digest: Some(sha('1')), ..release(1, 1) };
    story.wants([again.clone()]);
    story.is_live(&again).await;
    assert_eq!(story.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_planned_before_something_was_heard() {
    let story = Story::new();
    later(60).await;
    assert_eq!(story.fake.calls(&[Verb::Observe]), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_fails_touches_nothing_and_says_why() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.forget_calls();
    let mut missing = release(1, 2);
    missing.spec.image = "nowhere:1".parse().unwrap();
    story.wants([missing]);
    let seen = story.sees(1, failed).await;
    let Phase::Failed { failure, serving } = seen.phase else { unreachable!() };
    assert_eq!((failure.kind, serving), (FailureKind::ImageNotFound, Some(1)));
    assert_eq!(story.changes(), ["pull nowhere:1"], "and it is not tried again by itself");
    assert_eq!(story.serving(1), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_never_answers_leaves_the_old_one_serving() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    let seen = story.sees(1, |seen| failed(seen) && seen.replicas.len() == 1).await;
    let Phase::Failed { failure, serving } = seen.phase else { unreachable!() };
    assert_eq!((failure.kind, serving), (FailureKind::PortClosed, Some(1)));
    assert!(failure.message.contains("within 60 s"), "{}", failure.message);
    assert_eq!(failure.logs, ["the last line of c2"]);
    assert_eq!((story.names(), story.serving(1)), (vec!["c1".to_owned()], vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_ends_at_once_fails_without_waiting_for_the_deadline() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Crashes);
    let begun = Instant::now();
    story.wants([release(1, 2)]);
    let seen = story.sees(1, failed).await;
    let Phase::Failed { failure, .. } = seen.phase else { unreachable!() };
    assert_eq!(failure.kind, FailureKind::Exited);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_first_release_that_fails_leaves_nothing_behind() {
    let mut story = Story::new();
    story.fake.behaves("web:1", Behaviour::Deaf);
    story.wants([release(1, 1)]);
    story.sees(1, |seen| failed(seen) && seen.replicas.is_empty()).await;
    assert_eq!(story.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_holds_up_no_other() {
    let mut story = Story::new();
    story.fake.then(Verb::Pull, 0, Fate::Hangs);
    story.wants([release(1, 1), release(2, 2)]);
    let begun = Instant::now();
    story.is_live(&release(2, 2)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // And it ends by itself: no step has for ever.
    let seen = story.sees(1, failed).await;
    let Phase::Failed { failure, .. } = seen.phase else { unreachable!() };
    assert!(failure.message.contains("pulling the image took more than"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn a_newer_release_supersedes_one_that_is_being_pulled() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.then(Verb::Pull, 0, Fate::Hangs);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.phase == Phase::Pulling).await;
    story.wants([release(1, 3)]);
    story.is_live(&release(1, 3)).await;
    assert!(!story.changes().contains(&"start web:2".to_owned()));
    assert_eq!(story.serving(1), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_release_supersedes_one_that_is_being_proved() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.replicas.len() == 2).await;
    let begun = Instant::now();
    story.wants([release(1, 3)]);
    story.is_live(&release(1, 3)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(story.names(), ["c3"], "what was begun is gone");
}

#[tokio::test(start_paused = true)]
async fn the_old_replica_finishes_what_it_answers() {
    let mut story = Story::with(release(1, 1)).await;
    let request = story.backends.pick(id(1), 80).unwrap();
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.phase == Phase::Draining).await;
    assert_eq!((story.serving(1), story.names().len()), (vec![2], 2), "out of the proxy, and still here");
    drop(request);
    story.is_live(&release(1, 2)).await;
    assert_eq!(story.names(), ["c2"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_waited_for_only_so_long_and_all_replicas_drain_at_once() {
    let three = |number| DesiredDeployment { replicas: 3, ..release(1, number) };
    let mut story = Story::with(three(1)).await;
    let _requests: Vec<_> = (0..3).map(|_| story.backends.pick(id(1), 80).unwrap()).collect();
    let begun = Instant::now();
    story.wants([three(2)]);
    story.is_live(&three(2)).await;
    let took = begun.elapsed();
    assert!((Duration::from_secs(30)..Duration::from_secs(40)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_need_not_wait_until_an_older_one_has_drained() {
    let mut story = Story::with(release(1, 1)).await;
    let _request = story.backends.pick(id(1), 80).unwrap();
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.phase == Phase::Draining).await;
    let begun = Instant::now();
    story.wants([release(1, 3)]);
    story.sees(1, |seen| seen.generation == 3 && seen.ready == 1).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn scaling_touches_only_the_difference() {
    let to = |replicas, generation| DesiredDeployment { replicas, generation, ..release(1, 1) };
    let mut story = Story::with(to(1, 1)).await;
    story.wants([to(3, 2)]);
    story.is_live(&to(3, 2)).await;
    assert_eq!(story.names(), ["c1", "c2", "c3"]);
    story.wants([to(1, 3)]);
    story.is_live(&to(1, 3)).await;
    assert_eq!(story.names().len(), 1);
    story.wants([to(0, 4)]);
    story.is_live(&to(0, 4)).await;
    assert_eq!(story.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn stop_start_and_restart_do_as_they_say() {
    let known = DesiredDeployment { digest: Some(sha('1')), ..release(1, 1) };
    let mut story = Story::with(known.clone()).await;
    story.wants([DesiredDeployment { power: Power::Stopped, generation: 2, ..known.clone() }]);
    story.sees(1, |seen| seen.phase == Phase::Stopped).await;
    assert_eq!(story.names(), [""; 0]);
    let started = DesiredDeployment { generation: 3, ..known.clone() };
    story.wants([started.clone()]);
    story.is_live(&started).await;
    assert_eq!(story.names(), ["c2"]);
    let restarted = DesiredDeployment { generation: 4, restart: 1, ..known };
    story.wants([restarted.clone()]);
    story.is_live(&restarted).await;
    assert_eq!(story.names(), ["c3"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_runs_the_digest_of_its_release_although_the_tag_has_moved() {
    let mut story = Story::with(release(1, 1)).await;
    story.wants([release(1, 2)]);
    story.is_live(&release(1, 2)).await;
    story.fake.tag("web:1", &sha('9'));
    let back = DesiredDeployment { generation: 3, digest: Some(sha('1')), ..release(1, 1) };
    story.wants([back.clone()]);
    let seen = story.is_live(&back).await;
    assert_eq!(seen.digest, Some(sha('1')));
    assert_eq!(story.here()[0].digest, Some(sha('1')));
}

#[tokio::test(start_paused = true)]
async fn only_a_newer_tombstone_deletes_and_absence_does_not() {
    let mut story = Story::with(release(1, 5)).await;
    story.wants([]);
    story.hears("nothing is desired", |report| report.deployments.is_empty()).await;
    story.snapshot(vec![], vec![Tombstone { deployment: id(1), generation: 5 }]);
    let heard = story.hears("the older tombstone", |_| true).await;
    assert_eq!((story.names(), heard.gone), (vec!["c1".to_owned()], vec![]));
    story.snapshot(vec![], vec![Tombstone { deployment: id(1), generation: 6 }]);
    story.hears("it is gone", |report| report.gone == [id(1)]).await;
    assert_eq!(story.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_ends_a_rollout_that_is_under_way() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.replicas.len() == 2).await;
    let begun = Instant::now();
    story.snapshot(vec![], vec![Tombstone { deployment: id(1), generation: 3 }]);
    story.hears("it is gone", |report| report.gone == [id(1)]).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
