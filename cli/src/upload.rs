//! From a folder to packs and a manifest.
//!
//! Content is known by its SHA-256. What the live version has already stays where it is; only the rest is packed, in
//! packs of about [`PACK_TARGET`], in the order of paths so that the same content makes the same packs. A file that is
//! larger than a pack runs through packs of its own.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use patr_models::{
    limits::{CHUNK, PACK_TARGET},
    site::{
        PackHash,
        manifest::{Coding, Manifest, NewEntry, NewRepresentation, check_path, write},
    },
};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Outcome, doing};

/// Folders of version control, which are never published.
const IGNORED: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// A file to publish.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// With slashes, relative to the folder.
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    pub(crate) size: u64,
    pub(crate) hash: [u8; 32],
}

/// A part of a file that goes into a pack.
#[derive(Debug, Clone)]
struct Part {
    file: PathBuf,
    from: u64,
    size: u64,
}

/// A pack that may have to be uploaded. Its bytes are read again when they are sent, so that memory does not grow with
/// the folder.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    pub(crate) hash: PackHash,
    pub(crate) size: u64,
    parts: Vec<Part>,
}

impl Pack {
    /// Its bytes, unless a file has changed since it was hashed.
    pub(crate) fn read(&self) -> Outcome<Vec<u8>> {
        let bytes = read_parts(&self.parts)?;
        if PackHash::of(&bytes) != self.hash {
            return Err(Failure::failed("a file changed while it was uploaded")
                .hint("run the command again")
                .into());
        }
        Ok(bytes)
    }
}

/// What is to be uploaded.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) manifest: Vec<u8>,
    pub(crate) packs: Vec<Pack>,
    pub(crate) files: usize,
    /// Files whose content the live version has.
    pub(crate) unchanged: usize,
}

/// Every file of a folder, sorted by path.
pub(crate) fn walk(root: &Path) -> Outcome<Vec<Found>> {
    let base = root.canonicalize().map_err(|error| doing(root.display(), error))?;
    if !base.is_dir() {
        return Err(Failure::usage(format!("{} is not a folder", root.display())).into());
    }
    let mut found = Vec::new();
    visit(&base, &base, "", &mut found)?;
    found.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    Ok(found)
}

fn visit(base: &Path, folder: &Path, prefix: &str, found: &mut Vec<Found>) -> Outcome<()> {
    for entry in std::fs::read_dir(folder).map_err(|error| doing(folder.display(), error))? {
        let entry = entry.map_err(|error| doing(folder.display(), error))?;
        let file = entry.path();
        let name = entry.file_name().into_string().map_err(|_| refuse(&file, "its name is not UTF-8"))?;
        let path = format!("{prefix}{name}");
        check_path(&path).map_err(|error| refuse(&file, &error.to_string()))?;
        let real = file.canonicalize().map_err(|error| doing(file.display(), error))?;
        if !real.starts_with(base) {
            return Err(refuse(&file, "it is a link that leaves the folder").into());
        }
        let about = real.metadata().map_err(|error| doing(file.display(), error))?;
        if about.is_dir() {
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                return Err(refuse(&file, "it is a link to a folder").into());
            }
            if !IGNORED.contains(&name.as_str()) {
                visit(base, &file, &format!("{path}/"), found)?;
            }
        } else if about.is_file() {
            let (hash, size) = hash(&file)?;
            found.push(Found { path, file, size, hash });
        } else {
            return Err(refuse(&file, "it is neither a file nor a folder").into());
        }
    }
    Ok(())
}

fn refuse(file: &Path, why: &str) -> Failure {
    Failure::usage(format!("{} cannot be published: {why}", file.display()))
}

fn hash(file: &Path) -> Outcome<([u8; 32], u64)> {
    let reading = || {
        let (mut input, mut hasher, mut size) = (File::open(file)?, Sha256::new(), 0);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let count = input.read(&mut buffer)?;
            if count == 0 {
                return Ok((hasher.finalize().into(), size));
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
            size += count as u64;
        }
    };
    reading().map_err(|error: std::io::Error| doing(file.display(), error).into())
}

fn read_parts(parts: &[Part]) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in parts {
        let mut read = || {
            let mut input = File::open(&part.file)?;
            input.seek(SeekFrom::Start(part.from))?;
            input.take(part.size).read_to_end(&mut bytes)
        };
        read().map_err(|error| doing(part.file.display(), error))?;
    }
    Ok(bytes)
}

