//! The build tools, in exact versions, from the package registries only.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{root, sh};

/// A program that `cargo install` provides.
pub(crate) struct Tool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
    /// More arguments of `cargo install`.
    options: &'static [&'static str],
    /// Whether its speed is compared with ours: then it is compiled as its authors mean it to be.
    is_measured: bool,
}

/// Must be the version of the `worker` crate.
pub(crate) const WORKER_BUILD: Tool = Tool {
    package: "worker-build",
    program: "worker-build",
    version: "0.8.7",
    options: &["--locked"],
    is_measured: false,
};
/// Must be the version of the `wasm-bindgen` crate, a test compares. Its lock file names a yanked package.
pub(crate) const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen",
    version: "0.2.130",
    options: &[],
    is_measured: false,
};
/// The test runner.
pub(crate) const NEXTEST: Tool = Tool {
    package: "cargo-nextest",
    program: "cargo-nextest",
    version: "0.9.151",
    options: &["--locked", "--no-default-features", "--features", "default-no-update"],
    is_measured: false,
};
/// Licences, advisories, sources.
pub(crate) const DENY: Tool = Tool {
    package: "cargo-deny",
    program: "cargo-deny",
    version: "0.20.2",
    options: &["--locked"],
    is_measured: false,
};
/// Unused dependencies. Newer ones need a newer rustc than rust-toolchain.toml pins.
pub(crate) const SHEAR: Tool = Tool {
    package: "cargo-shear",
    program: "cargo-shear",
    version: "1.9.1",
    options: &["--locked"],
    is_measured: false,
};

/// What tunnels are measured beside. Its transports with TLS are left out, as ours is without it there. Its lock file is
/// older than what the compiler takes.
pub(crate) const RATHOLE: Tool = Tool {
    package: "rathole",
    program: "rathole",
    version: "0.5.0",
    options: &["--no-default-features", "--features", "server,client"],
    is_measured: true,
};

impl Tool {
    /// Installs the tool unless this version is there already.
    ///
    /// # Errors
    /// `cargo install` failed.
    pub(crate) fn ensure(&self) -> anyhow::Result<()> {
        if self.says_its_version() || self.is_listed()? {
            return Ok(());
        }
        eprintln!("installing {} {} (once; minutes on a small machine)", self.package, self.version);
        let mut install = sh::cargo();
        install.args(["install", "--quiet", "--force", self.package, "--version", self.version]);
        if !self.is_measured {
            // They run for seconds and compile for minutes: less of the second.
            install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
            install
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        }
        sh::run(install.args(self.options))
    }

    fn says_its_version(&self) -> bool {
        let said = Command::new(self.program).arg("--version").output();
        said.is_ok_and(|out| {
            String::from_utf8_lossy(&out.stdout).split_whitespace().any(|word| word == self.version)
        })
    }

    /// Not every tool says which version it is.
    fn is_listed(&self) -> anyhow::Result<bool> {
        let line = format!("{} v{}:", self.package, self.version);
        Ok(sh::output(sh::cargo().args(["install", "--list"]))?.lines().any(|listed| listed == line))
    }
}

/// What the Worker scripts are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Adds a target to the toolchain. rustup does so by itself when it installs the toolchain that rust-toolchain.toml
/// names, but not to one that is there already.
///
/// # Errors
/// The target is missing and rustup is too, or cannot add it.
pub(crate) fn target(target: &str) -> anyhow::Result<()> {
    let libraries = sh::output(
        Command::new("rustc").args(["--print", "target-libdir", "--target", target]).current_dir(root()),
    )?;
    if PathBuf::from(libraries.trim()).is_dir() {
        return Ok(());
    }
    eprintln!("adding the target {target}");
    sh::quietly(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
        .with_context(|| format!("the Rust toolchain lacks the target {target}"))
}

/// Where the npm packages are; call [`npm`] before.
pub(crate) fn npm_folder() -> PathBuf {
    root().join("xtask/edge/node_modules")
}

/// A program of one of them.
pub(crate) fn npm_program(name: &str) -> PathBuf {
    npm_folder().join(".bin").join(name)
}

/// Installs the npm packages when the lock file is not the one they were installed from.
///
/// # Errors
/// Node or npm is missing, or `npm ci` failed.
pub(crate) fn npm() -> anyhow::Result<()> {
    let folder = root().join("xtask/edge");
    let lock = fs::read(folder.join("package-lock.json")).context("reading xtask/edge/package-lock.json")?;
    let stamp = folder.join("node_modules/.patr-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    require("node", "Node.js 20.3 or newer")?;
    require("npm", "npm, which comes with Node.js")?;
    eprintln!("installing npm packages");
    // Nothing of ours needs an install script: workerd and esbuild come as packages per platform.
    sh::quietly(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder))?;
    fs::write(&stamp, lock).context("writing the npm stamp")
}

/// Where cargo keeps what it has fetched.
pub(crate) fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// Whether a program can be started.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn require(program: &str, what: &str) -> anyhow::Result<()> {
    if !exists(program) {
        bail!("`{program}` is not on the PATH: install {what}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(package: &str) -> String {
        let lock: toml::Table =
            toml::from_str(&fs::read_to_string(root().join("Cargo.lock")).unwrap()).unwrap();
        let packages = lock["package"].as_array().unwrap();
        let found = packages.iter().find(|p| p["name"].as_str() == Some(package)).unwrap();
        found["version"].as_str().unwrap().to_owned()
    }

    #[test]
    fn wasm_tools_are_of_the_versions_of_their_crates() {
        assert_eq!(WASM_BINDGEN.version, locked("wasm-bindgen"));
        assert_eq!(WORKER_BUILD.version, locked("worker"));
    }

    #[test]
    fn the_npm_lock_file_names_no_registry() {
        let lock = fs::read_to_string(root().join("xtask/edge/package-lock.json")).unwrap();
        assert!(!lock.contains("\"resolved\""));
    }
}
