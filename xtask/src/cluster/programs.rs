//! The programs that a cluster is made of: Kubernetes' own are compiled once, the others are the system's.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::layout::sources;
use crate::sh;

/// Programs, and the Debian packages that have them.
const SYSTEM: [(&str, &str); 12] = [
    ("cc", "build-essential"),
    ("etcd", "etcd-server"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("containerd-shim-runc-v2", "containerd"),
    ("runc", "runc"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("openssl", "openssl"),
];

/// Where distributions and people have the plugins.
const PLUGIN_FOLDERS: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];
const PLUGINS: [&str; 4] = ["bridge", "host-local", "loopback", "portmap"];

/// # Errors
/// Lists everything that is missing here, and how to get it.
pub(crate) fn require() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("a cluster needs Linux: its nodes are namespaces of the kernel");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("a cluster needs root: it makes namespaces, mounts and control groups");
    }
    let programs = SYSTEM.iter().filter(|(program, _)| find(program).is_none());
    let mut missing: Vec<&str> = programs.map(|(_, package)| *package).collect();
    if plugins().is_none() {
        missing.push("containernetworking-plugins");
    }
    missing.dedup();
    if !missing.is_empty() {
        bail!("a cluster needs packages that are missing here: apt-get install {}", missing.join(" "));
    }
    Ok(())
}

/// The folder with the plugins of CNI.
pub(super) fn plugins() -> Option<&'static str> {
    PLUGIN_FOLDERS
        .into_iter()
        .find(|folder| PLUGINS.iter().all(|plugin| Path::new(folder).join(plugin).exists()))
}

fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&path()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Not everybody has the administrator's folders on the PATH.
pub(super) fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// The folder with Kubernetes' programs; they are compiled if they are not there.
///
/// # Errors
/// Go is missing, a module is out of reach, or something does not compile.
pub(super) fn ensure() -> anyhow::Result<PathBuf> {
    let module = sources();
    let sums = fs::read(module.join("go.sum")).context("reading tests/kubernetes/go.sum")?;
    let kept = cache()?.join(hash(&sums));
    if kept.exists() {
        return Ok(kept);
    }
    if find("go").is_none() {
        bail!("`go` is not on the PATH: install Go 1.24 or newer, Kubernetes is compiled with it");
    }
    let text = fs::read_to_string(module.join("go.mod")).context("reading tests/kubernetes/go.mod")?;
    let version = version(&text).context("tests/kubernetes/go.mod requires no k8s.io/kubernetes")?;
    println!("compiling Kubernetes {version} (once; some minutes)");
    compile(&module, &cache()?.join("build"), &kept, version)?;
    Ok(kept)
}

/// Outside of the repository: a fresh clone of it has them too.
fn cache() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("patr/kubernetes"))
}

/// Compiles in `scratch`, which has gigabytes of modules and objects meanwhile.
fn compile(module: &Path, scratch: &Path, kept: &Path, version: &str) -> anyhow::Result<()> {
    let programs = scratch.join("programs");
    fs::create_dir_all(&programs).with_context(|| format!("making {}", programs.display()))?;
    sh::run(
        Command::new("go")
            .args(["build", "-mod=readonly", "-modcacherw", "-trimpath", "-ldflags", &linked(version), "-o"])
            .arg(&programs)
            .arg("tool")
            .current_dir(module)
            .env("CGO_ENABLED", "0")
            .env("GOCACHE", scratch.join("objects"))
            .env("GOMODCACHE", scratch.join("modules")),
    )?;
    // Under its name only when it is whole.
    fs::rename(programs, kept).context("keeping Kubernetes' programs")?;
    fs::remove_dir_all(scratch).context("deleting what was needed to compile")
}

/// What the released programs have linked into them: without it clients cannot read the server's version.
fn linked(version: &str) -> String {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let package = "k8s.io/component-base/version";
    let set = |name: &str, value: &str| format!(" -X {package}.{name}={value}");
    ["-s -w".to_owned(), set("gitVersion", version), set("gitMajor", major), set("gitMinor", minor)].concat()
}

fn version(module: &str) -> Option<&str> {
    let mut required = module.lines().filter_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "));
    required.next()?.split(' ').next()
}

fn hash(sums: &[u8]) -> String {
    Sha256::digest(sums).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_kubernetes_is_read_from_the_module() {
        let module = fs::read_to_string(sources().join("go.mod")).unwrap();
        let version = version(&module).unwrap();
        assert!(version.starts_with("v1."), "{version}");
    }

    #[test]
    fn every_staging_module_is_of_the_same_release() {
        let module = fs::read_to_string(sources().join("go.mod")).unwrap();
        let staging = version(&module).unwrap().replace("v1.", "v0.");
        let replaced: Vec<&str> = module.lines().filter(|line| line.contains(" => ")).collect();
        assert_eq!(replaced.len(), 31);
        assert!(replaced.iter().all(|line| line.ends_with(&staging)), "{replaced:#?}");
    }

    #[test]
    fn a_program_says_its_version_in_three_ways() {
        let flags = linked("v1.34.4");
        for flag in ["version.gitVersion=v1.34.4", "version.gitMajor=1", "version.gitMinor=34"] {
            assert!(flags.contains(flag), "{flags}");
        }
    }
}
