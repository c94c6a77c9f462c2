use proptest::prelude::*;

use super::*;
use crate::limits::CHUNK;

fn bytes_of(pack: u32, offset: u64, size: u64, coding: Coding) -> NewRepresentation {
    NewRepresentation { coding, pack, packs: u16::from(size > 0), offset, size, hash: [7; 32] }
}

fn file(path: &str, pack: u32, offset: u64, size: u64) -> NewEntry {
    NewEntry {
        path: path.to_owned(),
        content_type: "text/html".to_owned(),
        immutable: false,
        until_day: 0,
        representations: vec![bytes_of(pack, offset, size, Coding::Identity)],
    }
}

fn pack(name: &str) -> PackHash {
    PackHash::of(name.as_bytes())
}

fn check(bytes: Vec<u8>, size: u64) -> Result<Manifest<Vec<u8>>, ManifestError> {
    Manifest::check(bytes, |_| Some(size))
}

#[test]
fn a_file_is_found_and_its_neighbours_are_not() {
    let bytes = write(&[pack("a")], vec![file("b/c.html", 0, 3, 4), file("a", 0, 0, 3)], b"").unwrap();
    let manifest = check(bytes, 10).unwrap();
    let entry = manifest.find("b/c.html").unwrap();
    let identity = entry.identity;
    assert_eq!((identity.pack, identity.offset, identity.size, entry.content_type), (0, 3, 4, "text/html"));
    for other in ["b", "b/c", "b/c.html/", "", "c"] {
        assert_eq!(manifest.find(other), None, "{other}");
    }
    assert_eq!((manifest.len(), manifest.total_size()), (2, 7));
    assert_eq!(manifest.packs().collect::<Vec<_>>(), [pack("a")]);
}

#[test]
fn each_file_keeps_its_codings_flags_and_last_day() {
    let mut coded = file("app.abc123.js", 0, 0, 9);
    coded.representations.push(bytes_of(0, 9, 4, Coding::Gzip));
    coded.representations.push(bytes_of(0, 13, 3, Coding::Brotli));
    coded.immutable = true;
    coded.until_day = 20_000;
    let bytes = write(&[pack("a")], vec![file("index.html", 0, 0, 9), coded], b"{}").unwrap();
    let manifest = check(bytes, 16).unwrap();
    let entry = manifest.find("app.abc123.js").unwrap();
    let codings: Vec<_> =
        entry.representations().map(|one| (one.coding.as_str(), one.offset, one.size)).collect();
    assert_eq!(codings, [("identity", 0, 9), ("gzip", 9, 4), ("br", 13, 3)]);
    assert_eq!((entry.immutable, entry.until_day), (true, 20_000));
    let plain = manifest.find("index.html").unwrap();
    assert_eq!((plain.representations().count(), plain.immutable, plain.until_day), (1, false, 0));
    assert_eq!((manifest.config_bytes(), manifest.total_size()), (&b"{}"[..], 18));
}

#[test]
fn codings_out_of_order_or_without_the_files_own_bytes_are_refused() {
    let with = |codings: &[Coding]| {
        let mut entry = file("a", 0, 0, 1);
        entry.representations = codings.iter().map(|&coding| bytes_of(0, 0, 1, coding)).collect();
        check(write(&[pack("a")], vec![entry], b"").unwrap(), 10).map(drop)
    };
    let refused = Err(ManifestError::Coding("a".to_owned()));
    assert_eq!(with(&[Coding::Identity, Coding::Gzip, Coding::Brotli]), Ok(()));
    assert_eq!(with(&[Coding::Brotli]), refused);
    assert_eq!(with(&[Coding::Identity, Coding::Brotli, Coding::Gzip]), refused);
    assert_eq!(with(&[Coding::Identity, Coding::Gzip, Coding::Gzip]), refused);
    assert_eq!(with(&[]), Err(ManifestError::Malformed));
}

#[test]
fn a_file_fills_its_run_of_packs_and_no_more() {
    let packs = [pack("a"), pack("b"), pack("c")];
    let run = |packs_of_it: u16, offset: u64, size: u64| {
        let mut big = file("big", 0, offset, size);
        big.representations[0].packs = packs_of_it;
        check(write(&packs, vec![big], b"").unwrap(), 10).map(drop)
    };
    let outside = Err(ManifestError::Place("big".to_owned()));
    assert_eq!(run(3, 0, 30), Ok(()));
    assert_eq!(run(3, 9, 12), Ok(()));
    assert_eq!(run(3, 0, 31), outside, "past the last");
    assert_eq!(run(4, 0, 30), outside, "more packs than there are");
    assert_eq!(run(3, 0, 20), outside, "the last is not needed");
    assert_eq!(run(2, 10, 5), outside, "the first is not needed");
    assert_eq!(run(0, 0, 1), outside);
    assert_eq!(run(1, 0, 0), outside);
    assert_eq!(run(0, 0, 0), Ok(()));
    assert_eq!(run(1, u64::MAX, 2), outside);
}

#[test]
fn the_packs_of_a_chunked_file_are_as_long_as_it_says() {
    let packs = [pack("a"), pack("b"), pack("c")];
    let chunk = CHUNK as u64;
    let mut big = file("big", 0, 0, 2 * chunk + 5);
    big.representations[0].packs = 3;
    let bytes = write(&packs, vec![big, file("small", 2, 0, 5)], b"").unwrap();
    let checked = |lengths: [u64; 3]| {
        let length = |hash: &PackHash| packs.iter().position(|pack| pack == hash).map(|at| lengths[at]);
        Manifest::check(bytes.clone(), length)
    };
    let manifest = checked([chunk, chunk, 5]).unwrap();
    assert_eq!(manifest.find("big").unwrap().identity.chunk, Some(chunk));
    assert_eq!(manifest.find("small").unwrap().identity.chunk, None);
    let outside = ManifestError::Place("big".to_owned());
    assert_eq!(checked([chunk - 1, chunk + 1, 5]).unwrap_err(), outside);
}

#[test]
fn a_path_that_climbs_out_is_refused() {
    for bad in ["../x", "a/../../x", "/x", "a//b", "a/", "a\\..\\b", "a\0", ""] {
        assert!(matches!(write(&[], vec![file(bad, 0, 0, 0)], b""), Err(ManifestError::Path(_))), "{bad}");
    }
}

#[test]
fn a_path_that_stands_twice_is_refused() {
    let bytes = write(&[], vec![file("a", 0, 0, 0), file("a", 0, 0, 0)], b"").unwrap();
    assert_eq!(check(bytes, 0), Err(ManifestError::Order("a".to_owned())));
}

#[test]
fn a_configuration_that_is_too_long_is_refused() {
    let bytes = write(&[], Vec::new(), &vec![b' '; CONFIG_MAX + 1]).unwrap();
    assert!(matches!(check(bytes, 0), Err(ManifestError::Config(_))));
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_refused_or_served_and_never_panic(bytes: Vec<u8>, path: String) {
        if let Ok(manifest) = check(bytes, 10) {
            manifest.find(&path);
        }
    }

    #[test]
    fn a_damaged_manifest_never_panics(at in 0usize..300, value: u8) {
        let files = vec![file("a", 0, 0, 3), file("b", 0, 3, 3)];
        let mut bytes = write(&[pack("a")], files, b"{}").unwrap();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(manifest) = Manifest::open(&bytes[..]) {
            manifest.find("a");
            prop_assert!(manifest.iter().count() <= 2);
            prop_assert!(manifest.config_bytes().len() <= bytes.len());
        }
        let _ = check(bytes, 10);
    }
}
