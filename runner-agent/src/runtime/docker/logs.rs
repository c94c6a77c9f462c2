//! What containers write.

use std::future::ready;

use bollard::{container::LogOutput, query_parameters::LogsOptions};
use futures_util::{Stream, StreamExt, stream};
use patr_models::{
    deployment::logs::{LogLine, LogStream},
    time::Millis,
};
use tokio::sync::mpsc;

use super::{Docker, LogsFrom};
use crate::runtime::moment;

/// Lines of a container that ended, in a failure.
const LAST_LINES: &str = "20";

pub(super) fn follow(docker: &Docker, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + use<> {
    let since = from.since.unwrap_or_default();
    let options = LogsOptions {
        follow: from.follow,
        stdout: true,
        stderr: true,
        timestamps: true,
        // To the second; what is left of it is left out below.
        since: i32::try_from(since.0 / 1000).unwrap_or(i32::MAX),
        tail: from.tail.to_string(),
        ..Default::default()
    };
    let replica: String = id.chars().take(12).collect();
    // The API borrows itself in the stream, so each stream has its own.
    let (api, id) = (docker.api.clone(), id.to_owned());
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut output = std::pin::pin!(api.logs(&id, Some(options)));
        loop {
            tokio::select! {
                () = sender.closed() => return,
                next = output.next() => {
                    let Some(Ok(output)) = next else { return };
                    let line = line(&replica, output);
                    if line.at >= since && sender.send(line).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

pub(super) async fn last_lines(docker: &Docker, id: &str) -> Vec<String> {
    let tail = LAST_LINES.to_owned();
    let options = LogsOptions { stdout: true, stderr: true, tail, ..Default::default() };
    let output = docker.api.logs(id, Some(options)).filter_map(|line| ready(line.ok())).collect::<Vec<_>>();
    let output = output.await;
    output.iter().map(|line| line.to_string().trim_end().to_owned()).collect()
}

fn line(replica: &str, output: LogOutput) -> LogLine {
    let stream =
        if matches!(output, LogOutput::StdErr { .. }) { LogStream::Stderr } else { LogStream::Stdout };
    let text = String::from_utf8_lossy(&output.into_bytes()).into_owned();
    let (at, text) = text.split_once(' ').unwrap_or(("", &text));
    let at: Millis = moment(at).unwrap_or_default();
    LogLine { at, replica: replica.to_owned(), stream, text: text.trim_end_matches(['\r', '\n']).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_to_the_millisecond_and_no_line_end() {
        let message = "2026-01-31T12:00:00.123456789Z hello, world\r\n".into();
        let found = line("c1", LogOutput::StdErr { message });
        assert_eq!(found.at.to_string(), "2026-01-31T12:00:00.123Z");
        assert_eq!((found.stream, found.text.as_str()), (LogStream::Stderr, "hello, world"));
    }
}
