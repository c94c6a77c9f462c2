//! An Engine of a story's own, which can be ended without ending what others run.

use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::{docker::Docker, eventually};

/// A `dockerd` with its own data, socket and networks. All of it goes with the value.
///
/// It leaves the machine's firewall alone, for the machine's own Engine would lose its rules otherwise: containers reach
/// the machine and are reached from it, and nothing else.
pub struct Engine {
    process: Child,
    docker: Docker,
    folder: TempDir,
}

impl Engine {
    /// One with a folder of this machine; `None`, said loudly, where there can be none.
    pub async fn start() -> Option<Self> {
        Self::on(None).await
    }

    /// One whose data is on a disk of its own, of so many bytes.
    pub async fn on_a_disk_of(bytes: u64) -> Option<Self> {
        Self::on(Some(bytes)).await
    }

    async fn on(disk: Option<u64>) -> Option<Self> {
        if !is_root() {
            eprintln!("SKIPPED: an Engine of a story's own needs root");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("patr-engine-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        if disk.is_some_and(|bytes| !mount_disk(folder.path(), bytes)) {
            return None;
        }
        // The machine's own configuration is not for this one.
        std::fs::write(folder.path().join("daemon.json"), "{}").unwrap();
        let docker = Docker::at(&format!("unix://{}", folder.path().join("docker.sock").display()));
        let engine = Self { process: dockerd(folder.path()), docker, folder };
        engine.answers().await;
        Some(engine)
    }

    /// The `docker` command that talks to it.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// What an agent is told, so that it drives this one.
    pub fn environment(&self) -> [(&'static str, String); 1] {
        [("DOCKER_HOST", format!("unix://{}", self.folder.path().join("docker.sock").display()))]
    }

    /// How many bytes are free where its files are.
    pub fn free(&self) -> u64 {
        let found = rustix::fs::statvfs(self.folder.path().join("data")).unwrap();
        found.f_bavail * found.f_frsize
    }

    /// Takes room away until so many bytes are free, in a file that gives it back when it is removed.
    pub fn fill_until(&self, free: u64) -> PathBuf {
        let file = self.folder.path().join("data").join(format!("filler-{free}"));
        let room = self.free() - free;
        let filled = Command::new("fallocate").args(["--length", &room.to_string()]).arg(&file).status();
        assert!(filled.unwrap().success());
        file
    }

    /// Brings an image here from the machine's own Engine.
    pub fn load(&self, image: &str) {
        let mut saving =
            Docker::of_the_machine().command(&["save", image]).stdout(Stdio::piped()).spawn().unwrap();
        let archive = saving.stdout.take().unwrap();
        let loaded = self.docker.command(&["load", "--quiet"]).stdin(archive).output().unwrap();
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        assert!(saving.wait().unwrap().success());
    }

    /// Tells it to stop, as an upgrade of its package does, and waits: its containers stop too.
    pub async fn stop(&mut self) {
        signal(&self.process, "-TERM");
        let ended =
            eventually("the Engine's end", async || self.process.try_wait().unwrap().ok_or("it runs"));
        assert!(ended.await.success(), "the Engine was told to stop");
    }

    /// Ends it as a crash would: its containers run on.
    pub async fn kill(&mut self) {
        signal(&self.process, "-KILL");
        let ended =
            eventually("the Engine's end", async || self.process.try_wait().unwrap().ok_or("it runs"));
        assert_eq!(ended.await.signal(), Some(9), "the Engine was killed");
        self.its_containerd_ends().await;
    }

    /// It ends with its Engine. Where nobody asks for its exit status the next one would take it for alive for ever.
    async fn its_containerd_ends(&self) {
        let file = self.folder.path().join("exec/containerd/containerd.pid");
        let Ok(pid) = std::fs::read_to_string(&file) else { return };
        let status = PathBuf::from("/proc").join(pid.trim()).join("status");
        eventually("the end of its containerd", async || match std::fs::read_to_string(&status) {
            Ok(text) if !text.contains("State:\tZ") => Err(text),
            _ => Ok(()),
        })
        .await;
        std::fs::remove_file(file).unwrap();
    }

    /// Starts it again.
    pub async fn start_again(&mut self) {
        self.process = dockerd(self.folder.path());
        self.answers().await;
    }

    async fn answers(&self) {
        eventually("the Engine's answer", async || {
            if self.is_there() { Ok(()) } else { Err(last_words(self.folder.path())) }
        })
        .await;
    }

    fn is_there(&self) -> bool {
        let asked = self.docker.command(&["version"]).output();
        asked.is_ok_and(|answer| answer.status.success())
    }
}

impl Drop for Engine {
    /// What it runs is removed by itself, for nobody else knows how.
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.process.try_wait() {
            self.process = dockerd(self.folder.path());
        }
        while !self.is_there() && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
        self.docker.remove_listed(&["ps", "--all", "--quiet"], &["rm", "--force", "--volumes"]);
        let _ = self.docker.command(&["network", "prune", "--force"]).output();
        signal(&self.process, "-TERM");
        let _ = self.process.wait();
        // Its own mount of its data on itself, when it was killed once, and the disk.
        while unmount(&self.folder.path().join("data")) {}
    }
}

/// Whether this process may do what only root may.
pub(crate) fn is_root() -> bool {
    let said = Command::new("id").arg("--user").output().unwrap();
    said.stdout == b"0\n"
}

fn dockerd(folder: &Path) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    // Some address space for its networks that the machine's own Engine does not use.
    let pool = format!("base=10.213.{}.0/24,size=28", std::process::id() % 256);
    let socket = format!("unix://{}", folder.join("docker.sock").display());
    let folders = [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid")];
    Command::new("dockerd")
        .args(["--host", &socket, "--default-address-pool", &pool, "--log-level", "warn"])
        .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false"])
        .arg("--config-file")
        .arg(folder.join("daemon.json"))
        .args(folders.iter().flat_map(|(flag, name)| [(*flag).into(), folder.join(name).into_os_string()]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("`dockerd` is here, as the machine's own Engine is")
}

fn last_words(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn signal(process: &Child, signal: &str) {
    let _ = Command::new("kill").args([signal, &process.id().to_string()]).status();
}

/// Makes a disk in a file, for the data; or says loudly that there can be none.
fn mount_disk(folder: &Path, bytes: u64) -> bool {
    let (file, at) = (folder.join("disk"), folder.join("data"));
    std::fs::File::create(&file).unwrap().set_len(bytes).unwrap();
    let made = Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(&file).output();
    let mounted = Command::new("mount").args(["-o", "loop"]).args([&file, &at]).output();
    let fine = |ended: &std::io::Result<Output>| ended.as_ref().is_ok_and(|ended| ended.status.success());
    if !(fine(&made) && fine(&mounted)) {
        eprintln!("SKIPPED: a small disk cannot be made here: {made:?} {mounted:?}");
        return false;
    }
    true
}

/// Whether there was something to unmount.
fn unmount(folder: &Path) -> bool {
    let unmount = |flags: &[&str]| Command::new("umount").args(flags).arg(folder).output();
    let done = |ended: std::io::Result<Output>| ended.is_ok_and(|ended| ended.status.success());
    // Whatever still holds it is on its way out.
    done(unmount(&[])) || done(unmount(&["--lazy"]))
}
