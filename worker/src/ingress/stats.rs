//! What is asked of managed URLs and served of sites, counted in the isolate's memory and written to D1 every few seconds.
//!
//! A request adds to numbers that are there; only the first of a site or a URL after a writing makes room for them. One
//! request in ten seconds stays behind after its answer, waits for what the others count meanwhile, and writes it all as one
//! batch. What an isolate had counted when the platform ended it is lost: ten seconds at most.

mod sums;
mod tally;
mod urls;

use std::{cell::RefCell, time::Duration};

use patr_models::{
    ids::{ManagedUrlId, SiteId},
    managed_url::stats::Counts as UrlCounts,
    site::carry::day,
    time::Millis,
};
use worker::{Context, Delay, web_sys::Response};

use crate::{
    ctx::Ctx,
    db::{Db, site_days, url_hours},
    env, platform,
};
use sums::{Sum, Sums};
pub(crate) use tally::{Ours, Tally};

/// How long counts are gathered.
const GATHERED: Duration = Duration::from_secs(10);
/// After this whoever was to write has been ended: the platform gives 30 seconds after the answer.
const LOST: Duration = Duration::from_secs(45);

thread_local! {
    static COUNTED: RefCell<Counted> = RefCell::default();
}

/// What one site has served on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    /// From 2xx to 5xx.
    pub(crate) statuses: [u64; 4],
    pub(crate) hits: u64,
}

impl Sum for Counts {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.hits += other.hits;
        for (status, more) in self.statuses.iter_mut().zip(other.statuses) {
            *status += more;
        }
    }
}

impl Counts {
    fn of(status: u16, tally: &Tally) -> Self {
        let class = usize::from(status / 100).wrapping_sub(2);
        let mut statuses = [0; 4];
        if let Some(one) = statuses.get_mut(class) {
            *one = 1;
        }
        let bytes = tally.bytes.get().unwrap_or_default();
        Self { requests: 1, bytes, statuses, hits: (!tally.missed.get()).into() }
    }
}

#[derive(Default)]
struct Counted {
    days: Sums<(SiteId, u16), Counts>,
    hours: Sums<(ManagedUrlId, u32), UrlCounts>,
    /// Since when somebody waits to write them.
    awaited: Option<Millis>,
}

/// What is written at once.
struct Taken {
    days: Vec<((SiteId, u16), Counts)>,
    hours: Vec<((ManagedUrlId, u32), UrlCounts)>,
}

impl Counted {
    /// Whether whoever has just counted has to see that it is written.
    fn is_mine_to_write(&mut self, now: Millis) -> bool {
        let awaited = self.awaited.is_some_and(|since| now.since(since) < LOST);
        if !awaited {
            self.awaited = Some(now);
        }
        !awaited
    }

    fn take(&mut self) -> Taken {
        self.awaited = None;
        Taken { days: self.days.take(), hours: self.hours.take() }
    }

    /// What could not be written is counted again, and written with the next.
    fn give_back(&mut self, taken: &Taken) {
        self.days.add_all(&taken.days);
        self.hours.add_all(&taken.hours);
    }
}

/// Counts a request to a site.
pub(crate) fn count_site(ctx: &Ctx, context: &Context, site: SiteId, status: u16) {
    let counts = Counts::of(status, &ctx.tally);
    count(ctx, context, |counted| counted.days.of((site, day(ctx.now))).add(&counts));
}

/// Counts a request to a managed URL, whose answer begins now; none is a fault of ours.
pub(crate) fn count_url(ctx: &Ctx, context: &Context, url: ManagedUrlId, response: Option<&Response>) {
    if response.is_none() {
        ctx.tally.answers_itself(Some(Ours::Trouble));
    }
    let status = response.map_or(500, Response::status);
    let bytes = ctx.tally.bytes.get().or_else(|| declared(response?).filter(|_| status != 304));
    let outcome = urls::Outcome {
        status,
        took: env::now().since(ctx.now),
        bytes: bytes.unwrap_or_default(),
        tally: &ctx.tally,
    };
    count(ctx, context, |counted| outcome.add_to(counted.hours.of((url, url_hours::hour(ctx.now)))));
}

/// The length of a body, if the answer says it.
fn declared(response: &Response) -> Option<u64> {
    response.headers().get("content-length").ok()??.parse().ok()
}

fn count(ctx: &Ctx, context: &Context, add: impl FnOnce(&mut Counted)) {
    let mine = COUNTED.with_borrow_mut(|counted| {
        add(counted);
        counted.is_mine_to_write(ctx.now)
    });
    if mine {
        let db = ctx.db.again();
        context.wait_until(async move {
            Delay::from(GATHERED).await;
            write(&db).await;
        });
    }
}

async fn write(db: &Db) {
    let taken = COUNTED.with_borrow_mut(Counted::take);
    let days = (!taken.days.is_empty()).then(|| site_days::add(&taken.days));
    let hours = (!taken.hours.is_empty()).then(|| url_hours::add(&taken.hours));
    if let Err(error) = db.batch(days.into_iter().chain(hours).collect()).await {
        platform::log(format_args!("what was counted is not written yet: {error}"));
        COUNTED.with_borrow_mut(|all| all.give_back(&taken));
    }
}

#[cfg(test)]
mod tests {
    use patr_models::ids::Id;

    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn site(random: u128) -> SiteId {
        SiteId::from_parts(NOW, random)
    }

    fn counts(status: u16, bytes: u64, missed: bool) -> Counts {
        let tally = Tally::default();
        tally.sends(bytes);
        if missed {
            tally.misses();
        }
        Counts::of(status, &tally)
    }

    fn counted(counted: &mut Counted, status: u16) {
        counted.days.of((site(1), day(NOW))).add(&counts(status, 1, false));
    }

    #[test]
    fn one_request_at_a_time_waits_to_write_and_another_takes_its_place_when_it_was_ended() {
        let mut all = Counted::default();
        let mut writes = |after| all.is_mine_to_write(NOW + after);
        assert!(writes(Duration::ZERO));
        assert!(!writes(GATHERED));
        assert!(writes(LOST));
        assert!(!writes(LOST));
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let mut all = Counted::default();
        counted(&mut all, 500);
        let taken = all.take();
        counted(&mut all, 500);
        all.give_back(&taken);
        assert_eq!(all.take().days[0].1.statuses, [0, 0, 0, 2]);
    }

    #[test]
    fn a_hit_is_what_needed_nothing_of_kv() {
        assert_eq!((counts(200, 1, false).hits, counts(200, 1, true).hits), (1, 0));
    }

    #[test]
    fn a_status_of_no_class_counts_as_a_request() {
        assert_eq!(counts(101, 0, false).statuses, [0; 4]);
        assert_eq!(counts(999, 0, false).requests, 1);
    }
}
