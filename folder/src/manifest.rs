//! Puts a version's manifest together.

use std::collections::HashMap;

use patr_models::{
    limits::MANIFEST_MAX,
    site::{
        PackHash,
        manifest::{self, Coding, NewEntry, NewRepresentation, write},
    },
};

use crate::{
    file::File,
    place::{Contents, Packs, Placed},
};

/// Why a folder has no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest {0}")]
    Unwritable(#[from] manifest::ManifestError),
    /// Its length in bytes.
    #[error("the manifest has {0} bytes, and at most {MANIFEST_MAX} can be stored")]
    TooLong(usize),
}

/// The manifest of `files`, whose contents are placed. Packs are numbered in the order of their first use, whatever
/// their numbers were before: the same folder has the same manifest however it came to be.
pub fn manifest<S>(
    files: &[File<S>],
    packs: &Packs,
    contents: &Contents,
    config: &[u8],
) -> Result<Vec<u8>, ManifestError> {
    let mut numbers = Numbers { packs, order: Vec::new(), single: HashMap::new(), runs: HashMap::new() };
    let entries = files.iter().map(|file| NewEntry {
        path: file.path.clone(),
        content_type: file.content_type.clone(),
        immutable: file.immutable,
        until_day: 0,
        representations: representations(file, contents, &mut numbers),
    });
    let entries = entries.collect();
    let bytes = write(&numbers.order, entries, config)?;
    if bytes.len() > MANIFEST_MAX { Err(ManifestError::TooLong(bytes.len())) } else { Ok(bytes) }
}

fn representations<S>(
    file: &File<S>,
    contents: &Contents,
    numbers: &mut Numbers<'_>,
) -> Vec<NewRepresentation> {
    if file.size == 0 {
        let (coding, hash) = (Coding::Identity, file.hash);
        return vec![NewRepresentation { coding, pack: 0, packs: 0, offset: 0, size: 0, hash }];
    }
    let all = contents.get(&file.hash).map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|placed| numbers.representation(placed)).collect()
}

struct Numbers<'p> {
    packs: &'p Packs,
    order: Vec<PackHash>,
    single: HashMap<PackHash, u32>,
    runs: HashMap<Vec<PackHash>, u32>,
}

impl Numbers<'_> {
    fn representation(&mut self, placed: &Placed) -> NewRepresentation {
        let run = self.packs.run(placed.pack, placed.packs);
        let known = match &run[..] {
            [only] => self.single.get(only),
            run => self.runs.get(run),
        };
        NewRepresentation {
            coding: placed.coding,
            pack: known.copied().unwrap_or_else(|| self.append(run)),
            packs: placed.packs,
            offset: placed.offset,
            size: placed.size,
            hash: placed.hash,
        }
    }

    fn append(&mut self, run: Vec<PackHash>) -> u32 {
        let first = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        for (number, pack) in (first..).zip(&run) {
            self.order.push(pack.clone());
            self.single.entry(pack.clone()).or_insert(number);
        }
        if run.len() > 1 {
            self.runs.insert(run, first);
        }
        first
    }
}
