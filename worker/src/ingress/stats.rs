//! What is served of sites, counted in the isolate's memory and written to D1 every few seconds.
//!
//! A request adds to numbers that are there; only the first of a site after a writing makes room for them. One request
//! in ten seconds stays behind after its answer, waits for what the others count meanwhile, and writes it all as one
//! statement. What an isolate had counted when the platform ended it is lost: ten seconds at most.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use patr_models::{ids::SiteId, site::carry::day, time::Millis};
use worker::{Context, Delay};

use crate::{
    ctx::Ctx,
    db::{Db, site_days},
    platform,
};

/// How long counts are gathered.
const GATHERED: Duration = Duration::from_secs(10);
/// After this whoever was to write has been ended: the platform gives 30 seconds after the answer.
const LOST: Duration = Duration::from_secs(45);

thread_local! {
    static COUNTED: RefCell<Counted> = RefCell::default();
}

/// What one request came to; gathered while it is answered.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    bytes: std::cell::Cell<u64>,
    missed: std::cell::Cell<bool>,
}

impl Tally {
    /// A body of this length is sent.
    pub(crate) fn sends(&self, bytes: u64) {
        self.bytes.set(bytes);
    }

    /// Something had to be read from KV.
    pub(crate) fn misses(&self) {
        self.missed.set(true);
    }
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

impl Counts {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.hits += other.hits;
        for (status, more) in self.statuses.iter_mut().zip(other.statuses) {
            *status += more;
        }
    }

    fn of(status: u16, tally: &Tally) -> Self {
        let class = usize::from(status / 100).wrapping_sub(2);
        let mut statuses = [0; 4];
        if let Some(one) = statuses.get_mut(class) {
            *one = 1;
        }
        Self { requests: 1, bytes: tally.bytes.get(), statuses, hits: (!tally.missed.get()).into() }
    }
}

#[derive(Default)]
struct Counted {
    days: HashMap<(SiteId, u16), Counts>,
    /// Since when somebody waits to write them.
    awaited: Option<Millis>,
}

impl Counted {
    /// Adds a request. Whether whoever counted it has to see that it is written.
    fn count(&mut self, site: SiteId, counts: &Counts, now: Millis) -> bool {
        self.days.entry((site, day(now))).or_default().add(counts);
        let awaited = self.awaited.is_some_and(|since| now.since(since) < LOST);
        if !awaited {
            self.awaited = Some(now);
        }
        !awaited
    }

    fn take(&mut self) -> Vec<site_days::Counted> {
        self.awaited = None;
        let days = self.days.drain();
        days.map(|((site, day), counts)| site_days::Counted { site, day, counts }).collect()
    }

    /// What could not be written is counted again, and written with the next.
    fn give_back(&mut self, counted: &[site_days::Counted]) {
        for site_days::Counted { site, day, counts } in counted {
            self.days.entry((*site, *day)).or_default().add(counts);
        }
    }
}

/// Counts a request to a site.
pub(crate) fn count(ctx: &Ctx, context: &Context, site: SiteId, status: u16) {
    let counts = Counts::of(status, &ctx.tally);
    if COUNTED.with_borrow_mut(|counted| counted.count(site, &counts, ctx.now)) {
        let db = ctx.db.again();
        context.wait_until(async move {
            Delay::from(GATHERED).await;
            write(&db).await;
        });
    }
}

async fn write(db: &Db) {
    let counted = COUNTED.with_borrow_mut(Counted::take);
    if counted.is_empty() {
        return;
    }
    if let Err(error) = db.batch(vec![site_days::add(&counted)]).await {
        platform::log(format_args!("what was served is not written yet: {error}"));
        COUNTED.with_borrow_mut(|all| all.give_back(&counted));
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

    #[test]
    fn requests_add_up_by_site_and_day() {
        let mut counted = Counted::default();
        counted.count(site(1), &counts(200, 10, false), NOW);
        counted.count(site(1), &counts(404, 5, true), NOW);
        counted.count(site(2), &counts(304, 0, false), NOW);
        counted.count(site(1), &counts(200, 1, false), NOW + Duration::from_secs(86_400));
        let mut taken = counted.take();
        taken.sort_by_key(|counted| (counted.site, counted.day));
        let first = Counts { requests: 2, bytes: 15, statuses: [1, 0, 1, 0], hits: 1 };
        assert_eq!((taken.len(), taken[0].counts), (3, first));
        assert_eq!(taken[2].counts.statuses, [0, 1, 0, 0]);
        assert!(counted.take().is_empty());
    }

    #[test]
    fn one_request_at_a_time_waits_to_write_and_another_takes_its_place_when_it_was_ended() {
        let mut counted = Counted::default();
        let mut awaits = |after| counted.count(site(1), &counts(200, 1, false), NOW + after);
        assert!(awaits(Duration::ZERO));
        assert!(!awaits(GATHERED));
        assert!(awaits(LOST));
        assert!(!awaits(LOST));
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let mut counted = Counted::default();
        counted.count(site(1), &counts(500, 1, false), NOW);
        let taken = counted.take();
        counted.count(site(1), &counts(500, 1, false), NOW);
        counted.give_back(&taken);
        assert_eq!(counted.take()[0].counts.statuses, [0, 0, 0, 2]);
    }

    #[test]
    fn a_status_of_no_class_counts_as_a_request() {
        assert_eq!(counts(101, 0, false).statuses, [0; 4]);
        assert_eq!(counts(999, 0, false).requests, 1);
    }
}
