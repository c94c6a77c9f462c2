//! The manifest of a site's version: which file is where, in a form that is searched without being parsed.
//!
//! All numbers are little-endian. Entries are sorted by path (as bytes), so that a lookup is a binary search over
//! fixed-size records and a manifest of 100,000 files costs no more to serve from than one of ten.
//!
//! ```text
//! header   magic "PSM1" · packs u32 · entries u32 · length of the heap u32
//! packs    packs × 32 bytes                       SHA-256 of each pack, in order of first use
//! entries  entries × 60 bytes                     heap offset u32 · path length u16 · type length u16 ·
//!                                                 pack u32 · offset u64 · size u64 · SHA-256 of the file (32)
//! heap     path and content type of each entry, one after the other
//! ```
//!
//! The bytes of a file begin at `offset` in pack number `pack` and run on through the packs that follow in the
//! list, each of which then holds nothing else: so a file may be larger than any pack.

use std::ops::Range;

use super::PackHash;

const MAGIC: &[u8; 4] = b"PSM1";
const HEADER: usize = 16;
const PACK: usize = 32;
const ENTRY: usize = 60;

/// Longest path of a file, in bytes; a URL on Cloudflare has 16 KB.
pub const PATH_MAX: usize = 4096;

/// Bytes are not a manifest that can be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("is cut short or not a manifest")]
    Malformed,
    #[error("paths are not sorted, or one stands twice: `{0}`")]
    Order(String),
    #[error("the path `{0}` climbs out of the site, is empty or is over 4096 bytes")]
    Path(String),
    #[error("`{0}` lies outside its packs")]
    Place(String),
    #[error("the content type of `{0}` is not printable ASCII")]
    ContentType(String),
}

/// One file, as [`Manifest::find`] answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Without a slash at its beginning.
    pub path: &'a str,
    pub content_type: &'a str,
    /// The first pack, by number.
    pub pack: u32,
    /// Where the file begins in it.
    pub offset: u64,
    pub size: u64,
    /// SHA-256 of the file.
    pub hash: &'a [u8; 32],
}

/// A manifest, over whatever holds its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest<B> {
    bytes: B,
    packs: usize,
    entries: usize,
}

impl<B: AsRef<[u8]>> Manifest<B> {
    /// Takes bytes that were checked when they were stored: only the header is looked at.
    pub fn open(bytes: B) -> Result<Self, ManifestError> {
        let all = bytes.as_ref();
        let number = |at: usize| read_u32(all, at).map(|number| number as usize);
        let (Some(packs), Some(entries), Some(heap)) = (number(4), number(8), number(12)) else {
            return Err(ManifestError::Malformed);
        };
        let length = packs
            .checked_mul(PACK)
            .zip(entries.checked_mul(ENTRY))
            .and_then(|(packs, entries)| packs.checked_add(entries)?.checked_add(HEADER)?.checked_add(heap));
        if !all.starts_with(MAGIC) || length != Some(all.len()) {
            return Err(ManifestError::Malformed);
        }
        Ok(Self { bytes, packs, entries })
    }

    /// Takes bytes from outside: every rule of the format is checked. `pack_size` answers the length of a stored
    /// pack, or `None` for one that is not stored (whose files are then not bounded here).
    pub fn check(bytes: B, pack_size: impl Fn(&PackHash) -> Option<u64>) -> Result<Self, ManifestError> {
        let manifest = Self::open(bytes)?;
        let sizes: Vec<Option<u64>> = manifest.packs().map(|pack| pack_size(&pack)).collect();
        let mut before: Option<&str> = None;
        for at in 0..manifest.entries {
            let entry = manifest.entry(at).ok_or(ManifestError::Malformed)?;
            check_path(entry.path)?;
            if before.is_some_and(|before| before.as_bytes() >= entry.path.as_bytes()) {
                return Err(ManifestError::Order(entry.path.to_owned()));
            }
            if !entry.content_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                return Err(ManifestError::ContentType(entry.path.to_owned()));
            }
            check_place(&entry, &sizes)?;
            before = Some(entry.path);
        }
        Ok(manifest)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Size of all files together, in bytes.
    pub fn total_size(&self) -> u64 {
        self.iter().map(|entry| entry.size).sum()
    }

