//! The state directory, in a Secret beside the agent: a pod that takes the place of one on another node begins with it, even
//! while the edge cannot be reached.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use tokio::{fs, io, sync::watch, time::sleep};
use tracing::warn;

use super::chain;
use crate::store;

/// It comes with the manifest, into the namespace of the agents.
pub(super) const NAME: &str = "patr-runner-state";
/// What a Secret takes is a mebibyte.
const FITS: usize = 1_000_000;
/// When it is tried again to keep what could not be kept.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

pub(crate) struct Saved {
    api: Api<Secret>,
    directory: PathBuf,
}

impl Saved {
    pub(super) fn new(api: Api<Secret>, directory: &Path) -> Self {
        Self { api, directory: directory.to_owned() }
    }

    /// Makes the state directory what the last agent left. Only for who has the lease: another may still be changing it.
    pub(crate) async fn restore(&self) -> anyhow::Result<()> {
        let secret = self.api.get(NAME).await.with_context(|| {
            format!(
                "the Secret `{NAME}` of the agent's namespace, which is in the manifest of `patr runner add`"
            )
        })?;
        fs::create_dir_all(&self.directory).await?;
        for (name, bytes) in secret.data.unwrap_or_default() {
            if store::FILES.contains(&name.as_str()) {
                store::write_private(&self.directory.join(name), &bytes.0)?;
            }
        }
        Ok(())
    }

    /// Keeps what is there and what changes, for as long as anything does.
    pub(crate) async fn keep(self, mut changed: watch::Receiver<()>) {
        changed.mark_changed();
        while changed.changed().await.is_ok() {
            while let Err(error) = self.save().await {
                warn!("what an agent on another node would begin with is not kept: {error:#}");
                sleep(AGAIN_AFTER).await;
            }
        }
    }

    async fn save(&self) -> anyhow::Result<()> {
        let mut data = BTreeMap::new();
        for name in store::FILES {
            match fs::read(self.directory.join(name)).await {
                Ok(bytes) => drop(data.insert(name, bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context(name),
            }
        }
        let patch = Patch::Merge(json!({ "data": fitting(data) }));
        let saved = self.api.patch(NAME, &PatchParams::default(), &patch).await;
        saved.map(drop).map_err(|error| anyhow::Error::msg(chain(&error)))
    }
}

/// What a Secret takes. Without what should run the next agent waits for the edge to say it; an old one would be worse.
fn fitting(data: BTreeMap<&'static str, Vec<u8>>) -> BTreeMap<&'static str, Option<ByteString>> {
    let size: usize = data.values().map(Vec::len).sum();
    let is_left_out = |name: &str| name == store::DESIRED && size > FITS;
    if size > FITS {
        warn!(
            "what should run is too large for a Secret: without the edge no agent on another node will know it"
        );
    }
    data.into_iter()
        .map(|(name, bytes)| (name, Some(ByteString(bytes)).filter(|_| !is_left_out(name))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_taken_out_and_not_left_as_it_was() {
        let data = |size| BTreeMap::from([(store::DESIRED, vec![0; size]), ("secrets.key", vec![1; 32])]);
        assert!(fitting(data(10)).values().all(Option::is_some));
        let large = fitting(data(FITS));
        assert_eq!((large[store::DESIRED].is_none(), large["secrets.key"].is_some()), (true, true));
    }
}
