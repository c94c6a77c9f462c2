//! The manifest of a site's version: which file is where, in a form that is searched without being parsed.
//!
//! All numbers are little-endian. Entries are sorted by path (as bytes), so that a lookup is a binary search over
//! fixed-size records and a manifest of 100,000 files costs no more to serve from than one of ten.
//!
//! ```text
//! header            magic "PSM2" · packs u32 · entries u32 · representations u32 · length of the heap u32 ·
//!                   length of the configuration u32
//! packs             packs × 32 bytes              SHA-256 of each pack, in order of first use
//! entries           entries × 16 bytes            heap offset u32 · path length u16 · type length u16 ·
//!                                                 first representation u32 · their number u8 · flags u8 · until u16
//! representations   representations × 56 bytes    coding u8 · chunk u8 · number of packs u16 · first pack u32 ·
//!                                                 offset u64 · size u64 · SHA-256 of the bytes (32)
//! heap              path and content type of each entry, one after the other
//! configuration     JSON of a `ServeConfig`, or nothing
//! ```
//!
//! A file has one or more *representations* (RFC 9110, 3.2): its own bytes first, then those of a content coding that
//! were made at upload. The bytes of one begin at `offset` in its first pack and run on through the packs that follow
//! in the list, as many as it says: so a file may be larger than any pack. Where *chunk* is not 0, the run begins at
//! offset 0 and each of its packs but the last has 2^chunk bytes, so that the pack with a byte in the middle of a file
//! is found without reading those before it.

mod write;

use std::ops::Range;

use super::PackHash;
pub use write::{NewEntry, NewRepresentation, write};

const MAGIC: &[u8; 4] = b"PSM2";
const HEADER: usize = 24;
const PACK: usize = 32;
const ENTRY: usize = 16;
const REPRESENTATION: usize = 56;

/// Longest path of a file, in bytes; a URL on Cloudflare has 16 KB.
pub const PATH_MAX: usize = 4096;

/// Longest configuration, in bytes: 2,000 redirects of some length fit, and an isolate reads it in a moment.
pub const CONFIG_MAX: usize = 512 * 1024;

const IMMUTABLE: u8 = 1;

/// Bytes are not a manifest that can be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("is cut short or not a manifest; an older program may have made it")]
    Malformed,
    #[error("paths are not sorted, or one stands twice: `{0}`")]
    Order(String),
    #[error("the path `{0}` climbs out of the site, is empty or is over 4096 bytes")]
    Path(String),
    #[error("`{0}` lies outside its packs")]
    Place(String),
    #[error("the content type of `{0}` is not printable ASCII")]
    ContentType(String),
    #[error("the codings of `{0}` are not its own bytes and then each coding at most once")]
    Coding(String),
    #[error("the configuration {0}")]
    Config(String),
}

/// How the bytes of a representation are coded (RFC 9110, 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// As the file is.
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// As in `Content-Encoding`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Identity, Self::Gzip, Self::Brotli].into_iter().find(|coding| *coding as u8 == byte)
    }
}

/// Bytes that can be served for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Representation<'a> {
    pub coding: Coding,
    /// The first pack, by number.
    pub pack: u32,
    /// How many packs the bytes run through; none when there are no bytes.
    pub packs: u16,
    /// Where the bytes begin in the first.
    pub offset: u64,
    pub size: u64,
    /// SHA-256 of the bytes.
    pub hash: &'a [u8; 32],
    /// The length of each pack of the run but the last, where that is known.
    pub chunk: Option<u64>,
}

/// One file, as [`Manifest::find`] answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Without a slash at its beginning.
    pub path: &'a str,
    pub content_type: &'a str,
    /// Its name changes with its content, so that a browser may keep it for ever.
    pub immutable: bool,
    /// The last day, counted from 1970, on which it is served; 0 for one of the version itself. See [`super::carry`].
    pub until_day: u16,
    /// The file's own bytes.
    pub identity: Representation<'a>,
    records: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The file's own bytes, and then those of its codings.
    pub fn representations(&self) -> impl Iterator<Item = Representation<'a>> + use<'a> {
        self.records.chunks_exact(REPRESENTATION).filter_map(representation)
    }
}

