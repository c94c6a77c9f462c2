//! Keeps one replica running. Its own process, so that nothing of this depends on the agent.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use patr_models::deployment::logs::LogStream;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    folder::{Folder, Record, State},
    logs::{Line, now},
};

/// Between an end and the next start: the first time, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// One that has run this long did not fail to start.
const WELL: Duration = Duration::from_secs(10);
/// How long what it has written may take to be kept.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Of each of the two files of lines, in bytes.
const LOG_MAX: u64 = 10 << 20;

pub(crate) async fn run(path: &Path) -> ExitCode {
    let folder = Folder::at(path.to_owned());
    let Err(error) = keep(&folder).await else { return ExitCode::SUCCESS };
    // The agent tells people. Where nothing can be written nobody can be told.
    let _ = folder.set_state(&State { pid: None, broken: Some(error.to_string()), ..folder.state() });
    ExitCode::FAILURE
}

async fn keep(folder: &Folder) -> io::Result<()> {
    // Held until this process ends, however that happens.
    let Some(_lock) = lock(folder).await? else { return Ok(()) };
    // Whoever told it to stop may have been faster than this.
    if folder.has("stopped") {
        return Ok(());
    }
    let record = folder.record().ok_or_else(|| io::Error::other("there is nothing to start"))?;
    let mut stop = signal(SignalKind::terminate())?;
    let mut state = State { restarts: folder.state().restarts, ..State::default() };
    let mut pause = PAUSES.0;
    loop {
        let begun = tokio::time::Instant::now();
        let (mut child, writing) = start(folder, &record)?;
        state.pid = child.id();
        folder.set_state(&state)?;
        let (status, stopped) = tokio::select! {
            status = child.wait() => (status?, false),
            _ = stop.recv() => (end(&mut child, record.grace_s).await?, true),
        };
        // Its last lines say why. A child of its own may hold the log open for longer.
        let _ = timeout(LAST_LINES, writing).await;
        (state.pid, state.ended) = (None, Some(code(status)));
        folder.set_state(&state)?;
        if stopped || folder.has("stopped") || !folder.has("proven") {
            return Ok(());
        }
        pause = if begun.elapsed() > WELL { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
        tokio::select! {
            () = sleep(pause) => state.restarts += 1,
            _ = stop.recv() => return Ok(()),
        }
    }
}

/// Who only looks whether there is a keeper holds the lock for a moment.
async fn lock(folder: &Folder) -> io::Result<Option<File>> {
    for _ in 0..50 {
        if let Some(lock) = folder.lock()? {
            return Ok(Some(lock));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// Starts the program; what it writes goes to the log, by a task that ends when nobody writes any more.
fn start(folder: &Folder, record: &Record) -> io::Result<(Child, JoinHandle<()>)> {
    let spawned = Command::new(&record.program)
        .args(&record.arguments)
        .env_clear()
        .envs(&record.environment)
        .current_dir(folder.file("."))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|error| about(&record.program, error))?;
    let (lines, written) = mpsc::channel(64);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(read(stdout, LogStream::Stdout, lines.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(read(stderr, LogStream::Stderr, lines));
    }
    let writing = tokio::spawn(write(folder.clone(), written));
    Ok((child, writing))
}

async fn read(from: impl AsyncRead + Unpin, stream: LogStream, lines: mpsc::Sender<Line>) {
    let (mut from, mut bytes) = (BufReader::new(from), Vec::new());
    while matches!(from.read_until(b'\n', &mut bytes).await, Ok(1..)) {
        let text = String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned();
        bytes.clear();
        if lines.send(Line { at: now(), stream, text }).await.is_err() {
            return;
        }
    }
}

/// A disk that is full costs lines and not the program.
async fn write(folder: Folder, mut lines: mpsc::Receiver<Line>) {
    while let Some(line) = lines.recv().await {
        if let Err(error) = append(&folder, &line) {
            tracing::warn!("a line is lost: {error}");
        }
    }
}

fn append(folder: &Folder, line: &Line) -> io::Result<()> {
    let path = folder.file("log");
    let mut file = File::options().create(true).append(true).open(&path)?;
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)?;
    if file.metadata()?.len() > LOG_MAX { fs::rename(&path, folder.file("log.1")) } else { Ok(()) }
}

/// Tells it to stop, and kills it when its time is up.
async fn end(child: &mut Child, grace_s: u32) -> io::Result<ExitStatus> {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    if let Some(pid) = pid {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
    match timeout(Duration::from_secs(grace_s.into()), child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}

fn about(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// As a shell says it.
fn code(status: ExitStatus) -> i64 {
    let signal = || status.signal().map_or(255, |signal| 128 + signal);
    status.code().unwrap_or_else(signal).into()
}
