//! rathole's server and client on this machine, and nginx before them, as its README has them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::super::sites::servers::{nginx_program, until};
use crate::tools;

/// nginx, where rathole's server listens, and what it serves to nginx. Nobody else of ours takes these.
const PORTS: [u16; 3] = [20_981, 20_982, 20_983];

/// All three; they end when this is dropped.
pub(super) struct Rathole {
    children: Vec<Child>,
}

impl Rathole {
    /// # Errors
    /// One of them is not installed, or does not start.
    pub(super) fn start(state: &Path, app: &str) -> anyhow::Result<Self> {
        tools::RATHOLE.ensure()?;
        fs::create_dir_all(state)?;
        let [front, control, service] = PORTS;
        let state = state.canonicalize()?;
        let folder = state.display();
        let files = [
            (
                "server.toml",
                format!(
                    "[server]\nbind_addr = \"127.0.0.1:{control}\"\ndefault_token = \"bench\"\n\
                     [server.services.app]\nbind_addr = \"127.0.0.1:{service}\"\n"
                ),
            ),
            (
                "client.toml",
                format!(
                    "[client]\nremote_addr = \"127.0.0.1:{control}\"\ndefault_token = \"bench\"\n\
                     [client.services.app]\nlocal_addr = \"{app}\"\n"
                ),
            ),
            (
                "nginx.conf",
                format!(
                    "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;\n\
                     events {{ worker_connections 4096; }}\n\
                     http {{ access_log off; keepalive_requests 1000000; client_max_body_size 0;\n\
                     client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
                     fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
                     map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n\
                     upstream app {{ server 127.0.0.1:{service}; keepalive 64; }}\n\
                     server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://app; proxy_http_version 1.1;\n\
                     proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;\n\
                     proxy_set_header Connection $connection_upgrade; proxy_buffering off;\n\
                     proxy_request_buffering off; }} }} }}\n"
                ),
            ),
        ];
        for (name, text) in files {
            fs::write(state.join(name), text).with_context(|| format!("writing {name}"))?;
        }
        let mut started = Self { children: Vec::new() };
        for end in ["server", "client"] {
            let mut rathole = Command::new("rathole");
            rathole.arg(format!("--{end}")).arg(state.join(format!("{end}.toml")));
            started.children.push(quiet(&mut rathole).context("cannot start rathole")?);
        }
        let mut nginx = Command::new(nginx_program()?);
        nginx.arg("-c").arg(state.join("nginx.conf")).args(["-e", "stderr"]);
        started.children.push(quiet(&mut nginx).context("cannot start nginx")?);
        until(|| started.answers()).context("nginx and rathole do not answer")?;
        Ok(started)
    }

    fn answers(&self) -> bool {
        let asked =
            Command::new("curl").args(["--silent", "--fail", "--output", "/dev/null", &self.url()]).status();
        asked.is_ok_and(|status| status.success())
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", PORTS[0])
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }
}

fn quiet(command: &mut Command) -> std::io::Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).env("RUST_LOG", "error").spawn()
}

impl Drop for Rathole {
    fn drop(&mut self) {
        for child in &mut self.children {
            // nginx ends its worker only when it is asked to.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let _ = child.wait();
        }
    }
}
