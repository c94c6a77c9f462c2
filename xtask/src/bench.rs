//! `cargo xtask bench`: what the edge costs, beside what workerd can do on the same machine in the same minutes.
//!
//! Each case runs several times, in turns, so that a slow minute of the machine hits all of them; the table shows
//! medians. The yardsticks are plain Workers in a workerd of their own, run as the local edge is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::json;

use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{assets, dev, images, root, sh, target_dir, tools};

/// How to measure
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds of each run
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Runs of each case; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Connections that are open at once
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Where everything is kept [default: .patr/bench of the repository]
    #[arg(long)]
    state: Option<PathBuf>,
}

/// One thing that is measured.
struct Case {
    name: &'static str,
    /// An address on 127.0.0.1, because not every resolver knows `*.localhost`.
    url: String,
    host: String,
    /// The case that it is compared with.
    against: Option<&'static str>,
    samples: Vec<Sample>,
}

/// What wrk measured in one run.
#[derive(Clone, Copy)]
struct Sample {
    requests_per_second: f64,
    p50_ms: f64,
}

const CONSTANT: &str = "plain Worker, constant answer";
const ASSETS: &str = "Cloudflare's asset server, same file";
const PROXY: &str = "plain Worker, fetch of the same app";

/// # Errors
/// wrk or Docker is missing, or an answer was not 200.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if !tools::exists("wrk") {
        bail!("`wrk` is not on the PATH: install it with `apt-get install wrk`");
    }
    if !images::docker_answers() {
        bail!("no Docker Engine answers: the tunnel cannot be measured");
    }
    images::build()?;
    sh::run(sh::cargo().args(["build", "--quiet", "-p", "patr-cli", "--bins"]))?;
    sh::run(sh::cargo().args(["build", "--quiet", "--release", "-p", "patr-runner", "--bins"]))?;

    let state = options.state.clone().unwrap_or_else(|| root().join(".patr/bench"));
    let edge = Edge::start(&edge::Options { port: 0, state: Some(state.join("edge")), no_build: false })?;
    let state = state.canonicalize()?;
    let person = Person::enter(&edge, &state)?;
    let agent = dev::join(&person, &state, &target_dir().join("release/patr-runner"))?;
    dev::deploy(&person, true)?;
    let plain = Edge::plain(&state.join("plain"), &plain_worker(&agent.address()?))?;
    let asset_server =
        Edge::plain(&state.join("assets"), &assets::worker(&root().join("examples/site"), &json!({})))?;

    let mut cases = cases(&edge, &person, &plain, &asset_server);
    for _ in 0..options.runs {
        for case in &mut cases {
            case.samples.push(case.measure(options)?);
        }
    }
    show(&cases, options);
    Ok(())
}

fn cases(edge: &Edge, person: &Person, plain: &Edge, assets: &Edge) -> Vec<Case> {
    let case = |name, server: &Edge, host: &str, path: &str, against| Case {
        name,
        url: server.url.replace("localhost", "127.0.0.1") + path,
        host: host.replace("http://", ""),
        against,
        samples: Vec::new(),
    };
    let file = "/style.css";
    vec![
        case(CONSTANT, plain, &plain.url, "/", None),
        case(ASSETS, assets, &assets.url, file, None),
        case("hot static file", edge, &edge.host(dev::SITE, person.workspace()), file, Some(ASSETS)),
        case(PROXY, plain, &plain.url, "/proxy", None),
        case("tunnelled request", edge, &edge.host(dev::DEPLOYMENT, person.workspace()), "/", Some(PROXY)),
    ]
}

/// Answers at once, or with what the app at `address` answers.
fn plain_worker(address: &str) -> serde_json::Value {
    let code = r#"export default { async fetch(request, env) {
        return request.url.endsWith("/proxy") ? fetch(env.APP) : new Response("hello\n");
    } };"#;
    json!([{
        "name": "plain",
        "compatibilityDate": "2026-04-01",
        "modules": [{ "type": "ESModule", "path": "plain.js", "contents": code }],
        "bindings": { "APP": format!("http://{address}/") },
    }])
}

impl Case {
    fn measure(&self, options: &Options) -> anyhow::Result<Sample> {
        let said = sh::output(
            Command::new("wrk")
                .args(["--threads", "1", "--latency", "--connections", &options.connections.to_string()])
                .args(["--duration", &format!("{}s", options.seconds)])
                .args(["--header", &format!("Host: {}", self.host), &self.url]),
        )?;
        if said.contains("Non-2xx") {
            bail!("{}: not every answer was a success\n{said}", self.name);
        }
        Sample::read(&said).with_context(|| format!("wrk said\n{said}"))
    }

    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl Sample {
    /// Finds the two numbers in what wrk prints.
    fn read(said: &str) -> Option<Self> {
        let after = |label: &str| said.lines().find_map(|line| line.trim().strip_prefix(label));
        let requests_per_second = after("Requests/sec:")?.trim().parse().ok()?;
        let p50 = after("50%")?.trim();
        let digits = p50.trim_end_matches(char::is_alphabetic);
        let scale = match p50.get(digits.len()..)? {
            "us" => 0.001,
            "ms" => 1.0,
            "s" => 1000.0,
            _ => return None,
        };
        Some(Self { requests_per_second, p50_ms: digits.parse::<f64>().ok()? * scale })
    }
}

fn show(cases: &[Case], options: &Options) {
    let Options { seconds, runs, connections, .. } = options;
    println!("{connections} connections, medians of {runs} runs of {seconds} s\n");
    println!("{:<40} {:>11} {:>9}   compared", "", "requests/s", "p50 ms");
    let speeds: BTreeMap<&str, f64> =
        cases.iter().map(|case| (case.name, case.median(|sample| sample.requests_per_second))).collect();
    for case in cases {
        let speed = case.median(|sample| sample.requests_per_second);
        let p50 = case.median(|sample| sample.p50_ms);
        let against = case.against.and_then(|name| Some((name, speeds.get(name)?)));
        let compared =
            against.map(|(name, other)| format!("{:.2} x {name}", speed / other)).unwrap_or_default();
        println!("{:<40} {speed:>11.0} {p50:>9.2}   {compared}", case.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_wrk_are_read() {
        let said = "  Latency Distribution\n     50%  640.00us\n     99%    1.20s\nRequests/sec:   4712.50\n";
        let sample = Sample::read(said).unwrap();
        assert!((sample.p50_ms - 0.64).abs() < 1e-9);
        assert!((sample.requests_per_second - 4712.5).abs() < 1e-9);
        assert!(Sample::read("wrk: unable to connect").is_none());
    }
}
