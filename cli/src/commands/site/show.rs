//! `patr site show`.

use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{Ref, SiteId},
    page::Page,
    site::{
        Access, Site, get,
        stats::{self, Day, GetSiteStats},
    },
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Days that have a line of their own.
const DAYS: usize = 7;

/// Show a site, and what was served of it.
pub(super) async fn show(name: Ref<SiteId>, ctx: &Context) -> Outcome {
    let path = get::Path { workspace: ctx.workspace()?, site: name };
    let site = ctx.client.call(plain::<get::GetSite>(path)).await?.body.0;
    ctx.printer.item(&site, &fields(&site))?;
    if ctx.printer.is_json() {
        return Ok(Exit::Ok);
    }
    let path = stats::Path { workspace: ctx.workspace()?, site: site.id.into() };
    let query = stats::Query::default();
    let call = Call::<GetSiteStats> { path, query, headers: NoHeaders, body: NoBody };
    let days = ctx.client.call(call).await?.body.0.days;
    if !days.is_empty() {
        ctx.printer.raw("\n")?;
        let page = Page { items: lines(days), next: None };
        let headers = ["DAY", "REQUESTS", "SENT", "2XX", "3XX", "4XX", "5XX", "FROM MEMORY"];
        ctx.printer.list(&page, headers, |line| line.clone())?;
    }
    Ok(Exit::Ok)
}

fn fields(site: &Site) -> Vec<(&'static str, String)> {
    let access = match site.access {
        Access::Public => "everybody",
        Access::Password => "who knows the password",
        Access::Members => "members of the workspace",
    };
    vec![
        ("name", site.name.to_string()),
        ("id", site.id.to_string()),
        ("url", site.url.clone()),
        ("live version", text::or_dash(site.live)),
        ("answers", if site.running { "yes" } else { "no, it is stopped" }.to_owned()),
        ("may be seen by", access.to_owned()),
        ("changed", text::time(site.updated_at)),
    ]
}

/// The newest days, and all of them together.
fn lines(days: Vec<Day>) -> Vec<[String; 8]> {
    let line = |name: String, day: &Day| {
        [
            name,
            text::count(day.requests),
            text::bytes(day.bytes),
            text::count(day.status_2xx),
            text::count(day.status_3xx),
            text::count(day.status_4xx),
            text::count(day.status_5xx),
            text::count(day.cache_hits),
        ]
    };
    let date = |day: &Day| day.day.to_string().chars().take("2026-01-31".len()).collect();
    let mut lines: Vec<_> = days.iter().rev().take(DAYS).map(|day| line(date(day), day)).collect();
    if let Some(all) = days.into_iter().reduce(sum) {
        lines.push(line(format!("{} days", stats::DAYS), &all));
    }
    lines
}

fn sum(one: Day, other: Day) -> Day {
    Day {
        day: one.day,
        requests: one.requests + other.requests,
        bytes: one.bytes + other.bytes,
        status_2xx: one.status_2xx + other.status_2xx,
        status_3xx: one.status_3xx + other.status_3xx,
        status_4xx: one.status_4xx + other.status_4xx,
        status_5xx: one.status_5xx + other.status_5xx,
        cache_hits: one.cache_hits + other.cache_hits,
    }
}

#[cfg(test)]
mod tests {
    use patr_models::time::Millis;

    use super::*;

    #[test]
    fn the_newest_days_come_first_and_all_of_them_last() {
        let day = |number: u64| Day {
            day: Millis((20_000 + number) * 86_400_000),
            requests: number,
            bytes: 1024 * number,
            status_2xx: number,
            status_3xx: 0,
            status_4xx: 0,
            status_5xx: 0,
            cache_hits: 1,
        };
        let lines = lines((1..=9).map(day).collect());
        assert_eq!(lines.len(), DAYS + 1);
        assert_eq!(lines[0][..3], ["2024-10-13", "9", "9.0 KiB"].map(str::to_owned));
        assert_eq!(lines[DAYS][..3], ["30 days", "45", "45.0 KiB"].map(str::to_owned));
        assert_eq!(lines[DAYS][7], "9");
    }
}
