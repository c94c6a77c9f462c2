//! What replicas write, and what those wrote that are gone.

use std::{collections::HashMap, collections::HashSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use patr_models::{deployment::logs::LogLine, ids::DeploymentId, time::Millis, wire::ResponseHead};
use tokio::{
    sync::{mpsc, watch},
    time,
};

use super::{Target, encode};
use crate::{
    redact::Redactor,
    runtime::{LogsFrom, Runtime},
    store::Known,
    tunnel::Writer,
    vault::Vault,
};

/// Lines of a replica that are searched.
const SEARCHED: u32 = 100_000;

/// Which lines are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) deployment: DeploymentId,
    pub(super) follow: bool,
    pub(super) tail: u32,
    pub(super) replica: Option<String>,
    pub(super) since: Option<Millis>,
    pub(super) search: Option<String>,
}

impl Wanted {
    fn is_of(&self, replica: &str) -> bool {
        self.replica.as_deref().is_none_or(|prefix| replica.starts_with(prefix))
    }

    /// Asked about lines as they are shown: nobody finds out a secret by searching for it.
    fn takes(&self, line: &LogLine) -> bool {
        self.since.is_none_or(|since| line.at >= since)
            && self.search.as_deref().is_none_or(|search| line.text.contains(search))
    }

    fn from(&self) -> LogsFrom {
        let tail = if self.search.is_some() { self.tail.max(SEARCHED) } else { self.tail };
        LogsFrom { follow: self.follow, tail, since: self.since }
    }
}

impl<R: Runtime> Target<R> {
    pub(super) async fn logs(self, wanted: Wanted, writer: Writer) {
        let head = ResponseHead { status: 200, headers: Vec::new() };
        if !writer.write(encode(&head)).await {
            return;
        }
        let (sender, mut lines) = mpsc::channel::<LogLine>(256);
        let Self { runtime, vault, desired, .. } = self;
        tokio::spawn(Collector { runtime, vault, wanted, sender }.collect(desired));
        while let Some(line) = lines.recv().await {
            let mut json = serde_json::to_vec(&line).unwrap_or_default();
            json.push(b'\n');
            if !writer.write(json.into()).await {
                return;
            }
        }
        writer.finish();
    }
}

struct Collector<R> {
    runtime: R,
    vault: Vault,
    wanted: Wanted,
    sender: mpsc::Sender<LogLine>,
}

impl<R: Runtime> Collector<R> {
    /// Reads every replica, and those that come later if it is to go on.
    async fn collect(self, desired: watch::Receiver<Option<Arc<Known>>>) {
        self.past().await;
        let mut read = HashSet::new();
        loop {
            let runner = desired.borrow().as_ref().map(|known| known.runner.to_string());
            let here = self.runtime.observe(&runner.unwrap_or_default()).await.unwrap_or_default();
            for replica in here.into_iter().filter(|replica| replica.deployment == self.wanted.deployment) {
                if self.wanted.is_of(&replica.id) && read.insert(replica.id.clone()) {
                    self.read(&replica.id).await;
                }
            }
            if !self.wanted.follow {
                return;
            }
            tokio::select! {
                () = self.sender.closed() => return,
                () = time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    async fn past(&self) {
        let redactor = self.vault.redactor(self.wanted.deployment);
        let lines = self.runtime.past_logs(self.wanted.deployment).await.into_iter();
        let lines = lines.filter(|line| self.wanted.is_of(&line.replica)).map(|line| redactor.line(line));
        let lines = lines.filter(|line| self.wanted.takes(line)).collect();
        for line in last_of_each(lines, self.wanted.tail) {
            if self.sender.send(line).await.is_err() {
                return;
            }
        }
    }

    async fn read(&self, replica: &str) {
        // Values that only this replica's release had are known to its container alone.
        let Ok(values) = self.runtime.secrets_in(replica).await else { return };
        let own = Redactor::new(values.iter().map(Vec::as_slice));
        let lines = self.runtime.logs(replica, self.wanted.from());
        let (vault, wanted) = (self.vault.clone(), self.wanted.clone());
        let lines = lines.filter_map(move |line| {
            let clean = vault.redactor(wanted.deployment).line(own.line(line));
            std::future::ready(wanted.takes(&clean).then_some(clean))
        });
        tokio::spawn(forward(lines.boxed(), self.sender.clone()));
    }
}

/// The last lines of each replica, in the order that they have.
fn last_of_each(lines: Vec<LogLine>, tail: u32) -> Vec<LogLine> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut last: Vec<LogLine> = lines
        .into_iter()
        .rev()
        .filter(|line| {
            let count = counts.entry(line.replica.clone()).or_default();
            *count += 1;
            *count <= tail
        })
        .collect();
    last.reverse();
    last
}

async fn forward(mut lines: stream::BoxStream<'static, LogLine>, sender: mpsc::Sender<LogLine>) {
    loop {
        tokio::select! {
            () = sender.closed() => return,
            line = lines.next() => match line {
                Some(line) => {
                    if sender.send(line).await.is_err() {
                        return;
                    }
                }
                None => return,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{deployment::logs::LogStream, ids::Id};

    use super::*;

    fn line(replica: &str, at: u64, text: &str) -> LogLine {
        let (replica, text) = (replica.to_owned(), text.to_owned());
        LogLine { at: Millis(at), replica, stream: LogStream::Stdout, text }
    }

    fn wanted() -> Wanted {
        let deployment = DeploymentId::from_parts(Millis(0), 1);
        Wanted { deployment, follow: false, tail: 2, replica: None, since: None, search: None }
    }

    #[test]
    fn the_last_lines_of_each_replica_keep_their_order() {
        let lines = vec![line("a", 1, "1"), line("b", 2, "2"), line("a", 3, "3"), line("a", 4, "4")];
        let texts: Vec<_> = last_of_each(lines, 2).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["2", "3", "4"]);
    }

    #[test]
    fn lines_are_chosen_by_time_replica_and_what_they_contain() {
        let wanted = Wanted {
            since: Some(Millis(5)),
            search: Some("error".to_owned()),
            replica: Some("ab".to_owned()),
            ..wanted()
        };
        assert!(wanted.takes(&line("abc", 5, "an error")));
        assert!(!wanted.takes(&line("abc", 4, "an error")));
        assert!(!wanted.takes(&line("abc", 5, "fine")));
        assert!(wanted.is_of("abc") && !wanted.is_of("b"));
    }
}
