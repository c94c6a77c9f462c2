//! What an isolate keeps in memory, by weight.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// Values that are let go of, longest unused first, when they weigh more than a budget.
pub(crate) struct Bounded<K, V> {
    budget: usize,
    held: usize,
    /// Counts uses, to find the value that was used longest ago.
    clock: u64,
    slots: HashMap<K, Slot<V>>,
}

struct Slot<V> {
    value: V,
    /// In bytes.
    weight: usize,
    used: u64,
}

impl<K: Eq + Hash + Clone, V> Bounded<K, V> {
    /// With a budget in bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, held: 0, clock: 0, slots: HashMap::new() }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.clock += 1;
        let slot = self.slots.get_mut(key)?;
        slot.used = self.clock;
        Some(&slot.value)
    }

    /// Keeps a value, unless it alone is over the budget.
    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        if weight > self.budget {
            return;
        }
        self.clock += 1;
        self.held += weight;
        if let Some(old) = self.slots.insert(key, Slot { value, weight, used: self.clock }) {
            self.held -= old.weight;
        }
        self.shrink();
    }

    /// A value that is kept has become heavier.
    pub(crate) fn grow<Q: Eq + Hash + ?Sized>(&mut self, key: &Q, by: usize)
    where
        K: Borrow<Q>,
    {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.weight += by;
            self.held += by;
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        while self.held > self.budget {
            let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone());
            let Some(slot) = oldest.and_then(|key| self.slots.remove(&key)) else { return };
            self.held -= slot.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cache: &mut Bounded<&'static str, u8>) -> Vec<&'static str> {
        ["a", "b", "c"].into_iter().filter(|key| cache.slots.contains_key(key)).collect()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let mut cache = Bounded::new(10);
        cache.put("a", 1, 4);
        cache.put("b", 2, 4);
        assert_eq!(cache.get("a"), Some(&1));
        cache.put("c", 3, 4);
        assert_eq!(kept(&mut cache), ["a", "c"]);
    }

    #[test]
    fn what_grows_counts_and_what_is_replaced_does_not() {
        let mut cache = Bounded::new(10);
        cache.put("a", 1, 4);
        cache.put("a", 1, 5);
        cache.put("b", 2, 5);
        assert_eq!(kept(&mut cache), ["a", "b"]);
        cache.grow("b", 1);
        assert_eq!(kept(&mut cache), ["b"]);
        cache.put("c", 3, 11);
        assert_eq!(kept(&mut cache), ["b"], "what is over the budget alone is not kept");
    }
}
