//! Building the dashboard: cargo, wasm-bindgen, wasm-opt, esbuild, brotli. What a browser loads goes to `site/build`: one page,
//! and files whose names change with their content, each also as brotli makes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use crate::{root, sh, target_dir, tools};

/// The profile of Cargo.toml that is for size.
const PROFILE: &str = "site";
/// Views of one type each, of which leptos makes far less code.
const FLAGS: (&str, &str) = ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg erase_components");
/// Like beside like: brotli finds a function that is like another the better the nearer they are. What else wasm-opt can do makes
/// fewer instructions that are less alike, and more of them compressed: `-Oz` costs a tenth.
// With `--all-features` it writes what browsers do not read yet.
const ORDER: [&str; 4] =
    ["--detect-features", "--duplicate-function-elimination", "--reorder-functions-by-name", "--strip-debug"];
/// The library, as cargo and wasm-bindgen name it.
const LIBRARY: &str = "patr_site";

/// What a browser may have to load before it shows anything, compressed, in bytes. It loads everything at once. It is to be
/// 400 KiB (docs/dashboard.md): until then it may only become less.
const FIRST_LOAD_MAX: u64 = 475 * 1024;
/// As well as brotli can, with a window that all of it fits in: it is done once, not for each answer.
const BROTLI: (u32, u32) = (11, 22);
/// What stands behind the name of a file that is coded (`worker/src/dashboard.rs`).
const CODED: &str = ".br";

/// The folder that is served.
pub(crate) fn folder() -> PathBuf {
    root().join("site/build")
}

/// What is not served.
fn scratch() -> PathBuf {
    target_dir().join("dashboard")
}

/// Builds what is out of date.
///
/// # Errors
/// A tool cannot be installed, or the code does not compile.
pub(crate) fn build() -> anyhow::Result<()> {
    let mut cargo = sh::cargo();
    cargo.args(["build", "--quiet", "--lib", "-p", "patr-site", "--profile", PROFILE]);
    sh::run(cargo.args(["--target", tools::WASM_TARGET]).env(FLAGS.0, FLAGS.1))?;
    let stamp = stamp()?;
    let stamp_file = scratch().join("stamp");
    if folder().is_dir() && fs::read_to_string(&stamp_file).is_ok_and(|made| made == stamp) {
        return Ok(());
    }
    Parts::make()?.write(&folder())?;
    fs::write(stamp_file, stamp).context("writing the stamp of the dashboard")
}

/// Says how much of what was built a browser loads before it shows anything, and holds it to a limit.
///
/// # Errors
/// Nothing was built, or it is too large.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut size = fs::metadata(folder().join("index.html")).context("reading the dashboard")?.len();
    for entry in fs::read_dir(folder().join("assets")).context("reading the dashboard")? {
        let file = entry?.path();
        let coded = with_end(&file, CODED);
        // The smaller of two is what is loaded.
        size += if coded.exists() { 0 } else { fs::metadata(file)?.len() };
    }
    println!("   dashboard: {} KiB compressed, all in all", size.div_ceil(1024));
    ensure!(
        size <= FIRST_LOAD_MAX,
        "a browser loads {size} bytes of dashboard, the limit is {FIRST_LOAD_MAX}"
    );
    Ok(())
}

/// What a browser loads.
struct Parts {
    wasm: Vec<u8>,
    script: Vec<u8>,
    style: Vec<u8>,
    icon: Vec<u8>,
    page: String,
}

impl Parts {
    fn make() -> anyhow::Result<Self> {
        let wasm = bind()?;
        let script = bundle(&format!("/{}", name("patr", &wasm, "wasm")))?;
        let read = |path: &str| fs::read(root().join(path)).with_context(|| format!("reading {path}"));
        let (style, icon) = (minify(&root().join("site/style.css"))?, read("site/icon.svg")?);
        let page = String::from_utf8(read("site/index.html")?)?
            .replace("{style}", &name("style", &style, "css"))
            .replace("{icon}", &name("icon", &icon, "svg"))
            .replace("{script}", &name("patr", &script, "js"))
            .replace("{wasm}", &name("patr", &wasm, "wasm"));
        Ok(Self { wasm, script, style, icon, page })
    }

