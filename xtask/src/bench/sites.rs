//! Static sites: ours beside Cloudflare's asset server and a small Worker over KV, all in workerd, and nginx as the
//! far limit. One folder, one table.

pub(super) mod servers;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::load::{self, Sample, Target};
use super::process::{Used, Watched};
use super::{Options, median};
use crate::sh;
use servers::{Server, fill, nginx_program, servers};

/// Files of the cold case; each is asked for once.
const PAGES: usize = 10_000;
const SMALL: &str = "/small.css";
const LARGE: &str = "/large.js";
const MOVED: &str = "/moved";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Case {
    HotSmall,
    HotLarge,
    NotModified,
    Redirect,
    /// After a restart, each of [`PAGES`] pages once, in an order that is the same for everybody.
    Cold,
}

impl Case {
    const ALL: [Self; 5] = [Self::HotSmall, Self::HotLarge, Self::NotModified, Self::Redirect, Self::Cold];

    fn name(self) -> &'static str {
        match self {
            Self::HotSmall => "hot file of 2 KB",
            Self::HotLarge => "hot file of 100 KB",
            Self::NotModified => "304 of the small file",
            Self::Redirect => "redirect by a rule",
            Self::Cold => "10,000 pages, each once, cold",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::HotSmall | Self::NotModified => SMALL,
            Self::HotLarge => LARGE,
            Self::Redirect => MOVED,
            Self::Cold => "/",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::HotSmall | Self::HotLarge | Self::Cold => "200",
            Self::NotModified => "304",
            Self::Redirect => "301",
        }
    }
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    nginx_program()?;
    sh::run(sh::cargo().args(["build", "--quiet", "-p", "patr-cli", "--bins"]))?;
    let state = options.state();
    fs::create_dir_all(&state)?;
    let state = state.canonicalize()?;
    let folder = state.join("site");
    let pages = make_site(&folder)?;
    let mut servers = servers(&state, &folder)?;
    for server in &mut servers {
        server.start().with_context(|| format!("starting {}", server.name()))?;
    }
    fill(&*servers[2], &pages, &state)?;

    let mut table = Table::default();
    for _ in 0..options.runs {
        for case in Case::ALL {
            for server in &mut servers {
                let measured = measure(&mut **server, case, &pages, &state, options);
                table.add(
                    case,
                    server.name(),
                    measured.with_context(|| format!("{}: {}", server.name(), case.name()))?,
                );
            }
        }
    }
    table.show(options);
    Ok(())
}

/// Writes the folder, unless it is there; the paths of the pages in the order in which they are asked for.
fn make_site(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let done = folder.join("_redirects");
    let pages: Vec<String> = (0..PAGES).map(|page| format!("/pages/{:02}/{page:05}", page % 100)).collect();
    if !done.exists() {
        for part in 0..100 {
            fs::create_dir_all(folder.join(format!("pages/{part:02}")))?;
        }
        for path in &pages {
            let length = 2_000 + random.below(4_000);
            fs::write(folder.join(format!("{}.html", &path[1..])), random.text(length))?;
        }
        fs::write(folder.join(&SMALL[1..]), random.text(2_048))?;
        fs::write(folder.join(&LARGE[1..]), random.text(102_400))?;
        fs::write(folder.join("index.html"), random.text(1_000))?;
        fs::write(done, format!("{MOVED} {SMALL} 301\n"))?;
    }
    let mut order = pages;
    let mut random = Random(1);
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
    Ok(order)
}

/// The same numbers every time (xorshift64, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    /// Words, so that it compresses about as text does.
    fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 8);
        while text.len() < length {
            text.push_str(&format!("{:x} ", self.next() % 4096));
        }
        text.truncate(length);
        text
    }
}

#[derive(Clone, Copy)]
struct Measured {
    sample: Sample,
    used: Used,
}

fn measure(
    server: &mut dyn Server,
    case: Case,
    pages: &[String],
    scratch: &Path,
    options: &Options,
) -> anyhow::Result<Measured> {
    if case == Case::Cold {
        server.start()?;
    }
    let (base, host) = (server.url(), server.host());
    let url = format!("{base}{}", case.path());
    let mut headers = Vec::new();
    if case == Case::NotModified {
        headers.push(("If-None-Match".to_owned(), etag(&url, &host)?));
    }
    if case != Case::Cold {
        expect(&url, &host, &headers, case.status())?;
    }
    let target = Target { url: &url, host: &host, headers: &headers };
    if case != Case::Cold {
        load::warm_up(&target, options)?;
    }
    let watched = Watched::new(server.process()?)?;
    let sample = match case {
        Case::Cold => load::each_once(&target, pages, options, scratch)?,
        _ => load::hammer(&target, options)?,
    };
    Ok(Measured { sample, used: watched.used()? })
}

fn etag(url: &str, host: &str) -> anyhow::Result<String> {
    let said = sh::output(Command::new("curl").args([
        "--silent",
        "--head",
        "--header",
        &format!("Host: {host}"),
        url,
    ]))?;
    let etag = said.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("etag").then(|| value.trim().to_owned())
    });
    etag.with_context(|| format!("{url} has no ETag"))
}

/// A measurement of wrong answers would be worth nothing.
fn expect(url: &str, host: &str, headers: &[(String, String)], status: &str) -> anyhow::Result<()> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]);
    curl.args(["--header", &format!("Host: {host}")]);
    for (name, value) in headers {
        curl.args(["--header", &format!("{name}: {value}")]);
    }
    let said = sh::output(curl.arg(url))?;
    if said != status {
        bail!("{url} answers {said}, not {status}");
    }
    Ok(())
}

#[derive(Default)]
struct Table(Vec<(Case, &'static str, Vec<Measured>)>);

impl Table {
    fn add(&mut self, case: Case, server: &'static str, measured: Measured) {
        match self.0.iter_mut().find(|(known, name, _)| *known == case && *name == server) {
            Some((.., all)) => all.push(measured),
            None => self.0.push((case, server, vec![measured])),
        }
    }

    fn show(&self, options: &Options) {
        let Options { seconds, runs, connections, .. } = options;
        println!("{connections} connections, medians of {runs} runs of {seconds} s\n");
        let mut ours = f64::NAN;
        for (case, server, all) in &self.0 {
            let of = |figure: fn(&Measured) -> f64| median(all.iter().map(figure));
            let speed = of(|one| one.sample.requests_per_second);
            let (p50, p99) = (of(|one| one.sample.p50_ms), of(|one| one.sample.p99_ms));
            let cpu = of(|one| 1_000_000.0 * one.used.cpu_s / one.sample.requests.max(1.0));
            let peak = of(|one| one.used.peak_mb);
            let ratio = if *server == "Patr" {
                ours = speed;
                println!(
                    "{}\n  {:<28} {:>10} {:>8} {:>8} {:>10} {:>8}",
                    case.name(),
                    "",
                    "requests/s",
                    "p50 ms",
                    "p99 ms",
                    "CPU us/req",
                    "peak MB"
                );
                String::new()
            } else {
                format!("  Patr: {:.2} x", ours / speed)
            };
            println!("  {server:<28} {speed:>10.0} {p50:>8.2} {p99:>8.2} {cpu:>10.0} {peak:>8.0}{ratio}");
        }
    }
}
