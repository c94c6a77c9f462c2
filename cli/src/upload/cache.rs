//! What is known from the last time: in the user's cache folder, where it may be lost at any time without harm. So
//! nothing here fails; what cannot be read or written is found out again.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use patr_models::{
    ids::SiteId,
    site::{ManifestHash, PackHash, manifest::Manifest},
};

use super::fingerprint::Fingerprints;
use crate::env_vars;

/// What was not used for so long is removed: build machines make folders that are never seen again.
const KEPT: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// The cache folder, if the machine has one.
#[derive(Debug, Clone)]
pub(crate) struct Cache(Option<PathBuf>);

impl Cache {
    pub(crate) fn find() -> Self {
        let chosen = std::env::var_os(env_vars::CACHE_DIR).filter(|chosen| !chosen.is_empty());
        let platform = || dirs::cache_dir().map(|folder| folder.join("patr"));
        Self(chosen.map(PathBuf::from).or_else(platform))
    }

    /// The manifest that a site had last, if that has this hash.
    pub(crate) fn manifest(&self, site: SiteId, hash: &ManifestHash) -> Option<Manifest<Vec<u8>>> {
        let bytes = std::fs::read(self.0.as_ref()?.join("sites").join(site.to_string())).ok()?;
        (ManifestHash::of(&bytes) == *hash).then(|| Manifest::open(bytes).ok())?
    }

    /// Keeps the manifest of a site's live version.
    pub(crate) fn keep_manifest(&self, site: SiteId, manifest: &[u8]) {
        self.write("sites", &site.to_string(), manifest);
    }

    /// What the files of a folder held last time.
    pub(crate) fn fingerprints(&self, folder: &Path) -> Fingerprints {
        let read = || {
            let file = self.0.as_ref()?.join("folders").join(name_of(folder));
            serde_json::from_slice(&std::fs::read(file).ok()?).ok()
        };
        read().unwrap_or_default()
    }

    pub(crate) fn keep_fingerprints(&self, folder: &Path, fingerprints: &Fingerprints) {
        if let Ok(bytes) = serde_json::to_vec(fingerprints) {
            self.write("folders", &name_of(folder), &bytes);
        }
    }

    /// At once or not at all: another run may be reading.
    fn write(&self, kind: &str, name: &str, bytes: &[u8]) {
        let Some(folder) = self.0.as_ref().map(|folder| folder.join(kind)) else { return };
        let write = || {
            std::fs::create_dir_all(&folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&folder)?;
            std::io::Write::write_all(&mut file, bytes)?;
            file.persist(folder.join(name)).map_err(|error| error.error)
        };
        if let Ok(file) = write()
            && let Ok(now) = file.metadata().and_then(|about| about.modified())
        {
            remove_old(&folder, now);
        }
    }
}

/// The folder's path may hold anything; its hash can name a file.
fn name_of(folder: &Path) -> String {
    PackHash::of(folder.as_os_str().as_encoded_bytes()).as_str().chars().take(32).collect()
}

fn remove_old(folder: &Path, now: SystemTime) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|about| about.modified());
        if changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > KEPT)) {
            // It is a cache: what stays is removed next time.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use patr_models::site::manifest::write;

    use super::*;

    #[test]
    fn a_manifest_is_known_by_its_hash_and_a_lost_cache_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, none) = (Cache(Some(folder.path().join("new"))), Cache(None));
        let site: SiteId = "site_00000000000000000000000001".parse().unwrap();
        let bytes = write(&[], Vec::new(), b"").unwrap();
        let hash = ManifestHash::of(&bytes);
        assert!(cache.manifest(site, &hash).is_none());
        for cache in [&cache, &none] {
            cache.keep_manifest(site, &bytes);
        }
        assert!(cache.manifest(site, &hash).is_some());
        assert!(cache.manifest(site, &ManifestHash::of(b"another")).is_none());
        assert!(none.manifest(site, &hash).is_none());
    }

    #[test]
    fn what_is_old_is_removed_when_something_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("old");
        std::fs::write(&old, "").unwrap();
        let now = old.metadata().unwrap().modified().unwrap();
        remove_old(folder.path(), now + KEPT / 2);
        assert!(old.exists());
        remove_old(folder.path(), now + KEPT * 2);
        assert!(!old.exists());
    }
}
