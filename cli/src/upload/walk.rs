//! The files of a folder.

use std::{
    fs::{DirEntry, FileType, Metadata},
    path::{Path, PathBuf},
};

use patr_folder::file::{is_never_meant, why_not};
use patr_models::site::manifest::check_path;
use rayon::prelude::*;

use crate::failure::{Failure, doing};

/// A file that may be published.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// With slashes, relative to the folder.
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    pub(crate) about: Metadata,
}

/// Every file of a folder, sorted by path, except those that `ignored` names (by path, and whether it is a folder).
pub(crate) fn walk(
    root: &Path,
    ignored: &(impl Fn(&str, bool) -> bool + Sync),
) -> Result<Vec<Found>, Failure> {
    let base = root.canonicalize().map_err(|error| doing(format_args!("read {}", root.display()), error))?;
    if !base.is_dir() {
        return Err(Failure::usage(format!("{} is not a folder", root.display())));
    }
    let walker = Walker { base: &base, ignored };
    let mut found = Vec::new();
    // Level by level: recursion would end where a path is long enough.
    let mut level = vec![(base.clone(), String::new())];
    while !level.is_empty() {
        let nodes = level.par_iter().map(|(folder, prefix)| walker.nodes(folder, prefix));
        let nodes: Vec<Vec<Node>> = nodes.collect::<Result<_, Failure>>()?;
        level.clear();
        for node in nodes.into_iter().flatten() {
            match node {
                Node::File(file) => found.push(file),
                Node::Folder { folder, prefix } => level.push((folder, prefix)),
            }
        }
    }
    found.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    Ok(found)
}

struct Walker<'w, F> {
    base: &'w Path,
    ignored: &'w F,
}

enum Node {
    File(Found),
    Folder { folder: PathBuf, prefix: String },
}

impl<F: Fn(&str, bool) -> bool + Sync> Walker<'_, F> {
    fn nodes(&self, folder: &Path, prefix: &str) -> Result<Vec<Node>, Failure> {
        let reading = |error| doing(format_args!("read {}", folder.display()), error);
        let entries = std::fs::read_dir(folder).map_err(reading)?;
        let nodes = entries.map(|entry| self.node(&entry.map_err(reading)?, prefix));
        nodes.filter_map(Result::transpose).collect()
    }

    fn node(&self, entry: &DirEntry, prefix: &str) -> Result<Option<Node>, Failure> {
        let file = entry.path();
        let reading = |error| doing(format_args!("read {}", file.display()), error);
        let name = entry.file_name().into_string().map_err(|_| refuse(&file, "its name is not UTF-8"))?;
        let kind = entry.file_type().map_err(reading)?;
        let path = format!("{prefix}{name}");
        if is_never_meant(&name) || (self.ignored)(&path, kind.is_dir()) {
            return Ok(None);
        }
        check_path(&path).map_err(|_| refuse(&file, why_not(&path)))?;
        if kind.is_dir() {
            return Ok(Some(Node::Folder { folder: file, prefix: format!("{path}/") }));
        }
        let about = self.metadata(&file, kind)?;
        if !about.is_file() {
            return Err(refuse(&file, "it is neither a file nor a folder"));
        }
        Ok(Some(Node::File(Found { path, file, about })))
    }

    /// Of what a link leads to, if that is a file within the folder.
    fn metadata(&self, file: &Path, kind: FileType) -> Result<Metadata, Failure> {
        let reading = |error| doing(format_args!("read {}", file.display()), error);
        if !kind.is_symlink() {
            return file.symlink_metadata().map_err(reading);
        }
        let real = file.canonicalize().map_err(reading)?;
        if !real.starts_with(self.base) {
            return Err(refuse(file, "it is a link that leaves the folder"));
        }
        let about = real.metadata().map_err(reading)?;
        if about.is_dir() { Err(refuse(file, "it is a link to a folder")) } else { Ok(about) }
    }
}

fn refuse(file: &Path, why: &str) -> Failure {
    Failure::usage(format!("{} cannot be published: {why}", file.display()))
        .hint("rename it, or name it in `ignore` of patr.site.toml")
}
