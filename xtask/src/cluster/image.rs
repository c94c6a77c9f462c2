//! Container images of one static program, for which no container engine is needed: Docker's archive format.

use std::fs::{self, File};
use std::io::Cursor;
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::layout::{Layout, sources};
use crate::sh;

/// Compiles a program of tests/kubernetes and makes an archive of it; the program is at the root of the image.
///
/// # Errors
/// It does not compile, or cannot be written.
pub(super) fn make(layout: &Layout, program: &str, name: &str) -> anyhow::Result<()> {
    let binary = layout.images().join(program);
    sh::quietly(
        Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-static", "-Os", "-s", "-o"])
            .arg(&binary)
            .arg(sources().join(format!("{program}.c"))),
    )?;
    let archive = File::create(layout.images().join(format!("{program}.tar")))?;
    write(archive, program, &fs::read(&binary)?, name).with_context(|| format!("making the image {name}"))
}

fn write(archive: File, program: &str, binary: &[u8], name: &str) -> anyhow::Result<()> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, program, binary, 0o755)?;
    let layer = layer.into_inner()?;
    let mut archive = tar::Builder::new(archive);
    append(&mut archive, "layer.tar", &layer, 0o644)?;
    append(&mut archive, "config.json", config(program, &layer).to_string().as_bytes(), 0o644)?;
    let manifest = json!([{ "Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"] }]);
    append(&mut archive, "manifest.json", manifest.to_string().as_bytes(), 0o644)?;
    archive.into_inner().map(drop).context("ending the archive")
}

fn config(program: &str, layer: &[u8]) -> Value {
    let digest: String = Sha256::digest(layer).iter().map(|byte| format!("{byte:02x}")).collect();
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": [format!("/{program}")] },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
    })
}

fn append<W: std::io::Write>(
    archive: &mut tar::Builder<W>,
    path: &str,
    bytes: &[u8],
    mode: u32,
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len().try_into()?);
    header.set_mode(mode);
    archive.append_data(&mut header, path, Cursor::new(bytes)).with_context(|| format!("packing {path}"))
}

/// Gives the archive of a program to the cluster.
///
/// # Errors
/// containerd refused.
pub(super) fn import(layout: &Layout, program: &str) -> anyhow::Result<()> {
    let archive = layout.images().join(format!("{program}.tar"));
    sh::quietly(layout.ctr().args(["images", "import"]).arg(archive))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    #[test]
    fn an_archive_names_its_layer_and_what_is_in_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.reopen().unwrap(), "pause", b"the program", "localhost/pause:1").unwrap();
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(file.reopen().unwrap()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (path, mut bytes) = (entry.path().unwrap().display().to_string(), Vec::new());
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(path, bytes);
        }
        let read = |name: &str| serde_json::from_slice::<Value>(&files[name]).unwrap();
        let (manifest, layer) = (read("manifest.json"), &files["layer.tar"]);
        assert_eq!(manifest[0]["Layers"], json!(["layer.tar"]));
        assert_eq!(read(manifest[0]["Config"].as_str().unwrap()), config("pause", layer));
        let mut layer = tar::Archive::new(&layer[..]);
        let program = layer.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(
            (&*program.path().unwrap().to_string_lossy(), program.header().mode().unwrap()),
            ("pause", 0o755)
        );
    }
}
