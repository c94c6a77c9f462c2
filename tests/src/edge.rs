//! A local edge of a test's own, in a folder that goes with it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};

use patr_models::{endpoint::body::Json, name::WorkspaceName, user::sign_up, workspace};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{Caller, Dashboard, Namespace, PATIENCE, dashboard};

/// A running local edge.
pub struct Edge {
    state: TempDir,
    process: Child,
    _stdin: Option<ChildStdin>,
    pub port: u16,
    pub bootstrap_secret: String,
}

impl Edge {
    /// An edge with nothing in it.
    pub async fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let (process, lines) = spawn(state.path().into(), 0, &[]);
        Self::new(state, process, lines).await
    }

    /// An edge with nothing in it, in a network of its own; reached at its own port all the same.
    pub async fn start_inside(namespace: &Namespace) -> Self {
        let state = tempfile::tempdir().unwrap();
        // Free here, and everything is free there.
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        namespace.lead_to(port);
        let (process, lines) = spawn(state.path().into(), port, &namespace.words());
        Self::new(state, process, lines).await
    }

    async fn new(state: TempDir, mut process: Child, mut lines: Lines<BufReader<ChildStdout>>) -> Self {
        let secret = expect_line(&mut lines, "bootstrap secret: ").await;
        let port = expect_line(&mut lines, "ready http://localhost:").await.parse().unwrap();
        let stdin = process.stdin.take();
        Self { state, process, _stdin: stdin, port, bootstrap_secret: secret }
    }

    /// Ends it as a power cut would, and starts it again on the same state and port.
    pub async fn kill_and_restart(&mut self) {
        self.kill().await;
        self.restart().await;
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts one that has ended again on the same state and port.
    pub async fn restart(&mut self) {
        self.restart_under(&[]).await;
    }

    /// The same with another dashboard.
    pub async fn restart_with(&mut self, dashboard: &Dashboard) {
        let folder = format!("{}={}", dashboard::FOLDER, dashboard.folder().display());
        self.restart_under(&["env".to_owned(), folder]).await;
    }

    async fn restart_under(&mut self, words: &[String]) {
        let (mut process, mut lines) = spawn(self.state.path().into(), self.port, words);
        expect_line(&mut lines, "ready http://localhost:").await;
        self._stdin = process.stdin.take();
        self.process = process;
    }

    /// The folder with all that it keeps.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The address that programs are told.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// A person with an account.
    pub async fn person(&self, name: &str) -> Caller {
        let anyone = Caller::anonymous(self.url());
        let body = sign_up::Body {
            email: format!("{name}@example.com").parse().unwrap(),
            password: "correct horse battery".parse().unwrap(),
            bootstrap_secret: Some(self.bootstrap_secret.clone()),
        };
        let session = anyone.call::<sign_up::SignUp>(sign_up::Path {}, Json(body)).await.unwrap().0;
        anyone.with_token(session.token)
    }

    /// A person who owns a workspace.
    pub async fn owner(&self, name: &str, workspace: &str) -> Caller {
        let person = self.person(name).await;
        let name: WorkspaceName = workspace.parse().unwrap();
        let body = Json(workspace::create::Body { name });
        person
            .call_once::<workspace::create::CreateWorkspace>(workspace::create::Path {}, body)
            .await
            .unwrap();
        person.in_workspace(workspace)
    }

    /// `GET` of a managed URL: status and body.
    pub async fn get(&self, host: &str, path: &str) -> (u16, String) {
        let response = self.request(reqwest::Method::GET, host, path).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A request to a managed URL.
    pub fn request(&self, method: reqwest::Method, host: &str, path: &str) -> reqwest::RequestBuilder {
        let host = format!("{host}.localhost");
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let client = crate::http_client()
            .resolve(&host, address)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        client.request(method, format!("http://{host}:{}{path}", self.port))
    }
}

/// Cloudflare's own asset server over a folder.
pub struct AssetServer {
    _state: TempDir,
    _process: Child,
    port: u16,
}

impl AssetServer {
    /// Serves what is in the folder now.
    pub async fn start(folder: &Path) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new(edge_command().split_whitespace().next().unwrap());
        command.arg("assets").arg(folder).arg("--state").arg(state.path());
        let (process, mut lines) = start(&mut command);
        let port = expect_line(&mut lines, "ready http://localhost:").await.parse().unwrap();
        Self { _state: state, _process: process, port }
    }

    /// A request to it.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let client = crate::http_client().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        client.request(method, format!("http://127.0.0.1:{}{path}", self.port))
    }
}

fn edge_command() -> String {
    std::env::var("PATR_EDGE_CMD").expect("run the stories with `cargo xtask test`")
}

fn spawn(state: PathBuf, port: u16, under: &[String]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let command = edge_command();
    let mut words = under.iter().map(String::as_str).chain(command.split_whitespace());
    let mut command = Command::new(words.next().unwrap());
    start(command.args(words).args(["--port", &port.to_string(), "--state"]).arg(state))
}

fn start(command: &mut Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    (process, lines)
}

async fn expect_line(lines: &mut Lines<BufReader<ChildStdout>>, prefix: &str) -> String {
    let waiting = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
        panic!("the edge ended before it said `{prefix}`");
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the edge starts in time")
}
