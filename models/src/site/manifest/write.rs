//! The writing side of the format.

use super::{Coding, IMMUTABLE, MAGIC, ManifestError, REPRESENTATION, check_path};
use crate::{limits::CHUNK, site::PackHash};

/// Bytes of a file for [`write()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRepresentation {
    pub coding: Coding,
    pub pack: u32,
    pub packs: u16,
    pub offset: u64,
    pub size: u64,
    pub hash: [u8; 32],
}

impl NewRepresentation {
    /// That of [`CHUNK`] for a run that can only be of chunks of that length, if they are equal; else 0.
    fn chunk_exponent(&self) -> u8 {
        let chunk = CHUNK as u64;
        if self.packs > 1 && self.offset == 0 && self.size.div_ceil(chunk) == u64::from(self.packs) {
            CHUNK.trailing_zeros() as u8
        } else {
            0
        }
    }
}

const _: () = assert!(CHUNK.is_power_of_two(), "a manifest says the length of chunks as an exponent");

/// A file for [`write()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    pub path: String,
    pub content_type: String,
    pub immutable: bool,
    pub until_day: u16,
    /// The file's own bytes first, and then its codings in the order of [`Coding`].
    pub representations: Vec<NewRepresentation>,
}

/// Writes a manifest. Entries are sorted here. `config` is the JSON of a [`crate::site::config::ServeConfig`], or nothing.
pub fn write(
    packs: &[PackHash],
    mut entries: Vec<NewEntry>,
    config: &[u8],
) -> Result<Vec<u8>, ManifestError> {
    entries.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    let mut tables = Tables::default();
    for entry in &entries {
        tables.add(entry)?;
    }
    let representations = tables.representations.len() / REPRESENTATION;
    let mut bytes = MAGIC.to_vec();
    for count in [packs.len(), entries.len(), representations, tables.heap.len(), config.len()] {
        bytes.extend(number(count)?.to_le_bytes());
    }
    bytes.extend(packs.iter().flat_map(PackHash::to_bytes));
    for part in [&tables.entries[..], &tables.representations, &tables.heap, config] {
        bytes.extend(part);
    }
    Ok(bytes)
}

#[derive(Default)]
struct Tables {
    entries: Vec<u8>,
    representations: Vec<u8>,
    heap: Vec<u8>,
}

impl Tables {
    fn add(&mut self, entry: &NewEntry) -> Result<(), ManifestError> {
        check_path(&entry.path)?;
        let length =
            |text: &str| u16::try_from(text.len()).map_err(|_| ManifestError::Path(entry.path.clone()));
        let first = number(self.representations.len() / REPRESENTATION)?;
        let count = u8::try_from(entry.representations.len());
        let count = count.map_err(|_| ManifestError::Coding(entry.path.clone()))?;
        self.entries.extend(number(self.heap.len())?.to_le_bytes());
        self.entries.extend(length(&entry.path)?.to_le_bytes());
        self.entries.extend(length(&entry.content_type)?.to_le_bytes());
        self.entries.extend(first.to_le_bytes());
        self.entries.extend([count, if entry.immutable { IMMUTABLE } else { 0 }]);
        self.entries.extend(entry.until_day.to_le_bytes());
        for one in &entry.representations {
            self.representations.extend([one.coding as u8, one.chunk_exponent()]);
            self.representations.extend(one.packs.to_le_bytes());
            self.representations.extend(one.pack.to_le_bytes());
            self.representations.extend(one.offset.to_le_bytes());
            self.representations.extend(one.size.to_le_bytes());
            self.representations.extend(one.hash);
        }
        self.heap.extend(entry.path.as_bytes());
        self.heap.extend(entry.content_type.as_bytes());
        Ok(())
    }
}

fn number(length: usize) -> Result<u32, ManifestError> {
    u32::try_from(length).map_err(|_| ManifestError::Malformed)
}
