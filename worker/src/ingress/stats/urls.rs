//! What a request adds to the counts of its managed URL.

use std::time::Duration;

use patr_models::managed_url::stats::{Counts, bucket};

use super::tally::{Ours, Tally};

/// How a request was answered.
pub(super) struct Outcome<'a> {
    pub(super) status: u16,
    /// Until its answer began.
    pub(super) took: Duration,
    /// Of the body, where its length is known.
    pub(super) bytes: u64,
    pub(super) tally: &'a Tally,
}

impl Outcome<'_> {
    /// In place: most requests need no more room than is there.
    pub(super) fn add_to(&self, counts: &mut Counts) {
        let Self { status, took, bytes, tally } = self;
        counts.requests += 1;
        counts.bytes += bytes;
        let class = usize::from(status / 100).wrapping_sub(1);
        add_one(counts.statuses.get_mut(class));
        add_one(counts.latency.get_mut(bucket(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))));
        counts.troubles += u64::from(tally.ours.get() == Some(Ours::Trouble));
        counts.refused += u64::from(tally.ours.get() == Some(Ours::Refusal));
        counts.parked += u64::from(tally.waited.get());
        counts.failovers += tally.tries.get().saturating_sub(1);
        counts.cached += u64::from(tally.kept.get());
        if let Some(lane) = tally.lane.get().map(usize::from) {
            counts.lanes.resize(counts.lanes.len().max(lane + 1), 0);
            add_one(counts.lanes.get_mut(lane));
        }
    }
}

fn add_one(count: Option<&mut u64>) {
    if let Some(count) = count {
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(counts: &mut Counts, status: u16, tally: &Tally) {
        Outcome { status, took: Duration::from_millis(7), bytes: 10, tally }.add_to(counts);
    }

    #[test]
    fn requests_are_counted_by_class_time_and_lane() {
        let (mut counts, tally) = (Counts::default(), Tally::default());
        add(&mut counts, 101, &tally);
        tally.tries(1);
        add(&mut counts, 204, &tally);
        add(&mut counts, 999, &tally);
        assert_eq!((counts.requests, counts.bytes, counts.statuses), (3, 30, [1, 1, 0, 0, 0]));
        assert_eq!((counts.latency[bucket(7)], counts.lanes), (3, vec![0, 2]));
    }

    #[test]
    fn what_happened_on_the_way_is_counted() {
        let (mut counts, tally) = (Counts::default(), Tally::default());
        (0..3).for_each(|lane| tally.tries(lane));
        tally.waits();
        tally.answers_itself(Some(Ours::Trouble));
        add(&mut counts, 503, &tally);
        assert_eq!((counts.failovers, counts.parked, counts.troubles), (2, 1, 1));
        tally.answers_itself(Some(Ours::Refusal));
        add(&mut counts, 403, &tally);
        assert_eq!((counts.troubles, counts.refused), (1, 1));
    }

    #[test]
    fn a_kept_answer_in_place_of_a_trouble_is_none() {
        let (mut counts, tally) = (Counts::default(), Tally::default());
        tally.answers_itself(Some(Ours::Trouble));
        tally.answers_with_kept();
        add(&mut counts, 200, &tally);
        assert_eq!((counts.troubles, counts.cached), (0, 1));
    }
}
