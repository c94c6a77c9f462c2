//! Drives wrk and reads what it prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::Options;
use crate::sh;

/// What to ask for.
pub(super) struct Target<'a> {
    /// On 127.0.0.1, because not every resolver knows `*.localhost`.
    pub(super) url: &'a str,
    pub(super) host: &'a str,
    pub(super) headers: &'a [(String, String)],
}

/// What wrk measured in one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) requests: f64,
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// One address, again and again.
pub(super) fn hammer(target: &Target<'_>, options: &Options) -> anyhow::Result<Sample> {
    measure(wrk(target, options, options.seconds).arg(target.url))
}

/// Each path once, in this order, whatever time it takes.
pub(super) fn each_once(
    target: &Target<'_>,
    paths: &[String],
    options: &Options,
    scratch: &Path,
) -> anyhow::Result<Sample> {
    let list: String = paths.iter().map(|path| format!("  {path:?},\n")).collect();
    let script = scratch.join("each-once.lua");
    let text = format!(
        "local paths = {{\n{list}}}\nlocal sent, answered = 0, 0\n\
         function request() sent = sent + 1; return wrk.format(nil, paths[(sent - 1) % #paths + 1]) end\n\
         function response() answered = answered + 1; if answered >= #paths then wrk.thread:stop() end end\n"
    );
    fs::write(&script, text).with_context(|| format!("writing {}", script.display()))?;
    measure(wrk(target, options, 120).arg("--script").arg(&script).arg(target.url))
}

fn wrk(target: &Target<'_>, options: &Options, seconds: u32) -> Command {
    let mut wrk = Command::new("wrk");
    // A server that has just started answers its first requests late.
    wrk.args(["--threads", "1", "--latency", "--timeout", "10s"])
        .args(["--connections", &options.connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--header", &format!("Host: {}", target.host)]);
    for (name, value) in target.headers {
        wrk.args(["--header", &format!("{name}: {value}")]);
    }
    wrk
}

fn measure(wrk: &mut Command) -> anyhow::Result<Sample> {
    let said = sh::output(wrk)?;
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        bail!("not every answer was a success\n{said}");
    }
    Sample::read(&said).with_context(|| format!("wrk said\n{said}"))
}

impl Sample {
    /// Finds the numbers in what wrk prints.
    fn read(said: &str) -> Option<Self> {
        let after = |label: &str| said.lines().find_map(|line| line.trim().strip_prefix(label));
        let requests = said.lines().find_map(|line| line.trim().split_once(" requests in "))?.0;
        Some(Self {
            requests: requests.parse().ok()?,
            requests_per_second: after("Requests/sec:")?.trim().parse().ok()?,
            p50_ms: milliseconds(after("50%")?.trim())?,
            p99_ms: milliseconds(after("99%")?.trim())?,
        })
    }
}

fn milliseconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let scale = match text.get(digits.len()..)? {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_wrk_are_read() {
        let said = "  Latency Distribution\n     50%  640.00us\n     99%    1.20s\n  \
                    9425 requests in 2.00s, 1.0MB read\nRequests/sec:   4712.50\n";
        let sample = Sample::read(said).unwrap();
        assert!((sample.p50_ms - 0.64).abs() < 1e-9 && (sample.p99_ms - 1200.0).abs() < 1e-9);
        assert!(
            (sample.requests_per_second - 4712.5).abs() < 1e-9 && (sample.requests - 9425.0).abs() < 1e-9
        );
        assert!(Sample::read("wrk: unable to connect").is_none());
    }
}
