//! What this program does inside of a pod that holds a volume. A cluster has no other way to the files of one, and no tool is in
//! any image that could be relied on: the agent starts these commands by `pods/exec` (runtime/kubernetes/volume/carrier.rs).
//!
//! An archive is a tar whose first entry is the folder itself, `./`, as the Engine of Docker makes it. Sockets are left out; what
//! has several names is in it several times.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::FileTypeExt,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Work on the folder of a volume
#[derive(Parser)]
#[command(name = "patr-runner volume", disable_help_subcommand = true)]
pub enum Args {
    /// Keep the pod there until it is asked to go
    Hold,
    /// Write an archive of a folder to stdout
    Read { folder: PathBuf },
    /// Unpack an archive from stdin into a folder, which must be empty
    Fill { folder: PathBuf },
    /// Make a folder what another one is, and say how many bytes that is as an archive
    Copy { from: PathBuf, to: PathBuf },
}

impl Args {
    /// Does it to its end. What went wrong is on stderr, for whoever asked for it.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let done = match self {
            Self::Hold => hold(),
            Self::Read { folder } => pack(folder, io::stdout().lock()).map(drop),
            Self::Fill { folder } => fill(folder, io::stdin().lock()),
            Self::Copy { from, to } => copy(from, to, io::stdout().lock()),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Nobody may hear it any more.
                let _ = write!(io::stderr(), "{error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// The first process of a pod is ended by no signal but those that it waits for.
fn hold() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        signal(SignalKind::terminate())?.recv().await;
        Ok(())
    })
}

/// Writes an archive of a folder; where it went comes back.
fn pack<W: Write>(folder: &Path, to: W) -> io::Result<W> {
    let mut archive = tar::Builder::new(to);
    archive.follow_symlinks(false);
    archive.append_dir(".", folder).map_err(|error| about(folder, error))?;
    pack_into(&mut archive, folder, Path::new("."))?;
    let mut to = archive.into_inner()?;
    to.flush()?;
    Ok(to)
}

fn pack_into(archive: &mut tar::Builder<impl Write>, folder: &Path, name: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| about(folder, error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name, kind) = (entry.path(), name.join(entry.file_name()), entry.file_type()?);
        if kind.is_socket() {
            continue;
        }
        archive.append_path_with_name(&path, &name).map_err(|error| about(&path, error))?;
        if kind.is_dir() {
            pack_into(archive, &path, &name)?;
        }
    }
    Ok(())
}

/// Unpacks an archive into an empty folder, which is empty again should that fail.
fn fill(folder: &Path, from: impl Read) -> io::Result<()> {
    if fs::read_dir(folder).map_err(|error| about(folder, error))?.next().is_some() {
        return Err(io::Error::other("it is not empty"));
    }
    let filled = unpack(folder, from);
    if filled.is_err() {
        // Half of it keeps it from being filled again.
        let _ = empty(folder);
    }
    filled
}

fn unpack(folder: &Path, from: impl Read) -> io::Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    let mut archive = tar::Archive::new(from);
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(is_root);
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let is_itself = path.components().all(|part| part == Component::CurDir);
        match entry.header().entry_type() {
            // A folder that is somebody else's stays as it was made for us.
            tar::EntryType::Directory if is_itself && !is_root => {}
            // Last: nothing can be put into one that may not be written to.
            tar::EntryType::Directory => folders.push(entry),
            _ => entry.unpack_in(folder).map(drop).map_err(|error| about(&path, error))?,
        }
    }
    // Inner ones first, for the same reason.
    folders.reverse();
    folders.into_iter().try_for_each(|mut entry| entry.unpack_in(folder).map(drop))
}

