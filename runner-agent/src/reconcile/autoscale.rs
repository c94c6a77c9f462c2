//! How many replicas there should be, where that is the runner's decision: between a least and a most number, by the
//! use of processors, and none while nobody asks.

use std::{collections::VecDeque, time::Duration};

use patr_models::{
    deployment::{Autoscale, Generation},
    wire::DesiredDeployment,
};
use tokio::time::Instant;

use crate::backends::Want;

/// Samples whose mean decides that there are too few.
const SAMPLES: usize = 3;
/// How far from its aim the use may be without anything changing.
const TOLERANCE: f64 = 0.1;

/// What is remembered of a deployment that scales.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaler {
    wanted: u32,
    /// The last uses of all replicas together, in percent of what one may use.
    recent: VecDeque<f64>,
    /// How many were needed when, for as long as fewer must have been enough.
    needs: VecDeque<(Instant, u32)>,
    /// When it last had a reason to run that is no request.
    roused: Instant,
    generation: Generation,
    /// It was found without replicas, and its release was proved before: it need not be started to prove it again.
    slept: bool,
}

impl Scaler {
    /// An agent that starts goes on from what it finds.
    pub(super) fn new(desired: &DesiredDeployment, here: usize, now: Instant) -> Self {
        let here = u32::try_from(here).unwrap_or(u32::MAX);
        Self {
            wanted: here.max(desired.replicas),
            recent: VecDeque::new(),
            needs: VecDeque::new(),
            roused: now,
            generation: desired.generation,
            slept: here == 0 && desired.replicas == 0 && desired.digest.is_some(),
        }
    }

    /// Takes the mean use of the replicas that were measured, in percent.
    pub(super) fn sampled(&mut self, percent: f64, measured: u32, scale: &Autoscale, now: Instant) {
        self.recent.push_back(percent * f64::from(measured));
        while self.recent.len() > SAMPLES {
            self.recent.pop_front();
        }
        if self.recent.len() < SAMPLES {
            return;
        }
        let mean = self.recent.iter().sum::<f64>() / SAMPLES as f64;
        let need = need(mean, measured, scale);
        self.needs.push_back((now, need));
        self.wanted = self.wanted.max(need.min(scale.max));
        let idle = Duration::from_secs(scale.idle_s().into());
        let Some((first, _)) = self.needs.front() else { return };
        if now.duration_since(*first) < idle {
            return;
        }
        let highest = self.needs.iter().map(|(_, need)| *need).max().unwrap_or(need);
        self.wanted = self.wanted.min(highest);
        while self.needs.front().is_some_and(|(at, _)| now.duration_since(*at) >= idle) {
            self.needs.pop_front();
        }
    }

    /// How many there should be now. `live`: the release was proved.
    pub(super) fn wanted(
        &mut self,
        desired: &DesiredDeployment,
        scale: &Autoscale,
        (want, live): (Want, bool),
        now: Instant,
    ) -> u32 {
        if self.generation != desired.generation {
            (self.generation, self.slept, self.roused) = (desired.generation, false, now);
            self.recent.clear();
        }
        let least = desired.replicas.min(scale.max);
        let idle = Duration::from_secs(scale.idle_s().into());
        let asked = |since: Instant| now.duration_since(since) < idle;
        let awake = want.requests > 0
            || want.asked.is_some_and(asked)
            || !self.slept && (asked(self.roused) || !live);
        self.slept &= !awake;
        let floor = if awake { least.max(1) } else { least };
        let ceiling = if awake || least > 0 { scale.max } else { 0 };
        self.wanted = self.wanted.clamp(floor.min(ceiling), ceiling);
        self.wanted
    }
}

/// How many replicas would use as much as they should, if so many together use `percent` of one.
fn need(percent: f64, measured: u32, scale: &Autoscale) -> u32 {
    let exactly = percent / f64::from(scale.cpu_percent());
    if (exactly - f64::from(measured)).abs() <= TOLERANCE * f64::from(measured) {
        return measured;
    }
    // Bounded by what a deployment may have: the number is small and not negative.
    exactly.ceil().clamp(0.0, f64::from(scale.max)) as u32
}

#[cfg(test)]
#[path = "autoscale_tests.rs"]
mod tests;
