//! KV, as far as we use it: whole values of bytes.

use worker::kv::{KvError, KvStore};

/// How long KV may answer from a cache of its own what never changes, in seconds.
const IMMUTABLE: u64 = 86_400;

/// Where routing tables, manifests and packs are.
#[derive(Clone)]
pub(crate) enum Kv {
    Bound(KvStore),
    #[cfg(test)]
    Memory(crate::testing::Memory),
}

impl Kv {
    /// The value of a key that may change.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match self {
            Self::Bound(store) => store.get(key).bytes().await,
            #[cfg(test)]
            Self::Memory(memory) => memory.get(key),
        }
    }

    /// The value of a key that names its content.
    pub(crate) async fn get_immutable(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match self {
            Self::Bound(store) => store.get(key).cache_ttl(IMMUTABLE).bytes().await,
            #[cfg(test)]
            Self::Memory(_) => self.get(key).await,
        }
    }

    pub(crate) async fn put(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        match self {
            Self::Bound(store) => store.put_bytes(key, value)?.execute().await,
            #[cfg(test)]
            Self::Memory(memory) => memory.put(key, value),
        }
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), KvError> {
        match self {
            Self::Bound(store) => store.delete(key).await,
            #[cfg(test)]
            Self::Memory(memory) => memory.delete(key),
        }
    }
}
