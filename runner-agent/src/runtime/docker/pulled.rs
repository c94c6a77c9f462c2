//! The images that this agent has pulled, and when they go.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::Duration,
};

use bollard::{
    errors::Error,
    models::ImageInspect,
    query_parameters::{ListContainersOptions, RemoveImageOptions},
};
use patr_models::deployment::Digest;
use tokio::{sync::Mutex, time::Instant};
use tracing::{info, warn};

use super::{
    Docker, Kept,
    words::{chain, is_missing},
};

/// An image is not collected so soon after its pull: the container that it was pulled for may not be there yet.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// Names of images with their digests, and the tags under which they were pulled.
type Names = BTreeMap<String, Option<String>>;

/// Images that somebody else has pulled are never touched, so it must be known which were not.
pub(super) struct Pulled {
    names: Kept<Names>,
    fresh: Mutex<HashMap<String, Instant>>,
}

impl Pulled {
    pub(super) fn open(file: PathBuf) -> Self {
        Self { names: Kept::open(file), fresh: Mutex::default() }
    }

    pub(super) async fn remember(&self, name: &str, tag: Option<&str>) {
        self.fresh.lock().await.insert(name.to_owned(), Instant::now());
        let (name, tag) = (name.to_owned(), tag.map(str::to_owned));
        self.names.change(|names| names.insert(name, tag)).await;
    }

    async fn forget(&self, name: &str) {
        self.names.change(|names| names.remove(name)).await;
    }

    /// Those that may go.
    async fn old(&self, keep: &[Digest]) -> Names {
        let mut fresh = self.fresh.lock().await;
        fresh.retain(|_, since| since.elapsed() < FRESH);
        let needed = |name: &str| keep.iter().any(|digest| name.ends_with(digest.as_str()));
        let mut old = self.names.get().await.clone();
        old.retain(|name, _| !needed(name) && !fresh.contains_key(name));
        old
    }
}

pub(super) async fn collect(docker: &Docker, keep: &[Digest]) {
    for (name, tag) in docker.shared.pulled.old(keep).await {
        if let Err(error) = remove(docker, &name, tag.as_deref()).await {
            warn!("removing the image {name}, which nothing needs: {}", chain(&error));
        }
    }
}

async fn remove(docker: &Docker, name: &str, tag: Option<&str>) -> Result<(), Error> {
    let image = match docker.api.inspect_image(name).await {
        Ok(image) => image,
        Err(error) if is_missing(&error) => {
            docker.shared.pulled.forget(name).await;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if is_used(docker, &image).await? {
        return Ok(());
    }
    // Only names that the pull has given: what has others of somebody else's stays under those.
    let tagged = tag.filter(|tag| image.repo_tags.iter().flatten().any(|found| found == tag));
    for name in tagged.into_iter().chain([name]) {
        // Without force: what a container has begun to use since is refused.
        match docker.api.remove_image(name, None::<RemoveImageOptions>, None).await {
            Ok(_) => {}
            // Its last digest goes with a tag.
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    info!("removed the image {name}: nothing needs it");
    docker.shared.pulled.forget(name).await;
    Ok(())
}

/// Whether any container, running or not, is made of it.
async fn is_used(docker: &Docker, image: &ImageInspect) -> Result<bool, Error> {
    let options = ListContainersOptions { all: true, ..Default::default() };
    let containers = docker.api.list_containers(Some(options)).await?;
    Ok(containers.iter().any(|container| container.image_id == image.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: &str) -> Digest {
        format!("sha256:{}", letter.repeat(64)).parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_pulled_is_remembered_and_is_old_once_nothing_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("images.json");
        let (a, b) = (format!("web@{}", digest("a")), format!("web@{}", digest("b")));
        let pulled = Pulled::open(file.clone());
        pulled.remember(&a, Some("web:1")).await;
        pulled.remember(&b, None).await;
        assert_eq!(pulled.old(&[]).await, Names::new(), "a container may be on its way");
        tokio::time::advance(FRESH).await;
        assert_eq!(pulled.old(&[digest("b")]).await, [(a.clone(), Some("web:1".to_owned()))].into());
        pulled.forget(&a).await;
        assert_eq!(Pulled::open(file).old(&[]).await, [(b, None)].into());
    }
}
