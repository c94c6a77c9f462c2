//! A real browser: Chromium, driven over WebDriver (W3C).

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::eventually;

/// A window of a browser of a test's own.
pub struct Browser {
    driver: Child,
    pub window: Client,
}

impl Browser {
    /// Opens a window; `None`, said loudly, where there is no Chromium. In CI there must be one.
    pub async fn open() -> Option<Self> {
        if which("chromedriver").is_none() {
            assert!(std::env::var_os("CI").is_none(), "CI needs `chromedriver` (Debian: chromium-driver)");
            eprintln!("SKIPPED: there is no `chromedriver` here");
            return None;
        }
        let (driver, port) = eventually("chromedriver starts", start).await;
        // As root there is no sandbox; small machines have little shared memory.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP *.localhost 127.0.0.1",
        ];
        let Value::Object(wishes) = json!({ "goog:chromeOptions": { "args": arguments } }) else {
            unreachable!("an object was written")
        };
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let window = builder.capabilities(wishes).connect(&format!("http://127.0.0.1:{port}")).await;
        Some(Self { driver, window: window.unwrap() })
    }

    /// Runs an asynchronous function's body in the page and answers what it returns.
    pub async fn run(&self, body: &str, arguments: Vec<Value>) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async (...given) => {{ {body} }})(...[...arguments].slice(0, -1)).then(done, error => done('ERROR: ' + error));"
        );
        self.window.execute_async(&script, arguments).await.unwrap()
    }

    /// Adds an authenticator whose person is there and unlocks it at once (Web Authentication Level 3, 11).
    pub async fn add_authenticator(&self) {
        self.window.issue_cmd(AddAuthenticator).await.unwrap();
    }

    /// Gives the page so many pixels: a window of Chromium cannot be as narrow as a phone.
    pub async fn resize(&self, width: u32, height: u32) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Runs a script in each page that is loaded from now on, before any of its own.
    pub async fn run_first(&self, script: &str) {
        self.tell("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Whether the page reaches anything.
    pub async fn has_network(&self, is_there: bool) {
        self.has_a_network_of(!is_there, 0, (-1, -1)).await;
    }

    /// With this latency in milliseconds, and so many bytes a second down and up; -1 for as many as there are.
    async fn has_a_network_of(&self, offline: bool, latency: u32, (down, up): (i32, i32)) {
        let network = json!({
            "offline": offline, "latency": latency, "downloadThroughput": down, "uploadThroughput": up,
        });
        self.tell("Network.enable", json!({})).await;
        self.tell("Network.emulateNetworkConditions", network).await;
    }

    /// Forgets what was loaded before, and loads as on a phone: with 150 ms to everything, 1.6 Mbit/s, and a processor that is four
    /// times as slow (what Lighthouse calls mobile, `core/config/constants.js`); or as on this machine.
    pub async fn loads_anew(&self, on_a_phone: bool) {
        self.tell("Network.clearBrowserCache", json!({})).await;
        let (latency, speed, rate) =
            if on_a_phone { (150, (1_600_000 / 8, 750_000 / 8), 4) } else { (0, (-1, -1), 1) };
        self.has_a_network_of(false, latency, speed).await;
        self.tell("Emulation.setCPUThrottlingRate", json!({ "rate": rate })).await;
    }

    /// Keeps what is downloaded in a folder, without asking.
    pub async fn download_into(&self, folder: &Path) {
        let keep = json!({ "behavior": "allow", "downloadPath": folder });
        self.tell("Browser.setDownloadBehavior", keep).await;
    }

    /// Drops files or folders from outside of the browser on a point of the page.
    pub async fn drop_files(&self, files: &[&Path], (x, y): (f64, f64)) {
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": x, "y": y, "data": data });
            self.tell("Input.dispatchDragEvent", event).await;
        }
    }

    /// Uses the developer tools (Chrome DevTools Protocol).
    async fn tell(&self, command: &'static str, parameters: Value) {
        self.window.issue_cmd(DevTools { command, parameters }).await.unwrap();
    }

    /// Closes the window.
    pub async fn close(self) {
        self.window.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    /// A story that fails does not close its window: the browser would outlive its driver.
    fn drop(&mut self) {
        let Some(driver) = self.driver.id() else { return };
        let Ok(threads) = std::fs::read_dir(format!("/proc/{driver}/task")) else { return };
        let children =
            threads.flatten().map(|thread| std::fs::read_to_string(thread.path().join("children")));
        for browser in children.flatten().collect::<Vec<_>>().concat().split_whitespace() {
            let _ = std::process::Command::new("kill").args(["-KILL", browser]).status();
        }
    }
}

/// Starts a driver, and waits for its port. It takes a free one of IPv4 and ends when the same is not free of IPv6.
async fn start() -> Result<(Child, String), &'static str> {
    let mut driver = Command::new("chromedriver");
    driver.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut driver = driver.spawn().unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok((driver, port.trim_end_matches('.').to_owned()));
        }
    }
    Err("it ended")
}

/// A command that WebDriver's own specification does not know.
#[derive(Debug)]
struct AddAuthenticator;

impl WebDriverCompatibleCommand for AddAuthenticator {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/webauthn/authenticator", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserConsenting": true, "isUserVerified": true,
        });
        (http::Method::POST, Some(options.to_string()))
    }
}

/// A command of the developer tools.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let call = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(call.to_string()))
    }
}

fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|it| it.exists())
}
