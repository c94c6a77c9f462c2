//! Rollouts by each strategy, from beginning to end.

use std::sync::Mutex;

use patr_models::deployment::Strategy;

use super::*;
use crate::runtime::{
    ReplicaState,
    fake::{Behaviour, Fate},
};

const ALL: [Strategy; 3] = [Strategy::Rolling, Strategy::BlueGreen, Strategy::Recreate];

fn three(number: ReleaseNumber, strategy: Strategy) -> DesiredDeployment {
    let mut desired = DesiredDeployment { replicas: 3, ..release(1, number) };
    desired.spec.strategy = Some(strategy);
    desired
}

/// Collects the releases that serve, whenever they change.
fn witness(story: &Story) -> Arc<Mutex<Vec<Vec<ReleaseNumber>>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (fake, backends, moments) = (story.fake.clone(), story.backends.clone(), Arc::clone(&seen));
    story.fake.witness(move || {
        let now = serving(&backends, &fake, 1);
        let mut moments = moments.lock().unwrap();
        if moments.last() != Some(&now) {
            moments.push(now);
        }
    });
    seen
}

/// Waits for the moment between two releases, which is some calls long.
async fn stops_serving(story: &Story) {
    let waiting = async {
        while !story.serving(1).is_empty() {
            time::sleep(Duration::from_millis(1)).await; // On the paused clock.
        }
    };
    timeout(PATIENCE, waiting).await.expect("the old release is taken out");
}