fn representation(record: &[u8]) -> Option<Representation<'_>> {
    Some(Representation {
        coding: Coding::from_byte(*record.first()?)?,
        packs: read_u16(record, 2)?,
        pack: read_u32(record, 4)?,
        offset: read_u64(record, 8)?,
        size: read_u64(record, 16)?,
        hash: record.get(24..REPRESENTATION)?.try_into().ok()?,
        chunk: match *record.get(1)? {
            0 => None,
            exponent => Some(1_u64.checked_shl(exponent.into())?),
        },
    })
}

/// A manifest, over whatever holds its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest<B> {
    bytes: B,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    packs: usize,
    entries: usize,
    representations: usize,
    heap: usize,
    config: usize,
}

impl Counts {
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| read_u32(bytes, at).map(|number| number as usize);
        Some(Self {
            packs: number(4)?,
            entries: number(8)?,
            representations: number(12)?,
            heap: number(16)?,
            config: number(20)?,
        })
    }

    fn entries_at(&self) -> usize {
        HEADER + self.packs * PACK
    }

    fn representations_at(&self) -> usize {
        self.entries_at() + self.entries * ENTRY
    }

    fn heap_at(&self) -> usize {
        self.representations_at() + self.representations * REPRESENTATION
    }

    /// The length that a manifest with these counts has.
    fn total(&self) -> Option<usize> {
        let sized = [(self.packs, PACK), (self.entries, ENTRY), (self.representations, REPRESENTATION)];
        let tables = sized
            .into_iter()
            .try_fold(HEADER, |sum, (count, size)| sum.checked_add(count.checked_mul(size)?));
        tables?.checked_add(self.heap)?.checked_add(self.config)
    }
}

impl<B: AsRef<[u8]>> Manifest<B> {
    /// Takes bytes that were checked when they were stored: only the header is looked at.
    pub fn open(bytes: B) -> Result<Self, ManifestError> {
        let all = bytes.as_ref();
        let counts = Counts::read(all).ok_or(ManifestError::Malformed)?;
        if !all.starts_with(MAGIC) || counts.total() != Some(all.len()) {
            return Err(ManifestError::Malformed);
        }
        Ok(Self { bytes, counts })
    }

