//! The access log: a request is noted while it goes on, and read as lines of JSON.

use std::{sync::Arc, time::Duration};

use patr_models::{
    deployment::requests::{REMEMBERED, RequestLine},
    ids::DeploymentId,
    wire::ResponseHead,
};
use tokio::{sync::broadcast::error::RecvError, time::Instant};

use super::{Target, encode, http::Ask};
use crate::{access_log::AccessLog, link::clock, runtime::Runtime, tunnel::Writer};

/// A request that goes on. It is remembered when this is dropped, however it ended.
pub(super) struct Noted {
    log: AccessLog,
    deployment: DeploymentId,
    begun: Instant,
    line: RequestLine,
}

impl Noted {
    pub(super) fn new(log: &AccessLog, ask: &Ask) -> Self {
        let header = |name: &str| {
            let found = ask.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let line = RequestLine {
            at: clock(),
            method: ask.method.clone(),
            host: header("x-forwarded-host").or_else(|| header("host")).unwrap_or_default(),
            target: ask.target.clone(),
            status: 0,
            first_byte_ms: 0,
            total_ms: 0,
            bytes: 0,
            client: header("x-forwarded-for").unwrap_or_default(),
            replica: String::new(),
            id: header("x-request-id"),
            missed: 0,
        };
        Self { log: log.clone(), deployment: ask.deployment, begun: Instant::now(), line }
    }

    /// A replica is asked.
    pub(super) fn asks(&mut self, container: &str) {
        // As people see it in lists.
        container.get(..12).unwrap_or(container).clone_into(&mut self.line.replica);
    }

    /// The replica has begun to answer.
    pub(super) fn answered(&mut self, status: u16) {
        self.line.status = status;
        self.line.first_byte_ms = millis(self.begun.elapsed());
    }

    /// Bytes of the body were taken.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.line.bytes += bytes as u64;
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let mut line = self.line.clone();
        line.total_ms = millis(self.begun.elapsed());
        self.log.record(self.deployment, line);
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

impl<R: Runtime> Target<R> {
    pub(super) async fn requests(self, deployment: DeploymentId, follow: bool, tail: u32, writer: Writer) {
        if !writer.write(encode(&ResponseHead { status: 200, headers: Vec::new() })).await {
            return;
        }
        let tail = usize::try_from(tail).unwrap_or(REMEMBERED).min(REMEMBERED);
        let (last, live) = if follow {
            let (last, live) = self.log.follow(deployment, tail);
            (last, Some(live))
        } else {
            (self.log.last(deployment, tail), None)
        };
        for line in last {
            if !write(&writer, &line).await {
                return;
            }
        }
        let Some(mut live) = live else { return writer.finish() };
        let mut missed = 0;
        loop {
            match live.recv().await {
                Ok(line) => {
                    let line = noting(line, std::mem::take(&mut missed));
                    if !write(&writer, &line).await {
                        return;
                    }
                }
                Err(RecvError::Lagged(more)) => missed += more,
                // The deployment is gone.
                Err(RecvError::Closed) => return writer.finish(),
            }
        }
    }
}

/// The line, which says how many before it were not sent.
fn noting(line: Arc<RequestLine>, missed: u64) -> Arc<RequestLine> {
    if missed == 0 {
        return line;
    }
    Arc::new(RequestLine { missed, ..Arc::unwrap_or_clone(line) })
}

async fn write(writer: &Writer, line: &RequestLine) -> bool {
    let mut json = serde_json::to_vec(line).unwrap_or_default();
    json.push(b'\n');
    writer.write(json.into()).await
}
