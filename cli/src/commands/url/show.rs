//! `patr url show`.

use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    managed_url::{
        ManagedUrl,
        stats::{Counts, GetUrlStats, Hour, LATENCY_MS, Path, Query},
    },
    page::Page,
};

use super::{fields, find};
use crate::{args::managed_url::UrlRef, context::Context, exit_code::Exit, failure::Outcome, text};

/// Hours that have a line of their own.
const HOURS: usize = 8;

const HEADERS: [&str; 13] = [
    "HOUR", "REQUESTS", "2XX", "3XX", "4XX", "5XX", "SENT", "P50", "P99", "KEPT", "WAITED", "RETRIED",
    "FAILED",
];

/// Show a managed URL, and what was asked under it.
pub(super) async fn show(url: UrlRef, hours: u16, ctx: &Context) -> Outcome {
    let url = find::find(url, ctx).await?;
    ctx.printer.item(&url, &fields(&url))?;
    if ctx.printer.is_json() {
        return Ok(Exit::Ok);
    }
    let asked = stats(&url, hours, ctx).await?;
    if !asked.is_empty() {
        ctx.printer.raw("\n")?;
        let page = Page { items: lines(&asked, hours), next: None };
        ctx.printer.list(&page, HEADERS, |line| line.clone())?;
    }
    Ok(Exit::Ok)
}

async fn stats(url: &ManagedUrl, hours: u16, ctx: &Context) -> Outcome<Vec<Hour>> {
    let call = Call::<GetUrlStats> {
        path: Path { workspace: ctx.workspace()?, url: url.id },
        query: Query { hours: Some(hours) },
        headers: NoHeaders,
        body: NoBody,
    };
    Ok(ctx.client.call(call).await?.body.0.hours)
}

/// The newest hours, and all of them together.
fn lines(asked: &[Hour], hours: u16) -> Vec<[String; 13]> {
    let hour = |hour: &Hour| text::time(hour.at).chars().take("2026-01-31 12:00".len()).collect();
    let newest = asked.iter().rev().take(HOURS).map(|one| line(hour(one), &one.counts));
    let mut all = Counts::default();
    asked.iter().for_each(|hour| all.add(&hour.counts));
    newest.chain([line(text::counted(hours.into(), "hour"), &all)]).collect()
}

fn line(name: String, counts: &Counts) -> [String; 13] {
    let [_, success, redirect, client, server] = counts.statuses.map(text::count);
    [
        name,
        text::count(counts.requests),
        success,
        redirect,
        client,
        server,
        text::bytes(counts.bytes),
        latency(counts, 0.5),
        latency(counts, 0.99),
        text::count(counts.cached),
        text::count(counts.parked),
        text::count(counts.failovers),
        text::count(counts.troubles),
    ]
}

/// The end of the bucket is all that is known.
fn latency(counts: &Counts, share: f64) -> String {
    match counts.quantile_ms(share) {
        Some(end) => format!("< {end} ms"),
        None if counts.latency.iter().all(|&count| count == 0) => "-".to_owned(),
        None => format!("> {} ms", LATENCY_MS.last().copied().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{managed_url::stats::bucket, time::Millis};

    use super::*;

    fn hour(number: u64, milliseconds: u64) -> Hour {
        let mut counts = Counts { requests: number, statuses: [0, number, 0, 0, 0], ..Counts::default() };
        counts.latency[bucket(milliseconds)] = number;
        Hour { at: Millis(1_769_860_800_000 + number * 3_600_000), counts }
    }

    #[test]
    fn the_newest_hours_come_first_and_all_of_them_last() {
        let lines = lines(&(1..=9).map(|number| hour(number, 3)).collect::<Vec<_>>(), 24);
        assert_eq!(lines.len(), HOURS + 1);
        assert_eq!(lines[0][..3], ["2026-01-31 21:00", "9", "9"].map(str::to_owned));
        assert_eq!(lines[HOURS][..3], ["24 hours", "45", "45"].map(str::to_owned));
        assert_eq!(lines[0][7..9], ["< 5 ms", "< 5 ms"].map(str::to_owned));
    }

    #[test]
    fn what_took_longer_than_any_bucket_is_said_to() {
        assert_eq!(latency(&hour(1, 60_000).counts, 0.5), "> 10000 ms");
        assert_eq!(latency(&Counts::default(), 0.5), "-");
    }
}
