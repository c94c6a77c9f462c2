//! What breaks while nothing is asked for.

use super::*;
use crate::runtime::fake::{Behaviour, Fate};

#[tokio::test(start_paused = true)]
async fn an_agent_that_restarts_adopts_what_it_finds() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.forget_calls();
    story.restart_agent();
    story.is_live(&release(1, 1)).await;
    assert_eq!((story.changes(), story.serving(1)), (vec![], vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_answer_a_restarted_agent_is_waited_for_and_not_taken_away() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:1", Behaviour::Deaf);
    story.restart_agent();
    let seen = story.sees(1, |seen| seen.trouble.is_some()).await;
    assert_eq!((seen.phase, seen.ready), (Phase::Settled, 0));
    later(600).await;
    story.fake.behaves("web:1", Behaviour::Serves);
    story.is_live(&release(1, 1)).await;
    assert_eq!(story.names(), ["c1"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_restarts_in_the_middle_of_a_rollout_serves_the_old_release_at_once() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.replicas.len() == 2).await;
    let begun = Instant::now();
    story.restart_agent();
    story.sees(1, |seen| seen.replicas.iter().any(|replica| replica.release == 1 && replica.ready)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    story.sees(1, |seen| matches!(seen.phase, Phase::Failed { serving: Some(1), .. })).await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_crashes_serves_again_once_it_answers() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.crash("c1");
    let seen = story.sees(1, |seen| seen.ready == 0 && seen.trouble.is_some()).await;
    assert_eq!(seen.phase, Phase::Settled);
    assert!(seen.trouble.unwrap().message.contains("exit code 3"), "and why is said");
    assert!(story.backends.pick(id(1), 80).is_none(), "nothing is sent to one that does not run");
    story.fake.recover("c1");
    let seen = story.is_live(&release(1, 1)).await;
    assert_eq!((seen.replicas[0].restarts, seen.trouble), (1, None));
    let address = story.backends.pick(id(1), 80).unwrap().address.to_string();
    assert_eq!(address, "10.0.0.2:80", "where it is now");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_someone_removed_is_replaced() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.vanish("c1");
    story.sees(1, |seen| seen.ready == 0).await;
    story.is_live(&release(1, 1)).await;
    assert_eq!(story.names(), ["c2"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_someone_removes_before_it_has_answered_fails_no_release() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.replicas.iter().any(|replica| replica.id == "c2")).await;
    story.fake.vanish("c2");
    story.fake.behaves("web:2", Behaviour::Serves);
    story.is_live(&release(1, 2)).await;
    assert_eq!(story.names(), ["c3"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_someone_stopped_is_replaced_and_its_end_is_named() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.halt("c1");
    let seen = story.sees(1, |seen| seen.trouble.is_some()).await;
    assert_eq!(seen.trouble.unwrap().logs, ["the last line of c1"]);
    let seen = story.is_live(&release(1, 1)).await;
    assert_eq!((story.names(), seen.trouble), (vec!["c2".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn an_old_release_that_crashes_after_a_failed_rollout_serves_again() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Crashes);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| matches!(seen.phase, Phase::Failed { .. }) && seen.replicas.len() == 1).await;
    story.fake.crash("c1");
    story.sees(1, |seen| !seen.replicas[0].ready).await;
    story.fake.recover("c1");
    story.sees(1, |seen| seen.replicas[0].ready).await;
    assert_eq!(story.serving(1), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_old_replica_that_cannot_be_removed_does_not_cost_the_new_one() {
    let mut story = Story::with(release(1, 1)).await;
    for call in 0..3 {
        story.fake.then(Verb::Remove, call, Fate::Fails);
    }
    story.wants([release(1, 2)]);
    let seen = story.is_live(&release(1, 2)).await;
    assert_eq!(story.serving(1), [2]);
    assert!(seen.trouble.is_some(), "and it is said");
    story.sees(1, |seen| seen.replicas.len() == 1).await;
    assert_eq!(story.names(), ["c2"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_work_is_tried_again_ever_more_seldom() {
    let mut story = Story::with(release(1, 1)).await;
    for _ in 0..1000 {
        story.fake.then(Verb::Start, 0, Fate::Fails);
    }
    story.fake.vanish("c1");
    story.sees(1, |seen| seen.trouble.is_some()).await;
    story.fake.forget_calls();
    later(300).await;
    let tries = story.fake.calls(&[Verb::Start]).len();
    assert!((5..25).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_goes_away_in_a_rollout_only_delays_it() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.is_away(true);
    story.wants([release(1, 2)]);
    later(120).await;
    assert_eq!(story.serving(1), [1], "what runs is not taken out for the runtime's silence");
    story.fake.is_away(false);
    let begun = Instant::now();
    story.is_live(&release(1, 2)).await;
    assert!(begun.elapsed() < Duration::from_secs(35), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn since_when_a_runtime_is_away_is_said_until_it_answers_again() {
    let mut story = Story::with(release(1, 1)).await;
    let since = |report: &Report| report.health.as_ref().and_then(|health| health.away_since);
    story.fake.is_away(true);
    let first = story.hears("that it is away", |report| since(report).is_some()).await;
    later(120).await;
    let last = story.hears("that it is away still", |report| since(report).is_some()).await;
    assert_eq!(since(&last), since(&first), "since the first look that saw nothing");
    story.fake.is_away(false);
    story.hears("that it is back", |report| since(report).is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_replica_that_ends_with_the_runtime_is_started_anew_and_has_failed_nothing() {
    let mut story = Story::with(release(1, 1)).await;
    story.fake.behaves("web:2", Behaviour::Deaf);
    story.wants([release(1, 2)]);
    story.sees(1, |seen| seen.replicas.len() == 2).await;
    story.fake.is_away(true);
    story
        .hears("that it is away", |report| report.health.as_ref().is_some_and(|is| is.trouble.is_some()))
        .await;
    story.fake.halt("c2");
    story.fake.behaves("web:2", Behaviour::Serves);
    story.fake.is_away(false);
    story.is_live(&release(1, 2)).await;
    assert_eq!(story.names(), ["c3"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_is_given_up_and_repeated() {
    let mut story = Story::new();
    story.fake.then(Verb::Observe, 0, Fate::Hangs);
    story.wants([release(1, 1)]);
    story.is_live(&release(1, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn fifty_deployments_need_no_look_for_each_of_their_steps() {
    let mut story = Story::new();
    let fifty: Vec<_> = (1..=50).map(|number| release(number, 1)).collect();
    story.wants(fifty.clone());
    story
        .hears("all are live", |report| report.deployments.iter().all(|one| one.phase == Phase::Settled))
        .await;
    let looks = story.fake.calls(&[Verb::Observe]).len();
    assert!(looks < 60, "{looks} looks");
}
