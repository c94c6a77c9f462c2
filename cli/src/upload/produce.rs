//! Makes what is to be uploaded: reads, codes and packs it, on every core, while the packs before are on their way.
//!
//! Memory does not grow with the folder: small files are taken in windows of so many bytes, large ones pass in chunks,
//! and the receiver of packs says when there may be more.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
};

use patr_folder::{
    Hash,
    pack::{Pack, Packer},
    place::{Contents, Packs},
    plan,
};
use patr_models::{
    limits::{CHUNK, PACK_TARGET},
    site::manifest::Coding,
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::compress::{self, Effort, Spooled};
use crate::failure::{Failure, doing};

/// Content to be packed, on a disk.
type Todo = plan::Todo<PathBuf>;

/// How many bytes of small files are in work at once, and how many large files: these are coded to disk.
const WINDOW: u64 = 8 * 1024 * 1024;
const LARGE_COUNTS: u64 = 1024 * 1024;

/// What was made of a file.
enum Made {
    Bytes {
        coding: Coding,
        hash: Hash,
        bytes: Vec<u8>,
    },
    Spooled {
        coding: Coding,
        spooled: Spooled,
    },
    /// Its own bytes, which are read again.
    InPlace,
}

/// Makes everything, hands on each pack, and says where it all is.
pub(crate) fn produce(
    todo: &[Todo],
    packs: &mut Packs,
    contents: &mut Contents,
    hand_on: impl FnMut(Pack) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let to_code = todo.iter().filter(|todo| todo.make.iter().any(|coding| *coding != Coding::Identity));
    let effort = Effort::for_sizes(to_code.map(|todo| todo.size));
    let mut packer = Packer::new(packs, contents, hand_on);
    let mut rest = todo;
    while !rest.is_empty() {
        let (window, after) = rest.split_at(window(rest));
        // In the order of paths whoever is ready first, so that the same content makes the same packs.
        let made: Vec<Vec<Made>> =
            window.par_iter().map(|todo| make(todo, effort)).collect::<Result<_, Failure>>()?;
        for (todo, made) in window.iter().zip(made) {
            made.into_iter().try_for_each(|made| pack(todo, made, &mut packer))?;
        }
        rest = after;
    }
    packer.finish()
}

/// How many may be in work at once.
fn window(todo: &[Todo]) -> usize {
    let mut filled = 0;
    let fits = |todo: &&Todo| {
        filled += if is_large(todo.size) { LARGE_COUNTS } else { todo.size };
        filled <= WINDOW
    };
    todo.iter().take_while(fits).count().max(1)
}

fn is_large(size: u64) -> bool {
    size > PACK_TARGET as u64
}

fn make(todo: &Todo, effort: Effort) -> Result<Vec<Made>, Failure> {
    let making = if is_large(todo.size) { make_large(todo, effort) } else { make_small(todo, effort) };
    let made = making.map_err(|error| doing(format_args!("read {}", todo.source.display()), error))?;
    made.ok_or_else(|| changed(todo))
}

/// `None` when the file is not what it was.
fn make_small(todo: &Todo, effort: Effort) -> io::Result<Option<Vec<Made>>> {
    let own = fs::read(&todo.source)?;
    if hash(&own) != todo.hash {
        return Ok(None);
    }
    let mut made = Vec::new();
    for &coding in todo.make.iter().filter(|coding| **coding != Coding::Identity) {
        if let Some(bytes) = compress::code(&own, coding, effort)? {
            made.push(Made::Bytes { coding, hash: hash(&bytes), bytes });
        }
    }
    if todo.make.contains(&Coding::Identity) {
        made.push(Made::Bytes { coding: Coding::Identity, hash: todo.hash, bytes: own });
    }
    Ok(Some(made))
}

fn make_large(todo: &Todo, effort: Effort) -> io::Result<Option<Vec<Made>>> {
    let mut made = Vec::new();
    for &coding in &todo.make {
        if coding == Coding::Identity {
            made.push(Made::InPlace);
            continue;
        }
        let (read, spooled) = compress::code_large(File::open(&todo.source)?, todo.size, coding, effort)?;
        if read != todo.hash {
            return Ok(None);
        }
        made.extend(spooled.map(|spooled| Made::Spooled { coding, spooled }));
    }
    Ok(Some(made))
}

fn pack(
    todo: &Todo,
    made: Made,
    packer: &mut Packer<'_, impl FnMut(Pack) -> Result<(), Failure>>,
) -> Result<(), Failure> {
    match made {
        Made::Bytes { coding, hash, bytes } => packer.add(todo.hash, coding, hash, &bytes),
        Made::Spooled { coding, mut spooled } if is_large(spooled.size) => {
            add_large(packer, (todo.hash, coding, spooled.size), &mut spooled.file).map(drop)
        }
        Made::Spooled { coding, mut spooled } => {
            let mut bytes = Vec::new();
            spooled.file.read_to_end(&mut bytes).map_err(|error| doing("read a temporary file", error))?;
            packer.add(todo.hash, coding, spooled.hash, &bytes)
        }
        Made::InPlace => {
            let reading = |error| doing(format_args!("read {}", todo.source.display()), error);
            let mut file = File::open(&todo.source).map_err(reading)?;
            let hash = add_large(packer, (todo.hash, Coding::Identity, todo.size), &mut file)?;
            if hash == todo.hash { Ok(()) } else { Err(changed(todo)) }
        }
    }
}

/// Packs bytes of any length, and answers their hash.
fn add_large(
    packer: &mut Packer<'_, impl FnMut(Pack) -> Result<(), Failure>>,
    (of, coding, size): (Hash, Coding, u64),
    input: &mut impl Read,
) -> Result<Hash, Failure> {
    let mut large = packer.begin(coding, size).map_err(|error| Failure::usage(error.to_string()))?;
    for _ in 0..size.div_ceil(CHUNK as u64) {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = input.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        read.map_err(|error| Failure::failed(format!("cannot read a file again: {error}")))?;
        packer.go_on(&mut large, chunk)?;
    }
    Ok(packer.end(of, large))
}

fn changed(todo: &Todo) -> Failure {
    Failure::failed(format!("{} changed while it was uploaded", todo.source.display()))
        .hint("run the command again when nothing writes into the folder")
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}