/// Where content is: the first pack, by number, how many there are, and the offset in the first.
type Place = (u32, u16, u64);

/// Packs what `live` does not have.
pub(crate) fn plan(files: &[Found], live: Option<&Manifest<Vec<u8>>>) -> Outcome<Plan> {
    let mut builder = Builder::default();
    let mut unchanged = 0;
    if let Some(live) = live {
        for file in files {
            unchanged += usize::from(builder.reuse(live, file));
        }
    }
    for file in files {
        builder.add(file)?;
    }
    builder.close()?;
    let entries = files.iter().map(|file| {
        let (pack, packs, offset) = builder.places.get(&file.hash).copied().unwrap_or_default();
        let (coding, size, hash) = (Coding::Identity, file.size, file.hash);
        NewEntry {
            path: file.path.clone(),
            content_type: content_type(&file.path),
            immutable: false,
            until_day: 0,
            representations: vec![NewRepresentation { coding, pack, packs, offset, size, hash }],
        }
    });
    let manifest =
        write(&builder.order, entries.collect(), b"").map_err(|error| doing("the manifest", error))?;
    Ok(Plan { manifest, packs: builder.packs, files: files.len(), unchanged })
}

#[derive(Default)]
struct Builder {
    /// Every pack of the manifest.
    order: Vec<PackHash>,
    numbers: HashMap<PackHash, u32>,
    places: HashMap<[u8; 32], Place>,
    packs: Vec<Pack>,
    /// The pack that is being filled: its parts, and the content that begins at each.
    open: Vec<(Part, [u8; 32])>,
    filled: u64,
}

impl Builder {
    /// Takes content from where the live version has it; whether it does.
    fn reuse(&mut self, live: &Manifest<Vec<u8>>, file: &Found) -> bool {
        let same = |entry: &patr_models::site::manifest::Entry<'_>| {
            *entry.identity.hash == file.hash && entry.identity.size == file.size
        };
        let Some(entry) = live.find(&file.path).filter(same) else { return false };
        if self.places.contains_key(&file.hash) || file.size == 0 {
            return true;
        }
        let place = entry.identity;
        let run = place.pack..place.pack.saturating_add(place.packs.into());
        let chunks: Vec<PackHash> = run.filter_map(|at| live.pack(at)).collect();
        let number = if let [only] = &chunks[..] { self.number(only) } else { self.append(&chunks) };
        self.places.insert(file.hash, (number, place.packs, place.offset));
        true
    }

    fn number(&mut self, pack: &PackHash) -> u32 {
        if let Some(&number) = self.numbers.get(pack) {
            return number;
        }
        self.append(std::slice::from_ref(pack))
    }

    fn append(&mut self, packs: &[PackHash]) -> u32 {
        let first = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        for (number, pack) in (first..).zip(packs) {
            self.order.push(pack.clone());
            self.numbers.entry(pack.clone()).or_insert(number);
        }
        first
    }

    /// Packs content that has no place yet.
    fn add(&mut self, file: &Found) -> Outcome<()> {
        if file.size == 0 || self.places.contains_key(&file.hash) {
            return Ok(());
        }
        if self.open.iter().any(|(_, hash)| *hash == file.hash) {
            return Ok(());
        }
        if file.size > PACK_TARGET as u64 {
            return self.add_large(file);
        }
        if self.filled + file.size > PACK_TARGET as u64 {
            self.close()?;
        }
        self.filled += file.size;
        self.open.push((Part { file: file.file.clone(), from: 0, size: file.size }, file.hash));
        Ok(())
    }

    fn add_large(&mut self, file: &Found) -> Outcome<()> {
        let mut hashes = Vec::new();
        let mut from = 0;
        while from < file.size {
            let size = (file.size - from).min(CHUNK as u64);
            let parts = vec![Part { file: file.file.clone(), from, size }];
            let hash = PackHash::of(&read_parts(&parts)?);
            hashes.push(hash.clone());
            self.packs.push(Pack { hash, size, parts });
            from += size;
        }
        let number = self.append(&hashes);
        self.places.insert(file.hash, (number, u16::try_from(hashes.len()).unwrap_or(u16::MAX), 0));
        Ok(())
    }

    /// Ends the pack that is being filled.
    fn close(&mut self) -> Outcome<()> {
        let open = std::mem::take(&mut self.open);
        self.filled = 0;
        if open.is_empty() {
            return Ok(());
        }
        let parts: Vec<Part> = open.iter().map(|(part, _)| part.clone()).collect();
        let bytes = read_parts(&parts)?;
        let hash = PackHash::of(&bytes);
        let number = self.number(&hash);
        let mut offset = 0;
        for (part, content) in &open {
            self.places.insert(*content, (number, 1, offset));
            offset += part.size;
        }
        self.packs.push(Pack { hash, size: bytes.len() as u64, parts });
        Ok(())
    }
}

