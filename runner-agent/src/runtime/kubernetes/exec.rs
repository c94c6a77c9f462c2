//! Commands in pods.

use bytes::Bytes;
use futures_util::{Sink, SinkExt};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use patr_models::deployment::{exec::Size, logs::LogStream};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::{mpsc, oneshot},
};

use super::{Exec, Fault, Kubernetes, manifest::APP, refused};

/// Chunks of output that wait for their reader; the command is held back from then on.
const WAITING: usize = 16;
/// How much of its output or input is on its way, in bytes.
const CHUNK: usize = 32 * 1024;
const DOING: &str = "running a command in its pod";

type Reader = mpsc::Sender<(LogStream, Bytes)>;

pub(super) async fn exec(
    cluster: &Kubernetes,
    id: &str,
    command: Vec<String>,
    tty: Option<Size>,
) -> Result<Exec, Fault> {
    let pod = cluster.pod_of(id, DOING).await?;
    in_pod(cluster, &pod.metadata.name.unwrap_or_default(), command, tty).await
}

/// Runs a command in the container [`APP`] of a pod.
pub(super) async fn in_pod(
    cluster: &Kubernetes,
    pod: &str,
    command: Vec<String>,
    tty: Option<Size>,
) -> Result<Exec, Fault> {
    let params = AttachParams {
        container: Some(APP.to_owned()),
        stdin: true,
        stdout: true,
        // With a terminal all of it is one output.
        stderr: tty.is_none(),
        tty: tty.is_some(),
        max_stdin_buf_size: Some(CHUNK),
        max_stdout_buf_size: Some(CHUNK),
        max_stderr_buf_size: Some(CHUNK),
    };
    let process = cluster.api::<Pod>().exec(pod, command, &params).await;
    let mut process = process.map_err(|error| refused(DOING, &error))?;
    let (sender, output) = mpsc::channel(WAITING);
    let (sizes, new_sizes) = mpsc::channel(1);
    let (end, ended) = oneshot::channel();
    let input: std::pin::Pin<Box<dyn AsyncWrite + Send>> = match process.stdin() {
        Some(input) => Box::pin(input),
        None => Box::pin(tokio::io::sink()),
    };
    tokio::spawn(attend(process, sender, (tty, new_sizes), end));
    Ok(Exec { input, output, sizes, ended })
}

/// Passes on what a command writes and the sizes of its terminal, until it ends or nobody reads. Dropping the process closes
/// its connection, which ends its terminal and its input.
async fn attend(
    mut process: AttachedProcess,
    reader: Reader,
    (tty, sizes): (Option<Size>, mpsc::Receiver<Size>),
    end: oneshot::Sender<i64>,
) {
    let status = process.take_status();
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let resizing = resize(process.terminal_size(), tty, sizes);
    let passing = async {
        tokio::join!(pass(stdout, LogStream::Stdout, &reader), pass(stderr, LogStream::Stderr, &reader));
        match status {
            Some(status) => status.await,
            None => None,
        }
    };
    let ended = tokio::select! {
        ended = passing => ended,
        () = resizing => None,
        () = reader.closed() => None,
    };
    // Before the output is seen to end, so that its end and the code come in this order.
    if let Some(code) = ended.as_ref().and_then(code) {
        let _ = end.send(code);
    }
}

async fn pass(output: Option<impl AsyncRead + Unpin>, stream: LogStream, reader: &Reader) {
    let Some(mut output) = output else { return };
    let mut buffer = vec![0; CHUNK];
    loop {
        match output.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                if reader.send((stream, Bytes::copy_from_slice(&buffer[..read]))).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Never ends: that nobody sends sizes any more says nothing about the command.
async fn resize(
    terminal: Option<impl Sink<TerminalSize> + Unpin>,
    first: Option<Size>,
    mut sizes: mpsc::Receiver<Size>,
) {
    if let Some(mut terminal) = terminal {
        let mut next = first;
        while let Some(size) = next {
            let _ = terminal.send(TerminalSize { width: size.columns, height: size.rows }).await;
            next = sizes.recv().await;
        }
    }
    std::future::pending().await
}

/// The exit code in the word on how a command ended: success, or a cause that is a number.
fn code(status: &Status) -> Option<i64> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    let mut codes = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
    codes.next()?.message.as_deref()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: serde_json::Value) -> Option<i64> {
        code(&serde_json::from_value(status).unwrap())
    }

    #[test]
    fn how_a_command_ended_is_in_its_status() {
        assert_eq!(ended(serde_json::json!({ "status": "Success" })), Some(0));
        let failed = serde_json::json!({
            "status": "Failure", "reason": "NonZeroExitCode", "message": "command terminated with exit code 7",
            "details": { "causes": [{ "reason": "ExitCode", "message": "7" }] },
        });
        assert_eq!(ended(failed), Some(7));
        assert_eq!(ended(serde_json::json!({ "status": "Failure", "reason": "InternalError" })), None);
    }
}
