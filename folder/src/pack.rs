//! Content into packs of about [`PACK_TARGET`].
//!
//! Each coding has packs of its own: browsers ask for one of them only, and a pack of brotli then holds five times as
//! many files of which an edge may be asked next. What is larger than a pack runs through packs that hold nothing else.

use bytes::Bytes;
use patr_models::{
    limits::{CHUNK, PACK_TARGET},
    site::{PackHash, manifest::Coding},
};
use sha2::{Digest, Sha256};

use crate::{
    Hash,
    place::{Contents, Packs, Placed},
};

/// A pack that may have to be uploaded.
#[derive(Debug, Clone)]
pub struct Pack {
    pub hash: PackHash,
    pub bytes: Bytes,
    /// How many bytes of files it stands for: none when it holds codings.
    pub covers: u64,
}

/// Fills packs, and hands on each that is full.
pub struct Packer<'p, F> {
    packs: &'p mut Packs,
    contents: &'p mut Contents,
    hand_on: F,
    /// Those that are being filled, by coding.
    open: [Open; 3],
}

/// A file has more bytes than packs can be numbered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file has over 256 GiB")]
pub struct TooLong;

/// Bytes that run through packs of their own, each of [`CHUNK`] but the last.
pub struct Large {
    coding: Coding,
    size: u64,
    first: u32,
    packs: u16,
    filled: u32,
    hasher: Sha256,
}

#[derive(Default)]
struct Open {
    number: Option<u32>,
    bytes: Vec<u8>,
}

impl<'p, F: FnMut(Pack) -> Result<(), E>, E> Packer<'p, F> {
    pub fn new(packs: &'p mut Packs, contents: &'p mut Contents, hand_on: F) -> Self {
        Self { packs, contents, hand_on, open: Default::default() }
    }

    /// Packs bytes of the content `of`.
    pub fn add(&mut self, of: Hash, coding: Coding, hash: Hash, bytes: &[u8]) -> Result<(), E> {
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

    /// Begins with `size` bytes that do not fit a pack.
    pub fn begin(&mut self, coding: Coding, size: u64) -> Result<Large, TooLong> {
        let packs = u16::try_from(size.div_ceil(CHUNK as u64)).map_err(|_| TooLong)?;
        let first = self.packs.reserve(packs.into());
        Ok(Large { coding, size, first, packs, filled: 0, hasher: Sha256::new() })
    }

    /// The next [`CHUNK`] of them.
    pub fn go_on(&mut self, large: &mut Large, chunk: Vec<u8>) -> Result<(), E> {
        large.hasher.update(&chunk);
        let number = large.first + large.filled;
        large.filled += 1;
        self.finish_pack(number, chunk, large.coding)
    }

    /// Says that those were the bytes of the content `of`, and answers their hash.
    pub fn end(&mut self, of: Hash, large: Large) -> Hash {
        let Large { coding, size, first, packs, hasher, .. } = large;
        let hash = hasher.finalize().into();
        self.place(of, Placed { coding, pack: first, packs, offset: 0, size, hash });
        hash
    }

    /// Hands on what is left.
    pub fn finish(mut self) -> Result<(), E> {
        [Coding::Identity, Coding::Gzip, Coding::Brotli].into_iter().try_for_each(|coding| self.close(coding))
    }

    fn close(&mut self, coding: Coding) -> Result<(), E> {
        let open = std::mem::take(&mut self.open[coding as usize]);
        open.number.map_or(Ok(()), |number| self.finish_pack(number, open.bytes, coding))
    }

    fn finish_pack(&mut self, number: u32, bytes: Vec<u8>, coding: Coding) -> Result<(), E> {
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
