//! What a replica has written.

use std::{fs, io::Read, path::Path, time::Duration};

use futures_util::{Stream, stream};
use patr_models::{
    deployment::logs::{LogLine, LogStream},
    time::Millis,
};
use patr_runner::runtime::LogsFrom;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::folder::Folder;

/// How often a log is looked at for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A line as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: Millis,
    pub(crate) stream: LogStream,
    pub(crate) text: String,
}

/// The time of this machine's clock.
#[expect(clippy::disallowed_methods, reason = "nothing here runs in a Worker")]
pub(crate) fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis(since.as_millis().try_into().unwrap_or(u64::MAX))
}

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The last lines of a replica.
pub(crate) fn last(folder: &Folder, count: usize) -> Vec<Line> {
    let mut all = lines(&folder.file("log"));
    if all.len() < count {
        all.splice(0..0, lines(&folder.file("log.1")));
    }
    all.drain(..all.len().saturating_sub(count));
    all
}

/// The last lines, and then new ones if that is wanted.
pub(crate) fn read(folder: Folder, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
    let id = folder.id();
    let end = fs::metadata(folder.file("log")).map_or(0, |file| file.len());
    let first = last(&folder, from.tail.try_into().unwrap_or(usize::MAX));
    let since = from.since.unwrap_or(Millis(0));
    let begin = first.into_iter().filter(move |line| line.at >= since).collect::<Vec<_>>();
    let more = from.follow.then_some((folder, end, String::new()));
    let batches = stream::unfold((Some(begin), more), async |(begin, more)| {
        if let Some(begin) = begin {
            return Some((begin, (None, more)));
        }
        let (folder, mut at, mut rest) = more?;
        loop {
            sleep(LOOK_EVERY).await;
            if !folder.has("record.json") {
                return None;
            }
            let new = added(&folder.file("log"), &mut at, &mut rest);
            if !new.is_empty() {
                return Some((new, (None, Some((folder, at, rest)))));
            }
        }
    });
    let lines = futures_util::StreamExt::flat_map(batches, stream::iter);
    futures_util::StreamExt::map(lines, move |line| LogLine {
        at: line.at,
        replica: id.chars().take(12).collect(),
        stream: line.stream,
        text: line.text,
    })
}

/// What was written since it was looked at. A log that has become shorter was begun anew.
fn added(path: &Path, at: &mut u64, rest: &mut String) -> Vec<Line> {
    let Ok(mut file) = fs::File::open(path) else { return Vec::new() };
    if file.metadata().is_ok_and(|file| file.len() < *at) {
        *at = 0;
    }
    let mut text = String::new();
    let read = std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(*at))
        .and_then(|_| file.read_to_string(&mut text));
    *at += read.unwrap_or_default() as u64;
    rest.push_str(&text);
    let Some(end) = rest.rfind('\n') else { return Vec::new() };
    let whole: String = rest.drain(..=end).collect();
    whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