#[tokio::test(start_paused = true)]
async fn rolling_never_has_fewer_than_wanted_and_at_most_one_more() {
    let mut story = Story::with(three(1, Strategy::Rolling)).await;
    let seen = witness(&story);
    story.wants([three(2, Strategy::Rolling)]);
    story.is_live(&three(2, Strategy::Rolling)).await;
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|now| (3..=4).contains(&now.len())), "{seen:?}");
    assert!(seen.contains(&vec![1, 1, 2]), "{seen:?}");
    assert_eq!(story.names().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn blue_green_lets_the_new_ones_in_together_and_only_then_takes_the_old_ones_out() {
    let mut story = Story::with(three(1, Strategy::BlueGreen)).await;
    let seen = witness(&story);
    story.wants([three(2, Strategy::BlueGreen)]);
    story.is_live(&three(2, Strategy::BlueGreen)).await;
    let seen = seen.lock().unwrap();
    let count = |now: &Vec<ReleaseNumber>, number| now.iter().filter(|release| **release == number).count();
    assert!(seen.iter().all(|now| matches!(count(now, 2), 0 | 3)), "they come together: {seen:?}");
    assert!(seen.iter().all(|now| count(now, 2) == 3 || count(now, 1) == 3), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn recreate_stops_the_old_ones_before_the_new_ones_start_and_requests_wait() {
    let mut story = Story::with(three(1, Strategy::Recreate)).await;
    story.fake.forget_calls();
    story.wants([three(2, Strategy::Recreate)]);
    stops_serving(&story).await;
    let request = story.backends.acquire(id(1), 80).await.expect("it waits for the new release");
    let container = request.container.clone();
    drop(request);
    story.is_live(&three(2, Strategy::Recreate)).await;
    assert!(["c4", "c5", "c6"].contains(&container.as_str()), "{container}");
    let changes = story.changes();
    let last_stop = changes.iter().rposition(|call| call.starts_with("stop ")).unwrap();
    let first_start = changes.iter().position(|call| call.starts_with("start ")).unwrap();
    assert!(last_stop < first_start, "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_fails_halfway_gives_the_old_release_back_as_a_whole() {
    for strategy in ALL {
        let mut story = Story::with(three(1, strategy)).await;
        // The second of the new ones cannot be started.
        story.fake.then(Verb::Start, 1, Fate::Fails);
        story.wants([three(2, strategy)]);
        let whole = |seen: &ObservedDeployment| {
            matches!(seen.phase, Phase::Failed { serving: Some(1), .. })
                && seen.replicas.len() == 3
                && seen.replicas.iter().all(|replica| replica.ready && replica.release == 1)
        };
        story.sees(1, whole).await;
        assert_eq!(story.serving(1), [1, 1, 1], "{strategy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recreation_that_fails_is_over_soon_and_nobody_was_refused() {
    let mut story = Story::with(three(1, Strategy::Recreate)).await;
    story.fake.behaves("web:2", Behaviour::Crashes);
    story.wants([three(2, Strategy::Recreate)]);
    stops_serving(&story).await;
    let begun = Instant::now();
    let request = story.backends.acquire(id(1), 80).await;
    assert!(request.is_some() && begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_to_a_first_release_that_failed_is_refused_at_once() {
    let mut story = Story::new();
    story.fake.behaves("web:1", Behaviour::Crashes);
    story.wants([release(1, 1)]);
    story.sees(1, |seen| matches!(seen.phase, Phase::Failed { .. })).await;
    let begun = Instant::now();
    assert!(story.backends.acquire(id(1), 80).await.is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_restarts_at_any_step_finishes_the_rollout() {
    for strategy in ALL {
        for verb in [Verb::Pull, Verb::Start, Verb::Ask, Verb::Keep, Verb::Stop, Verb::Remove] {
            for skip in 0..3 {
                let mut story = Story::with(three(1, strategy)).await;
                story.fake.then(verb, skip, Fate::Hangs);
                let (fake, new) = (story.fake.clone(), three(2, strategy));
                story.wants([new.clone()]);
                tokio::select! {
                    () = async { while fake.waits_for_fate() { later(1).await } } => {}
                    _ = story.is_live(&new) => {}
                }
                story.restart_agent();
                story.is_live(&new).await;
                let here: Vec<_> = story.here().iter().map(|replica| replica.release).collect();
                assert_eq!(here, [2, 2, 2], "{strategy:?} {verb:?} {skip}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_may_not_run_twice_never_does_whatever_breaks() {
    for verb in [Verb::Pull, Verb::Start, Verb::Check, Verb::Keep, Verb::Stop, Verb::StartAgain, Verb::Remove]
    {
        for fate in [Fate::Away, Fate::Lost, Fate::Fails, Fate::Hangs] {
            let one = |number| DesiredDeployment { replicas: 1, ..three(number, Strategy::Recreate) };
            let mut story = Story::with(one(1)).await;
            if verb == Verb::StartAgain {
                story.fake.behaves("web:2", Behaviour::Crashes);
            }
            let twice = Arc::new(Mutex::new(false));
            let (fake, seen) = (story.fake.clone(), Arc::clone(&twice));
            story.fake.witness(move || {
                let here = fake.containers(&runner().to_string());
                let run = here.iter().filter(|replica| matches!(replica.state, ReplicaState::Running(_)));
                *seen.lock().unwrap() |= run.count() > 1;
            });
            story.fake.then(verb, 0, fate);
            story.wants([one(2)]);
            let ended = |seen: &ObservedDeployment| match seen.phase {
                Phase::Settled => seen.ready == 1 && seen.replicas.len() == 1,
                Phase::Failed { .. } => seen.replicas.len() == 1 && seen.replicas[0].ready,
                _ => false,
            };
            story.sees(1, ended).await;
            assert!(!*twice.lock().unwrap(), "{verb:?} {fate:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_restarts_does_not_stop_what_serves_for_a_release_that_has_failed() {
    let mut story = Story::with(three(1, Strategy::Recreate)).await;
    story.fake.behaves("web:2", Behaviour::Crashes);
    story.wants([three(2, Strategy::Recreate)]);
    let back = |seen: &ObservedDeployment| {
        matches!(seen.phase, Phase::Failed { .. })
            && seen.replicas.iter().filter(|one| one.ready).count() == 3
    };
    story.sees(1, back).await;
    story.fake.forget_calls();
    story.restart_agent();
    story.sees(1, back).await;
    later(120).await;
    assert_eq!(story.changes(), [""; 0]);
}
