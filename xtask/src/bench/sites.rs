//! Static sites: ours beside Cloudflare's asset server and a small Worker over KV, all in workerd, and nginx as the
//! far limit. One folder, one table.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use super::load::{self, Sample, Target};
use super::process::{Used, Watched};
use super::{Options, median};
use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{assets, sh};

/// Files of the cold case; each is asked for once.
const PAGES: usize = 10_000;
const SMALL: &str = "/small.css";
const LARGE: &str = "/large.js";
const MOVED: &str = "/moved";
const SITE: &str = "bench";

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

/// Something that serves the folder.
trait Server {
    fn name(&self) -> &'static str;
    /// Starts it, or starts it anew with nothing in memory.
    fn start(&mut self) -> anyhow::Result<()>;
    fn url(&self) -> String;
    fn host(&self) -> String;
    fn process(&self) -> anyhow::Result<u32>;
}

struct Ours {
    state: PathBuf,
    folder: PathBuf,
    edge: Option<Edge>,
    host: String,
}

impl Server for Ours {
    fn name(&self) -> &'static str {
        "Patr"
    }

    fn start(&mut self) -> anyhow::Result<()> {
        self.edge = None;
        let options = edge::Options { port: 0, state: Some(self.state.join("edge")), no_build: false };
        let edge = self.edge.insert(Edge::start(&options)?);
        let person = Person::enter(edge, &self.state)?;
        person.run(&["--quiet", "site", "deploy", &self.folder.to_string_lossy(), "--name", SITE])?;
        self.host = edge.host(SITE, person.workspace()).replace("http://", "");
        Ok(())
    }

    fn url(&self) -> String {
        url(self.edge.as_ref())
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn process(&self) -> anyhow::Result<u32> {
        self.edge.as_ref().context("the edge is not started")?.workerd()
    }
}

/// Workers in a workerd of their own.
struct Plain {
    name: &'static str,
    state: PathBuf,
    workers: serde_json::Value,
    edge: Option<Edge>,
}

impl Server for Plain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn start(&mut self) -> anyhow::Result<()> {
        self.edge = None;
        self.edge = Some(Edge::plain(&self.state, &self.workers)?);
        Ok(())
    }

    fn url(&self) -> String {
        url(self.edge.as_ref())
    }

    fn host(&self) -> String {
        self.url().replace("http://", "")
    }

    fn process(&self) -> anyhow::Result<u32> {
        self.edge.as_ref().context("the Workers are not started")?.workerd()
    }
}

fn url(edge: Option<&Edge>) -> String {
    edge.map_or_else(String::new, |edge| edge.url.replace("localhost", "127.0.0.1"))
}

