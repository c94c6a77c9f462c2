//! `cargo xtask openapi`

use anyhow::{Context, bail};

/// Writes the document, or compares it.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let path = crate::root().join("models/openapi.json");
    let text = format!("{:#}\n", patr_models::openapi::document());
    if !check {
        return std::fs::write(&path, text).context("writing models/openapi.json");
    }
    if std::fs::read_to_string(&path).context("reading models/openapi.json")? != text {
        bail!("models/openapi.json is out of date: run `cargo xtask openapi`");
    }
    println!("models/openapi.json is up to date");
    Ok(())
}
