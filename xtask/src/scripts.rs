//! Building the two Worker scripts, and the dashboard that one of them serves: cargo, wasm-bindgen, esbuild and, for deploys, wasm-opt.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{root, sh, site, target_dir, tools};

/// A Worker script of ours.
pub(crate) struct Script {
    /// Its folder in the repository.
    pub(crate) folder: &'static str,
    /// The file that cargo makes, without `.wasm`.
    library: &'static str,
    /// Its wrangler.toml, relative to the root.
    pub(crate) config: &'static str,
}

/// In the order in which Miniflare gets them: the first answers requests from outside.
pub(crate) const SCRIPTS: [Script; 2] = [
    Script { folder: "worker", library: "patr_worker", config: "wrangler.toml" },
    Script {
        folder: "durable-objects",
        library: "patr_durable_objects",
        config: "durable-objects/wrangler.toml",
    },
];

/// `off` leaves wasm-opt out, also where it is asked for: wrangler asks for it by the command in its configuration.
pub(crate) const WASM_OPT: &str = "PATR_WASM_OPT";

/// Builds what is out of date: `index.js` and `index_bg.wasm` in the `build` folder of each script.
///
/// # Errors
/// A tool cannot be installed, the code does not compile, or no script has the folder `only`.
pub(crate) fn build(optimize: bool, only: Option<&str>) -> anyhow::Result<()> {
    let optimize = optimize && std::env::var_os(WASM_OPT).is_none_or(|value| value != "off");
    if let Some(folder) = only
        && !SCRIPTS.iter().any(|script| script.folder == folder)
    {
        bail!("no Worker script in `{folder}`: there are `worker` and `durable-objects`");
    }
    tools::npm()?;
    tools::target(tools::WASM_TARGET)?;
    tools::WASM_BINDGEN.ensure()?;
    tools::WORKER_BUILD.ensure()?;
    let is_asked_for = |folder: &str| only.is_none_or(|only| only == folder);
    let scripts = || {
        SCRIPTS
            .iter()
            .filter(|script| is_asked_for(script.folder))
            .try_for_each(|script| script.build(optimize))
    };
    if !is_asked_for("worker") {
        return scripts();
    }
    // The last minutes of each are spent on one core. They are of two profiles, so that neither waits for the other's lock.
    let (dashboard, scripts) = sh::both(site::build, scripts)?;
    dashboard.and(scripts)
}

impl Script {
    /// What worker-build made.
    pub(crate) fn build_dir(&self) -> PathBuf {
        root().join(self.folder).join("build")
    }

    fn build(&self, optimize: bool) -> anyhow::Result<()> {
        // The same command and environment as worker-build's own, so that its run of it finds nothing to do.
        sh::run(
            sh::cargo()
                .args(["build", "--quiet", "--lib", "--profile", "wasm", "--target", tools::WASM_TARGET])
                .current_dir(root().join(self.folder))
                .env("WASM_BINDGEN_USE_JS_SYS", "1"),
        )?;
        let stamp = self.stamp()?;
        let stamp_file = self.build_dir().join(".stamp");
        let made = fs::read_to_string(&stamp_file).unwrap_or_default();
        // An optimized build of the same code is as good as a plain one.
        if made == format!("{stamp} optimized") || (!optimize && made == stamp) {
            return Ok(());
        }
        self.worker_build(optimize)?;
        let made = if optimize { format!("{stamp} optimized") } else { stamp };
        fs::write(stamp_file, made).context("writing the stamp of a script")
    }

    fn worker_build(&self, optimize: bool) -> anyhow::Result<()> {
        let mut build = Command::new("worker-build");
        build
            .args(["--profile", "wasm"])
            .current_dir(root().join(self.folder))
            .env("WASM_BINDGEN_BIN", "wasm-bindgen")
            .env("WASM_OPT_BIN", tools::npm_program("wasm-opt"))
            .env("ESBUILD_BIN", tools::npm_program("esbuild"));
        if !optimize {
            build.arg("--no-opt");
        }
        sh::quietly(&mut build)
    }

    /// What tells one build from another.
    fn stamp(&self) -> anyhow::Result<String> {
        let wasm =
            target_dir().join(tools::WASM_TARGET).join("wasm").join(self.library).with_extension("wasm");
        let bytes = fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(format!("{:016x}", hasher.finish()))
    }
}
