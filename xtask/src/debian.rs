//! An image of Debian packages, so that stories deploy software that others wrote.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{sh, target_dir, tools};

/// The image. Its number changes with what is in it.
pub(crate) const DEBIAN: &str = "patr-story-debian:2";

/// What is in it besides the least that Debian is.
const PACKAGES: &str = "nginx-light,node-ws,nodejs,postgresql,python3,python3-websockets,redis-server";

/// What no story reads.
const LEFT_OUT: [&str; 6] = [
    "./proc/*",
    "./usr/share/doc/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./var/cache/*",
    "./var/lib/apt/lists/*",
];

/// Whether there is what the image is made with, or from.
pub(crate) fn can_be_built() -> bool {
    tools::exists("debootstrap") || archive().exists()
}

fn archive() -> PathBuf {
    target_dir().join("images/debian-2.tar")
}

/// Makes the image if it is not there. The packages are kept with what is compiled.
///
/// # Errors
/// The packages cannot be installed, or Docker refused.
pub(crate) fn build() -> anyhow::Result<()> {
    if sh::quietly(Command::new("docker").args(["image", "inspect", DEBIAN])).is_ok() {
        return Ok(());
    }
    let folder = target_dir().join("images");
    fs::create_dir_all(&folder)?;
    let archive = archive();
    if !archive.exists() {
        pack(&folder.join("debian"), &archive)?;
    }
    let archive = File::open(&archive).context("reading the archive of Debian packages")?;
    let change = ["--change", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
    sh::quietly_with(archive, Command::new("docker").arg("import").args(change).args(["-", DEBIAN]))
}

fn pack(root: &Path, archive: &Path) -> anyhow::Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.context("/etc/os-release names no VERSION_CODENAME")?;
    println!("installing Debian packages into a folder: {PACKAGES}");
    let include = format!("--include={PACKAGES}");
    sh::quietly(as_root("debootstrap").args(["--variant=minbase", &include, suite]).arg(root))?;
    // Under another name until it is whole.
    let part = archive.with_extension("part");
    let excluded = LEFT_OUT.iter().map(|path| format!("--exclude={path}"));
    sh::quietly(
        as_root("tar")
            .arg("--create")
            .arg("--file")
            .arg(&part)
            .args(excluded)
            .arg("--directory")
            .arg(root)
            .arg("."),
    )?;
    fs::rename(&part, archive)?;
    sh::quietly(as_root("rm").arg("--recursive").arg("--force").arg(root))
}

fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    command
}
