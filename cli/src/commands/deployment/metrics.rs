//! `patr deployment show --metrics`.

use patr_models::{
    deployment::metrics::{GetMetrics, Metrics, Path, Point, Query, Series},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{DeploymentId, Ref},
    page::Page,
    time::Millis,
};

use super::fields::cores;
use crate::{
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    sparkline::{Stretch, sparkline},
    text,
};

/// The width of a drawing, in letters: a row fits a terminal of 80.
const LETTERS: u64 = 32;

/// A number of each point: what it is called, how it is found, how it is written.
type Measure = (&'static str, fn(&Point) -> u64, fn(u64) -> String);

const MEASURES: [Measure; 6] = [
    ("cpu", |point| point.usage.cpu_millis.into(), |millis| cores(u32::try_from(millis).unwrap_or(u32::MAX))),
    ("memory", |point| point.usage.memory_bytes, text::bytes),
    ("received", |point| per_second(point, point.usage.received_bytes), rate),
    ("sent", |point| per_second(point, point.usage.sent_bytes), rate),
    ("disk read", |point| per_second(point, point.usage.read_bytes), rate),
    ("disk written", |point| per_second(point, point.usage.written_bytes), rate),
];

/// Draw what each replica used.
pub(super) async fn metrics(deployment: Ref<DeploymentId>, since_s: u32, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let query = Query { since_s: Some(since_s) };
    let call = Call::<GetMetrics> { path, query, headers: NoHeaders, body: NoBody };
    let metrics = ctx.client.call(call).await?.body.0;
    if ctx.printer.is_json() {
        ctx.printer.item(&metrics, &[])?;
        return Ok(Exit::Ok);
    }
    let Some(end) = end(&metrics) else {
        ctx.printer
            .note("nothing was measured in that time; a new replica has its first values within a minute");
        return Ok(Exit::Ok);
    };
    let from = Millis(end.0.saturating_sub(u64::from(since_s) * 1000));
    let items = metrics.replicas.iter().flat_map(|series| rows(series, from, end)).collect();
    let span = format!("{} TO {}", text::time(from), text::time(end));
    ctx.printer.list(&Page { items, next: None }, ["REPLICA", "USES", &span, "NOW", "MOST"], Clone::clone)?;
    Ok(Exit::Ok)
}

/// The newest moment that anything is known of: this machine's clock may be another than the runner's.
fn end(metrics: &Metrics) -> Option<Millis> {
    metrics.replicas.iter().flat_map(|series| &series.points).map(point_end).max()
}

fn point_end(point: &Point) -> Millis {
    Millis(point.at.0.saturating_add(u64::from(point.seconds) * 1000))
}

/// A row per measure; the first says whose it is.
fn rows(series: &Series, from: Millis, end: Millis) -> Vec<[String; 5]> {
    let row = |(at, (name, value, words)): (usize, &Measure)| {
        let stretch = |point: &Point| Stretch { from: point.at, to: point_end(point), value: value(point) };
        let stretches = series.points.iter().map(stretch).collect::<Vec<_>>();
        let most = stretches.iter().map(|stretch| stretch.value).max();
        let now = series.points.last().filter(|point| is_current(point, end)).map(value);
        [
            if at == 0 { series.replica.clone() } else { String::new() },
            (*name).to_owned(),
            sparkline(&stretches, from, end, LETTERS),
            text::or_dash(now.map(words)),
            text::or_dash(most.map(words)),
        ]
    };
    MEASURES.iter().enumerate().map(row).collect()
}

/// Whether a replica that was last measured here may still run: the next sample is at most one more stretch away.
fn is_current(point: &Point, end: Millis) -> bool {
    point_end(point).0.saturating_add(u64::from(point.seconds) * 1000) >= end.0
}

fn per_second(point: &Point, sum: u64) -> u64 {
    sum / u64::from(point.seconds.max(1))
}

fn rate(bytes: u64) -> String {
    format!("{}/s", text::bytes(bytes))
}
