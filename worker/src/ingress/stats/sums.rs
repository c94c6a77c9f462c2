//! Counts that add up.

use std::{collections::HashMap, hash::Hash};

use patr_models::managed_url::stats::Counts;

/// Something that others of its kind are added to.
pub(super) trait Sum: Default {
    fn add(&mut self, other: &Self);
}

impl Sum for Counts {
    fn add(&mut self, other: &Self) {
        Self::add(self, other);
    }
}

/// Counts by what they are of.
pub(super) struct Sums<K, C>(HashMap<K, C>);

impl<K, C> Default for Sums<K, C> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Copy, C: Sum> Sums<K, C> {
    pub(super) fn of(&mut self, key: K) -> &mut C {
        self.0.entry(key).or_default()
    }

    pub(super) fn take(&mut self) -> Vec<(K, C)> {
        self.0.drain().collect()
    }

    pub(super) fn add_all(&mut self, counted: &[(K, C)]) {
        for (key, counts) in counted {
            self.of(*key).add(counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_adds_up_by_its_key_until_it_is_taken() {
        let of = |requests| Counts { requests, ..Counts::default() };
        let mut sums = Sums::default();
        for (key, requests) in [('a', 1), ('b', 5), ('a', 2)] {
            Sum::add(sums.of(key), &of(requests));
        }
        let mut taken = sums.take();
        taken.sort_by_key(|(key, _)| *key);
        assert_eq!(taken, [('a', of(3)), ('b', of(5))]);
        sums.of('b').requests = 1;
        sums.add_all(&taken);
        assert_eq!(sums.take().iter().map(|(_, counts)| counts.requests).sum::<u64>(), 9);
        assert!(sums.take().is_empty());
    }
}