fn copy(from: &Path, to: &Path, mut said: impl Write) -> io::Result<()> {
    empty(to)?;
    let (reader, writer) = io::pipe()?;
    let counted = std::thread::scope(|scope| {
        let packing =
            scope.spawn(move || pack(from, Counting { to: writer, bytes: 0 }).map(|counting| counting.bytes));
        let unpacked = unpack(to, reader);
        let packed = packing.join().unwrap_or_else(|_| Err(io::Error::other("copying ended in the middle")));
        match (packed, unpacked) {
            (Ok(bytes), Ok(())) => Ok(bytes),
            // The end of the one is why the other has to stop.
            (Err(error), Ok(())) => Err(error),
            (Err(error), Err(_)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            (_, Err(error)) => Err(error),
        }
    });
    writeln!(said, "{}", counted?)
}

struct Counting<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| about(folder, error))? {
        let entry = entry?;
        let path = entry.path();
        let removed =
            if entry.file_type()?.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| about(&path, error))?;
    }
    Ok(())
}

fn about(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::PermissionsExt, net::UnixListener};

    use super::*;

    fn volume() -> tempfile::TempDir {
        let volume = tempfile::tempdir().unwrap();
        fs::create_dir(volume.path().join("closed")).unwrap();
        fs::write(volume.path().join("closed/bird"), "wren").unwrap();
        std::os::unix::fs::symlink("closed/bird", volume.path().join("link")).unwrap();
        fs::set_permissions(volume.path().join("closed/bird"), fs::Permissions::from_mode(0o440)).unwrap();
        fs::set_permissions(volume.path().join("closed"), fs::Permissions::from_mode(0o550)).unwrap();
        volume
    }

    /// Everything in a folder, as `ls` would show it.
    fn shown(folder: &Path) -> Vec<String> {
        let show = |name: &str| {
            let path = folder.join(name);
            let found = fs::symlink_metadata(&path).unwrap();
            let what = if found.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if found.is_dir() {
                String::new()
            } else {
                fs::read_to_string(&path).unwrap()
            };
            format!("{name} {:o} {what}", found.permissions().mode() & 0o777)
        };
        ["closed", "closed/bird", "link"].map(show).into()
    }

    #[test]
    fn what_was_packed_is_unpacked_as_it_was() {
        let (volume, other) = (volume(), tempfile::tempdir().unwrap());
        let _socket = UnixListener::bind(volume.path().join("socket")).unwrap();
        let archive = pack(volume.path(), Vec::new()).unwrap();
        fill(other.path(), archive.as_slice()).unwrap();
        assert_eq!(shown(other.path()), shown(volume.path()));
        assert!(!other.path().join("socket").exists(), "a socket is nothing without its listener");
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_filled() {
        let (volume, archive) = (volume(), pack(volume().path(), Vec::new()).unwrap());
        let refused = fill(volume.path(), archive.as_slice()).unwrap_err();
        assert_eq!(refused.to_string(), "it is not empty");
        assert_eq!(shown(volume.path()).len(), 3);
    }

    #[test]
    fn half_an_archive_leaves_nothing() {
        let (archive, other) = (pack(volume().path(), Vec::new()).unwrap(), tempfile::tempdir().unwrap());
        // In the middle of the only file with anything in it.
        let half = archive.windows(4).position(|bytes| bytes == b"wren").unwrap() + 2;
        fill(other.path(), &archive[..half]).unwrap_err();
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_archive_writes_nowhere_else() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("volume");
        fs::create_dir(&folder).unwrap();
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..9].copy_from_slice(b"../escape");
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, io::empty()).unwrap();
        fill(&folder, archive.into_inner().unwrap().as_slice()).unwrap();
        assert!(!outer.path().join("escape").exists());
    }

    #[test]
    fn a_folder_becomes_what_another_is_and_the_bytes_are_said() {
        let (volume, other) = (volume(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("old"), "gone").unwrap();
        let mut said = Vec::new();
        copy(volume.path(), other.path(), &mut said).unwrap();
        assert_eq!(shown(other.path()), shown(volume.path()));
        assert!(!other.path().join("old").exists());
        let bytes = pack(volume.path(), Vec::new()).unwrap().len();
        assert_eq!(String::from_utf8(said).unwrap(), format!("{bytes}\n"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (missing, other) = (Path::new("/no/such/folder"), tempfile::tempdir().unwrap());
        let why = copy(missing, other.path(), io::sink()).unwrap_err().to_string();
        assert!(why.starts_with("/no/such/folder: "), "{why}");
    }
}
