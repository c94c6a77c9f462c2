//! What the live version has already, and what has to be made.

use std::collections::{HashMap, HashSet};

use patr_models::{
    limits::{MANIFEST_MAX, PACK_TARGET},
    site::manifest::{Coding, Manifest, Representation},
};

use crate::{
    Hash, coding,
    content_type::is_compressible,
    file::File,
    place::{Contents, Packs, Placed},
};

/// Packs that are less than half full may be as many as this; then they are put together.
const SMALL_PACKS_MAX: usize = 16;

/// What a version needs that is not there.
#[derive(Debug)]
pub struct Plan<S> {
    pub packs: Packs,
    /// What stays where it is.
    pub contents: Contents,
    /// In the order of paths.
    pub todo: Vec<Todo<S>>,
    /// Files whose content the live version has.
    pub unchanged: usize,
}

/// Content to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo<S> {
    pub hash: Hash,
    pub source: S,
    pub size: u64,
    /// What of it; [`Coding::Identity`] stands for its own bytes.
    pub make: Vec<Coding>,
}

/// Finds what has to be made of `files` so that everything is in packs.
pub fn plan<S: Clone>(files: &[File<S>], live: Option<&Manifest<Vec<u8>>>) -> Plan<S> {
    let codings = codings_that_fit(files);
    let wanted = Wanted::of(files);
    let held = live.map(|live| held(live, &wanted)).unwrap_or_default();
    let sparse = live.map(|live| sparse(live, &held, held.len() < wanted.files.len())).unwrap_or_default();
    let mut plan = Plan {
        packs: live.map(|live| Packs::of(live.packs())).unwrap_or_default(),
        unchanged: files.iter().filter(|file| file.size == 0 || held.contains_key(&file.hash)).count(),
        contents: Contents::new(),
        todo: Vec::new(),
    };
    for file in wanted.order.iter().filter_map(|hash| wanted.files.get(hash)) {
        let had = held.get(&file.hash).map(Vec::as_slice).unwrap_or_default();
        let usable = |placed: &&Placed| {
            (placed.coding == Coding::Identity || codings.contains(&placed.coding))
                && !(placed.packs == 1 && sparse.contains(&placed.pack))
        };
        let kept: Vec<Placed> = had.iter().filter(usable).cloned().collect();
        let make = to_make(had, &kept, wanted.to_code(file), codings);
        if !make.is_empty() {
            plan.todo.push(Todo { hash: file.hash, source: file.source.clone(), size: file.size, make });
        }
        plan.contents.insert(file.hash, kept);
    }
    plan
}

/// What has to be made of content of which the live version had `had`, and of that `kept` stays.
fn to_make(had: &[Placed], kept: &[Placed], to_code: bool, codings: &[Coding]) -> Vec<Coding> {
    let has = |of: &[Placed], coding| of.iter().any(|placed| placed.coding == coding);
    // An earlier upload that found no coding worth it would find that again; one by an older program may not have
    // looked, which is as seldom as it is cheap to find out.
    let never_coded = had.len() <= 1;
    let lost = |&coding: &Coding| {
        !has(kept, coding)
            && match coding {
                Coding::Identity => true,
                coding => codings.contains(&coding) && to_code && (never_coded || has(had, coding)),
            }
    };
    [Coding::Identity, Coding::Gzip, Coding::Brotli].into_iter().filter(lost).collect()
}

/// Each content once, by the first file that has it.
struct Wanted<'f, S> {
    files: HashMap<Hash, &'f File<S>>,
    order: Vec<Hash>,
    to_code: HashSet<Hash>,
}

impl<'f, S> Wanted<'f, S> {
    fn of(files: &'f [File<S>]) -> Self {
        let mut wanted = Self { files: HashMap::new(), order: Vec::new(), to_code: HashSet::new() };
        files.iter().for_each(|file| wanted.add(file));
        wanted
    }

    fn add(&mut self, file: &'f File<S>) {
        if file.size == 0 {
            return;
        }
        if self.files.insert(file.hash, file).is_none() {
            self.order.push(file.hash);
        }
        if is_codable(file) {
            self.to_code.insert(file.hash);
        }
    }

    fn to_code(&self, file: &File<S>) -> bool {
        self.to_code.contains(&file.hash)
    }
}

fn is_codable<S>(file: &File<S>) -> bool {
    is_compressible(&file.content_type) && (coding::SIZE_MIN..=coding::SIZE_MAX).contains(&file.size)
}

/// The codings with which the manifest of so many files is not too long. Every browser takes brotli, so gzip goes first.
fn codings_that_fit<S>(files: &[File<S>]) -> &'static [Coding] {
    let length = |codings: usize| -> usize {
        let of = |file: &File<S>| {
            let representations = if is_codable(file) { 1 + codings } else { 1 };
            16 + 56 * representations + file.path.len() + file.content_type.len()
        };
        files.iter().map(of).sum()
    };
    // Room for packs and rules.
    let most = MANIFEST_MAX - MANIFEST_MAX / 16;
    let all: [&[Coding]; 2] = [&[Coding::Gzip, Coding::Brotli], &[Coding::Brotli]];
    all.into_iter().find(|codings| length(codings.len()) <= most).unwrap_or_default()
}

/// What the live version has of what is wanted.
fn held<S>(live: &Manifest<Vec<u8>>, wanted: &Wanted<'_, S>) -> Contents {
    let mut held = Contents::new();
    for entry in live.iter() {
        let (hash, size) = (*entry.identity.hash, entry.identity.size);
        if wanted.files.get(&hash).is_some_and(|file| file.size == size) {
            held.entry(hash).or_insert_with(|| entry.representations().map(placed).collect());
        }
    }
    held
}

fn placed(one: Representation<'_>) -> Placed {
    let Representation { coding, pack, packs, offset, size, hash, .. } = one;
    Placed { coding, pack, packs, offset, size, hash: *hash }
}

/// Packs whose content is packed again, so that a site does not grow for ever: those of which less than half is still
/// used, and the small ones that many small changes have left behind, once there are many.
fn sparse(live: &Manifest<Vec<u8>>, held: &Contents, something_is_new: bool) -> HashSet<u32> {
    let mut used: HashMap<u32, u64> = HashMap::new();
    for placed in held.values().flatten().filter(|placed| placed.packs == 1) {
        *used.entry(placed.pack).or_default() += placed.size;
    }
    // How long a pack is, as far as the live version knows.
    let mut lengths: HashMap<u32, u64> = HashMap::new();
    for one in live.iter().flat_map(|entry| entry.representations().collect::<Vec<_>>()) {
        let length = lengths.entry(one.pack).or_default();
        *length = (*length).max(one.offset + one.size);
    }
    let half_dead = |pack: u32, used: u64| lengths.get(&pack).is_some_and(|&length| used * 2 < length);
    let small: Vec<u32> =
        used.iter().filter(|(_, used)| **used < PACK_TARGET as u64 / 2).map(|(pack, _)| *pack).collect();
    let mut sparse: HashSet<u32> =
        used.iter().filter(|(pack, used)| half_dead(**pack, **used)).map(|(pack, _)| *pack).collect();
    // Only where packs are made anyway: what is unchanged stays unchanged.
    if something_is_new && small.len() > SMALL_PACKS_MAX {
        sparse.extend(small);
    }
    sparse
}
