//! Bytes that never change, in an isolate's memory: manifests and packs, by the key under which KV has them.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// What all entries together may hold, in bytes: a quarter of an isolate's 128 MB, which requests share.
const BUDGET: usize = 32 * 1024 * 1024;
/// What one entry may hold, in bytes; larger ones are read each time.
const ENTRY_MAX: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Cache {
    entries: HashMap<String, (Rc<[u8]>, u64)>,
    held: usize,
    /// Counts uses, to find the entry that was used longest ago.
    clock: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The bytes under a key, if they are here.
pub(crate) fn get(key: &str) -> Option<Rc<[u8]>> {
    CACHE.with_borrow_mut(|cache| {
        cache.clock += 1;
        let clock = cache.clock;
        let (bytes, used) = cache.entries.get_mut(key)?;
        *used = clock;
        Some(Rc::clone(bytes))
    })
}

/// Keeps bytes, and lets go of those that were used longest ago.
pub(crate) fn put(key: String, bytes: Rc<[u8]>) {
    if bytes.len() > ENTRY_MAX {
        return;
    }
    CACHE.with_borrow_mut(|cache| {
        cache.clock += 1;
        cache.held += bytes.len();
        let clock = cache.clock;
        if let Some((old, _)) = cache.entries.insert(key, (bytes, clock)) {
            cache.held -= old.len();
        }
        while cache.held > BUDGET {
            let oldest = cache.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some((bytes, _)) = oldest.and_then(|key| cache.entries.remove(&key)) else { return };
            cache.held -= bytes.len();
        }
    });
}
