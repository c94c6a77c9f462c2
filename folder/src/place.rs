//! Where content is, while a version is put together.

use std::collections::HashMap;

use patr_models::site::{PackHash, manifest::Coding};

use crate::Hash;

/// Packs by number: those of the live version as its manifest numbers them, then new ones.
///
/// A pack has its number before its hash is known: what is put into it has a place from then on.
#[derive(Debug, Default)]
pub struct Packs(Vec<Option<PackHash>>);

impl Packs {
    /// Those of the live version.
    pub fn of(live: impl Iterator<Item = PackHash>) -> Self {
        Self(live.map(Some).collect())
    }

    /// Numbers `count` new ones, one after the other; answers the first.
    pub fn reserve(&mut self, count: usize) -> u32 {
        let first = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.resize(self.0.len() + count, None);
        first
    }

    /// Says what is in a reserved one.
    pub fn fill(&mut self, number: u32, hash: PackHash) {
        if let Some(pack) = self.0.get_mut(number as usize) {
            *pack = Some(hash);
        }
    }

    /// The packs of a run; fewer where one was never filled.
    pub fn run(&self, first: u32, count: u16) -> Vec<PackHash> {
        let run = self.0.iter().skip(first as usize).take(count.into());
        run.filter_map(Clone::clone).collect()
    }
}

/// Bytes that are in packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub coding: Coding,
    pub pack: u32,
    pub packs: u16,
    pub offset: u64,
    pub size: u64,
    pub hash: Hash,
}

/// Contents by the hash of their own bytes, each with its codings.
pub type Contents = HashMap<Hash, Vec<Placed>>;
