//! The last lines of replicas that are gone, in files of the state directory.
//!
//! `logs/<deployment>/<time of the last line>-<replica>.jsonl`: names sort by time.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use patr_models::{deployment::logs::LogLine, ids::DeploymentId};
use tokio::{fs, io, time::timeout};
use tracing::warn;

use super::{Fault, LogsFrom};

/// Of one replica, in bytes.
const OF_ONE: usize = 1024 * 1024;
/// Of one deployment, in bytes and files.
const OF_ALL: u64 = 8 * 1024 * 1024;
const FILES: usize = 20;
/// More lines than fit are not asked for.
const LINES: u32 = 20_000;
/// Removing a replica waits no longer for its log.
const PATIENCE: Duration = Duration::from_secs(10);
/// Shorter values would hide half of every line, and are no secret to anybody.
const SECRET_MIN: usize = 4;

pub(super) struct Past(pub(super) PathBuf);

/// Which lines of a replica are kept when it goes.
pub(super) const LAST: LogsFrom = LogsFrom { follow: false, tail: LINES, since: None };

/// What must not be shown: values line by line, as logs show them, the longest first, since one may hold another.
fn words(secrets: &[Vec<u8>]) -> Vec<String> {
    let texts = secrets.iter().map(|secret| String::from_utf8_lossy(secret).into_owned());
    let mut words: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    words.retain(|word| word.len() >= SECRET_MIN);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// The last lines that fit, as JSON.
async fn last(mut lines: impl Stream<Item = LogLine> + Unpin, hidden: &[String]) -> Vec<LogLine> {
    let mut kept = VecDeque::new();
    let mut bytes = 0;
    while let Some(mut line) = lines.next().await {
        for word in hidden {
            if line.text.contains(word) {
                line.text = line.text.replace(word, "[secret]");
            }
        }
        bytes += size(&line);
        kept.push_back(line);
        while bytes > OF_ONE {
            bytes -= kept.pop_front().as_ref().map_or(bytes, size);
        }
    }
    kept.into()
}

/// About what it is in JSON.
fn size(line: &LogLine) -> usize {
    line.text.len() + 100
}

impl Past {
    /// Keeps what a replica wrote last, without values of secrets.
    pub(super) async fn save(
        &self,
        (deployment, replica): (DeploymentId, &str),
        secrets: impl Future<Output = Result<Vec<Vec<u8>>, Fault>>,
        lines: impl Stream<Item = LogLine>,
    ) {
        let saving = async {
            // Without knowing them nothing is kept: they may be in any line.
            let secrets = secrets.await.map_err(|fault| format!("{fault:?}"))?;
            let lines = last(std::pin::pin!(lines), &words(&secrets)).await;
            self.keep(deployment, lines).await.map_err(|error| error.to_string())
        };
        match timeout(PATIENCE, saving).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!("keeping the log of {replica}: {error}"),
            Err(_) => warn!("keeping the log of {replica}: it could not be read in time"),
        }
    }

    fn folder(&self, deployment: DeploymentId) -> PathBuf {
        self.0.join(deployment.to_string())
    }

    async fn keep(&self, deployment: DeploymentId, lines: Vec<LogLine>) -> io::Result<()> {
        let Some(last) = lines.last() else { return Ok(()) };
        let folder = self.folder(deployment);
        fs::create_dir_all(&folder).await?;
        let mut json = Vec::new();
        for line in &lines {
            serde_json::to_writer(&mut json, line)?;
            json.push(b'\n');
        }
        write_private(&folder.join(format!("{:015}-{}.jsonl", last.at.0, last.replica)), &json).await?;
        trim(&folder).await
    }

    pub(super) async fn read(&self, deployment: DeploymentId) -> Vec<LogLine> {
        let mut lines = Vec::new();
        for file in files(&self.folder(deployment)).await.unwrap_or_default() {
            let text = fs::read_to_string(&file).await.unwrap_or_default();
            // A line that a crash has cut off is left out.
            lines.extend(text.lines().filter_map(|line| serde_json::from_str::<LogLine>(line).ok()));
        }
        lines.sort_by_key(|line| line.at);
        lines
    }

    pub(super) async fn forget(&self, deployment: DeploymentId) {
        let folder = self.folder(deployment);
        match fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => warn!("{}: {error}", folder.display()),
            _ => {}
        }
    }
}

