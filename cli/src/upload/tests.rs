//! From a folder to what an edge finds of it.

use std::{collections::HashMap, io::Read, path::Path, time::SystemTime};

use patr_models::{
    limits::{CHUNK, PACK_TARGET},
    site::{
        PackHash,
        config::{NotFound, ServeConfig},
        manifest::{Coding, Manifest},
    },
};

use patr_folder::{manifest::manifest, plan::plan};

use super::{
    File,
    files::files,
    fingerprint::Fingerprints,
    folder::{Folder, Overrides},
    produce::produce,
};

type Stored = HashMap<PackHash, Vec<u8>>;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, text)| put(folder.path(), path, text));
    folder
}

fn put(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let file = folder.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn files_of(root: &Path) -> Vec<File> {
    let folder = Folder::open(root, Overrides::default()).unwrap();
    let found = folder.walk().unwrap();
    files(&folder, found, &Fingerprints::default(), SystemTime::UNIX_EPOCH).unwrap().0
}

/// What one upload makes.
struct Upload {
    manifest: Vec<u8>,
    /// In the order in which they were made.
    packs: Vec<(PackHash, usize)>,
    unchanged: usize,
}

/// Uploads a folder over a live version, into what is stored.
fn upload(root: &Path, live: Option<&Upload>, stored: &mut Stored) -> Upload {
    let files = files_of(root);
    let live = live.map(|live| Manifest::open(live.manifest.clone()).unwrap());
    let mut plan = plan(&files, live.as_ref());
    let mut packs = Vec::new();
    produce(&plan.todo, &mut plan.packs, &mut plan.contents, |pack| {
        packs.push((pack.hash.clone(), pack.bytes.len()));
        stored.insert(pack.hash, pack.bytes.to_vec());
        Ok(())
    })
    .unwrap();
    let config = ServeConfig { not_found: NotFound::None, ..ServeConfig::default() };
    let manifest = manifest(&files, &plan.packs, &plan.contents, &config.write()).unwrap();
    // What an edge checks, with every pack stored.
    Manifest::check(&manifest[..], |pack| Some(stored[pack].len() as u64)).unwrap();
    Upload { manifest, packs, unchanged: plan.unchanged }
}

/// The bytes of a file as an edge finds them, decoded.
fn served(upload: &Upload, stored: &Stored, path: &str, coding: Coding) -> Option<Vec<u8>> {
    let manifest = Manifest::open(&upload.manifest[..]).unwrap();
    let entry = manifest.find(path).unwrap();
    let one = entry.representations().find(|one| one.coding == coding)?;
    let run = (one.pack..one.pack + u32::from(one.packs)).map(|at| &stored[&manifest.pack(at).unwrap()]);
    let run: Vec<u8> = run.flatten().copied().collect();
    let bytes = &run[one.offset as usize..][..one.size as usize];
    assert_eq!(PackHash::of(bytes).to_bytes(), *one.hash, "{path} {coding:?}");
    let mut decoded = Vec::new();
    let mut decoder: Box<dyn Read> = match coding {
        Coding::Identity => Box::new(bytes),
        Coding::Gzip => Box::new(flate2::read::GzDecoder::new(bytes)),
        Coding::Brotli => Box::new(brotli::Decompressor::new(bytes, 4096)),
    };
    decoder.read_to_end(&mut decoded).unwrap();
    Some(decoded)
}

fn prose(seed: usize, lines: usize) -> String {
    (0..lines).map(|line| format!("<p>paragraph {line} of page {seed}</p>\n")).collect()
}

#[test]
fn every_file_is_found_with_its_bytes_and_its_codings() {
    let large_text = prose(1, PACK_TARGET / 30);
    let noise: Vec<u8> = (0..90_000_u32).flat_map(|at| PackHash::of(&at.to_le_bytes()).to_bytes()).collect();
    let (page, tiny) = (prose(2, 100), "x");
    let root =
        folder(&[("index.html", &page), ("a/tiny.html", tiny), ("empty.css", ""), ("big.json", &large_text)]);
    put(root.path(), "noise.bin", &noise);
    let mut stored = Stored::new();
    let upload = upload(root.path(), None, &mut stored);
    let all = [
        ("index.html", page.as_bytes(), true),
        ("a/tiny.html", tiny.as_bytes(), false),
        ("empty.css", b"", false),
        ("big.json", large_text.as_bytes(), true),
        ("noise.bin", &noise, false),
    ];
    for (path, bytes, coded) in all {
        assert!(served(&upload, &stored, path, Coding::Identity).unwrap() == bytes, "{path}");
        for coding in [Coding::Gzip, Coding::Brotli] {
            let decoded = served(&upload, &stored, path, coding);
            assert!(decoded.as_deref() == coded.then_some(bytes), "{path} {coding:?}");
        }
    }
    assert!(upload.packs.iter().all(|(_, size)| *size <= CHUNK));
}

#[test]
fn the_same_folder_makes_the_same_packs_and_the_same_manifest() {
    let root = folder(&[]);
    (0..300).for_each(|at| put(root.path(), &format!("p{at}.bin"), prose(at, 200)));
    (0..20).for_each(|at| put(root.path(), &format!("p{at}.html"), prose(at, 200)));
    let first = upload(root.path(), None, &mut Stored::new());
    let again = upload(root.path(), None, &mut Stored::new());
    assert!(first.packs.len() > 3, "{:?}", first.packs);
    assert!(first.packs == again.packs && first.manifest == again.manifest);
}

#[test]
fn an_unchanged_folder_has_the_manifest_that_is_live_however_it_came_to_be() {
    let root = folder(&[("a.html", &prose(1, 50)), ("b.html", &prose(2, 50)), ("z.txt", "z")]);
    let mut stored = Stored::new();
    let first = upload(root.path(), None, &mut stored);
    // Its pack comes first in the order of paths, and last in that of uploads.
    put(root.path(), "a.html", prose(3, 50));
    let second = upload(root.path(), Some(&first), &mut stored);
    assert_eq!((second.unchanged, second.packs.len()), (2, 3));
    let again = upload(root.path(), Some(&second), &mut stored);
    assert!(again.packs.is_empty() && again.manifest == second.manifest);
}

#[test]
fn only_what_changed_is_packed_and_a_new_name_changes_nothing() {
    let root = folder(&[]);
    (0..500).for_each(|at| put(root.path(), &format!("page-{at:03}.txt"), format!("page {at}")));
    let mut stored = Stored::new();
    let first = upload(root.path(), None, &mut stored);
    put(root.path(), "page-007.txt", "changed");
    std::fs::rename(root.path().join("page-008.txt"), root.path().join("moved.txt")).unwrap();
    let second = upload(root.path(), Some(&first), &mut stored);
    assert_eq!((second.unchanged, second.packs.len(), second.packs[0].1), (499, 1, 7));
    assert_eq!(served(&second, &stored, "page-007.txt", Coding::Identity).unwrap(), b"changed");
    assert_eq!(served(&second, &stored, "moved.txt", Coding::Identity).unwrap(), b"page 8");
}

#[test]
fn the_same_content_is_packed_once() {
    let root = folder(&[("a.txt", "same"), ("b.txt", "same")]);
    assert_eq!(upload(root.path(), None, &mut Stored::new()).packs[0].1, 4);
}

#[test]
fn ten_thousand_small_files_take_few_packs() {
    let root = folder(&[]);
    (0..10_000).for_each(|at| put(root.path(), &format!("{}/{at}.html", at / 100), prose(at, 16)));
    let upload = upload(root.path(), None, &mut Stored::new());
    assert!(upload.packs.len() <= 500, "{}", upload.packs.len());
}

/// The bytes of the packs that a version names.
fn held(upload: &Upload, stored: &Stored) -> usize {
    Manifest::open(&upload.manifest[..]).unwrap().packs().map(|pack| stored[&pack].len()).sum()
}

#[test]
fn a_pack_of_which_little_is_used_is_packed_again() {
    let root = folder(&[("keep.txt", "kept"), ("large.txt", &"x".repeat(400))]);
    let mut stored = Stored::new();
    let first = upload(root.path(), None, &mut stored);
    std::fs::remove_file(root.path().join("large.txt")).unwrap();
    let second = upload(root.path(), Some(&first), &mut stored);
    assert_eq!((held(&second, &stored), second.unchanged), (4, 1));
    assert_eq!(served(&second, &stored, "keep.txt", Coding::Identity).unwrap(), b"kept");
}

#[test]
fn many_small_changes_do_not_leave_many_small_packs() {
    let root = folder(&[("index.txt", "0")]);
    let mut stored = Stored::new();
    let mut live = upload(root.path(), None, &mut stored);
    for at in 0..100 {
        put(root.path(), &format!("{at}.txt"), format!("content {at}"));
        live = upload(root.path(), Some(&live), &mut stored);
        let packs = Manifest::open(&live.manifest[..]).unwrap().packs().count();
        assert!(packs <= 20, "{packs} packs after {at} changes");
    }
    let again = upload(root.path(), Some(&live), &mut stored);
    assert!(again.manifest == live.manifest, "what is unchanged stays unchanged");
}

#[test]
fn a_file_that_changes_while_it_is_uploaded_is_noticed() {
    let root = folder(&[("small.txt", "one"), ("large.bin", &"x".repeat(PACK_TARGET + 1))]);
    let files = files_of(root.path());
    for (path, text) in [("small.txt", "two".to_owned()), ("large.bin", "y".repeat(PACK_TARGET + 1))] {
        let before = std::fs::read(root.path().join(path)).unwrap();
        put(root.path(), path, text);
        let mut plan = plan(&files, None);
        let failure = produce(&plan.todo, &mut plan.packs, &mut plan.contents, |_| Ok(())).unwrap_err();
        assert!(failure.message.ends_with("changed while it was uploaded"), "{}", failure.message);
        put(root.path(), path, before);
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_the_folder_is_refused_and_version_control_is_not_published() {
    let root = folder(&[("a", "1"), (".git/config", "secret")]);
    std::os::unix::fs::symlink(root.path().join("a"), root.path().join("inside")).unwrap();
    let paths: Vec<String> = files_of(root.path()).into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["a", "inside"]);
    std::os::unix::fs::symlink("/etc/hostname", root.path().join("out")).unwrap();
    let folder = Folder::open(root.path(), Overrides::default()).unwrap();
    assert!(folder.walk().unwrap_err().message.contains("leaves the folder"));
}

#[cfg(unix)]
#[test]
fn names_of_every_kind_are_published_as_they_are_or_refused_by_name() {
    let names =
        ["a b.txt", "a#b.txt", "a?b.txt", "a%20b.txt", "🎉.txt", "Readme.txt", "readme.txt", "ünï/ö.txt"];
    let deep = format!("{}x.txt", "d/".repeat(1000));
    let root = folder(&[]);
    names.iter().chain([&deep.as_str()]).for_each(|name| put(root.path(), name, *name));
    let mut stored = Stored::new();
    let upload = upload(root.path(), None, &mut stored);
    for name in names.into_iter().chain([deep.as_str()]) {
        assert_eq!(served(&upload, &stored, name, Coding::Identity).unwrap(), name.as_bytes(), "{name}");
    }
    put(root.path(), "a\\b.txt", "");
    let folder = Folder::open(root.path(), Overrides::default()).unwrap();
    let failure = folder.walk().unwrap_err();
    assert!(failure.message.contains("a\\b.txt") && failure.message.contains("backslash"), "{failure:?}");
}

#[test]
fn digests_in_names_are_told_by_their_neighbours_and_pages_are_never_kept() {
    let root = folder(&[
        ("index.html", ""),
        ("assets/index-C0tHkqmO.css", "a"),
        ("assets/index-BxYz12Ab.js", "b"),
        ("assets/my-ReadMore.js", "c"),
        ("fonts/a.woff2", "d"),
        ("fonts/a.html", "e"),
        ("patr.site.toml", "immutable = [\"fonts/\"]"),
    ]);
    let immutable = files_of(root.path()).into_iter().filter(|file| file.immutable).map(|file| file.path);
    assert_eq!(
        immutable.collect::<Vec<_>>(),
        ["assets/index-BxYz12Ab.js", "assets/index-C0tHkqmO.css", "fonts/a.woff2"]
    );
}
