//! What replicas used, as lines to draw and as numbers to say.

use patr_models::{
    deployment::metrics::{Metrics, Point},
    time::Millis,
};

use crate::{format, text::deployments as words};

/// A number of each point: what it is called, how it is found, how it is said.
pub struct Measure {
    pub name: &'static str,
    value: fn(&Point) -> u64,
    said: fn(u64) -> String,
}

pub const MEASURES: [Measure; 4] = [
    Measure { name: words::CPU, value: |point| point.usage.cpu_millis.into(), said: cores },
    Measure { name: words::MEMORY, value: |point| point.usage.memory_bytes, said: format::bytes },
    Measure {
        name: words::RECEIVED,
        value: |point| per_second(point, point.usage.received_bytes),
        said: rate,
    },
    Measure { name: words::SENT, value: |point| per_second(point, point.usage.sent_bytes), said: rate },
];

/// Width and height of a drawing, in units of its own.
pub const SIZE: (u64, u64) = (1000, 100);

/// One measure of one replica.
#[derive(Debug, PartialEq)]
pub struct Line {
    /// The commands of an SVG path, within [`SIZE`].
    pub path: String,
    /// Unless the replica is gone.
    pub now: Option<String>,
    pub most: String,
}

/// From when to when: as far back from the newest moment that anything is known of, whatever a clock here says.
pub fn span(metrics: &Metrics, since_s: u32) -> Option<(Millis, Millis)> {
    let end = metrics.replicas.iter().flat_map(|series| &series.points).map(end_of).max()?;
    Some((Millis(end.0.saturating_sub(u64::from(since_s) * 1000)), end))
}

/// A measure over a span.
pub fn line(measure: &Measure, points: &[Point], (from, to): (Millis, Millis)) -> Line {
    let most = points.iter().map(measure.value).max().unwrap_or_default();
    let last = points.last().filter(|point| end_of(point).0 + length(point) >= to.0);
    Line {
        path: path(points, measure.value, (from, to), most),
        now: last.map(|point| (measure.said)((measure.value)(point))),
        most: (measure.said)(most),
    }
}

fn path(points: &[Point], value: fn(&Point) -> u64, (from, to): (Millis, Millis), most: u64) -> String {
    let (width, height) = SIZE;
    let across = |at: Millis| at.0.saturating_sub(from.0).min(to.0 - from.0) * width / (to.0 - from.0).max(1);
    // Half a unit of a hundred stays free at both ends, for the width of the line.
    let down = |value: u64| height - 5 - value * (height - 10) / most.max(1);
    let mut path = String::new();
    let mut before = None;
    for point in points {
        // Where nothing was measured nothing is drawn.
        let verb = if before == Some(point.at) { 'L' } else { 'M' };
        let (left, right) = (across(point.at), across(end_of(point)));
        path.push_str(&format!("{verb}{left} {}H{right}", down(value(point))));
        before = Some(end_of(point));
    }
    path
}

fn length(point: &Point) -> u64 {
    u64::from(point.seconds) * 1000
}

fn end_of(point: &Point) -> Millis {
    Millis(point.at.0.saturating_add(length(point)))
}

fn per_second(point: &Point, sum: u64) -> u64 {
    sum / u64::from(point.seconds.max(1))
}

/// Thousandths of a core, as `0.25 cores`.
fn cores(millis: u64) -> String {
    format!("{}.{:02} {}", millis / 1000, millis % 1000 / 10, words::CORES)
}

fn rate(bytes: u64) -> String {
    format!("{}/s", format::bytes(bytes))
}

#[cfg(test)]
mod tests {
    use patr_models::{deployment::metrics::Series, wire::Usage};

    use super::*;

    fn point(at: u64, cpu_millis: u32) -> Point {
        let usage = Usage { cpu_millis, ..Usage::default() };
        Point { at: Millis(at * 1000), seconds: 10, usage, memory_peak_bytes: 0 }
    }

    #[test]
    fn a_line_is_as_wide_as_the_time_and_as_high_as_its_most() {
        let points = [point(0, 500), point(10, 1000)];
        let drawn = line(&MEASURES[0], &points, (Millis(0), Millis(20_000)));
        assert_eq!(drawn.path, "M0 50H500L500 5H1000");
        assert_eq!((drawn.now.as_deref(), &*drawn.most), (Some("1.00 cores"), "1.00 cores"));
    }

    #[test]
    fn where_nothing_was_measured_nothing_is_drawn() {
        let drawn = line(&MEASURES[0], &[point(0, 1), point(30, 1)], (Millis(0), Millis(40_000)));
        assert_eq!(drawn.path, "M0 5H250M750 5H1000");
    }

    #[test]
    fn a_replica_that_is_gone_uses_nothing_now() {
        let drawn = line(&MEASURES[0], &[point(0, 250)], (Millis(0), Millis(100_000)));
        assert_eq!((drawn.now, &*drawn.most), (None, "0.25 cores"));
    }

    #[test]
    fn what_uses_nothing_is_a_line_at_the_bottom() {
        let points = [point(0, 0)];
        assert_eq!(line(&MEASURES[0], &points, (Millis(0), Millis(10_000))).path, "M0 95H1000");
    }

    #[test]
    fn the_span_ends_with_what_is_known_last() {
        let series = Series { replica: "a".to_owned(), points: vec![point(100, 1)] };
        let metrics = Metrics { replicas: vec![series] };
        assert_eq!(span(&metrics, 60), Some((Millis(50_000), Millis(110_000))));
        assert_eq!(span(&Metrics { replicas: Vec::new() }, 60), None);
    }
}
