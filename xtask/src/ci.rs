//! `cargo xtask ci`: everything that is checked without running a test.

use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::scripts::{self, SCRIPTS};
use crate::{openapi, root, sh, site, tidy, tools};

type Step = (&'static str, fn() -> anyhow::Result<()>);

/// The cheap ones first.
const STEPS: [Step; 9] = [
    ("format", || cargo("fmt --all --check")),
    ("tidy", tidy::run),
    ("openapi", || openapi::run(true)),
    ("clippy", || cargo("clippy --quiet --workspace --all-targets -- -D warnings")),
    ("clippy for wasm32", || cargo(CLIPPY_WASM)),
    ("documentation", documentation),
    ("dependencies: licences, sources, bans", deny),
    ("dependencies: unused", shear),
    ("deploy, dry", dry_deploy),
];

const CLIPPY_WASM: &str = "clippy --quiet --target wasm32-unknown-unknown -p patr-models -p patr-tunnel \
                           -p patr-worker -p patr-durable-objects -p patr-site -- -D warnings";

/// # Errors
/// The first step that fails.
pub(crate) fn run() -> anyhow::Result<()> {
    for (name, step) in STEPS {
        let start = Instant::now();
        println!("== {name}");
        step().with_context(|| name)?;
        println!("   ok, {:.1} s", start.elapsed().as_secs_f32());
    }
    Ok(())
}

fn cargo(arguments: &str) -> anyhow::Result<()> {
    sh::run(sh::cargo().args(arguments.split_whitespace()))
}

/// Private items are documented too, so a link to one leads somewhere.
fn documentation() -> anyhow::Result<()> {
    sh::run(
        sh::cargo()
            .args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )
}

/// Advisories are left out: their database is a git repository, and this run uses package registries only.
fn deny() -> anyhow::Result<()> {
    tools::DENY.ensure()?;
    cargo("deny --log-level error check bans licenses sources")
}

fn shear() -> anyhow::Result<()> {
    tools::SHEAR.ensure()?;
    cargo("shear")
}

/// What `wrangler deploy` would upload, and how large it is before wasm-opt. That one takes minutes for `worker`.
fn dry_deploy() -> anyhow::Result<()> {
    scripts::build(false, None)?;
    site::check()?;
    for script in SCRIPTS {
        let said = sh::output(
            Command::new(tools::npm_program("wrangler"))
                .args(["deploy", "--dry-run", "--config", script.config])
                .current_dir(root())
                .env("WRANGLER_SEND_METRICS", "false")
                .env(scripts::WASM_OPT, "off"),
        )?;
        let size = said.lines().find_map(|line| line.trim().strip_prefix("Total Upload: "));
        println!("   {}: {}", script.config, size.context("wrangler names no size")?);
    }
    Ok(())
}
