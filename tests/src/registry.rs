//! Debian's `docker-registry` on loopback, as a process of a test's own.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Stdio,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{docker::Docker, eventually};

/// A registry with nothing in it.
pub struct Registry {
    process: Child,
    port: u16,
    _folder: TempDir,
}

/// Who may pull from a private registry. Its bytes need both letters that base64 has two alphabets for.
pub const USER: &str = "ada";
pub const PASSWORD: &str = "s3cret>~?>~?";
/// bcrypt of it.
const HTPASSWD: &str = "ada:$2y$05$abcdefghijklmnopqrstuumI5PEQXMIM4UG97zwhA3w7uZSGRodPO\n";

impl Registry {
    /// One that everybody may use; `None`, said loudly, where the program is missing. In CI it must be there.
    pub async fn start() -> Option<Self> {
        Self::spawn(false).await
    }

    /// One that wants credentials.
    pub async fn private() -> Option<Self> {
        Self::spawn(true).await
    }

    async fn spawn(private: bool) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // Nobody else listens there; should someone be faster, the registry says so and the test fails.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = configuration(folder.path(), port, private);
        let spawned = Command::new("docker-registry")
            .arg("serve")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(process) = spawned else {
            assert!(std::env::var_os("CI").is_none(), "CI needs `docker-registry`");
            eprintln!("SKIPPED: `docker-registry` is not installed here");
            return None;
        };
        let registry = Self { process, port, _folder: folder };
        let client = crate::http_client().build().unwrap();
        eventually("the registry's answer", async || {
            let asked = client.get(format!("http://127.0.0.1:{port}/v2/")).send().await;
            asked.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Some(registry)
    }

    /// The name of an image in this registry.
    pub fn image(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Host and port, as `docker login` takes them.
    pub fn server(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Puts an image into the registry under a name, and leaves nothing of it on this machine but layers.
    pub fn push(&self, local: &str, name: &str, config: Option<&Path>) -> String {
        let image = self.image(name);
        docker(&["tag", local, &image], "");
        match config {
            Some(config) => docker(&["--config", &config.to_string_lossy(), "push", "--quiet", &image], ""),
            None => docker(&["push", "--quiet", &image], ""),
        };
        docker(&["rmi", &image], "");
        image
    }

    /// Puts an image there whose one layer is small on its way and a file of so many zero bytes once it is unpacked.
    pub async fn put_swelling(&self, name: &str, bytes: u64) -> String {
        let (repository, tag) = name.split_once(':').unwrap();
        // The Engine finds out that this is not the layer's hash only when it has unpacked all of it.
        let config = serde_json::json!({
            "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", "a".repeat(64))] },
        });
        let (config, layer) = (config.to_string().into_bytes(), zeros(bytes));
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(), "digest": digest(&config),
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": layer.len(), "digest": digest(&layer),
            }],
        });
        let client = crate::http_client().build().unwrap();
        let base = format!("http://127.0.0.1:{}/v2/{repository}", self.port);
        for blob in [config, layer] {
            let begun = client.post(format!("{base}/blobs/uploads/")).send().await.unwrap();
            // It has a query already.
            let at = format!("{}&digest={}", begun.headers()["location"].to_str().unwrap(), digest(&blob));
            let put = client.put(at).body(blob);
            assert_eq!(put.send().await.unwrap().status(), 201);
        }
        let put = client.put(format!("{base}/manifests/{tag}")).header("content-type", MANIFEST);
        assert_eq!(put.body(manifest.to_string()).send().await.unwrap().status(), 201);
        self.image(name)
    }

    /// A Docker configuration that somebody logged in with.
    pub fn logged_in(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_string_lossy();
        docker(
            &["--config", &path, "login", "--username", USER, "--password-stdin", &self.server()],
            PASSWORD,
        );
        folder
    }

    /// It goes away, as a machine that is switched off.
    pub async fn ends(mut self) {
        self.process.kill().await.unwrap();
    }
}

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A compressed archive of one file, made of the same piece again and again.
fn zeros(bytes: u64) -> Vec<u8> {
    const PIECE: usize = 16 << 20;
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_cksum();
    let (piece, pieces) = (gzip(&vec![0; PIECE]), bytes.div_ceil(PIECE as u64));
    let end = gzip(&[0; 1024]);
    [gzip(header.as_bytes())]
        .into_iter()
        .chain((0..pieces).map(|_| piece.clone()))
        .chain([end])
        .flatten()
        .collect()
}

/// One stream of several that may follow each other.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn configuration(folder: &Path, port: u16, private: bool) -> std::path::PathBuf {
    let htpasswd = folder.join("htpasswd");
    std::fs::write(&htpasswd, HTPASSWD).unwrap();
    let auth = format!("auth:\n  htpasswd:\n    realm: stories\n    path: {}\n", htpasswd.display());
    let text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: \
         127.0.0.1:{port}\n{}",
        folder.join("blobs").display(),
        if private { &auth } else { "" },
    );
    let file = folder.join("config.yml");
    std::fs::write(&file, text).unwrap();
    file
}

/// Runs `docker` with the machine's Engine; what it says.
pub fn docker(arguments: &[&str], input: &str) -> String {
    Docker::of_the_machine().run(arguments, input)
}

/// An image like another, which says that it is this release. It goes when the value does.
pub struct Variant(String);

impl Variant {
    pub fn of(image: &str, release: &str) -> Self {
        let name = format!("patr-story-{release}-{}", std::process::id());
        docker(&["build", "--quiet", "--tag", &name, "-"], &format!("FROM {image}\nENV RELEASE={release}\n"));
        Self(name)
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Variant {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rmi", "--force", &self.0]).output();
    }
}
