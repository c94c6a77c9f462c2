//! Drives wrk and curl, and reads what they print.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

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

/// What was measured in one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) requests: f64,
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// A second of the same, unmeasured: for the server's compilers and caches.
pub(super) fn warm_up(target: &Target<'_>, options: &Options) -> anyhow::Result<()> {
    measure(wrk(target, options, 1).arg(target.url)).map(drop)
}

/// One address, again and again.
pub(super) fn hammer(target: &Target<'_>, options: &Options) -> anyhow::Result<Sample> {
    measure(wrk(target, options, options.seconds).arg(target.url))
}

/// Each path once, in this order, whatever time it takes. wrk runs for a time, not for a number of requests; curl keeps its
/// connections too.
pub(super) fn each_once(
    target: &Target<'_>,
    paths: &[String],
    options: &Options,
    scratch: &Path,
) -> anyhow::Result<Sample> {
    let base = target.url.trim_end_matches('/');
    let list: String = paths.iter().map(|path| format!("url = {base}{path}\noutput = /dev/null\n")).collect();
    let file = scratch.join("each-once.curl");
    fs::write(&file, list).with_context(|| format!("writing {}", file.display()))?;
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--parallel", "--parallel-max", &options.connections.to_string()])
        .args(["--header", &format!("Host: {}", target.host)])
        .args(["--write-out", "%{http_code} %{time_starttransfer}\\n", "--config"])
        .arg(&file);
    let begun = Instant::now();
    let said = sh::output(&mut curl)?;
    sequence(&said, begun.elapsed())
}

/// What curl said of a sequence: a status and the seconds until its answer began, a line each.
fn sequence(said: &str, took: Duration) -> anyhow::Result<Sample> {
    let mut times = Vec::new();
    for line in said.lines() {
        let (status, seconds) = line.split_once(' ').with_context(|| format!("curl said {line}"))?;
        if status != "200" {
            bail!("an answer was {status}");
        }
        times.push(seconds.parse::<f64>().with_context(|| format!("curl said {line}"))? * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().context("curl asked for nothing");
    let requests = times.len() as f64;
    Ok(Sample {
        requests,
        requests_per_second: requests / took.as_secs_f64(),
        p50_ms: at(50)?,
        p99_ms: at(99)?,
    })
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

    #[test]
    fn a_sequence_counts_only_if_every_answer_was_a_success() {
        let took = Duration::from_secs(2);
        let sample = sequence("200 0.001\n200 0.003\n200 0.002\n200 0.004\n", took).unwrap();
        assert!((sample.requests_per_second - 2.0).abs() < 1e-9);
        assert!((sample.p50_ms - 3.0).abs() < 1e-9 && (sample.p99_ms - 4.0).abs() < 1e-9);
        assert!(sequence("200 0.001\n404 0.001\n", took).is_err());
        assert!(sequence("", took).is_err());
    }
}
