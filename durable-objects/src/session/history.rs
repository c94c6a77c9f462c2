//! What one replica used, in ever coarser steps.
//!
//! ```text
//!  now ── 2 h ────────── 24 h ─────────── 7 days ── gone
//!   a minute   10 minutes       an hour
//! ```
//!
//! A step is widened only once all of the wider one is old enough, so that steps never overlap.

use std::time::Duration;

use patr_models::{
    deployment::metrics::Point,
    time::Millis,
    wire::{Sample, Usage},
};
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3600;

/// The widths of steps, and how old all of the next wider one has to be before they become it, in seconds.
const STEPS: [(u32, u64); 3] = [(60, 2 * HOUR), (600, 24 * HOUR), (3600, KEPT.as_secs())];

/// How long anything is kept.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * HOUR);

/// What one replica used, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    steps: Vec<Step>,
}

/// A stretch of time, with what its averages are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Numbers", into = "Numbers")]
struct Step {
    /// Its beginning, in seconds.
    at: u64,
    seconds: u32,
    samples: u32,
    /// Of all samples together.
    cpu_millis: u64,
    memory_bytes: u64,
    memory_peak_bytes: u64,
    received_bytes: u64,
    sent_bytes: u64,
    read_bytes: u64,
    written_bytes: u64,
}

/// A step as it is kept: its names would be most of it.
type Numbers = (u64, u32, u32, u64, u64, u64, u64, u64, u64, u64);

impl History {
    /// Adds a sample, and thins out what has become old.
    pub fn add(&mut self, sample: &Sample, now: Millis) {
        self.steps.push(Step::from(sample));
        self.steps.sort_by_key(|step| step.at);
        self.thin(now);
    }

    /// What there is of the time after `since`.
    pub fn points(mut self, since: Millis, now: Millis) -> Vec<Point> {
        self.thin(now);
        let after = |step: &&Step| step.end() > since.0 / 1000;
        self.steps.iter().filter(after).map(Step::point).collect()
    }

    fn thin(&mut self, now: Millis) {
        let mut thinned: Vec<Step> = Vec::with_capacity(self.steps.len());
        for step in self.steps.drain(..).filter_map(|step| step.aged(now.0 / 1000)) {
            match thinned.last_mut() {
                Some(last) if (last.at, last.seconds) == (step.at, step.seconds) => last.merge(&step),
                _ => thinned.push(step),
            }
        }
        self.steps = thinned;
    }
}

impl Step {
    fn end(&self) -> u64 {
        self.at + u64::from(self.seconds)
    }

    /// As part of the narrowest step that may still be kept of its time; nothing when none may.
    fn aged(mut self, now: u64) -> Option<Self> {
        let at = STEPS.iter().position(|(width, _)| *width >= self.seconds)?;
        for (index, &(width, age)) in STEPS.iter().enumerate().skip(at) {
            self = self.widened(width);
            let next = STEPS.get(index + 1).map_or(width, |&(wider, _)| wider);
            if now.saturating_sub(self.widened(next).end()) < age {
                return Some(self);
            }
        }
        None
    }

    fn widened(self, seconds: u32) -> Self {
        Self { at: self.at - self.at % u64::from(seconds), seconds, ..self }
    }