    /// Takes bytes from outside: every rule of the format is checked. `pack_size` answers the length of a stored
    /// pack, or `None` for one that is not stored (whose files are then not bounded here).
    pub fn check(bytes: B, pack_size: impl Fn(&PackHash) -> Option<u64>) -> Result<Self, ManifestError> {
        let manifest = Self::open(bytes)?;
        let sizes: Vec<Option<u64>> = manifest.packs().map(|pack| pack_size(&pack)).collect();
        let mut before: Option<&str> = None;
        for at in 0..manifest.counts.entries {
            let entry = manifest.entry(at).ok_or(ManifestError::Malformed)?;
            check_path(entry.path)?;
            if before.is_some_and(|before| before.as_bytes() >= entry.path.as_bytes()) {
                return Err(ManifestError::Order(entry.path.to_owned()));
            }
            if !entry.content_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                return Err(ManifestError::ContentType(entry.path.to_owned()));
            }
            check_representations(&entry, &sizes)?;
            before = Some(entry.path);
        }
        if manifest.config_bytes().len() > CONFIG_MAX {
            return Err(ManifestError::Config(format!("is over {CONFIG_MAX} bytes")));
        }
        Ok(manifest)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.counts.entries
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.counts.entries == 0
    }

    /// Length of the whole, in bytes.
    pub fn bytes_len(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// Size of all files together, without their codings, in bytes.
    pub fn total_size(&self) -> u64 {
        self.iter().map(|entry| entry.identity.size).fold(0, u64::saturating_add)
    }

    /// The packs, in the order of their numbers.
    pub fn packs(&self) -> impl Iterator<Item = PackHash> + '_ {
        (0..self.counts.packs).filter_map(|at| self.pack(u32::try_from(at).ok()?))
    }

    /// The hash of one pack.
    pub fn pack(&self, number: u32) -> Option<PackHash> {
        self.pack_bytes(number).map(PackHash::from_bytes)
    }

    /// The hash of one pack, as it stands here.
    pub fn pack_bytes(&self, number: u32) -> Option<&[u8; 32]> {
        let at = number as usize;
        let start = HEADER + at * PACK;
        (at < self.counts.packs).then(|| self.slice(start..start + PACK))??.try_into().ok()
    }

    /// The JSON of the [`super::config::ServeConfig`]; empty where there is none.
    pub fn config_bytes(&self) -> &[u8] {
        let end = self.bytes.as_ref().len();
        self.slice(end - self.counts.config..end).unwrap_or_default()
    }

    /// The file at a path without a slash at its beginning.
    pub fn find(&self, path: &str) -> Option<Entry<'_>> {
        let (mut low, mut high) = (0, self.counts.entries);
        while low < high {
            let middle = low.midpoint(high);
            match self.path(middle)?.cmp(path.as_bytes()) {
                std::cmp::Ordering::Equal => return self.entry(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Every file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.counts.entries).filter_map(|at| self.entry(at))
    }

    fn slice(&self, range: Range<usize>) -> Option<&[u8]> {
        self.bytes.as_ref().get(range)
    }

    fn record(&self, at: usize) -> Option<&[u8]> {
        let start = self.counts.entries_at() + at * ENTRY;
        self.slice(start..start + ENTRY)
    }

    fn path(&self, at: usize) -> Option<&[u8]> {
        let record = self.record(at)?;
        let from = self.counts.heap_at() + read_u32(record, 0)? as usize;
        self.slice(from..from + usize::from(read_u16(record, 4)?))
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let record = self.record(at)?;
        let path = self.path(at)?;
        let type_at = self.counts.heap_at() + read_u32(record, 0)? as usize + path.len();
        let content_type = self.slice(type_at..type_at + usize::from(read_u16(record, 6)?))?;
        let (first, count) = (read_u32(record, 8)? as usize, usize::from(*record.get(12)?));
        let start = self.counts.representations_at() + first.checked_mul(REPRESENTATION)?;
        let end = start.checked_add(count * REPRESENTATION).filter(|&end| end <= self.counts.heap_at())?;
        let records = self.slice(start..end)?;
        Some(Entry {
            path: std::str::from_utf8(path).ok()?,
            content_type: std::str::from_utf8(content_type).ok()?,
            immutable: record.get(13)? & IMMUTABLE != 0,
            until_day: read_u16(record, 14)?,
            identity: representation(records.get(..REPRESENTATION)?)?,
            records,
        })
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A path stays inside its site: no empty, `.` or `..` segments, no backslash, no control characters.
pub fn check_path(path: &str) -> Result<(), ManifestError> {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..");
    let bad = |c: char| c == '\\' || c.is_control();
    if path.len() <= PATH_MAX && path.split('/').all(plain) && !path.contains(bad) {
        Ok(())
    } else {
        Err(ManifestError::Path(path.chars().take(80).collect()))
    }
}

fn check_representations(entry: &Entry<'_>, sizes: &[Option<u64>]) -> Result<(), ManifestError> {
    let codings: Vec<Coding> = entry.representations().map(|one| one.coding).collect();
    let whole = codings.len() * REPRESENTATION == entry.records.len();
    let ascending = codings.windows(2).all(|pair| pair[0] < pair[1]);
    if !whole || !ascending || codings.first() != Some(&Coding::Identity) {
        return Err(ManifestError::Coding(entry.path.to_owned()));
    }
    if entry.representations().all(|one| lies_in_its_packs(&one, sizes)) {
        Ok(())
    } else {
        Err(ManifestError::Place(entry.path.to_owned()))
    }
}

/// Whether the bytes fill their run of packs: they begin in its first and end in its last.
fn lies_in_its_packs(one: &Representation<'_>, sizes: &[Option<u64>]) -> bool {
    let first = one.pack as usize;
    let run = first.checked_add(one.packs.into()).and_then(|end| sizes.get(first..end));
    let (Some(run), false) = (run, one.size == 0) else { return one.size == 0 && one.packs == 0 };
    // A pack that is not stored has no length yet; the files of that are bounded once it is.
    let Some(lengths) = run.iter().copied().collect::<Option<Vec<u64>>>() else { return !run.is_empty() };
    if let Some(chunk) = one.chunk
        && (one.offset != 0 || !lengths.iter().rev().skip(1).all(|length| *length == chunk))
    {
        return false;
    }
    let all = lengths.iter().fold(0_u64, |sum, length| sum.saturating_add(*length));
    let (Some(begin), Some(last)) = (lengths.first(), lengths.last()) else { return false };
    let Some(end) = one.offset.checked_add(one.size) else { return false };
    one.offset < *begin && end <= all && end > all - last
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