    /// In the place of what was there.
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).context("removing the dashboard that was built before")?;
        }
        fs::create_dir_all(folder.join("assets")).context("making the folder of the dashboard")?;
        let coded =
            [("wasm", "patr", &self.wasm), ("js", "patr", &self.script), ("css", "style", &self.style)];
        for (extension, stem, bytes) in coded {
            let file = folder.join(name(stem, bytes, extension));
            write(&file, bytes)?;
            write(&with_end(&file, CODED), &compressed(bytes))?;
        }
        write(&folder.join(name("icon", &self.icon, "svg")), &self.icon)?;
        write(&folder.join("index.html"), self.page.as_bytes())
    }
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The name of a file, which changes with what is in it.
fn name(stem: &str, content: &[u8], extension: &str) -> String {
    let hash: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("assets/{stem}-{hash}.{extension}")
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let (quality, window) = BROTLI;
    let mut out = Vec::new();
    // Reading from memory and writing to it does not fail.
    let _ = std::io::Read::read_to_end(
        &mut brotli::CompressorReader::new(bytes, 4096, quality, window),
        &mut out,
    );
    out
}

/// What cargo made, in the form that browsers load.
fn bind() -> anyhow::Result<Vec<u8>> {
    tools::npm()?;
    tools::WASM_BINDGEN.ensure()?;
    let mut bind = Command::new("wasm-bindgen");
    // With the names of functions, which wasm-opt sorts by and takes out.
    bind.args(["--target", "web", "--no-typescript", "--keep-debug", "--remove-producers-section"]);
    sh::quietly(bind.arg("--out-dir").arg(scratch()).arg(library()))?;
    let made = scratch().join(format!("{LIBRARY}_bg.wasm"));
    let mut opt = Command::new(tools::npm_program("wasm-opt"));
    sh::quietly(opt.args(ORDER).arg(&made).arg("-o").arg(&made))?;
    fs::read(&made).with_context(|| format!("reading {}", made.display()))
}

/// `site/boot.js` with what wasm-bindgen wrote.
fn bundle(wasm: &str) -> anyhow::Result<Vec<u8>> {
    let mut bundle = esbuild(&root().join("site/boot.js"));
    bundle.args(["--bundle", "--format=esm", "--target=es2022"]);
    bundle.arg(format!("--define:WASM={wasm:?}"));
    bundle.arg(format!("--alias:glue={}", scratch().join(format!("{LIBRARY}.js")).display()));
    Ok(sh::output(&mut bundle)?.into_bytes())
}

fn minify(file: &Path) -> anyhow::Result<Vec<u8>> {
    Ok(sh::output(&mut esbuild(file))?.into_bytes())
}

fn esbuild(file: &Path) -> Command {
    let mut esbuild = Command::new(tools::npm_program("esbuild"));
    esbuild.arg(file).args(["--minify", "--log-level=error"]);
    esbuild
}

fn library() -> PathBuf {
    target_dir().join(tools::WASM_TARGET).join(PROFILE).join(LIBRARY).with_extension("wasm")
}

/// What tells one build from another.
fn stamp() -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    let sources = ["site/boot.js", "site/style.css", "site/icon.svg", "site/index.html", "xtask/src/site.rs"];
    for file in sources.iter().map(|path| root().join(path)).chain([library()]) {
        hasher.update(fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_the_content_and_with_nothing_else() {
        assert_eq!(name("style", b"a", "css"), name("style", b"a", "css"));
        assert_ne!(name("style", b"a", "css"), name("style", b"b", "css"));
        assert!(name("patr", b"a", "wasm").starts_with("assets/patr-ca978112ca1bbdca"));
    }
}
