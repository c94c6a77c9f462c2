//! Building the dashboard: cargo, wasm-split, wasm-bindgen, wasm-opt, esbuild, brotli. What a browser loads goes to `site/build`: one
//! page, and files whose names change with their content, each also as brotli makes it. The program comes in parts
//! (`site/src/split.rs`), of which a view needs some.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, ensure};
use sha2::{Digest, Sha256};

use crate::{root, sh, target_dir, tools};

/// The profile of Cargo.toml that is for size.
const PROFILE: &str = "site";
const FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
/// Like beside like: brotli finds a function that is like another the better the nearer they are. What else wasm-opt can do makes
/// fewer instructions that are less alike, and more of them compressed: `-Oz` costs a tenth.
// With `--all-features` it writes what browsers do not read yet.
const ORDER: [&str; 4] =
    ["--detect-features", "--duplicate-function-elimination", "--reorder-functions-by-name", "--strip-debug"];
/// The library, as cargo and wasm-bindgen name it.
const LIBRARY: &str = "patr_site";

/// The script by which the first part of the program has the others loaded.
const LINKS: &str = "./__wasm_split.js";
/// What it asks for in the place of what is in the first part: a module with nothing in it (WebAssembly core 2.0, 5.5.16).
const NOTHING: &str = "Promise.resolve(new Response(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), \
                       { headers: { \"content-type\": \"application/wasm\" } }))";
/// What the first part is called by the others.
const SHARES: &str = "__wasm_split";
/// The first part with what others share.
const MERGED: &str = "merged.wasm";
/// What is loaded for all views, in the list of what is.
const FIRST: &str = "first";
/// What a browser loads only when somebody opens a view that needs it, by its name in `site/` and in the assets. Its address is in
/// `site/lazy.js`.
const LAZY: &str = "terminal";
/// Where everything is but the page.
const ASSETS: &str = "assets/";

/// What a browser may have to load before it shows a view, compressed, in bytes (docs/dashboard.md).
const FIRST_LOAD_MAX: u64 = 400 * 1024;
/// Parts whose views are inside of views of another.
const BELOW: [(&str, &str); 2] = [("changes", "workloads"), ("insight", "workloads")];
/// What is loaded when something is done, not for a view.
const DONE: [&str; 2] = ["publish", LAZY];
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

/// What wasm-split and wasm-bindgen write.
fn glue() -> PathBuf {
    scratch().join("glue")
}

/// What is loaded for which views.
fn list() -> PathBuf {
    scratch().join("views.json")
}

/// Builds what is out of date.
///
/// # Errors
/// A tool cannot be installed, or the code does not compile.
pub(crate) fn build() -> anyhow::Result<()> {
    let mut cargo = sh::cargo();
    cargo.args(["build", "--quiet", "--lib", "-p", "patr-site", "--profile", PROFILE]);
    sh::run(cargo.args(["--target", tools::WASM_TARGET]).env(FLAGS, flags()))?;
    let stamp = stamp()?;
    let stamp_file = scratch().join("stamp");
    if folder().is_dir() && fs::read_to_string(&stamp_file).is_ok_and(|made| made == stamp) {
        return Ok(());
    }
    Parts::make()?.write(&folder())?;
    fs::write(stamp_file, stamp).context("writing the stamp of the dashboard")
}

/// Views of one type each, of which leptos makes far less code; what calls what, for the one that splits; and nothing of where
/// this machine has its sources, which panics would else tell everybody.
fn flags() -> String {
    let mut flags = vec!["--cfg=erase_components".to_owned(), "-Clink-args=--emit-relocs".to_owned()];
    let registries = fs::read_dir(tools::cargo_home().join("registry/src"));
    for sources in registries.into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}/=", sources.path().display()));
    }
    flags.join("\u{1f}")
}

/// Says how much of what was built a browser loads before it shows a view, and holds it to a limit.
///
/// # Errors
/// Nothing was built, or it is too large.
pub(crate) fn check() -> anyhow::Result<()> {
    let list = fs::read(list()).context("reading what the dashboard comes in")?;
    let views: BTreeMap<String, BTreeSet<String>> = serde_json::from_slice(&list)?;
    println!(
        "   dashboard: {} KiB compressed for all views",
        kib(size_of(views.values().flatten().collect())?)
    );
    for part in views.keys().filter(|part| *part != FIRST) {
        let on = BELOW.iter().find(|(below, _)| below == part).map_or(FIRST, |(_, on)| on);
        let files = [FIRST, on, part].into_iter().filter_map(|part| views.get(part)).flatten();
        let size = size_of(files.collect())?;
        println!("   {part}: {} KiB", kib(size));
        ensure!(
            size <= FIRST_LOAD_MAX || DONE.contains(&part.as_str()),
            "a browser loads {size} bytes for a view of `{part}`, the limit is {FIRST_LOAD_MAX}"
        );
    }
    Ok(())
}

