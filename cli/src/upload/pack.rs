//! Content into packs of about [`PACK_TARGET`].
//!
//! Each coding has packs of its own: browsers ask for one of them only, and a pack of brotli then holds five times as
//! many files of which an edge may be asked next. What is larger than a pack runs through packs that hold nothing else.

use std::io::Read;

use bytes::Bytes;
use patr_models::{
    limits::{CHUNK, PACK_TARGET},
    site::{PackHash, manifest::Coding},
};
use sha2::{Digest, Sha256};

use super::{
    Hash,
    place::{Contents, Packs, Placed},
};
use crate::failure::Failure;

/// A pack that may have to be uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    pub(crate) hash: PackHash,
    pub(crate) bytes: Bytes,
    /// How many bytes of files it stands for: none when it holds codings.
    pub(crate) covers: u64,
}

/// Fills packs, and hands on each that is full.
pub(crate) struct Packer<'p, F> {
    packs: &'p mut Packs,
    contents: &'p mut Contents,
    hand_on: F,
    /// Those that are being filled, by coding.
    open: [Open; 3],
}

#[derive(Default)]
struct Open {
    number: Option<u32>,
    bytes: Vec<u8>,
}

impl<'p, F: FnMut(Pack) -> Result<(), Failure>> Packer<'p, F> {
    pub(crate) fn new(packs: &'p mut Packs, contents: &'p mut Contents, hand_on: F) -> Self {
        Self { packs, contents, hand_on, open: Default::default() }
    }

    /// Packs bytes of the content `of`.
    pub(crate) fn add(&mut self, of: Hash, coding: Coding, hash: Hash, bytes: &[u8]) -> Result<(), Failure> {
        if self.open[coding as usize].bytes.len() + bytes.len() > PACK_TARGET {
            self.close(coding)?;
        }
        let open = &mut self.open[coding as usize];
        let pack = *open.number.get_or_insert_with(|| self.packs.reserve(1));
        let (offset, size) = (open.bytes.len() as u64, bytes.len() as u64);
        open.bytes.extend_from_slice(bytes);
        self.place(of, Placed { coding, pack, packs: 1, offset, size, hash });
        Ok(())
    }

    /// Packs bytes of any length, and answers their hash.
    pub(crate) fn add_large(
        &mut self,
        of: Hash,
        coding: Coding,
        size: u64,
        input: &mut impl Read,
    ) -> Result<Hash, Failure> {
        let count = size.div_ceil(CHUNK as u64);
        let packs = u16::try_from(count).map_err(|_| Failure::usage("a file has over 256 GiB"))?;
        let first = self.packs.reserve(packs.into());
        let mut hasher = Sha256::new();
        for number in first..first + u32::from(packs) {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = input.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
            read.map_err(|error| Failure::failed(format!("cannot read a file again: {error}")))?;
            hasher.update(&chunk);
            self.finish_pack(number, chunk, coding)?;
        }
        let hash = hasher.finalize().into();
        self.place(of, Placed { coding, pack: first, packs, offset: 0, size, hash });
        Ok(hash)
    }

    /// Hands on what is left.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        [Coding::Identity, Coding::Gzip, Coding::Brotli].into_iter().try_for_each(|coding| self.close(coding))
    }

    fn close(&mut self, coding: Coding) -> Result<(), Failure> {
        let open = std::mem::take(&mut self.open[coding as usize]);
        open.number.map_or(Ok(()), |number| self.finish_pack(number, open.bytes, coding))
    }

    fn finish_pack(&mut self, number: u32, bytes: Vec<u8>, coding: Coding) -> Result<(), Failure> {
        let hash = PackHash::of(&bytes);
        self.packs.fill(number, hash.clone());
        let covers = if coding == Coding::Identity { bytes.len() as u64 } else { 0 };
        (self.hand_on)(Pack { hash, bytes: bytes.into(), covers })
    }

    fn place(&mut self, of: Hash, placed: Placed) {
        let all = self.contents.entry(of).or_default();
        let at = all.partition_point(|other| other.coding < placed.coding);
        all.insert(at, placed);
    }
}
