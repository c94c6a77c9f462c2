//! The fault table: each call of a rollout meets each fate, and the agent restarts at each of them.

use std::sync::Mutex;

use super::*;
use crate::runtime::fake::Fate;

const VERBS: [Verb; 7] =
    [Verb::Observe, Verb::Pull, Verb::Start, Verb::Keep, Verb::Check, Verb::Ask, Verb::Remove];

/// What may go wrong at a call.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Of(Fate),
    /// The agent's process ends there, and another begins.
    Restart,
}

const FAULTS: [Fault; 5] = [
    Fault::Of(Fate::Away),
    Fault::Of(Fate::Lost),
    Fault::Of(Fate::Fails),
    Fault::Of(Fate::Hangs),
    Fault::Restart,
];

fn two(number: ReleaseNumber) -> DesiredDeployment {
    DesiredDeployment { replicas: 2, ..release(1, number) }
}

/// Collects what the invariants say before each call. An agent that has just started has adopted nothing yet.
fn watch_over(story: &Story, broken: &Arc<Mutex<Vec<String>>>) {
    let (fake, backends, broken) = (story.fake.clone(), story.backends.clone(), Arc::clone(broken));
    let mut served = false;
    story.fake.witness(move || {
        let serving = serving(&backends, &fake, 1);
        served |= !serving.is_empty();
        if served && serving.is_empty() {
            broken.lock().unwrap().push("nothing serves".to_owned());
        }
        let here = fake.containers(&runner().to_string()).len();
        if here > 5 {
            broken.lock().unwrap().push(format!("{here} containers"));
        }
    });
}

fn ended(seen: &ObservedDeployment) -> bool {
    match seen.phase {
        Phase::Settled => seen.ready == 2 && seen.replicas.len() == 2,
        Phase::Failed { .. } => seen.replicas.len() == 2 && seen.replicas.iter().all(|replica| replica.ready),
        _ => false,
    }
}

/// Waits until the scripted call is made, or the rollout is over without it.
async fn reach(story: &mut Story) {
    let fake = story.fake.clone();
    let called = async {
        while fake.waits_for_fate() {
            time::sleep(Duration::from_millis(1)).await; // On the paused clock.
        }
    };
    tokio::select! {
        () = called => {}
        _ = story.sees(1, ended) => {}
    }
}

async fn rollout_with(verb: Verb, skip: usize, fault: Fault) {
    let case = format!("{verb:?} {skip} {fault:?}");
    let mut story = Story::with(two(1)).await;
    let foreign = Replica { id: "f1".to_owned(), ..story.here()[0].clone() };
    story.fake.foreign("run_other", foreign.clone());
    let broken = Arc::default();
    watch_over(&story, &broken);
    match fault {
        Fault::Of(fate) => {
            story.fake.then(verb, skip, fate);
            story.wants([two(2)]);
        }
        Fault::Restart => {
            // The call hangs, so that the agent ends in the middle of it.
            story.fake.then(verb, skip, Fate::Hangs);
            story.wants([two(2)]);
            reach(&mut story).await;
            story.restart_agent();
            watch_over(&story, &broken);
        }
    }
    story.sees(1, ended).await;
    assert_eq!(*broken.lock().unwrap(), [""; 0], "{case}");
    let serving = story.serving(1);
    assert!(serving == [1, 1] || serving == [2, 2], "{case}: {serving:?} serve");
    assert_eq!(story.fake.containers("run_other"), [foreign], "{case}");
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_a_rollout_ends_and_one_release_serves_all_along() {
    for verb in VERBS {
        for skip in 0..4 {
            for fault in FAULTS {
                rollout_with(verb, skip, fault).await;
            }
        }
    }
}
