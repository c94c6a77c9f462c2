//! How the number follows what is used and asked for.

use patr_models::{
    deployment::{Power, WorkloadSpec},
    ids::{DeploymentId, Id, WorkspaceId},
    time::Millis,
};

use super::*;

const QUIET: Want = Want { asked: None, requests: 0 };
const STEP: Duration = Duration::from_secs(10);

fn desired(replicas: u32) -> DesiredDeployment {
    DesiredDeployment {
        id: DeploymentId::from_parts(Millis(0), 1),
        workspace: WorkspaceId::from_parts(Millis(0), 1),
        name: "web".parse().unwrap(),
        generation: 1,
        release: 1,
        power: Power::Running,
        replicas,
        autoscale: Some(scale()),
        restart: 0,
        spec: WorkloadSpec::of("web:1".parse().unwrap()),
        digest: None,
        sealed: None,
    }
}

fn scale() -> Autoscale {
    Autoscale { max: 10, cpu_percent: Some(50), idle_s: Some(60) }
}

/// A deployment of two to ten replicas, and time that passes with samples of one use.
struct Story {
    scaler: Scaler,
    desired: DesiredDeployment,
    now: Instant,
}

impl Story {
    fn new(least: u32, here: usize) -> Self {
        let (desired, now) = (desired(least), Instant::now());
        Self { scaler: Scaler::new(&desired, here, now), desired, now }
    }

    fn wanted(&mut self, want: Want) -> u32 {
        self.scaler.wanted(&self.desired, &scale(), (want, true), self.now)
    }

    fn samples(&mut self, times: u32, percent: f64) -> u32 {
        for _ in 0..times {
            self.now += STEP;
            let measured = self.wanted(QUIET);
            self.scaler.sampled(percent, measured, &scale(), self.now);
        }
        self.wanted(QUIET)
    }
}

#[test]
fn three_samples_decide_that_there_are_too_few() {
    let mut story = Story::new(2, 2);
    assert_eq!(story.samples(2, 100.0), 2);
    assert_eq!(story.samples(1, 100.0), 4);
}

#[test]
fn one_peak_decides_nothing() {
    let mut story = Story::new(2, 2);
    story.samples(4, 45.0);
    assert_eq!(story.samples(1, 64.0), 2);
}

#[test]
fn what_is_near_the_aim_changes_nothing() {
    let mut story = Story::new(2, 4);
    for percent in [54.0, 46.0] {
        assert_eq!(story.samples(30, percent), 4, "{percent}");
    }
}

#[test]
fn there_are_never_more_than_the_most_nor_fewer_than_the_least() {
    let mut story = Story::new(2, 2);
    assert_eq!(story.samples(30, 100.0), 10);
    assert_eq!(story.samples(30, 0.0), 2);
}

#[test]
fn fewer_must_have_been_enough_for_a_while() {
    let mut story = Story::new(2, 2);
    assert_eq!(story.samples(3, 100.0), 4);
    assert_eq!(story.samples(5, 10.0), 4, "the last high need is not a minute old");
    assert_eq!(story.samples(9, 10.0), 2);
}

#[test]
fn an_agent_that_starts_does_not_reduce_what_it_finds() {
    assert_eq!(Story::new(2, 7).wanted(QUIET), 7);
    assert_eq!(Story::new(2, 70).wanted(QUIET), 10);
}

#[test]
fn the_last_one_goes_when_nobody_has_asked_for_a_while() {
    let mut story = Story::new(0, 1);
    let last = Some(story.now);
    story.now += STEP * 5;
    assert_eq!(story.wanted(Want { asked: last, requests: 0 }), 1);
    story.now += STEP * 2;
    assert_eq!(story.wanted(Want { asked: last, requests: 1 }), 1, "a request that goes on");
    assert_eq!(story.wanted(Want { asked: last, requests: 0 }), 0);
}

#[test]
fn a_request_that_waits_wakes_it() {
    let mut story = Story::new(0, 0);
    story.now += STEP * 7;
    assert_eq!(story.wanted(QUIET), 0);
    assert_eq!(story.wanted(Want { asked: Some(story.now), requests: 1 }), 1);
}

#[test]
fn a_new_release_is_proved_although_nobody_asks() {
    let mut story = Story::new(0, 0);
    story.now += STEP * 100;
    assert_eq!(story.scaler.wanted(&story.desired, &scale(), (QUIET, false), story.now), 1);
    story.desired.generation = 2;
    assert_eq!(story.wanted(QUIET), 1, "and stays for a while");
    story.now += STEP * 7;
    assert_eq!(story.wanted(QUIET), 0);
}

#[test]
fn one_that_sleeps_is_not_woken_by_an_agent_that_starts() {
    let mut desired = desired(0);
    desired.digest = format!("sha256:{}", "a".repeat(64)).parse().ok();
    let now = Instant::now();
    let mut scaler = Scaler::new(&desired, 0, now);
    assert_eq!(scaler.wanted(&desired, &scale(), (QUIET, false), now), 0);
    assert_eq!(scaler.wanted(&desired, &scale(), (Want { asked: Some(now), requests: 1 }, false), now), 1);
}
