//! What the replicas were asked: the newest requests of each deployment, for whoever wants to read them.
//!
//! Memory is enough: an access log of this kind is for looking at what goes on, and a machine that has to keep one has better
//! places for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patr_models::{
    deployment::requests::{REMEMBERED, RequestLine},
    ids::DeploymentId,
};
use tokio::sync::broadcast;

/// What is remembered of a deployment, in bytes: a thousand requests of the usual length.
const BYTES_MAX: usize = 512 * 1024;
/// The most that is kept of what a client may choose, in bytes.
const TEXT_MAX: usize = 2048;
/// Requests that a reader may be behind.
const BEHIND_MAX: usize = 1024;

/// The requests of every deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccessLog(Arc<Mutex<HashMap<DeploymentId, Ring>>>);

/// Requests as they end. Those that a reader was too slow for are counted when it looks again.
pub(crate) type Live = broadcast::Receiver<Arc<RequestLine>>;

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Arc<RequestLine>>,
    bytes: usize,
    /// Once somebody has followed.
    live: Option<broadcast::Sender<Arc<RequestLine>>>,
}

impl AccessLog {
    /// Remembers a request that has ended.
    pub(crate) fn record(&self, deployment: DeploymentId, mut line: RequestLine) {
        for text in [&mut line.method, &mut line.host, &mut line.target, &mut line.client] {
            text.truncate(text.floor_char_boundary(TEXT_MAX));
        }
        self.lock().entry(deployment).or_default().push(Arc::new(line));
    }

    /// The last requests, oldest first.
    pub(crate) fn last(&self, deployment: DeploymentId, tail: usize) -> Vec<Arc<RequestLine>> {
        self.lock().get(&deployment).map(|ring| ring.last(tail)).unwrap_or_default()
    }

    /// The last requests and all that follow: each of them once.
    pub(crate) fn follow(&self, deployment: DeploymentId, tail: usize) -> (Vec<Arc<RequestLine>>, Live) {
        let mut rings = self.lock();
        let ring = rings.entry(deployment).or_default();
        let live = ring.live.get_or_insert_with(|| broadcast::channel(BEHIND_MAX).0).subscribe();
        (ring.last(tail), live)
    }

    /// Forgets the deployments that are not there any more.
    pub(crate) fn keep(&self, is_there: impl Fn(DeploymentId) -> bool) {
        self.lock().retain(|&id, _| is_there(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Ring>> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn push(&mut self, line: Arc<RequestLine>) {
        self.bytes += size(&line);
        self.lines.push_back(Arc::clone(&line));
        while self.lines.len() > REMEMBERED || self.bytes > BYTES_MAX {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
        // Nobody need be there to hear it.
        self.live.as_ref().map(|live| live.send(line).is_ok());
    }

    fn last(&self, tail: usize) -> Vec<Arc<RequestLine>> {
        self.lines.range(self.lines.len().saturating_sub(tail)..).cloned().collect()
    }
}

/// What a request takes in memory, about.
fn size(line: &RequestLine) -> usize {
    let RequestLine { method, host, target, client, replica, id, .. } = line;
    let texts = [method, host, target, client, replica].map(String::len).iter().sum::<usize>();
    size_of::<RequestLine>() + texts + id.as_ref().map_or(0, String::len)
}

#[cfg(test)]
pub(crate) mod tests {
    use patr_models::{ids::Id, time::Millis};

    use super::*;

    fn id(number: u128) -> DeploymentId {
        DeploymentId::from_parts(Millis(0), number)
    }

    fn line(target: &str) -> RequestLine {
        RequestLine {
            at: Millis(0),
            method: "GET".to_owned(),
            host: "web".to_owned(),
            target: target.to_owned(),
            status: 200,
            first_byte_ms: 0,
            total_ms: 0,
            bytes: 0,
            client: "192.0.2.1".to_owned(),
            replica: "abc".to_owned(),
            id: None,
            missed: 0,
        }
    }

    fn targets(lines: &[Arc<RequestLine>]) -> Vec<&str> {
        lines.iter().map(|line| line.target.as_str()).collect()
    }

    #[test]
    fn the_newest_thousand_of_each_deployment_are_remembered_in_order() {
        let log = AccessLog::default();
        for number in 0..REMEMBERED + 5 {
            log.record(id(1), line(&format!("/{number}")));
        }
        log.record(id(2), line("/other"));
        let all = log.last(id(1), usize::MAX);
        assert_eq!((all.len(), all[0].target.as_str()), (REMEMBERED, "/5"));
        assert_eq!(targets(&log.last(id(1), 2)), ["/1003", "/1004"]);
        assert_eq!(targets(&log.last(id(2), 9)), ["/other"]);
    }

    #[test]
    fn what_clients_make_long_takes_no_more_memory() {
        let log = AccessLog::default();
        for _ in 0..REMEMBERED {
            log.record(id(1), line(&"é".repeat(100_000)));
        }
        let all = log.last(id(1), REMEMBERED);
        assert!(all.iter().map(|line| size(line)).sum::<usize>() <= BYTES_MAX);
        assert!(all.len() > 200 && all[0].target.len() <= TEXT_MAX);
    }

    #[tokio::test]
    async fn who_follows_hears_every_request_once_and_one_who_is_too_slow_hears_how_many_it_missed() {
        let log = AccessLog::default();
        log.record(id(1), line("/before"));
        let (before, mut live) = log.follow(id(1), 10);
        assert_eq!(targets(&before), ["/before"]);
        log.record(id(1), line("/after"));
        assert_eq!(live.recv().await.unwrap().target, "/after");
        for _ in 0..BEHIND_MAX + 7 {
            log.record(id(1), line("/flood"));
        }
        assert_eq!(live.recv().await, Err(broadcast::error::RecvError::Lagged(7)));
    }

    #[tokio::test]
    async fn a_deployment_that_is_gone_is_forgotten_and_nobody_follows_it_any_more() {
        let log = AccessLog::default();
        log.record(id(1), line("/"));
        let (_, mut live) = log.follow(id(1), 0);
        log.keep(|there| there == id(2));
        assert_eq!(live.recv().await, Err(broadcast::error::RecvError::Closed));
        assert!(log.last(id(1), 1).is_empty());
    }
}
