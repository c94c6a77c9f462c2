//! What is published, and how each file is served.

use std::time::SystemTime;

use patr_folder::{content_type::content_type, hashed_name};

use super::{File, fingerprint::Fingerprints, folder::Folder, walk};
use crate::failure::Failure;

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
        let is_immutable = folder.is_immutable(&found.path).unwrap_or(hashed);
        let guess = mime_guess::from_path(&found.file).first_raw();
        let content_type = content_type(&found.path, guess);
        File::new(found.path, found.file, (found.about.len(), hash), content_type, is_immutable)
    });
    Ok((files.collect(), learnt))
}
