//! Bodies of 100 MB with curl.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::contenders::Contender;
use crate::sh;

const BYTES: u64 = 100_000_000;

/// A download of 1 TB, which ends with this.
pub(super) struct Download(Child);

impl Download {
    pub(super) fn begin(contender: &Contender) -> anyhow::Result<Self> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--output", "/dev/null", "--header", &format!("host: {}", contender.host)]);
        curl.arg(format!("{}/stream?bytes=1000000000000", contender.url)).stdin(Stdio::null());
        curl.spawn().map(Self).context("starting curl")
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file to upload.
pub(super) fn body(state: &Path) -> anyhow::Result<PathBuf> {
    let body = state.join("body");
    // Holes cost no disk, and read as zeros.
    File::create(&body).and_then(|file| file.set_len(BYTES)).context("making the body to upload")?;
    Ok(body)
}

pub(super) fn down(contender: &Contender) -> anyhow::Result<f64> {
    curl(contender, &[], &format!("/stream?bytes={BYTES}"))
}

pub(super) fn up(contender: &Contender, body: &Path) -> anyhow::Result<f64> {
    curl(contender, &["--header", "expect:", "--upload-file", &body.to_string_lossy()], "/upload")
}

/// MB per second of one transfer, which must be whole.
fn curl(contender: &Contender, arguments: &[&str], path: &str) -> anyhow::Result<f64> {
    let said = sh::output(
        Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--output", "/dev/null"])
            .args(["--header", &format!("host: {}", contender.host)])
            .args(["--write-out", "%{size_download} %{size_upload} %{time_total}"])
            .args(arguments)
            .arg(format!("{}{path}", contender.url)),
    )?;
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [down, up, seconds] = numbers[..] else { anyhow::bail!("curl said {said}") };
    anyhow::ensure!(down.max(up) >= BYTES as f64, "only {} of {BYTES} bytes came", down.max(up));
    Ok(BYTES as f64 / seconds / 1e6)
}