    fn merge(&mut self, other: &Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        for (sum, more) in [
            (&mut self.cpu_millis, other.cpu_millis),
            (&mut self.memory_bytes, other.memory_bytes),
            (&mut self.received_bytes, other.received_bytes),
            (&mut self.sent_bytes, other.sent_bytes),
            (&mut self.read_bytes, other.read_bytes),
            (&mut self.written_bytes, other.written_bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    fn point(&self) -> Point {
        let average = |sum: u64| sum / u64::from(self.samples.max(1));
        Point {
            at: Millis(self.at * 1000),
            seconds: self.seconds,
            usage: Usage {
                cpu_millis: u32::try_from(average(self.cpu_millis)).unwrap_or(u32::MAX),
                memory_bytes: average(self.memory_bytes),
                received_bytes: self.received_bytes,
                sent_bytes: self.sent_bytes,
                read_bytes: self.read_bytes,
                written_bytes: self.written_bytes,
            },
            memory_peak_bytes: self.memory_peak_bytes,
        }
    }
}

impl From<&Sample> for Step {
    fn from(sample: &Sample) -> Self {
        let Usage { cpu_millis, memory_bytes, received_bytes, sent_bytes, read_bytes, written_bytes } =
            sample.usage;
        let step = Self {
            at: sample.at.0 / 1000,
            seconds: 1,
            samples: 1,
            cpu_millis: cpu_millis.into(),
            memory_bytes,
            memory_peak_bytes: memory_bytes,
            received_bytes,
            sent_bytes,
            read_bytes,
            written_bytes,
        };
        step.widened(STEPS[0].0)
    }
}

impl From<Step> for Numbers {
    fn from(step: Step) -> Self {
        let Step { at, seconds, samples, cpu_millis, memory_bytes, memory_peak_bytes, .. } = step;
        let Step { received_bytes, sent_bytes, read_bytes, written_bytes, .. } = step;
        (
            at,
            seconds,
            samples,
            cpu_millis,
            memory_bytes,
            memory_peak_bytes,
            received_bytes,
            sent_bytes,
            read_bytes,
            written_bytes,
        )
    }
}

impl From<Numbers> for Step {
    fn from(numbers: Numbers) -> Self {
        let (at, seconds, samples, cpu_millis, memory_bytes, memory_peak_bytes, ..) = numbers;
        let (.., received_bytes, sent_bytes, read_bytes, written_bytes) = numbers;
        Self {
            at,
            seconds,
            samples,
            cpu_millis,
            memory_bytes,
            memory_peak_bytes,
            received_bytes,
            sent_bytes,
            read_bytes,
            written_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use patr_models::ids::{DeploymentId, Id};

    use super::*;

    /// The beginning of an hour.
    const START: Millis = Millis(1_700_000_000_000 / 3_600_000 * 3_600_000);

    fn after(seconds: u64) -> Millis {
        START + Duration::from_secs(seconds)
    }

    fn sample(at: Millis, cpu_millis: u32, memory_bytes: u64) -> Sample {
        let usage = Usage { cpu_millis, memory_bytes, received_bytes: 10, ..Usage::default() };
        Sample { at, deployment: DeploymentId::from_parts(Millis(1), 2), replica: "abc".to_owned(), usage }
    }

    /// A sample a minute for so long.
    fn history(minutes: u64) -> (History, Millis) {
        let (mut history, mut now) = (History::default(), START);
        for minute in 0..minutes {
            now = after(minute * 60);
            history.add(&sample(now, 100, minute), now);
        }
        (history, now)
    }

    fn widths(history: &History) -> Vec<u32> {
        let mut widths: Vec<u32> = history.steps.iter().map(|step| step.seconds).collect();
        widths.dedup();
        widths
    }

    #[test]
    fn the_last_two_hours_are_there_by_the_minute() {
        let (history, now) = history(100);
        let points = history.points(Millis(0), now);
        assert_eq!(points.len(), 100);
        assert!(points.iter().all(|point| point.seconds == 60 && point.usage.cpu_millis == 100));
    }

    #[test]
    fn samples_of_one_minute_are_one_point_of_averages_sums_and_the_peak() {
        let mut history = History::default();
        history.add(&sample(after(0), 100, 1_000), after(0));
        history.add(&sample(after(30), 300, 3_000), after(30));
        let [point] = history.points(Millis(0), after(30))[..] else { panic!("one point") };
        let Usage { cpu_millis, memory_bytes, received_bytes, .. } = point.usage;
        assert_eq!((cpu_millis, memory_bytes, received_bytes), (200, 2_000, 20));
        assert_eq!((point.at, point.seconds, point.memory_peak_bytes), (START, 60, 3_000));
    }

    #[test]
    fn what_is_older_is_there_in_wider_steps_that_never_overlap() {
        let (history, now) = history(3 * 24 * 60);
        assert_eq!(widths(&history), [3600, 600, 60]);
        let points = history.points(Millis(0), now);
        for pair in points.windows(2) {
            assert_eq!(pair[0].at + Duration::from_secs(pair[0].seconds.into()), pair[1].at);
        }
        let received: u64 = points.iter().map(|point| point.usage.received_bytes).sum();
        assert_eq!(received, 3 * 24 * 60 * 10, "nothing is counted twice or lost");
    }

    #[test]
    fn a_step_that_was_widened_knows_its_average_and_its_peak() {
        let (history, _) = history(60 * 4);
        let first = history.steps[0].point();
        assert_eq!((first.seconds, first.usage.cpu_millis), (600, 100));
        assert_eq!((first.usage.memory_bytes, first.memory_peak_bytes), (4, 9));
    }

    #[test]
    fn a_week_is_kept_and_it_is_bounded() {
        let (history, now) = history(9 * 24 * 60);
        let most = 2 * 60 + 10 + 22 * 6 + 6 + 6 * 24 + 1;
        assert!(history.steps.len() <= most, "{}", history.steps.len());
        let oldest = history.points(Millis(0), now)[0].at;
        assert!(now.since(oldest) <= KEPT + Duration::from_secs(3600), "{oldest:?}");
    }

    #[test]
    fn a_replica_that_is_gone_fades_too() {
        let (history, now) = history(60);
        let later = history.clone().points(Millis(0), now + Duration::from_secs(12 * HOUR));
        assert_eq!(later.len(), 6);
        assert_eq!(history.points(Millis(0), now + KEPT + Duration::from_secs(3600)), []);
    }

    #[test]
    fn only_what_is_asked_for_is_told() {
        let (history, now) = history(100);
        assert_eq!(history.points(after(90 * 60), now).len(), 10);
    }

    #[test]
    fn a_late_sample_takes_its_place() {
        let mut history = History::default();
        history.add(&sample(after(120), 1, 1), after(120));
        history.add(&sample(after(0), 1, 1), after(120));
        let points = history.points(Millis(0), after(120));
        assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), [after(0), after(120)]);
    }

    #[test]
    fn a_week_of_one_replica_fits_a_row_and_comes_back() {
        let (history, _) = history(8 * 24 * 60);
        let text = serde_json::to_string(&history).unwrap();
        assert!(text.len() < 64 * 1024, "{}", text.len());
        assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
    }
}