/// What a browser is told, from the end of the name.
fn content_type(path: &str) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    let text = guess.type_() == "text"
        || matches!(guess.essence_str(), "application/javascript" | "application/json" | "image/svg+xml");
    if text { format!("{guess}; charset=utf-8") } else { guess.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn planned(folder: &Path, live: Option<&[u8]>) -> Plan {
        let live = live.map(|bytes| Manifest::open(bytes.to_vec()).unwrap());
        plan(&walk(folder).unwrap(), live.as_ref()).unwrap()
    }

    /// What an edge has stored after these were uploaded.
    fn stored(packs: &[Pack]) -> HashMap<PackHash, Vec<u8>> {
        packs.iter().map(|pack| (pack.hash.clone(), pack.read().unwrap())).collect()
    }

    /// The bytes of a file, as an edge would find them.
    fn served(manifest: &[u8], packs: &HashMap<PackHash, Vec<u8>>, path: &str) -> Vec<u8> {
        let manifest = Manifest::open(manifest).unwrap();
        let entry = manifest.find(path).unwrap();
        let mut bytes = Vec::new();
        let entry = entry.identity;
        let mut at = entry.pack;
        while (bytes.len() as u64) < entry.offset + entry.size {
            let hash = manifest.pack(at).unwrap();
            bytes.extend(&packs[&hash]);
            at += 1;
        }
        bytes[entry.offset as usize..][..entry.size as usize].to_vec()
    }

    #[test]
    fn every_file_is_found_with_its_bytes() {
        let large = "x".repeat(PACK_TARGET + CHUNK * 2 + 5);
        let folder = folder(&[("index.html", "one"), ("a/b.css", "two"), ("c", ""), ("big", &large)]);
        let plan = planned(folder.path(), None);
        let packs = stored(&plan.packs);
        for (path, text) in [("index.html", "one"), ("a/b.css", "two"), ("c", ""), ("big", &large)] {
            assert!(served(&plan.manifest, &packs, path) == text.as_bytes(), "{path}");
        }
    }

    #[test]
    fn only_what_changed_is_packed_again() {
        let names: Vec<String> = (0..500).map(|at| format!("page-{at:03}.html")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
        let folder = folder(&files);
        let first = planned(folder.path(), None);
        let mut all = stored(&first.packs);
        std::fs::write(folder.path().join("page-007.html"), "changed").unwrap();
        let second = planned(folder.path(), Some(&first.manifest));
        assert_eq!((second.unchanged, second.packs.len(), second.packs[0].size), (499, 1, 7));
        all.extend(stored(&second.packs));
        assert_eq!(served(&second.manifest, &all, "page-007.html"), b"changed");
        assert_eq!(served(&second.manifest, &all, "page-008.html"), b"page-008.html");
    }

    #[test]
    fn an_unchanged_folder_makes_the_same_manifest() {
        let folder = folder(&[("a", "1"), ("b", "2")]);
        let first = planned(folder.path(), None);
        let again = planned(folder.path(), Some(&first.manifest));
        assert_eq!(again.manifest, first.manifest);
        assert!(again.packs.is_empty());
    }

    #[test]
    fn the_same_content_is_packed_once() {
        let folder = folder(&[("a", "same"), ("b", "same")]);
        assert_eq!(planned(folder.path(), None).packs[0].size, 4);
    }

    #[test]
    fn a_link_that_leaves_the_folder_is_refused_and_version_control_is_not_published() {
        let folder = folder(&[("a", "1"), (".git/config", "secret")]);
        assert_eq!(walk(folder.path()).unwrap().len(), 1);
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("out")).unwrap();
        assert!(walk(folder.path()).is_err());
    }
}