/// Nobody else may read what applications say.
async fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use tokio::io::AsyncWriteExt;
    let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
    let mut file = options.open(path).await?;
    file.write_all(bytes).await?;
    file.flush().await
}

/// Oldest first.
async fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = match fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        files.push(entry.path());
    }
    files.sort();
    Ok(files)
}

/// Removes the oldest files until the rest is within bounds.
async fn trim(folder: &Path) -> io::Result<()> {
    let (mut count, mut bytes) = (0, 0);
    for file in files(folder).await?.into_iter().rev() {
        count += 1;
        bytes += fs::metadata(&file).await?.len();
        if count > FILES || bytes > OF_ALL {
            fs::remove_file(&file).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use patr_models::{deployment::logs::LogStream, ids::Id, time::Millis};

    use super::*;

    fn id() -> DeploymentId {
        DeploymentId::from_parts(Millis(0), 1)
    }

    fn line(at: u64, text: &str) -> LogLine {
        LogLine {
            at: Millis(at),
            replica: format!("c{at}"),
            stream: LogStream::Stdout,
            text: text.to_owned(),
        }
    }

    #[tokio::test]
    async fn lines_are_found_again_in_their_order_until_their_deployment_goes() {
        let folder = tempfile::tempdir().unwrap();
        let past = Past(folder.path().to_owned());
        assert_eq!(past.read(id()).await, []);
        past.keep(id(), vec![line(5, "e"), line(6, "f")]).await.unwrap();
        past.keep(id(), vec![line(1, "a")]).await.unwrap();
        past.keep(id(), Vec::new()).await.unwrap();
        assert_eq!(past.read(id()).await, [line(1, "a"), line(5, "e"), line(6, "f")]);
        past.forget(id()).await;
        assert_eq!(past.read(id()).await, []);
        past.forget(id()).await;
    }

    #[tokio::test]
    async fn only_so_many_files_and_bytes_are_kept_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let past = Past(folder.path().to_owned());
        for at in 1..=25 {
            past.keep(id(), vec![line(at, "x")]).await.unwrap();
        }
        let oldest = |lines: &[LogLine]| (lines.len(), lines[0].at.0);
        assert_eq!(oldest(&past.read(id()).await), (20, 6));
        let megabyte = "y".repeat(1024 * 1024);
        for at in 26..=35 {
            past.keep(id(), vec![line(at, &megabyte)]).await.unwrap();
        }
        assert_eq!(oldest(&past.read(id()).await), (7, 29));
    }

    #[tokio::test]
    async fn of_a_long_log_the_last_megabyte_is_kept() {
        let long = (0..3000).map(|at| line(at, &"z".repeat(900)));
        let kept = last(stream::iter(long), &[]).await;
        assert_eq!(kept.last().unwrap().at, Millis(2999));
        assert!((1000..1100).contains(&kept.len()), "{}", kept.len());
    }

    #[tokio::test]
    async fn values_of_secrets_are_hidden_line_by_line() {
        let secrets = [b"hunter2".to_vec(), b"-----BEGIN\nabcdef\n".to_vec(), b"no".to_vec()];
        let hidden = words(&secrets);
        assert_eq!(hidden, ["-----BEGIN", "hunter2", "abcdef"]);
        let kept = last(stream::iter([line(1, "it is hunter2, no?"), line(2, "abcdef")]), &hidden).await;
        assert_eq!(kept, [line(1, "it is [secret], no?"), line(2, "[secret]")]);
    }
}
