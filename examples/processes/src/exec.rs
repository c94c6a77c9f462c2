//! A command beside a replica, with its environment.

use std::{pin::Pin, process::Stdio};

use bytes::Bytes;
use patr_models::deployment::{FailureKind, exec::Size, logs::LogStream};
use patr_runner::runtime::{Exec, Fault, failure};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    sync::{mpsc, oneshot},
};

use crate::folder::{Folder, Record};

/// A command with what the replica has around it.
pub(crate) fn command(folder: &Folder, record: &Record, words: &[String]) -> Command {
    let (program, arguments) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&record.environment).current_dir(folder.file("."));
    command
}

/// Starts it.
pub(crate) fn run(
    folder: &Folder,
    record: &Record,
    words: &[String],
    tty: Option<Size>,
) -> Result<Exec, Fault> {
    if tty.is_some() {
        return Err(failure(FailureKind::Runtime, "this runner has no terminals: leave out --tty").into());
    }
    let spawned = command(folder, record, words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|error| failure(FailureKind::Runtime, format!("{words:?}: {error}")))?;
    let input: Pin<Box<dyn tokio::io::AsyncWrite + Send>> = match child.stdin.take() {
        Some(input) => Box::pin(input),
        None => Box::pin(tokio::io::sink()),
    };
    let (pieces, output) = mpsc::channel(16);
    let reading = (
        child.stdout.take().map(|from| tokio::spawn(copy(from, LogStream::Stdout, pieces.clone()))),
        child.stderr.take().map(|from| tokio::spawn(copy(from, LogStream::Stderr, pieces))),
    );
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        let status = child.wait().await;
        for reading in [reading.0, reading.1].into_iter().flatten() {
            let _ = reading.await;
        }
        if let Some(code) = status.ok().and_then(|status| status.code()) {
            let _ = end.send(code.into());
        }
    });
    let (sizes, _) = mpsc::channel(1);
    Ok(Exec { input, output, sizes, ended })
}

async fn copy(mut from: impl AsyncRead + Unpin, stream: LogStream, to: mpsc::Sender<(LogStream, Bytes)>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let bytes = Bytes::copy_from_slice(piece.get(..count).unwrap_or_default());
        if to.send((stream, bytes)).await.is_err() {
            return;
        }
    }
}
