//! What is published, and how each file is served.

use std::path::PathBuf;

use super::{Hash, content_type, fingerprint::Fingerprints, folder::Folder, hashed_name, walk};
use crate::failure::Failure;
use std::time::SystemTime;

/// A file to publish.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// With slashes, relative to the folder.
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    pub(crate) size: u64,
    pub(crate) hash: Hash,
    pub(crate) content_type: String,
    pub(crate) immutable: bool,
}

impl File {
    /// Whether browsers take it for a page, which is never kept unasked.
    fn is_page(&self) -> bool {
        self.content_type.starts_with("text/html") || self.content_type.starts_with("application/xhtml")
    }
}

/// The files of a folder, sorted by path, and what was learnt of them for the next time.
pub(crate) fn files(
    folder: &Folder,
    found: Vec<walk::Found>,
    known: &Fingerprints,
    now: SystemTime,
) -> Result<(Vec<File>, Fingerprints), Failure> {
    let (hashes, learnt) = known.of(&found, now)?;
    let hashed = hashed_name::hashed_names(found.iter().map(|found| found.path.as_str()));
    let files = found.into_iter().zip(hashes).zip(hashed).map(|((found, hash), hashed)| {
        let mut file = File {
            content_type: content_type::content_type(&found.path),
            size: found.about.len(),
            path: found.path,
            file: found.file,
            hash,
            immutable: false,
        };
        file.immutable = folder.is_immutable(&file.path).unwrap_or(hashed) && !file.is_page();
        file
    });
    Ok((files.collect(), learnt))
}
