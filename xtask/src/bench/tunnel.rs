//! The data plane beside a plain Worker that fetches from the same app, in a workerd of its own, and beside what a person
//! would run instead: rathole with nginx in front.
//!
//! | file | does |
//! |---|---|
//! | `contenders` | who is compared, and which processes work for each |
//! | `rathole` | runs rathole's two ends and nginx |
//! | `transfer` | large bodies with curl |
//! | `sockets` | WebSockets: round trips, and many that are idle |

mod contenders;
mod rathole;
mod sockets;
mod transfer;

use anyhow::Context;

use super::load::{self, Sample, Target};
use super::process::Watched;
use super::{Options, installation::Installation, median};
use contenders::Contender;

/// What one contender came to in one run.
struct Run {
    small: Costed,
    medium: Costed,
    /// One client by itself, and the same beside a download that does not end.
    alone: Sample,
    beside: Sample,
    down: f64,
    up: f64,
    trips: sockets::Trips,
}

/// With the processor time of everything of the contender's, the application left out, in microseconds per request.
struct Costed {
    sample: Sample,
    cpu_us: f64,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let here = Installation::start(options)?;
    let contenders = contenders::all(&here)?;
    let body = transfer::body(&here.state)?;
    let memory = here.memory()?;
    println!("at rest: agent {:.1} MB, workerd {:.0} MB", memory.agent, memory.workerd);
    let mut runs: Vec<Vec<Run>> = contenders.list.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.runs {
        for (contender, runs) in contenders.list.iter().zip(&mut runs) {
            runs.push(once(contender, options, &body).with_context(|| contender.name.clone())?);
        }
    }
    show(&contenders.list, &runs, options);
    let memory = here.memory()?;
    println!("\nafter that: agent {:.1} MB, workerd {:.0} MB", memory.agent, memory.workerd);
    let ours = contenders.list.first().context("somebody is measured")?;
    let idle = sockets::idle(ours, sockets::IDLE)?;
    let memory = here.memory()?;
    println!(
        "{} idle WebSockets: agent {:.1} MB, workerd {:.0} MB",
        idle.len(),
        memory.agent,
        memory.workerd
    );
    Ok(())
}

fn once(contender: &Contender, options: &Options, body: &std::path::Path) -> anyhow::Result<Run> {
    Ok(Run {
        small: costed(contender, "/health", options)?,
        medium: costed(contender, "/stream?bytes=100000", options)?,
        alone: one_client(contender, options)?,
        beside: {
            let _download = transfer::Download::begin(contender)?;
            one_client(contender, options)?
        },
        down: transfer::down(contender)?,
        up: transfer::up(contender, body)?,
        trips: sockets::round_trips(contender, options)?,
    })
}

/// Small requests, one after another.
fn one_client(contender: &Contender, options: &Options) -> anyhow::Result<Sample> {
    let url = format!("{}/health", contender.url);
    let options = Options { connections: 1, ..options.clone() };
    load::hammer(&Target { url: &url, host: &contender.host, headers: &[] }, &options)
}

fn costed(contender: &Contender, path: &str, options: &Options) -> anyhow::Result<Costed> {
    let watched: Vec<Watched> =
        contender.processes.iter().map(|&pid| Watched::new(pid)).collect::<anyhow::Result<_>>()?;
    let url = format!("{}{path}", contender.url);
    let sample = load::hammer(&Target { url: &url, host: &contender.host, headers: &[] }, options)?;
    let cpu_s: f64 = watched.iter().map(|it| it.used().map(|used| used.cpu_s)).sum::<anyhow::Result<_>>()?;
    Ok(Costed { sample, cpu_us: cpu_s * 1e6 / sample.requests })
}

/// A line of the tables.
struct Line {
    what: &'static str,
    of: fn(&Run) -> f64,
}

const LINES: [Line; 17] = [
    Line { what: "small requests/s", of: |run| run.small.sample.requests_per_second },
    Line { what: "  p50 ms", of: |run| run.small.sample.p50_ms },
    Line { what: "  p99 ms", of: |run| run.small.sample.p99_ms },
    Line { what: "  processor us per request", of: |run| run.small.cpu_us },
    Line { what: "100 KB answers/s", of: |run| run.medium.sample.requests_per_second },
    Line { what: "  p50 ms", of: |run| run.medium.sample.p50_ms },
    Line { what: "  p99 ms", of: |run| run.medium.sample.p99_ms },
    Line { what: "  processor us per request", of: |run| run.medium.cpu_us },
    Line { what: "one client, p50 ms", of: |run| run.alone.p50_ms },
    Line { what: "  p99 ms", of: |run| run.alone.p99_ms },
    Line { what: "beside a download, p50 ms", of: |run| run.beside.p50_ms },
    Line { what: "  p99 ms", of: |run| run.beside.p99_ms },
    Line { what: "100 MB down, MB/s", of: |run| run.down },
    Line { what: "100 MB up, MB/s", of: |run| run.up },
    Line { what: "WebSocket round trips/s", of: |run| run.trips.per_second },
    Line { what: "  p50 ms", of: |run| run.trips.p50_ms },
    Line { what: "  p99 ms", of: |run| run.trips.p99_ms },
];

/// The first contender is ours; beside each other's number stands ours as a multiple of it.
fn show(contenders: &[Contender], runs: &[Vec<Run>], options: &Options) {
    let Options { seconds, runs: count, connections, .. } = options;
    println!(
        "\n{connections} connections, medians of {count} runs of {seconds} s; in brackets ours as a multiple\n"
    );
    print!("{:<28}", "");
    contenders.iter().for_each(|contender| print!("{:>28}", contender.name));
    println!();
    for Line { what, of } in LINES {
        print!("{what:<28}");
        let medians: Vec<f64> = runs.iter().map(|runs| median(runs.iter().map(of))).collect();
        let ours = medians.first().copied().unwrap_or(f64::NAN);
        for (at, value) in medians.iter().enumerate() {
            let ratio = if at == 0 { String::new() } else { format!(" ({:.2} x)", ours / value) };
            print!("{:>28}", format!("{value:.2}{ratio}"));
        }
        println!();
    }
}

/// Resident memory, in MB.
struct Memory {
    agent: f64,
    workerd: f64,
}

impl Installation {
    fn memory(&self) -> anyhow::Result<Memory> {
        let of = |pid| super::process::resident_mb(pid).context("a measured process is gone");
        Ok(Memory { agent: of(self.agent.pid())?, workerd: of(self.edge.workerd()?)? })
    }
}
