//! What is compared: each serves the same folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use super::{LARGE, MOVED, SMALL};
use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{assets, sh};

/// The name that the site has with us.
const SITE: &str = "bench";

/// Something that serves the folder.
pub(super) trait Server {
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
             server {{ listen 127.0.0.1:{port}; root {folder}; try_files $uri $uri.html =404; location = {MOVED} {{ return 301 {SMALL}; }} }} }}\n"
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

pub(in crate::bench) fn nginx_program() -> anyhow::Result<PathBuf> {
    let found =
        ["/usr/sbin/nginx", "/usr/bin/nginx"].map(PathBuf::from).into_iter().find(|path| path.exists());
    found.context("there is no nginx: install it with `apt-get install nginx-light`")
}

pub(in crate::bench) fn until(mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        if Instant::now() > deadline {
            bail!("not within 10 s");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// In the order of the columns; the first is compared with each of the others.
pub(super) fn servers(state: &Path, folder: &Path) -> anyhow::Result<Vec<Box<dyn Server>>> {
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
pub(super) fn fill(server: &dyn Server, pages: &[String], scratch: &Path) -> anyhow::Result<()> {
    let paths = pages.iter().map(String::as_str).chain([SMALL, LARGE]);
    let config: String =
        paths.map(|path| format!("url = \"{}{path}\"\noutput = \"/dev/null\"\n", server.url())).collect();
    let file = scratch.join("fill.curl");
    fs::write(&file, config)?;
    sh::quietly(
        Command::new("curl").args(["--silent", "--fail", "--header", "x-fill: 1", "--config"]).arg(file),
    )
}