struct Nginx {
    state: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Server for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn start(&mut self) -> anyhow::Result<()> {
        self.stop();
        let config = self.state.join("nginx.conf");
        let (state, folder, port) = (self.state.display(), self.folder.display(), self.port);
        let text = format!(
            "daemon off; master_process off; pid {state}/nginx.pid; error_log stderr error;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ include /etc/nginx/mime.types; access_log off; sendfile on; keepalive_requests 1000000;\n\
             client_body_temp_path {state}/body; proxy_temp_path {state}/proxy; fastcgi_temp_path {state}/fastcgi;\n\
             uwsgi_temp_path {state}/uwsgi; scgi_temp_path {state}/scgi;\n\
             server {{ listen 127.0.0.1:{port}; root {folder}; location = {MOVED} {{ return 301 {SMALL}; }} }} }}\n"
        );
        fs::write(&config, text).context("writing nginx.conf")?;
        let child = Command::new(nginx_program()?)
            .args(["-c", &config.to_string_lossy(), "-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        self.child = Some(child);
        until(|| std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok())
            .context("nginx does not answer")
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn process(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("nginx is not started")?.id())
    }
}

impl Nginx {
    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.stop();
    }
}

fn nginx_program() -> anyhow::Result<PathBuf> {
    let found =
        ["/usr/sbin/nginx", "/usr/bin/nginx"].map(PathBuf::from).into_iter().find(|path| path.exists());
    found.context("there is no nginx: install it with `apt-get install nginx-light`")
}

fn until(mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        if Instant::now() > deadline {
            bail!("not within 10 s");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
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

/// In the order of the columns; the first is compared with each of the others.
fn servers(state: &Path, folder: &Path) -> anyhow::Result<Vec<Box<dyn Server>>> {
    let part = |name: &str| -> anyhow::Result<PathBuf> {
        let part = state.join(name);
        fs::create_dir_all(&part)?;
        Ok(part)
    };
    let plain = |name, folder: PathBuf, workers| Plain { name, state: folder, workers, edge: None };
    Ok(vec![
        Box::new(Ours { state: part("patr")?, folder: folder.to_owned(), edge: None, host: String::new() }),
        Box::new(plain("Cloudflare's asset server", part("asset-server")?, asset_worker(folder))),
        Box::new(plain("a Worker over KV", part("kv-worker")?, kv_worker(folder))),
        Box::new(Nginx { state: part("nginx")?, folder: folder.to_owned(), port: 20_991, child: None }),
    ])
}

fn asset_worker(folder: &Path) -> serde_json::Value {
    let moved = json!({ "status": 301, "to": SMALL, "lineNumber": 1 });
    let redirects = json!({ "version": 1, "rules": {}, "staticRules": { MOVED: moved } });
    assets::worker(folder, &json!({ "redirects": redirects }))
}

/// What many write for themselves: one KV key for each file. It fills KV from the asset server when told to.
fn kv_worker(folder: &Path) -> serde_json::Value {
    let code = r#"export default { async fetch(request, env) {
        const { pathname } = new URL(request.url);
        if (pathname === env.MOVED) return new Response(null, { status: 301, headers: { location: env.SMALL } });
        if (request.headers.has("x-fill")) {
            const file = await env.FILES.fetch(request);
            const metadata = { type: file.headers.get("content-type"), etag: file.headers.get("etag") };
            await env.KV.put(pathname, file.body, { metadata });
            return new Response("stored");
        }
        const { value, metadata } = await env.KV.getWithMetadata(pathname, { type: "stream", cacheTtl: 3600 });
        if (value === null) return new Response("not found", { status: 404 });
        const headers = { "content-type": metadata.type, etag: metadata.etag };
        if (request.headers.get("if-none-match") === metadata.etag) return new Response(null, { status: 304, headers });
        return new Response(value, { headers });
    } };"#;
    let mut files = asset_worker(folder);
    let files = files.as_array_mut().map(std::mem::take).unwrap_or_default();
    let worker = json!({
        "name": "kv",
        "compatibilityDate": "2026-04-01",
        "modules": [{ "type": "ESModule", "path": "kv.js", "contents": code }],
        "kvNamespaces": { "KV": "files" },
        "serviceBindings": { "FILES": "assets" },
        "bindings": { "MOVED": MOVED, "SMALL": SMALL },
    });
    serde_json::Value::Array(std::iter::once(worker).chain(files).collect())
}

/// Stores every file in the KV of the Worker over KV.
fn fill(server: &dyn Server, pages: &[String], scratch: &Path) -> anyhow::Result<()> {
    let paths = pages.iter().map(String::as_str).chain([SMALL, LARGE]);
    let config: String =
        paths.map(|path| format!("url = \"{}{path}\"\noutput = \"/dev/null\"\n", server.url())).collect();
    let file = scratch.join("fill.curl");
    fs::write(&file, config)?;
    sh::quietly(
        Command::new("curl").args(["--silent", "--fail", "--header", "x-fill: 1", "--config"]).arg(file),
    )
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
    let watched = Watched::new(server.process()?)?;
    let target = Target { url: &url, host: &host, headers: &headers };
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
