//! What is kept beside an answer. The platform's cache is told to keep it for as long as it may be of use; whether it is
//! still fresh is decided here.

use patr_models::time::Millis;
use serde::{Deserialize, Serialize};

use super::asked::Wanted;

/// The times of an answer that is kept; all but the first in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When it came.
    pub(super) at: Millis,
    /// How old it was by then.
    pub(super) age: u64,
    /// How old it gets before it is stale.
    pub(super) lifetime: u64,
    pub(super) stale_if_error: u64,
    /// The fields of a request that it depends on.
    pub(super) vary: Vec<String>,
}

/// What an answer that is kept is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    Fresh {
        ttl_s: i64,
    },
    /// The target is asked; `usable` says whether this may be served if it fails.
    Stale {
        ttl_s: i64,
        usable: bool,
    },
    /// Fresh enough for others, but not for this client.
    Unwanted,
}

impl Entry {
    /// How long it is kept from when it came.
    pub(super) fn kept_for(&self) -> u64 {
        (self.lifetime + self.stale_if_error).saturating_sub(self.age)
    }

    /// How old it is (RFC 9111, 4.2.3).
    pub(super) fn age_at(&self, now: Millis) -> u64 {
        self.age + now.since(self.at).as_secs()
    }

    pub(super) fn freshness(&self, wanted: &Wanted, now: Millis) -> Freshness {
        let age = self.age_at(now);
        let ttl_s = self.lifetime.cast_signed() - age.cast_signed();
        if ttl_s <= 0 {
            return Freshness::Stale { ttl_s, usable: age < self.lifetime + self.stale_if_error };
        }
        let too_old = wanted.max_age.is_some_and(|max| age > max);
        if wanted.checked || too_old || ttl_s < wanted.min_fresh.cast_signed() {
            return Freshness::Unwanted;
        }
        Freshness::Fresh { ttl_s }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn entry() -> Entry {
        Entry { at: NOW, age: 10, lifetime: 60, stale_if_error: 100, vary: Vec::new() }
    }

    fn after(seconds: u64, wanted: &Wanted) -> Freshness {
        entry().freshness(wanted, NOW + Duration::from_secs(seconds))
    }

    #[test]
    fn an_answer_is_fresh_and_then_good_enough_for_an_error_and_then_nothing() {
        let anything = Wanted::default();
        assert_eq!(after(0, &anything), Freshness::Fresh { ttl_s: 50 });
        assert_eq!(after(49, &anything), Freshness::Fresh { ttl_s: 1 });
        assert_eq!(after(50, &anything), Freshness::Stale { ttl_s: 0, usable: true });
        assert_eq!(after(149, &anything), Freshness::Stale { ttl_s: -99, usable: true });
        assert_eq!(after(150, &anything), Freshness::Stale { ttl_s: -100, usable: false });
        assert_eq!(entry().kept_for(), 150);
    }

    #[test]
    fn a_client_may_want_it_fresher() {
        let want =
            |checked, max_age, min_fresh| Wanted { checked, max_age, min_fresh, only_if_cached: false };
        assert_eq!(after(0, &want(true, None, 0)), Freshness::Unwanted);
        assert_eq!(after(5, &want(false, Some(14), 0)), Freshness::Unwanted);
        assert_eq!(after(5, &want(false, Some(15), 0)), Freshness::Fresh { ttl_s: 45 });
        assert_eq!(after(5, &want(false, None, 46)), Freshness::Unwanted);
    }

    #[test]
    fn a_clock_that_went_back_makes_nothing_younger_than_it_came() {
        assert_eq!(entry().age_at(Millis(0)), 10);
    }
}