    /// The packs, in the order of their numbers.
    pub fn packs(&self) -> impl Iterator<Item = PackHash> + '_ {
        (0..self.packs).filter_map(|at| self.pack(u32::try_from(at).ok()?))
    }

    /// The hash of one pack.
    pub fn pack(&self, number: u32) -> Option<PackHash> {
        let at = number as usize;
        let bytes = (at < self.packs).then(|| self.slice(HEADER + at * PACK..HEADER + (at + 1) * PACK))??;
        Some(PackHash::from_bytes(bytes.try_into().ok()?))
    }

    /// The file at a path without a slash at its beginning.
    pub fn find(&self, path: &str) -> Option<Entry<'_>> {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.entry(middle)?;
            match entry.path.as_bytes().cmp(path.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(entry),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Every file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.entries).filter_map(|at| self.entry(at))
    }

    fn slice(&self, range: Range<usize>) -> Option<&[u8]> {
        self.bytes.as_ref().get(range)
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let start = HEADER + self.packs * PACK + at * ENTRY;
        let record = self.slice(start..start + ENTRY)?;
        let path_length = usize::from(read_u16(record, 4)?);
        let type_length = usize::from(read_u16(record, 6)?);
        let heap = HEADER + self.packs * PACK + self.entries * ENTRY;
        let from = heap + read_u32(record, 0)? as usize;
        let path = self.slice(from..from + path_length)?;
        let content_type = self.slice(from + path_length..from + path_length + type_length)?;
        Some(Entry {
            path: std::str::from_utf8(path).ok()?,
            content_type: std::str::from_utf8(content_type).ok()?,
            pack: read_u32(record, 8)?,
            offset: read_u64(record, 12)?,
            size: read_u64(record, 20)?,
            hash: record.get(28..60)?.try_into().ok()?,
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

fn check_place(entry: &Entry<'_>, sizes: &[Option<u64>]) -> Result<(), ManifestError> {
    let wrong = || ManifestError::Place(entry.path.to_owned());
    if entry.size == 0 {
        return Ok(());
    }
    let mut from = entry.offset;
    let mut left = entry.size;
    for size in sizes.get(entry.pack as usize..).unwrap_or_default() {
        let Some(size) = size else { return Ok(()) };
        let here = size.checked_sub(from).filter(|&here| here > 0).ok_or_else(wrong)?;
        left = left.saturating_sub(here);
        if left == 0 {
            return Ok(());
        }
        from = 0;
    }
    Err(wrong())
}

/// A file for [`write()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    pub path: String,
    pub content_type: String,
    pub pack: u32,
    pub offset: u64,
    pub size: u64,
    pub hash: [u8; 32],
}

/// Writes a manifest. Entries are sorted here.
pub fn write(packs: &[PackHash], mut entries: Vec<NewEntry>) -> Result<Vec<u8>, ManifestError> {
    entries.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    let mut records = Vec::with_capacity(entries.len() * ENTRY);
    let mut heap = Vec::<u8>::new();
    for entry in &entries {
        check_path(&entry.path)?;
        let length =
            |text: &str| u16::try_from(text.len()).map_err(|_| ManifestError::Path(entry.path.clone()));
        records.extend(number(heap.len())?.to_le_bytes());
        records.extend(length(&entry.path)?.to_le_bytes());
        records.extend(length(&entry.content_type)?.to_le_bytes());
        records.extend(entry.pack.to_le_bytes());
        records.extend(entry.offset.to_le_bytes());
        records.extend(entry.size.to_le_bytes());
        records.extend(entry.hash);
        heap.extend(entry.path.as_bytes());
        heap.extend(entry.content_type.as_bytes());
    }
    let mut bytes = MAGIC.to_vec();
    for count in [packs.len(), entries.len(), heap.len()] {
        bytes.extend(number(count)?.to_le_bytes());
    }
    bytes.extend(packs.iter().flat_map(PackHash::to_bytes));
    bytes.extend(records);
    bytes.extend(heap);
    Ok(bytes)
}

fn number(length: usize) -> Result<u32, ManifestError> {
    u32::try_from(length).map_err(|_| ManifestError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &str, pack: u32, offset: u64, size: u64) -> NewEntry {
        let content_type = "text/html".to_owned();
        NewEntry { path: path.to_owned(), content_type, pack, offset, size, hash: [7; 32] }
    }

    fn pack(name: &str) -> PackHash {
        PackHash::of(name.as_bytes())
    }

    fn check(bytes: Vec<u8>, size: u64) -> Result<Manifest<Vec<u8>>, ManifestError> {
        Manifest::check(bytes, |_| Some(size))
    }

    #[test]
    fn a_file_is_found_and_its_neighbours_are_not() {
        let bytes = write(&[pack("a")], vec![file("b/c.html", 0, 3, 4), file("a", 0, 0, 3)]).unwrap();
        let manifest = check(bytes, 10).unwrap();
        let entry = manifest.find("b/c.html").unwrap();
        assert_eq!((entry.pack, entry.offset, entry.size, entry.content_type), (0, 3, 4, "text/html"));
        for other in ["b", "b/c", "b/c.html/", "", "c"] {
            assert_eq!(manifest.find(other), None, "{other}");
        }
        assert_eq!((manifest.len(), manifest.total_size()), (2, 7));
        assert_eq!(manifest.packs().collect::<Vec<_>>(), [pack("a")]);
    }

    #[test]
    fn a_file_may_run_through_several_packs_but_not_past_the_last() {
        let packs = [pack("a"), pack("b"), pack("c")];
        assert!(check(write(&packs, vec![file("big", 0, 0, 30)]).unwrap(), 10).is_ok());
        let over = check(write(&packs, vec![file("big", 0, 0, 31)]).unwrap(), 10);
        assert_eq!(over, Err(ManifestError::Place("big".to_owned())));
    }

    #[test]
    fn a_path_that_climbs_out_is_refused() {
        for bad in ["../x", "a/../../x", "/x", "a//b", "a/", "a\\..\\b", "a\0", ""] {
            assert!(matches!(write(&[], vec![file(bad, 0, 0, 0)]), Err(ManifestError::Path(_))), "{bad}");
        }
    }

    #[test]
    fn a_path_that_stands_twice_is_refused() {
        let bytes = write(&[], vec![file("a", 0, 0, 0), file("a", 0, 0, 0)]).unwrap();
        assert_eq!(check(bytes, 0), Err(ManifestError::Order("a".to_owned())));
    }

    proptest! {
        #[test]
        fn bytes_from_anywhere_are_refused_or_served_and_never_panic(bytes: Vec<u8>, path: String) {
            if let Ok(manifest) = check(bytes, 10) {
                manifest.find(&path);
            }
        }

        #[test]
        fn a_damaged_manifest_never_panics(at in 0usize..200, value: u8) {
            let mut bytes = write(&[pack("a")], vec![file("a", 0, 0, 3), file("b", 0, 3, 3)]).unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(manifest) = Manifest::open(bytes) {
                manifest.find("a");
                prop_assert!(manifest.iter().count() <= 2);
            }
        }
    }
}