fn kib(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}

/// How much of these files is loaded: the smaller of two.
fn size_of(files: BTreeSet<&String>) -> anyhow::Result<u64> {
    let mut size = 0;
    for file in files {
        let file = folder().join(file);
        let coded = with_end(&file, CODED);
        let loaded = if coded.exists() { coded } else { file };
        size += fs::metadata(&loaded).with_context(|| format!("reading {}", loaded.display()))?.len();
    }
    Ok(size)
}

/// What a browser loads.
struct Parts {
    /// The page, the icon, and what is compressed; by their names.
    plain: BTreeMap<String, Vec<u8>>,
    coded: BTreeMap<String, Vec<u8>>,
    /// What is loaded for each part of the program; for all views, under [`FIRST`].
    views: BTreeMap<String, Vec<String>>,
}

impl Parts {
    fn make() -> anyhow::Result<Self> {
        let read = |path: &str| fs::read(root().join(path)).with_context(|| format!("reading {path}"));
        let (mut coded, mut views) = (BTreeMap::new(), BTreeMap::new());
        let Program { main, parts, needs, shared } = program()?;
        let mut links = fs::read_to_string(glue().join(LINKS)).context("reading what wasm-split wrote")?;
        let mut names = BTreeMap::new();
        for (stem, part) in parts {
            let name = name(&stem, &part, "wasm");
            // They are beside the script that asks for them.
            links =
                links.replace(&format!("./{stem}.wasm"), &format!("./{}", name.trim_start_matches(ASSETS)));
            names.insert(stem, name.clone());
            coded.insert(name, part);
        }
        for stem in shared {
            links = links.replace(&format!("fetch(new URL(\"./{stem}.wasm\", import.meta.url))"), NOTHING);
        }
        fs::write(glue().join(LINKS), links).context("writing the names of the parts")?;
        for (view, stems) in needs {
            views.insert(view, stems.iter().filter_map(|stem| names.get(stem).cloned()).collect());
        }
        let wasm = name("patr", &main, "wasm");
        let lazy = bundle_lazy()?;
        let lazy_name = name(LAZY, &lazy, "js");
        let script = bundle(&wasm, &lazy_name, &views)?;
        views.insert(LAZY.to_owned(), vec![lazy_name.clone()]);
        coded.insert(lazy_name, lazy);
        let style = minify(&root().join("site/style.css"))?;
        let icon = read("site/icon.svg")?;
        let names = [
            ("icon", name("icon", &icon, "svg")),
            ("style", name("style", &style, "css")),
            ("script", name("patr", &script, "js")),
            ("wasm", wasm),
        ];
        let page = names.iter().fold(String::from_utf8(read("site/index.html")?)?, |page, (what, name)| {
            page.replace(&format!("{{{what}}}"), name)
        });
        let [icon_name, style_name, script_name, wasm] = names.map(|(_, name)| name);
        let plain = BTreeMap::from([(icon_name, icon), ("index.html".to_owned(), page.into_bytes())]);
        coded.extend([(style_name.clone(), style), (script_name.clone(), script), (wasm.clone(), main)]);
        let first = plain.keys().cloned().chain([style_name, script_name, wasm]).collect();
        views.insert(FIRST.to_owned(), first);
        Ok(Self { plain, coded, views })
    }

    /// In the place of what was there.
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).context("removing the dashboard that was built before")?;
        }
        fs::create_dir_all(folder.join(ASSETS)).context("making the folder of the dashboard")?;
        for (name, bytes) in self.plain.iter().chain(&self.coded) {
            write(&folder.join(name), bytes)?;
        }
        for (name, bytes) in &self.coded {
            write(&with_end(&folder.join(name), CODED), &compressed(bytes))?;
        }
        write(&list(), &serde_json::to_vec(&self.views)?)
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
    format!("{ASSETS}{stem}-{hash}.{extension}")
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
struct Program {
    main: Vec<u8>,
    /// By the names that it knows them by.
    parts: BTreeMap<String, Vec<u8>>,
    /// What each split point of `site/src/split.rs` needs, by these names.
    needs: BTreeMap<String, Vec<String>>,
    /// What of that is in `main`.
    shared: Vec<String>,
}

