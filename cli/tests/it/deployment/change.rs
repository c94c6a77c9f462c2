//! Choices left to the runner, rollouts called off, and what releases tell.

use super::*;

#[test]
fn scaling_lets_the_runner_choose() {
    let t = TestContext::new();
    t.edge.answers::<ScaleDeployment>(Json(deployment_that_is(Status::Idle)));
    t.edge.rolls_out([Status::Idle]);
    patr_snapshot!(t.patr("deployment scale web 0 --max 4 --cpu-target 60 --idle-after 15m"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` is idle: the next request starts release 3
    ");
    let body = t.edge.asked_once::<ScaleDeployment>().call.body.0;
    let autoscale = Autoscale { max: 4, cpu_percent: Some(60), idle_s: Some(900) };
    assert_eq!((body.replicas, body.autoscale), (0, Some(autoscale)));
}

#[test]
fn a_choice_has_bounds_and_an_aim_needs_one() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("deployment scale web 5 --max 4"), @"
    exit code: 2
    ----- stderr -----
    error: autoscale.max: use 5 (the least number of replicas) to 100
    ");
    patr_snapshot!(t.patr("deployment scale web 2 --idle-after 5m"), @"
    exit code: 2
    ----- stderr -----
    error: the number of replicas is fixed, so there is nothing to aim at

    hint: say up to how many the runner may choose
    ");
    patr_snapshot!(t.patr("deployment scale web 2 --max 3 --cpu-target 0"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '0' for '--cpu-target <PERCENT>': 0 is not in 1..=100

    For more information, try '--help'.
    ");
}

#[test]
fn cancelling_goes_back_to_the_release_that_serves() {
    let t = TestContext::new();
    let before = Deployment { release: 2, ..deployment("web") };
    t.edge.answers::<CancelRollout>(Json(before.clone()));
    t.edge.answers::<WatchDeployment>(Json(News { version: 1, deployment: before }));
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 0
    ----- stdout -----
    https://web-acme.apps.example.com
    ----- stderr -----
    `web` stays at release 2: nginx:1
    `web` is live: release 2, 2 replicas
    ");
}

#[test]
fn without_a_rollout_there_is_nothing_to_cancel() {
    let t = TestContext::new();
    t.edge.refuses::<CancelRollout>(&cancel::Error::NoRollout);
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 1
    ----- stderr -----
    error: no rollout is on its way: the current release has ended its own
    ");
    let t = TestContext::new();
    t.edge.refuses::<CancelRollout>(&cancel::Error::NothingToGoBackTo);
    patr_snapshot!(t.patr("deployment cancel web"), @"
    exit code: 1
    ----- stderr -----
    error: no earlier release was ever live

    hint: `patr deployment stop` runs none
    ");
}

#[test]
fn a_release_says_who_made_it_and_how_it_ended() {
    let t = TestContext::new();
    let by_ada = |release| Release { created_by_email: Some("ada@example.com".to_owned()), ..release };
    t.edge.answers::<ListReleases>(page(vec![
        by_ada(release(3, Outcome::Live { at: at(4) })),
        by_ada(release(2, Outcome::Cancelled { at: at(2) })),
    ]));
    patr_snapshot!(t.patr("deployment releases web"), @"
    exit code: 0
    ----- stdout -----
    RELEASE  CURRENT  IMAGE      CREATED               BY               OUTCOME
    3        yes      nginx:1.3  2026-01-31 12:03:00Z  ada@example.com  live 2026-01-31 12:04:00Z
    2                 nginx:1.2  2026-01-31 12:02:00Z  ada@example.com  cancelled 2026-01-31 12:02:00Z
    ");
}

#[test]
fn rolling_back_to_a_release_whose_secret_is_gone() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackDeployment>(&rollback::Error::SecretGone { secret: "secret `key`".to_owned() });
    patr_snapshot!(t.patr("deployment rollback web"), @"
    exit code: 1
    ----- stderr -----
    error: the release used secret `key`, which was deleted

    hint: deploy again with a secret that exists
    ");
}
