//! What each file holds, by its SHA-256; read only where the file may have changed since it was last read.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io::Read,
    path::Path,
    time::SystemTime,
};

use patr_folder::Hash;
use patr_models::site::PackHash;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::walk::Found;
use crate::failure::{Failure, doing};

/// The hashes of a folder's files, each with what the file looked like when it was read.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Fingerprints(HashMap<String, (Look, PackHash)>);

/// What changes when a file does. A program can set back the time of a change of content, but not that of the file's
/// status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Look {
    size: u64,
    /// Nanoseconds since 1970, of content and of status.
    changed: (i64, i64),
    /// Device and number on it.
    inode: (u64, u64),
}

/// A file that changed so shortly before it was read may change again without looking different: clocks of file systems
/// are coarse, that of FAT has two seconds.
const UNSETTLED_NANOS: i64 = 3_000_000_000;

impl Look {
    #[cfg(unix)]
    fn of(about: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Some(Self {
            size: about.len(),
            changed: (nanos(about.mtime(), about.mtime_nsec()), nanos(about.ctime(), about.ctime_nsec())),
            inode: (about.dev(), about.ino()),
        })
    }

    /// Without inodes and times of status there is not enough to tell by.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    fn is_settled(&self, now: i64) -> bool {
        self.changed.0.max(self.changed.1).saturating_add(UNSETTLED_NANOS) < now
    }
}

impl Fingerprints {
    /// The hash of each file. What was learnt can be kept for the next time; `now` is a moment before the first read.
    pub(crate) fn of(&self, files: &[Found], now: SystemTime) -> Result<(Vec<Hash>, Self), Failure> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        let hashes = files.par_iter().map(|found| match self.known(found) {
            Some(hash) => Ok(hash),
            None => hash(&found.file),
        });
        let hashes: Vec<Hash> = hashes.collect::<Result<_, Failure>>()?;
        let learnt = files.iter().zip(&hashes).filter_map(|(found, hash)| {
            let look = Look::of(&found.about).filter(|look| look.is_settled(now))?;
            Some((found.path.clone(), (look, PackHash::from_bytes(hash))))
        });
        let learnt = Self(learnt.collect());
        Ok((hashes, learnt))
    }

    fn known(&self, found: &Found) -> Option<Hash> {
        let (look, hash) = self.0.get(&found.path)?;
        (Look::of(&found.about)? == *look).then(|| hash.to_bytes())
    }
}

fn hash(file: &Path) -> Result<Hash, Failure> {
    let reading = || {
        let (mut input, mut hasher) = (File::open(file)?, Sha256::new());
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match input.read(&mut buffer)? {
                0 => return Ok(hasher.finalize().into()),
                count => hasher.update(&buffer[..count]),
            }
        }
    };
    reading().map_err(|error: std::io::Error| doing(format_args!("read {}", file.display()), error))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::upload::walk::walk;

    fn learn(known: &Fingerprints, folder: &Path, after: Duration) -> (Vec<Hash>, Fingerprints) {
        let found = walk(folder, &|_, _| false).unwrap();
        let newest = found.iter().filter_map(|found| found.about.modified().ok()).max().unwrap();
        known.of(&found, newest + after).unwrap()
    }

    #[test]
    fn a_file_that_looks_the_same_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let (hashes, mut learnt) = learn(&Fingerprints::default(), folder.path(), Duration::from_secs(60));
        assert_eq!(hashes, [<Hash>::from(Sha256::digest("one"))]);
        // What was learnt is believed: here something that is not so.
        learnt.0.values_mut().for_each(|(_, hash)| *hash = PackHash::from_bytes(&[7; 32]));
        assert_eq!(learn(&learnt, folder.path(), Duration::from_secs(60)).0, [[7; 32]]);
        std::fs::write(&file, "two").unwrap();
        let (hashes, _) = learn(&learnt, folder.path(), Duration::from_secs(60));
        assert_eq!(hashes, [<Hash>::from(Sha256::digest("two"))]);
    }

    #[test]
    fn a_file_that_has_just_changed_is_read_next_time() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "one").unwrap();
        let (_, learnt) = learn(&Fingerprints::default(), folder.path(), Duration::from_secs(1));
        assert_eq!(learnt, Fingerprints::default());
    }
}
