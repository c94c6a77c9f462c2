//! How long a deploy takes until somebody is answered, and what the agent takes while it waits.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::process::{Watched, resident_mb};
use super::{Options, installation, median};
use crate::{images, sh};

/// How many times each is done; `--runs` when that is more.
const RUNS: usize = 10;
/// How long anything may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an agent is watched that has nothing to do.
const IDLE: Duration = Duration::from_secs(20);

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let here = installation::Installation::start(options)?;
    let runs = options.runs.max(RUNS);
    let (mut docker, mut patr) = (Vec::new(), Vec::new());
    for run in 0..runs {
        docker.push(docker_run()?);
        patr.push(patr_deploy(&here, run)?);
    }
    let (docker, patr) = (median(docker.into_iter()), median(patr.into_iter()));
    println!("from the command to the first 200, medians of {runs}\n");
    println!("{:<40} {docker:>8.0} ms", "docker run");
    println!(
        "{:<40} {patr:>8.0} ms   {:+.0} ms, {:.2} x",
        "patr deploy, through the managed URL",
        patr - docker,
        patr / docker
    );

    println!("\nthe agent\n");
    for replicas in [1_u32, 10, 50] {
        here.person.run(&["deployment", "scale", crate::dev::DEPLOYMENT, &replicas.to_string()])?;
        let watched = Watched::new(here.agent.pid())?;
        thread::sleep(IDLE);
        let cpu = watched.used()?.cpu_s / IDLE.as_secs_f64() * 100.0;
        let resident = resident_mb(here.agent.pid()).context("the agent is gone")?;
        println!(
            "{:<40} {resident:>8.1} MB resident, {cpu:.2} % of a processor",
            format!("{replicas} replicas, idle")
        );
    }
    Ok(())
}

/// Milliseconds from `docker run` to the first answer.
fn docker_run() -> anyhow::Result<f64> {
    let begun = Instant::now();
    let id = sh::output(Command::new("docker").args(["run", "--detach", images::WEB]))?;
    let id = id.trim();
    let outcome = (|| {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = sh::output(Command::new("docker").args(["inspect", "--format", format, id]))?;
        first_answer(&format!("{}:8080", address.trim()), "app", begun)
    })();
    sh::quietly(Command::new("docker").args(["rm", "--force", id]))?;
    outcome
}

/// Milliseconds from `patr deploy` to the first answer through the managed URL.
fn patr_deploy(here: &installation::Installation, run: usize) -> anyhow::Result<f64> {
    let name = format!("bench-{run}");
    let host = here.edge.host(&name, here.person.workspace()).replace("http://", "");
    let address = here.edge.url.replace("http://localhost", "127.0.0.1");
    let begun = Instant::now();
    let took = thread::scope(|scope| {
        let asking = scope.spawn(|| first_answer(&address, &host, begun));
        here.person.run(&["--quiet", "deploy", images::WEB, "--name", &name, "--port", "8080"])?;
        asking.join().map_err(|_| anyhow::anyhow!("asking for {host} panicked"))?
    })?;
    here.person.run(&["deployment", "delete", &name])?;
    Ok(took)
}

fn first_answer(address: &str, host: &str, begun: Instant) -> anyhow::Result<f64> {
    while begun.elapsed() < PATIENCE {
        if is_answered(address, host).unwrap_or(false) {
            return Ok(begun.elapsed().as_secs_f64() * 1000.0);
        }
        thread::sleep(Duration::from_millis(5));
    }
    bail!("{host} was not answered within {} s", PATIENCE.as_secs())
}

fn is_answered(address: &str, host: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line.starts_with("HTTP/1.1 200 "))
}
