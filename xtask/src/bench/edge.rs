//! The main job: a hot static file and a tunnelled request, beside plain Workers in a workerd of their own, run as
//! the local edge is.

use std::collections::BTreeMap;

use serde_json::json;

use super::installation::Installation;
use super::load::{self, Sample, Target};
use super::{Options, median};
use crate::edge::Edge;
use crate::person::Person;
use crate::{assets, dev, root};

/// One thing that is measured.
struct Case {
    name: &'static str,
    url: String,
    host: String,
    /// The case that it is compared with.
    against: Option<&'static str>,
    samples: Vec<Sample>,
}

const CONSTANT: &str = "plain Worker, constant answer";
const ASSETS: &str = "Cloudflare's asset server, same file";
const PROXY: &str = "plain Worker, fetch of the same app";

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let Installation { person, agent, edge, state } = Installation::start(options)?;
    let plain = Edge::plain(&state.join("plain"), &plain_worker(&agent.address()?))?;
    let asset_server =
        Edge::plain(&state.join("assets"), &assets::worker(&root().join("examples/site"), &json!({})))?;

    let mut cases = cases(&edge, &person, &plain, &asset_server);
    for _ in 0..options.runs {
        for case in &mut cases {
            let target = Target { url: &case.url, host: &case.host, headers: &[] };
            case.samples.push(load::hammer(&target, options)?);
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
pub(super) fn plain_worker(address: &str) -> serde_json::Value {
    let code = r#"export default { async fetch(request, env) {
        const { pathname, search } = new URL(request.url);
        if (pathname === "/") return new Response("hello\n");
        return fetch(new URL(pathname.replace("/proxy", "/") + search, env.APP), request);
    } };"#;
    json!([{
        "name": "plain",
        "compatibilityDate": "2026-04-01",
        "modules": [{ "type": "ESModule", "path": "plain.js", "contents": code }],
        "bindings": { "APP": format!("http://{address}/") },
    }])
}

impl Case {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of))
    }
}

fn show(cases: &[Case], options: &Options) {
    let Options { seconds, runs, connections, .. } = options;
    println!("{connections} connections, medians of {runs} runs of {seconds} s\n");
    println!("{:<40} {:>11} {:>9} {:>9}   compared", "", "requests/s", "p50 ms", "p99 ms");
    let speed = |case: &Case| case.median(|sample| sample.requests_per_second);
    let speeds: BTreeMap<&str, f64> = cases.iter().map(|case| (case.name, speed(case))).collect();
    for case in cases {
        let (speed, p50, p99) =
            (speed(case), case.median(|sample| sample.p50_ms), case.median(|sample| sample.p99_ms));
        let against = case.against.and_then(|name| Some((name, speeds.get(name)?)));
        let compared =
            against.map(|(name, other)| format!("{:.2} x {name}", speed / other)).unwrap_or_default();
        println!("{:<40} {speed:>11.0} {p50:>9.2} {p99:>9.2}   {compared}", case.name);
    }
}
