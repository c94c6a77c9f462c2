//! Commands in containers.

mod end;

use std::{
    future::{pending, ready},
    time::Duration,
};

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
    query_parameters::ResizeExecOptions,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use patr_models::deployment::{Failure, FailureKind, exec::Size, logs::LogStream};
use rustix::process::Signal;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{Docker, Exec, Fault, failure, words::refused};

/// Chunks of output that wait for their reader; the Engine holds the command back from then on.
const WAITING: usize = 16;
/// How much a failed probe may say about itself, in bytes.
const SAYS: usize = 512;
const DOING: &str = "running a command in its container";

pub(super) async fn exec(
    docker: &Docker,
    id: &str,
    command: Vec<String>,
    tty: Option<Size>,
) -> Result<Exec, Fault> {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(tty.is_some()),
        env: tty.map(|_| vec!["TERM=xterm-256color".to_owned()]),
        cmd: Some(command),
        ..Default::default()
    };
    let (exec, output, input) = start(docker, id, options).await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let (sizes, new_sizes) = mpsc::channel(1);
    let (end, ended) = oneshot::channel();
    if let Some(size) = tty {
        // A command that has ended already needs no size.
        let _ = docker.api.resize_exec(&exec, resize(size)).await;
    }
    tokio::spawn(attend(docker.clone(), exec, output, sender, new_sizes, end));
    Ok(Exec { input, output: receiver, sizes, ended })
}

/// Passes on what a command writes and the sizes of its terminal, until it ends or nobody reads.
async fn attend(
    docker: Docker,
    exec: String,
    mut output: impl Stream<Item = (LogStream, Bytes)> + Unpin,
    reader: mpsc::Sender<(LogStream, Bytes)>,
    mut sizes: mpsc::Receiver<Size>,
    end: oneshot::Sender<i64>,
) {
    let passing = async {
        while let Some(chunk) = output.next().await {
            if reader.send(chunk).await.is_err() {
                pending::<()>().await;
            }
        }
    };
    let resizing = async {
        while let Some(size) = sizes.recv().await {
            let _ = docker.api.resize_exec(&exec, resize(size)).await;
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = passing => {}
        () = resizing => {}
        // As when the window of a terminal is closed.
        () = reader.closed() => return end::end(&docker, &exec, Signal::HUP).await,
    }
    // Before the output is seen to end, so that its end and the code come in this order.
    if let Some(code) = exit_code(&docker, &exec).await {
        let _ = end.send(code);
    }
}

fn resize(size: Size) -> ResizeExecOptions {
    ResizeExecOptions { w: size.columns.into(), h: size.rows.into() }
}

/// The Engine closes the output a little before it knows the code; a second is more than it ever takes.
async fn exit_code(docker: &Docker, exec: &str) -> Option<i64> {
    for _ in 0..50 {
        let found = docker.api.inspect_exec(exec).await.ok()?;
        if found.running != Some(true) && found.exit_code.is_some() {
            return found.exit_code;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

pub(super) async fn probe(
    docker: &Docker,
    id: &str,
    command: &[String],
    patience: Duration,
) -> Result<(), Failure> {
    let bad = |why: String| failure(FailureKind::ProbeFailed, format!("`{}` {why}", command.join(" ")));
    let mut started = None;
    let asking = async {
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let (exec, mut output, _) = start(docker, id, options).await?;
        let exec = started.insert(exec);
        let mut said = Vec::new();
        while let Some((_, bytes)) = output.next().await {
            said.extend(bytes.iter().take(SAYS.saturating_sub(said.len())));
        }
        Ok((exit_code(docker, exec).await, String::from_utf8_lossy(&said).trim().to_owned()))
    };
    match timeout(patience, asking).await {
        Ok(Ok((Some(0), _))) => Ok(()),
        Ok(Ok((Some(code), said))) if said.is_empty() => Err(bad(format!("ended with exit code {code}"))),
        Ok(Ok((Some(code), said))) => Err(bad(format!("ended with exit code {code}: {said}"))),
        Ok(Ok((None, _))) => Err(bad("ended with a code that the Engine does not know".to_owned())),
        Ok(Err(Fault::Failed(failure))) => Err(bad(format!("cannot be run: {}", failure.message))),
        // That says nothing about the replica.
        Ok(Err(other)) => Err(other.into_failure()),
        Err(_) => {
            if let Some(exec) = started {
                end::end(docker, &exec, Signal::KILL).await;
            }
            Err(bad(format!("did not end within {} s", patience.as_secs())))
        }
    }
}

type Output = std::pin::Pin<Box<dyn Stream<Item = (LogStream, Bytes)> + Send>>;
type Input = std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>;

async fn start(
    docker: &Docker,
    id: &str,
    options: CreateExecOptions<String>,
) -> Result<(String, Output, Input), Fault> {
    let tty = options.tty.unwrap_or_default();
    let made = docker.api.create_exec(id, options).await.map_err(|error| refused(DOING, &error))?;
    let how = StartExecOptions { detach: false, tty, output_capacity: None };
    let started = docker.api.start_exec(&made.id, Some(how)).await;
    match started.map_err(|error| refused(DOING, &error))? {
        StartExecResults::Attached { output, input } => {
            let chunks = output.filter_map(|chunk| ready(chunk.ok().map(chunk_of)));
            Ok((made.id, Box::pin(chunks), input))
        }
        StartExecResults::Detached => {
            Err(failure(FailureKind::Runtime, format!("{DOING}: the Engine let go of it")).into())
        }
    }
}

fn chunk_of(output: LogOutput) -> (LogStream, Bytes) {
    let stream =
        if matches!(output, LogOutput::StdErr { .. }) { LogStream::Stderr } else { LogStream::Stdout };
    (stream, output.into_bytes())
}
