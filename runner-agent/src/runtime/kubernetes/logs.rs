//! What pods write. A cluster does not say on which of its two outputs.

use futures_util::{AsyncBufReadExt, Stream, StreamExt, TryStreamExt, stream};
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::api::LogParams;
use patr_models::{
    deployment::logs::{LogLine, LogStream},
    time::Millis,
};
use tokio::sync::mpsc;

use super::{Kubernetes, LogsFrom, manifest::APP};
use crate::runtime::moment;

/// Lines of a pod that ended, in a failure.
const LAST_LINES: i64 = 20;

pub(super) fn follow(cluster: &Kubernetes, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + use<> {
    let (cluster, replica) = (cluster.clone(), id.to_owned());
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let closed = sender.clone();
        tokio::select! {
            () = closed.closed() => {}
            () = pass_on(cluster, replica, from, sender) => {}
        }
    });
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

async fn pass_on(cluster: Kubernetes, replica: String, from: LogsFrom, reader: mpsc::Sender<LogLine>) {
    let Ok(pod) = cluster.pod_of(&replica, "reading its log").await else { return };
    let since = from.since.unwrap_or_default();
    let params = LogParams {
        container: Some(APP.to_owned()),
        follow: from.follow,
        tail_lines: Some(from.tail.into()),
        timestamps: true,
        // To the second, for some servers; what is left of it is left out below.
        since_time: from
            .since
            .and_then(|since| Timestamp::from_millisecond(i64::try_from(since.0).ok()?).ok()),
        ..Default::default()
    };
    let name = pod.metadata.name.unwrap_or_default();
    let Ok(output) = cluster.api::<Pod>().log_stream(&name, &params).await else { return };
    let mut lines = std::pin::pin!(output.lines());
    while let Some(Ok(text)) = lines.next().await {
        let line = line(&replica, &text);
        if line.at >= since && reader.send(line).await.is_err() {
            return;
        }
    }
}

pub(super) async fn last_lines(cluster: &Kubernetes, id: &str) -> Vec<String> {
    let Ok(pod) = cluster.pod_of(id, "reading its log").await else { return Vec::new() };
    let name = pod.metadata.name.clone().unwrap_or_default();
    let params = LogParams {
        container: Some(APP.to_owned()),
        tail_lines: Some(LAST_LINES),
        // What has ended is what is of interest, and not what was started since.
        previous: has_ended_before(&pod),
        ..Default::default()
    };
    let Ok(output) = cluster.api::<Pod>().log_stream(&name, &params).await else { return Vec::new() };
    let lines = output.lines().try_collect::<Vec<_>>().await.unwrap_or_default();
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether its container was started again, and the one before is still known.
fn has_ended_before(pod: &Pod) -> bool {
    let containers = pod.status.iter().filter_map(|status| status.container_statuses.as_ref()).flatten();
    let mut last = containers.filter_map(|container| {
        let now = container.state.as_ref().is_some_and(|state| state.running.is_some());
        container.last_state.as_ref().filter(|_| now)?.terminated.as_ref()
    });
    last.next().is_some()
}

fn line(replica: &str, text: &str) -> LogLine {
    let (at, text) = text.split_once(' ').unwrap_or(("", text));
    let at: Millis = moment(at).unwrap_or_default();
    LogLine {
        at,
        replica: replica.chars().take(12).collect(),
        stream: LogStream::Stdout,
        text: text.trim_end_matches(['\r', '\n']).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_to_the_millisecond_and_no_line_end() {
        let found = line("c1", "2026-01-31T12:00:00.123456789Z hello, world\r");
        assert_eq!(
            (found.at.to_string().as_str(), found.text.as_str()),
            ("2026-01-31T12:00:00.123Z", "hello, world")
        );
    }
}