fn program() -> anyhow::Result<Program> {
    tools::npm()?;
    tools::WASM_BINDGEN.ensure()?;
    let folder = glue();
    if folder.exists() {
        fs::remove_dir_all(&folder).context("removing what wasm-bindgen wrote before")?;
    }
    let input = fs::read(library()).with_context(|| format!("reading {}", library().display()))?;
    let main = folder.join(LIBRARY).with_extension("wasm");
    let module = format!("./{LIBRARY}.js");
    let mut options = wasm_split_cli_support::Options::new(&input);
    (options.output_dir, options.main_out_path, options.link_name) = (&folder, &main, LINKS);
    options.main_module = &module;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|problem| anyhow!("splitting the dashboard: {problem:#}"))?;
    let mut bind = Command::new("wasm-bindgen");
    // With the names of functions, which wasm-opt sorts by and takes out; and with what the parts ask of the first.
    bind.args(["--target", "web", "--no-typescript", "--keep-debug", "--keep-lld-exports"]);
    sh::quietly(bind.arg("--remove-producers-section").arg("--out-dir").arg(&folder).arg(&main))?;
    let needs: BTreeMap<String, Vec<String>> = split.prefetch_map.into_iter().collect();
    let uses = |stem: &String| needs.values().filter(|stems| stems.contains(stem)).count();
    let (shared, own): (Vec<String>, Vec<String>) = needs
        .values()
        .flatten()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .partition(|stem| uses(stem) > 1);
    merge(&folder, &shared)?;
    let parts = own.into_iter().map(|stem| {
        let part = ordered(&folder.join(&stem).with_extension("wasm"))?;
        Ok((stem, part))
    });
    Ok(Program {
        parts: parts.collect::<anyhow::Result<_>>()?,
        main: ordered(&folder.join(MERGED))?,
        needs,
        shared,
    })
}

/// Puts what several parts share into the first one: compressed with it, it takes less than each for itself, and nobody asks for
/// a dozen small files.
fn merge(folder: &Path, shared: &[String]) -> anyhow::Result<()> {
    let mut merge = Command::new(tools::npm_program("wasm-merge"));
    merge.args(["--detect-features", "-g"]).arg(folder.join(format!("{LIBRARY}_bg.wasm"))).arg(SHARES);
    for stem in shared {
        merge.arg(folder.join(stem).with_extension("wasm")).arg(stem);
    }
    sh::quietly(merge.arg("-o").arg(folder.join(MERGED)))
}

/// A module as wasm-opt leaves it.
fn ordered(module: &Path) -> anyhow::Result<Vec<u8>> {
    let mut opt = Command::new(tools::npm_program("wasm-opt"));
    sh::quietly(opt.args(ORDER).arg(module).arg("-o").arg(module))?;
    fs::read(module).with_context(|| format!("reading {}", module.display()))
}

/// `site/boot.js` with what wasm-bindgen and wasm-split wrote.
fn bundle(wasm: &str, lazy: &str, views: &BTreeMap<String, Vec<String>>) -> anyhow::Result<Vec<u8>> {
    let mut bundle = esbuild(&root().join("site/boot.js"));
    bundle.args(["--bundle", "--format=esm", "--target=es2022"]);
    bundle.arg(format!("--define:WASM={}", serde_json::to_string(&format!("/{wasm}"))?));
    bundle.arg(format!("--define:PARTS={}", serde_json::to_string(views)?));
    bundle.arg(format!("--alias:glue={}", glue().join(format!("{LIBRARY}.js")).display()));
    // What is behind its address is not there while this is bundled.
    bundle.arg(format!("--define:TERMINAL={}", serde_json::to_string(&format!("/{lazy}"))?));
    bundle.arg("--external:/assets/*");
    bundle.arg(format!("--alias:lazy={}", root().join("site/lazy.js").display()));
    Ok(sh::output(&mut bundle)?.into_bytes())
}

/// `site/terminal.js` with what it uses, in one file: its rules are text in it, and all of it sees another document.
fn bundle_lazy() -> anyhow::Result<Vec<u8>> {
    let mut bundle = esbuild(&root().join(format!("site/{LAZY}.js")));
    bundle.args(["--bundle", "--format=esm", "--target=es2022", "--loader:.css=text"]);
    bundle.args(["--define:document=paper", "--define:window.document=paper"]);
    bundle.arg(format!("--inject:{}", root().join("site/paper.js").display()));
    bundle.env("NODE_PATH", tools::npm_folder());
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
    let sources = [
        "site/boot.js",
        "site/lazy.js",
        "site/paper.js",
        "site/terminal.js",
        "site/style.css",
        "site/icon.svg",
        "site/index.html",
        "xtask/edge/package-lock.json",
        "xtask/src/site.rs",
    ];
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
