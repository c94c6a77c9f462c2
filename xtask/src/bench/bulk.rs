//! Bodies of 1 GiB, down and up: how fast, and how much memory that takes.

use std::fs::File;
use std::process::Command;

use anyhow::Context;

use super::process::Watched;
use super::{Options, edge, installation, median};
use crate::edge::Edge;
use crate::sh;

const BYTES: u64 = 1 << 30;
/// The Worker of the comparison, which hands bodies on.
const PROXY: &str = "plain Worker, fetch of the same app";

/// Who answers.
struct Case {
    name: &'static str,
    url: String,
    host: String,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let here = installation::Installation::start(options)?;
    let address = here.agent.address()?;
    let plain = Edge::plain(&here.state.join("plain"), &edge::plain_worker(&address))?;
    let host = here.edge.host(crate::dev::DEPLOYMENT, here.person.workspace());
    let local = |url: &str| url.replace("localhost", "127.0.0.1");
    let bare = |url: &str| url.replace("http://", "");
    let cases = [
        Case { name: "the application itself", url: format!("http://{address}"), host: address.clone() },
        Case { name: PROXY, url: local(&plain.url), host: bare(&plain.url) },
        Case { name: "the tunnel", url: local(&here.edge.url), host: bare(&host) },
    ];
    // Holes cost no disk, and read as zeros.
    let body = here.state.join("body");
    File::create(&body).and_then(|file| file.set_len(BYTES)).context("making the body to upload")?;

    println!("1 GiB, MB/s, medians of {} runs\n", options.runs);
    println!("{:<40} {:>8} {:>8}", "", "down", "up");
    let (edge, agent) = (Watched::new(here.edge.workerd()?)?, Watched::new(here.agent.pid())?);
    for case in &cases {
        let down =
            speeds(options, || curl(case, &["--output", "/dev/null"], &format!("/stream?bytes={BYTES}")))?;
        let up = speeds(options, || {
            let body = body.to_string_lossy();
            curl(case, &["--output", "/dev/null", "--header", "expect:", "--upload-file", &body], "/upload")
        })?;
        println!("{:<40} {down:>8.0} {up:>8.0}", case.name);
    }
    // Only the tunnel's case reaches this edge and this agent.
    let (edge, agent) = (edge.used()?.peak_mb, agent.used()?.peak_mb);
    println!("\npeak resident memory: workerd {edge:.0} MB, agent {agent:.1} MB");
    Ok(())
}

fn speeds(options: &Options, mut once: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let speeds: Vec<f64> = (0..options.runs).map(|_| once()).collect::<anyhow::Result<_>>()?;
    Ok(median(speeds.into_iter()))
}

/// MB per second of one transfer, which must be whole.
fn curl(case: &Case, arguments: &[&str], path: &str) -> anyhow::Result<f64> {
    let said = sh::output(
        Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--header", &format!("host: {}", case.host)])
            .args(["--write-out", "%{size_download} %{size_upload} %{time_total}"])
            .args(arguments)
            .arg(format!("{}{path}", case.url)),
    )?;
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [down, up, seconds] = numbers[..] else { anyhow::bail!("curl said {said}") };
    anyhow::ensure!(
        down.max(up) >= BYTES as f64,
        "{}: only {} of {BYTES} bytes came",
        case.name,
        down.max(up)
    );
    Ok(BYTES as f64 / seconds / 1e6)
}
